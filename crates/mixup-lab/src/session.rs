//! The runs of a paper, from its files to its outcomes: what `reproduce` and `check` share.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use mixup_core::device;
use mixup_data::{DataError, Library, catalogue};

use crate::aggregate::{Heading, aggregate};
use crate::error::LabError;
use crate::experiment::Profile;
use crate::fingerprint::Fingerprint;
use crate::host;
use crate::job::{FailureKind, Job};
use crate::manifest::Manifest;
use crate::nearest::suggest;
use crate::outcome::{Outcome, Provenance, RunRecord};
use crate::paper_files::PaperFiles;
use crate::plan::Plan;
use crate::pool::{Failure, Notice, Pool};
use crate::progress::Progress;
use crate::registry::PaperEntry;
use crate::resolve::Overrides;
use crate::store::{Found, Store};
use crate::workspace::Workspace;

/// What is to be run and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Slug of a paper; all papers where absent.
    pub paper: Option<String>,
    /// Name of an experiment; all of the paper's where absent.
    pub experiment: Option<String>,
    /// How large.
    pub profile: Profile,
    /// Number of seeds, where not the file's.
    pub seeds: Option<NonZeroU32>,
    /// Workers at a time; all cores where absent.
    pub jobs: Option<NonZeroUsize>,
    /// Threads of each worker.
    pub threads: NonZeroUsize,
    /// Device of the runs.
    pub device: String,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// Run again what the store has.
    pub fresh: bool,
}

impl Request {
    /// Whether the numbers may stand for the experiment as its file says it, and so go to results/.
    pub fn as_committed(&self) -> bool {
        self.seeds.is_none() && self.device == "flex" && self.threads == NonZeroUsize::MIN
    }
}

/// A request with everything read and checked; nothing is run yet.
pub struct Session<'a> {
    /// Where things are.
    pub workspace: &'a Workspace,
    /// The request.
    pub request: Request,
    /// The run store.
    pub store: Store,
    library: Library,
}

/// A paper's runs.
pub struct PaperPlan {
    /// Slug.
    pub slug: &'static str,
    /// `paper.yaml`.
    pub manifest: Manifest,
    /// Names of all experiments of the paper, asked for or not.
    pub all_experiments: Vec<String>,
    /// The experiments that were asked for.
    pub plans: Vec<Plan>,
}

/// An experiment after its runs.
pub struct Executed {
    /// Its plan.
    pub plan: Plan,
    /// Runs that this command executed.
    pub executed: usize,
    /// How it ended.
    pub end: End,
}

/// How an experiment ended.
pub enum End {
    /// Every run is in the store.
    Complete(Box<Outcome>),
    /// Its data are not at hand.
    NoData(DataError),
    /// Its data are at hand and wrong.
    BadData(DataError),
    /// Some runs failed, by method and seed.
    Failed(Vec<(String, u64, Failure)>),
}

impl<'a> Session<'a> {
    /// Checks what does not depend on a paper: the device and the data directory.
    ///
    /// # Errors
    /// A device that is not here, a data directory that is none.
    pub fn new(workspace: &'a Workspace, request: Request) -> Result<Self, LabError> {
        device::open(&request.device)?;
        let library = Library::from_env(request.data_dir.clone());
        if let Some(path) = library.data_dir.as_ref().filter(|path| !path.is_dir()) {
            return Err(DataError::NoDataDir { path: path.clone() }.into());
        }
        Ok(Self { workspace, request, store: Store::new(workspace.state()), library })
    }

    /// Reads and checks every paper that was asked for.
    ///
    /// # Errors
    /// An unknown paper or experiment, and whatever is wrong with a file.
    pub fn plan(&self, papers: &[PaperEntry]) -> Result<Vec<PaperPlan>, LabError> {
        let asked = select(papers, self.request.paper.as_deref())?;
        asked.into_iter().map(|entry| self.plan_paper(entry)).collect()
    }

    fn plan_paper(&self, entry: &PaperEntry) -> Result<PaperPlan, LabError> {
        let overrides = Overrides { seeds: self.request.seeds, device: self.request.device.clone() };
        let files = PaperFiles::read(self.workspace, entry, self.request.profile, &overrides)?;
        let all_experiments: Vec<String> =
            files.experiments.iter().map(|known| known.experiment.clone()).collect();
        if let Some(name) = self.request.experiment.as_ref().filter(|name| !all_experiments.contains(name)) {
            if let Some((_, profile)) = files.elsewhere.iter().find(|(other, _)| other == name) {
                return Err(LabError::Usage(format!(
                    "experiment `{name}` of {} is for `--profile {}` only",
                    entry.slug,
                    profile.name()
                )));
            }
            let known = suggest(name, "experiments", all_experiments.iter().map(String::as_str));
            return Err(LabError::Usage(format!("unknown experiment `{name}` of {}; {known}", entry.slug)));
        }
        let sources = Fingerprint::of(self.workspace, entry.slug)?;
        let asked_for = |name: &String| self.request.experiment.as_ref().is_none_or(|asked| asked == name);
        let plans = files
            .experiments
            .into_iter()
            .filter(|known| asked_for(&known.experiment))
            .map(|experiment| Plan::new(experiment, &sources, self.request.threads.get()))
            .collect::<Result<_, _>>()?;
        Ok(PaperPlan { slug: entry.slug, manifest: files.manifest, all_experiments, plans })
    }

    /// The finished runs of a plan; what the store cannot read is told on standard error.
    pub fn finished(&self, plan: &Plan) -> Vec<Option<RunRecord>> {
        let look_up = |key: &String| match self.store.find(key) {
            Found::Record(record) => Some(*record),
            Found::Absent => None,
            Found::Unreadable(why) => {
                eprintln!("warning: {why}; the run is executed again");
                None
            }
        };
        plan.keys.iter().map(look_up).collect()
    }

    /// Where a plan's data are, without network; or why they are not.
    ///
    /// # Errors
    /// As [`Library::locate`].
    pub fn locate(&self, plan: &Plan) -> Result<String, DataError> {
        let set = catalogue::find(&plan.experiment.data)?;
        self.library.locate(set).map(|located| located.to_string())
    }

    /// Workers at a time.
    pub fn jobs(&self) -> NonZeroUsize {
        self.request.jobs.unwrap_or_else(host::cores)
    }

    /// Executes what the store does not have, and puts each experiment together.
    ///
    /// # Errors
    /// A store that cannot be written to, and Ctrl-C.
    pub fn execute(&self, plans: Vec<Plan>) -> Result<Vec<Executed>, LabError> {
        self.store.check_writable()?;
        if self.request.fresh {
            for key in plans.iter().flat_map(|plan| &plan.keys) {
                let _lock = self.store.lock_run(key)?;
                self.store.forget(key)?;
            }
        }
        let mut experiments: Vec<Experiment> = plans.into_iter().map(|plan| self.prepare(plan)).collect();
        self.run_missing(&mut experiments)?;
        experiments.into_iter().map(|experiment| self.conclude(experiment)).collect()
    }

    /// Gets and verifies data only where runs are missing: finished runs need none.
    fn prepare(&self, plan: Plan) -> Experiment {
        let finished = self.finished(&plan);
        let missing: Vec<usize> = (0..finished.len()).filter(|&run| finished[run].is_none()).collect();
        let data = if missing.is_empty() { Ok(()) } else { self.obtain(&plan) };
        Experiment { plan, missing, data, failures: Vec::new() }
    }

    fn obtain(&self, plan: &Plan) -> Result<(), DataError> {
        let set = catalogue::find(&plan.experiment.data)?;
        if self.library.locate(set).is_err() {
            eprintln!("{}: looking for data set {} ...", plan.experiment.experiment, set.name);
        }
        self.library.obtain(set, &|_| ()).map(drop)
    }

    fn run_missing(&self, experiments: &mut [Experiment]) -> Result<(), LabError> {
        let mut jobs = Vec::new();
        let mut places = Vec::new();
        for (at, experiment) in experiments.iter().enumerate().filter(|(_, known)| known.data.is_ok()) {
            for &run in &experiment.missing {
                jobs.push(self.job(&experiment.plan, run));
                places.push((at, run));
            }
        }
        if jobs.is_empty() {
            return Ok(());
        }
        let runs = |known: &Experiment| known.plan.keys.len();
        let mut progress = Progress::new(experiments.iter().map(|known| {
            (known.plan.experiment.experiment.clone(), runs(known), runs(known) - known.missing.len())
        }));
        let pool = Pool { jobs: self.jobs().get(), threads: self.request.threads.get() };
        let mut done = 0;
        let all_executed = pool.execute(&jobs, |index, notice| {
            let (at, run) = places[index];
            progress.observe(at, run, &notice);
            match notice {
                Notice::Finished => done += 1,
                Notice::Failed(failure) => {
                    progress.say(&told(&experiments[at].plan, run, &failure));
                    experiments[at].failures.push((run, failure));
                }
                Notice::Started | Notice::Epoch { .. } => {}
            }
        });
        progress.end();
        if all_executed { Ok(()) } else { Err(LabError::Interrupted { done, all: jobs.len() }) }
    }

    fn job(&self, plan: &Plan, run: usize) -> Job {
        let resolved = &plan.experiment.runs[run];
        Job {
            key: plan.keys[run].clone(),
            paper: plan.experiment.paper.clone(),
            method: resolved.method.clone(),
            seed: resolved.seed,
            spec: resolved.spec.clone(),
            store: self.store.folder().to_owned(),
            data_dir: self.library.data_dir.clone(),
            provenance: Provenance {
                host: host::description(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                device: self.request.device.clone(),
                data_sha256: plan.data_sha256.clone(),
            },
        }
    }

    fn conclude(&self, experiment: Experiment) -> Result<Executed, LabError> {
        let Experiment { plan, missing, data, failures } = experiment;
        let executed = if data.is_ok() { missing.len() } else { 0 };
        let end = match data {
            Err(error @ DataError::Unavailable { .. }) => End::NoData(error),
            Err(error) => End::BadData(error),
            Ok(()) if failures.is_empty() => {
                let records: Vec<RunRecord> = self.finished(&plan).into_iter().flatten().collect();
                End::Complete(Box::new(outcome(&plan, &records)?))
            }
            Ok(()) => {
                let name = |run: usize| &plan.experiment.runs[run];
                let named = failures.into_iter();
                End::Failed(named.map(|(run, why)| (name(run).method.clone(), name(run).seed, why)).collect())
            }
        };
        Ok(Executed { plan, executed, end })
    }
}

/// The papers of that slug, or all.
///
/// # Errors
/// An unknown slug.
pub fn select<'p>(papers: &'p [PaperEntry], slug: Option<&str>) -> Result<Vec<&'p PaperEntry>, LabError> {
    let Some(slug) = slug else { return Ok(papers.iter().collect()) };
    let found: Vec<&PaperEntry> = papers.iter().filter(|paper| paper.slug == slug).collect();
    if found.is_empty() {
        let known = suggest(slug, "papers", papers.iter().map(|paper| paper.slug));
        return Err(LabError::Usage(format!("unknown paper `{slug}`; {known}")));
    }
    Ok(found)
}

/// An experiment on its way.
struct Experiment {
    plan: Plan,
    missing: Vec<usize>,
    data: Result<(), DataError>,
    failures: Vec<(usize, Failure)>,
}

/// A failed run in words, with the end of what its worker wrote.
fn told(plan: &Plan, run: usize, failure: &Failure) -> String {
    let resolved = &plan.experiment.runs[run];
    let (experiment, method, seed) = (&plan.experiment.experiment, &resolved.method, resolved.seed);
    let mut text = format!("failed: {experiment}, {method}, seed {seed}: {}", failure.message);
    if failure.kind == FailureKind::Run {
        failure.tail.iter().for_each(|line| text += &format!("\n    {line}"));
    }
    text
}

fn outcome(plan: &Plan, records: &[RunRecord]) -> Result<Outcome, LabError> {
    let experiment = &plan.experiment;
    let heading = Heading {
        paper: &experiment.paper,
        experiment: &experiment.experiment,
        title: &experiment.title,
        sweep: experiment.sweep.as_deref(),
        profile: experiment.profile.name(),
        data: &experiment.data,
        seeds: &experiment.seeds,
        metrics: &experiment.metrics,
        methods: &experiment.methods,
        figures: &experiment.figures,
    };
    aggregate(&heading, records).map_err(|error| LabError::Usage(error.to_string()))
}
