//! Smoke experiments that see: whatever a row or an experiment says, another value of it is a regression of
//! the smoke outcome to `check`. So a parameter that the code ignores, or that only longer training would
//! reach, fails here; a smoke profile may train harder, with smaller margins or fewer samples, to reach it.

mod bench;
mod change;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mixup_data::{Library, catalogue};
use mixup_lab::files::experiment::Profile;
use mixup_lab::files::paper_files::PaperFiles;
use mixup_lab::files::resolve::{Overrides, Resolved};
use mixup_lab::files::workspace::Workspace;
use mixup_paper::Paper;
use xtask::papers;

use bench::{Bench, Finding};

/// A leaf that may change without the smoke outcome.
struct Unseen {
    paper: &'static str,
    /// All of the paper's where empty.
    experiment: &'static str,
    /// `all rows` for what they share.
    row: &'static str,
    /// Where it stands in a spec.
    at: &'static str,
    why: &'static str,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { paper, experiment, row, at, why } = self;
        write!(f, "{paper} {experiment}, {row}: {at} is not seen: {why}")
    }
}

const UNSEEN: &[Unseen] = &[
    Unseen {
        paper: "supremix",
        experiment: "",
        row: "all rows",
        at: "/train/select",
        why: "the last epoch is measured; another choice is refused",
    },
    Unseen {
        paper: "mixed-barlow-twins",
        experiment: "",
        row: "all rows",
        at: "/train/select",
        why: "the last epoch is measured; another choice is refused",
    },
    Unseen {
        paper: "mochi",
        experiment: "omniglot",
        row: "between",
        at: "/parameters/loss/mixing/largest_share",
        why: "this row mixes nothing with the query; the others see it",
    },
    Unseen {
        paper: "mochi",
        experiment: "",
        row: "all rows",
        at: "/train/select",
        why: "the last epoch is measured; another choice is refused",
    },
    Unseen {
        paper: "metrix",
        experiment: "",
        row: "all rows",
        at: "/train/select",
        why: "nothing is held out to choose an epoch by; another choice is refused",
    },
    Unseen {
        paper: "metrix",
        experiment: "",
        row: "all rows",
        at: "/train/batch",
        why: "it must be a multiple of the samples of a class, and no number that is tried is another one",
    },
    Unseen {
        paper: "metrix",
        experiment: "proxy-anchor",
        row: "feature",
        at: "/parameters/mixing/pairs",
        why: "a proxy has no maps to be mixed; other pairs are refused",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "",
        row: "erm",
        at: "/parameters/partner",
        why: "ERM mixes with nobody, and refuses a partner",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "",
        row: "erm",
        at: "/parameters/where",
        why: "ERM mixes nothing, and refuses a place",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "exchange-rate",
        row: "all rows",
        at: "/setting/inputs",
        why: "series are divided by their largest value; scaling is for tables",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "rcf-mnist",
        row: "all rows",
        at: "/setting/inputs",
        why: "images are scaled to [-1, 1]; scaling is for tables",
    },
    Unseen {
        paper: "regmix",
        experiment: "",
        row: "trees-official",
        at: "/parameters/regression",
        why: "only trees stop early; a linear model refuses `stop_on_test`",
    },
    Unseen {
        paper: "mixup-kd",
        experiment: "fashion-mnist",
        row: "all rows",
        at: "/setting/teachers/plain/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "mixup-kd",
        experiment: "temperatures",
        row: "all rows",
        at: "/setting/teachers/mixed/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "mixup-kd",
        experiment: "temperatures",
        row: "all rows",
        at: "/setting/teachers/plain/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "airfoil-bandwidth",
        row: "partners-1",
        at: "/parameters/partner/kde/bandwidth",
        why: "one effective partner, oneself, with either",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "airfoil-bandwidth",
        row: "partners-1",
        at: "/parameters/partner/kde/kernel",
        why: "one effective partner, oneself, with either",
    },
    Unseen {
        paper: "c-mixup",
        experiment: "skillcraft",
        row: "all rows",
        at: "/setting/split/domains/validation",
        why: "the same whole domain crosses the mark",
    },
    Unseen {
        paper: "rankmixup",
        experiment: "cifar10-jpeg",
        row: "m-ndcg-2500",
        at: "/parameters/ratio",
        why: "DCG stays below its ideal in so short a run; golden vectors see it",
    },
    Unseen {
        paper: "rankmixup",
        experiment: "cifar10-jpeg",
        row: "m-ndcg-10000",
        at: "/parameters/ratio",
        why: "DCG stays below its ideal in so short a run; golden vectors see it",
    },
    Unseen {
        paper: "rankmixup",
        experiment: "cifar10-jpeg",
        row: "m-ndcg-45000",
        at: "/parameters/ratio",
        why: "DCG stays below its ideal in so short a run; golden vectors see it",
    },
    Unseen {
        paper: "mixup-neural-collapse",
        experiment: "networks",
        row: "all rows",
        at: "/train/select",
        why: "the terminal phase is the end of the training; another epoch is refused",
    },
    Unseen {
        paper: "regmix",
        experiment: "mixture",
        row: "trees-official",
        at: "/parameters/stop_on_test",
        why: "stops in neither within so few rounds",
    },
    Unseen {
        paper: "regmix",
        experiment: "mixture",
        row: "all rows",
        at: "/setting/trees/min_data_in_bin",
        why: "weights of 512 mixtures fill bins of either size",
    },
    Unseen {
        paper: "regmix",
        experiment: "rank",
        row: "all rows",
        at: "/setting/trees/min_data_in_bin",
        why: "weights of 512 mixtures fill bins of either size",
    },
    Unseen {
        paper: "admire-bayesopt",
        experiment: "",
        row: "mf",
        at: "/parameters/search",
        why: "no other search has a price, or compares runs of several sizes",
    },
    Unseen {
        paper: "admire-bayesopt",
        experiment: "",
        row: "mf-plain",
        at: "/parameters/search",
        why: "no other search has a price, or compares runs of several sizes",
    },
    Unseen {
        paper: "admire-bayesopt",
        experiment: "",
        row: "mf-official",
        at: "/parameters/search",
        why: "no other search has a price, or compares runs of several sizes",
    },
    Unseen {
        paper: "admire-bayesopt",
        experiment: "pile-cc",
        row: "mf-plain",
        at: "/parameters/runs",
        why: "by the plain cost the first runs are all of 1M",
    },
    Unseen {
        paper: "decoupled-mixup",
        experiment: "classes",
        row: "dm-constant-242",
        at: "/parameters/pairing",
        why: "both terms have the same weight, whichever class comes first",
    },
    Unseen {
        paper: "decoupled-mixup",
        experiment: "forms",
        row: "cutmix-constant",
        at: "/parameters/pairing",
        why: "both terms have the same weight, whichever class comes first",
    },
    Unseen {
        paper: "decoupled-mixup",
        experiment: "omniglot-60",
        row: "dm-constant",
        at: "/parameters/pairing",
        why: "both terms have the same weight, whichever class comes first",
    },
    Unseen {
        paper: "openmixup",
        experiment: "",
        row: "all rows",
        at: "/setting/teachers/plain/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "openmixup",
        experiment: "over-fit",
        row: "attentivemix",
        at: "/parameters/teacher",
        why: "the table has one teacher",
    },
    Unseen {
        paper: "openmixup",
        experiment: "under-fit",
        row: "attentivemix",
        at: "/parameters/teacher",
        why: "the table has one teacher",
    },
    Unseen {
        paper: "mixoe",
        experiment: "",
        row: "all rows",
        at: "/setting/base/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "mixoe",
        experiment: "omniglot",
        row: "all rows",
        at: "/setting/drawers/validation/0",
        why: "validation drawings choose nothing where the last epoch is taken; half of them move a curve by a few samples",
    },
    Unseen {
        paper: "mixoe",
        experiment: "omniglot",
        row: "all rows",
        at: "/setting/drawers/validation/1",
        why: "validation drawings choose nothing where the last epoch is taken; half of them move a curve by a few samples",
    },
    Unseen {
        paper: "adaptive-smoothing",
        experiment: "",
        row: "all rows",
        at: "/setting/standard/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "adaptive-smoothing",
        experiment: "",
        row: "all rows",
        at: "/setting/robust/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "unmix-tns",
        experiment: "",
        row: "all rows",
        at: "/train/select",
        why: "the last epoch of so short a run is its best one; identities see the choice",
    },
    Unseen {
        paper: "unmix-tns",
        experiment: "components",
        row: "k-1",
        at: "/parameters/largest",
        why: "one component takes each image's own statistics as they are: instance normalisation, whatever it remembers",
    },
    Unseen {
        paper: "unmix-tns",
        experiment: "components",
        row: "k-1",
        at: "/parameters/momentum",
        why: "one component takes each image's own statistics as they are: instance normalisation, whatever it remembers",
    },
    Unseen {
        paper: "unmix-tns",
        experiment: "components",
        row: "k-1",
        at: "/parameters/temperature",
        why: "one component takes each image's own statistics as they are: instance normalisation, whatever it remembers",
    },
    Unseen {
        paper: "unmix-tns",
        experiment: "components",
        row: "k-64",
        at: "/parameters/momentum",
        why: "components move too little within so short a stream; the rows of the main experiment see it",
    },
];

/// What was found of an experiment, or why it was not looked at.
type Looked = (String, Result<Vec<Finding>, String>);

#[test]
fn every_parameter_changes_the_smoke_outcome() {
    let workspace = Workspace::open(&crate::root()).unwrap();
    // `PAPERS=fmix,openmixup` looks at these alone: for who writes one.
    let only = std::env::var("PAPERS").ok();
    let asked = |slug: &str| only.as_ref().is_none_or(|only| only.split(',').any(|asked| asked == slug));
    let papers: Vec<Paper> = papers::all().into_iter().filter(|paper| asked(paper.slug)).collect();
    let read =
        |paper: &Paper| PaperFiles::read(&workspace, paper, Profile::Smoke, &Overrides::default()).unwrap();
    let files: Vec<PaperFiles> = papers.iter().map(read).collect();
    let experiments = papers.iter().zip(&files);
    let experiments: Vec<(&Paper, &Resolved)> = experiments
        .flat_map(|(paper, files)| files.experiments.iter().map(move |known| (paper, known)))
        .collect();
    let (mut wrong, mut used, mut skipped) = (Vec::new(), vec![false; UNSEEN.len()], Vec::new());
    for ((paper, experiment), (name, found)) in experiments.iter().zip(look_at_all(&experiments)) {
        let found = found.unwrap_or_else(|why| {
            println!("SKIPPED {name}: {why}");
            skipped.push(paper.slug);
            Vec::new()
        });
        for Finding { row, at, what } in found {
            let known = UNSEEN.iter().position(|known| {
                known.paper == paper.slug
                    && [experiment.experiment.as_str(), ""].contains(&known.experiment)
                    && (known.row, known.at) == (row.as_str(), at.as_str())
            });
            match known {
                Some(known) => used[known] = true,
                None => wrong.push(format!("{name}, {row}: {at} {what}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} leaves are not seen:\n{}", wrong.len(), wrong.join("\n"));
    for known in UNSEEN {
        println!("{known}");
    }
    // Where data are missing, it may be of an experiment that was skipped.
    let whole = |known: &Unseen| asked(known.paper) && !skipped.contains(&known.paper);
    let seen = UNSEEN.iter().zip(used).filter(|(known, used)| !used && whole(known));
    let seen: Vec<String> = seen.map(|(known, _)| known.to_string()).collect();
    assert!(seen.is_empty(), "these are seen, take them off the list:\n{}", seen.join("\n"));
}

/// Every experiment by one of as many threads as there are cores: it is the longest of all tests.
fn look_at_all(experiments: &[(&Paper, &Resolved)]) -> Vec<Looked> {
    let next = AtomicUsize::new(0);
    let mut looked: Vec<(usize, Looked)> = thread::scope(|scope| {
        let worker = || {
            let library = Library::from_env(crate::data_dir()).remembering();
            let taken = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let taken = taken.take_while(|at| *at < experiments.len());
            taken.map(|at| (at, look_at(experiments[at], &library))).collect::<Vec<_>>()
        };
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    looked.sort_by_key(|(at, _)| *at);
    looked.into_iter().map(|(_, looked)| looked).collect()
}

fn look_at((paper, experiment): (&Paper, &Resolved), library: &Library) -> Looked {
    let name = format!("{}, {}", paper.slug, experiment.experiment);
    let mut sets = experiment.all_data.iter().map(|set| library.locate(catalogue::find(set).unwrap()));
    let found = match sets.find(Result::is_err) {
        Some(Err(error)) => Err(error.to_string()),
        _ => {
            let routine = paper.routine(&experiment.routine).unwrap();
            Ok(Bench::new(routine, experiment, library).findings())
        }
    };
    (name, found)
}
