//! Snapshots of a paper's smoke numbers: every experiment, seed 0 of each method, within a tolerance:
//! float results differ between instruction sets, so text is not compared as text.
//!
//! Papers' tests take this file in by its path: what insta compares with lies beside the test.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::path::Path;

use insta::{Settings, Snapshot, comparator::Comparator};
use mixup_data::Library;
use mixup_lab::experiment::Profile;
use mixup_lab::paper_files::PaperFiles;
use mixup_lab::registry::{Paper, PaperEntry, RunContext};
use mixup_lab::resolve::Overrides;
use mixup_lab::workspace::Workspace;

/// Equal names, and numbers within a relative tolerance.
#[derive(Clone)]
struct WithinTolerance(f64);

type Numbers = BTreeMap<String, BTreeMap<String, f64>>;

impl WithinTolerance {
    fn agree(&self, reference: &str, test: &str) -> bool {
        let (Ok(reference), Ok(test)) =
            (serde_json::from_str::<Numbers>(reference), serde_json::from_str::<Numbers>(test))
        else {
            return false;
        };
        let close = |(name, a): (&String, &f64), (other, b): (&String, &f64)| {
            name == other && (a - b).abs() <= self.0 * a.abs().max(1e-3)
        };
        reference.len() == test.len()
            && reference.iter().zip(&test).all(|((method, a), (other, b))| {
                method == other && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b))
            })
    }
}

impl Comparator for WithinTolerance {
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        match (reference.as_text(), test.as_text()) {
            (Some(reference), Some(test)) => self.agree(&reference.to_string(), &test.to_string()),
            _ => false,
        }
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(self.clone())
    }
}

/// Compares the smoke numbers of a paper's experiments with the snapshots beside its tests.
pub fn check<P: Paper>() {
    let workspace = Workspace::open(&Workspace::compiled_in()).unwrap();
    let entry = PaperEntry::of::<P>();
    let files = PaperFiles::read(&workspace, &entry, Profile::Smoke, &Overrides::default()).unwrap();
    let library = library();
    for experiment in &files.experiments {
        let name = experiment.experiment.clone();
        if let Err(reason) = library.locate(mixup_data::catalogue::find(&experiment.data).unwrap()) {
            println!("SKIPPED {name}: {reason}");
            continue;
        }
        let mut numbers = Numbers::new();
        for run in experiment.runs.iter().filter(|run| run.seed == 0) {
            let context = RunContext { library: &library, checkpoints: None, progress: &|_, _| {} };
            let measured = entry.run(&run.spec, &context).unwrap();
            let named =
                experiment.metrics.iter().map(|info| (info.name.clone(), measured.metrics[&info.name]));
            numbers.insert(run.method.clone(), named.collect());
        }
        let mut settings = Settings::clone_current();
        settings.set_comparator(Box::new(WithinTolerance(1e-3)));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
        settings.bind(|| insta::assert_snapshot!(name, serde_json::to_string_pretty(&numbers).unwrap()));
    }
}

/// `MIXUP_DATA_DIR`, or the shared folder beside the repository.
fn library() -> Library {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let unset = std::env::var_os("MIXUP_DATA_DIR").is_none();
    Library::from_env((unset && beside.is_dir()).then_some(beside))
}

#[test]
fn the_comparator_sees_a_moved_number_and_a_lost_method() {
    let text = |rmse: f64| format!(r#"{{"erm": {{"rmse": {rmse}}}}}"#);
    let tolerance = WithinTolerance(1e-3);
    assert!(tolerance.agree(&text(1.0), &text(1.0005)));
    assert!(!tolerance.agree(&text(1.0), &text(1.01)));
    assert!(!tolerance.agree(&text(1.0), "{}"));
    assert!(!tolerance.agree(&text(1.0), "not JSON"));
}
