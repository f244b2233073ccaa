//! The YAML files of every paper, under every profile: read, checked for every seed, and specs that read
//! back from JSON as they were written.

use mixup_lab::files::experiment::Profile;
use mixup_lab::files::paper_files::PaperFiles;
use mixup_lab::files::resolve::Overrides;
use mixup_lab::files::workspace::Workspace;
use mixup_lab::runs::plan::Plan;
use xtask::papers;

#[test]
fn every_experiment_resolves_under_every_profile() {
    let workspace = Workspace::open(&crate::root()).unwrap();
    for paper in papers::all() {
        for profile in Profile::ALL {
            let files = PaperFiles::read(&workspace, &paper, profile, &Overrides::default())
                .unwrap_or_else(|error| panic!("{error}"));
            for experiment in files.experiments {
                let (name, count) = (experiment.experiment.clone(), experiment.runs.len());
                let plan = Plan::new(experiment, 1).unwrap();
                let mut keys: Vec<&String> = plan.runs.iter().map(|run| &run.key).collect();
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), count, "{}, {name}: two rows of the table are one run", paper.slug);
            }
        }
    }
}
