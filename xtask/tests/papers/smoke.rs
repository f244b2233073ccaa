//! The smoke numbers of every experiment against the committed ones, results/<paper>/smoke/*.snap: the
//! same files that `cargo xtask check --profile smoke` compares with. After a change that is meant to move
//! them, `cargo insta review` accepts the new ones.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::{Settings, Snapshot, comparator::Comparator};
use mixup_lab::outcomes::outcome::Outcome;
use mixup_lab::outcomes::snapshot;
use xtask::papers;

/// Equal experiments, and numbers within a relative tolerance: they differ in their last bits between
/// instruction sets, and training amplifies that.
#[derive(Clone)]
struct WithinTolerance(f64);

impl WithinTolerance {
    fn agree(&self, reference: &str, fresh: &str) -> bool {
        let (Ok(reference), Ok(fresh)) =
            (serde_json::from_str::<Outcome>(reference), serde_json::from_str::<Outcome>(fresh))
        else {
            return false;
        };
        let close =
            |a: &f64, b: &f64| (a.is_nan() && b.is_nan()) || (a - b).abs() <= self.0 * a.abs().max(1e-3);
        (&reference.title, &reference.seeds, &reference.metrics)
            == (&fresh.title, &fresh.seeds, &fresh.metrics)
            && reference.methods.keys().eq(fresh.methods.keys())
            && reference.methods.values().zip(fresh.methods.values()).all(|(a, b)| {
                a.values.keys().eq(b.values.keys())
                    && a.values.values().flatten().zip(b.values.values().flatten()).all(|(a, b)| close(a, b))
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

#[test]
fn smoke_numbers_have_not_moved() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["reproduce", "all", "--profile", "smoke", "--results"]).arg(folder.path());
    if let Some(data) = crate::data_dir() {
        command.arg("--data-dir").arg(data);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().filter(|line| line.starts_with("skipped")).for_each(|line| println!("{line}"));
    assert!(output.status.success(), "{said}");
    for paper in papers::all() {
        let fresh = folder.path().join(paper.slug).join("smoke");
        let Ok(files) = fs::read_dir(&fresh) else {
            println!("SKIPPED {}: no experiment of it has its data here", paper.slug);
            continue;
        };
        for file in files.map(|entry| entry.unwrap().path()) {
            compare(&file, paper.slug);
        }
    }
}

/// Compares the outcome in a file with the committed one of the same name.
fn compare(file: &Path, slug: &str) {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let mut settings = Settings::clone_current();
    settings.set_comparator(Box::new(WithinTolerance(1e-3)));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(crate::root().join("results").join(slug).join("smoke"));
    settings.bind(|| insta::assert_snapshot!(name, snapshot::content(&text)));
}

#[test]
fn the_comparator_sees_a_moved_number_and_a_lost_method() {
    let committed = crate::root().join("results/regmix/smoke/rank.snap");
    let text = snapshot::content(&fs::read_to_string(committed).unwrap()).to_owned();
    let mut outcome: Outcome = serde_json::from_str(&text).unwrap();
    let tolerance = WithinTolerance(1e-3);
    let json = |outcome: &Outcome| serde_json::to_string(outcome).unwrap();
    outcome.core_seconds += 1.0;
    assert!(tolerance.agree(&text, &json(&outcome)));
    let metric = outcome.metrics[0].name.clone();
    let value = &mut outcome.methods[0].values.get_mut(&metric).unwrap()[0];
    *value *= 1.0005;
    assert!(tolerance.agree(&text, &json(&outcome)));
    outcome.methods[0].values.get_mut(&metric).unwrap()[0] *= 1.01;
    assert!(!tolerance.agree(&text, &json(&outcome)));
    let mut lost: Outcome = serde_json::from_str(&text).unwrap();
    lost.methods.shift_remove_index(0);
    assert!(!tolerance.agree(&text, &json(&lost)));
    assert!(!tolerance.agree(&text, "not JSON"));
}
