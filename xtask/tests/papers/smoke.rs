//! The smoke numbers of every experiment against the committed ones, results/<paper>/smoke/*.snap: the
//! same files that `cargo xtask check --profile smoke` compares with. After a change that is meant to move
//! them, `cargo insta review` accepts the new ones.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::{Settings, Snapshot, comparator::Comparator};
use mixup_lab::outcomes::outcome::Outcome;
use mixup_lab::outcomes::snapshot;
use mixup_lab::verdicts::compare::{Level, Tolerance, compare_outcomes};
use xtask::papers;

/// Outcomes of one experiment that are no regression to `check`: another instruction set rounds differently,
/// and training amplifies that. What is not trained has no such excuse.
#[derive(Clone)]
struct NoRegression;

impl NoRegression {
    fn agree(&self, reference: &str, fresh: &str) -> bool {
        let (Ok(reference), Ok(fresh)) =
            (serde_json::from_str::<Outcome>(reference), serde_json::from_str::<Outcome>(fresh))
        else {
            return false;
        };
        let check = compare_outcomes(&reference, &fresh, Tolerance::default());
        let trained = |method: &str| reference.methods.get(method).is_some_and(|row| !row.curves.is_empty());
        (&reference.title, &reference.seeds, &reference.metrics)
            == (&fresh.title, &fresh.seeds, &fresh.metrics)
            && check.level < Level::Regression
            && check.cells.iter().all(|cell| cell.level <= Level::Same || trained(&cell.method))
    }
}

impl Comparator for NoRegression {
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
    // What dashboards follow, over every paper.
    let log = folder.path().join("runs.jsonl");
    command.arg("--log").arg(&log);
    if let Some(data) = crate::data_dir() {
        command.arg("--data-dir").arg(data);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().filter(|line| line.starts_with("skipped")).for_each(|line| println!("{line}"));
    assert!(output.status.success(), "{said}");
    let next = format!("[1 of {} papers; ", papers::all().len());
    for part in ["core time left", &next, "wall time", "primary claims that are open"] {
        assert!(said.contains(part), "{said}\n  lacks: {part}");
    }
    let events = fs::read_to_string(&log).unwrap();
    assert!(events.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{events}");
    let finished = |paper: &str| {
        let line = format!("\"event\":\"paper-finished\",\"paper\":\"{paper}\"");
        events.matches(&line).count()
    };
    for paper in papers::all() {
        assert_eq!(finished(paper.slug), 1, "{}", paper.slug);
    }
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
    settings.set_comparator(Box::new(NoRegression));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(crate::root().join("results").join(slug).join("smoke"));
    settings.bind(|| insta::assert_snapshot!(name, snapshot::content(&text)));
}

#[test]
fn the_comparator_sees_a_moved_number_a_moved_curve_and_a_lost_method() {
    let committed = |file: &str| {
        let text = fs::read_to_string(crate::root().join("results").join(file)).unwrap();
        serde_json::from_str::<Outcome>(snapshot::content(&text)).unwrap()
    };
    let json = |outcome: &Outcome| serde_json::to_string(outcome).unwrap();
    let agree = |old: &Outcome, new: &Outcome| NoRegression.agree(&json(old), &json(new));
    for file in ["regmix/smoke/rank.snap", "c-mixup/smoke/wine-quality.snap"] {
        let old = committed(file);
        let moved = |factor: f64| {
            let mut new = old.clone();
            let metric = new.metrics[0].name.clone();
            let values = new.methods[0].values.get_mut(&metric).unwrap();
            values.iter_mut().for_each(|value| *value *= factor);
            new
        };
        let later = Outcome { core_seconds: 1e6, ..old.clone() };
        assert!(agree(&old, &later) && agree(&old, &moved(1.0005)), "{file}");
        assert!(!agree(&old, &moved(1.01)), "{file}");
        let mut lost = old.clone();
        lost.methods.shift_remove_index(0);
        assert!(!agree(&old, &lost), "{file}");
        assert!(!NoRegression.agree(&json(&old), "not JSON"));
    }
    let old = committed("c-mixup/smoke/wine-quality.snap");
    let mut doubled = old.clone();
    doubled.methods[0].curves.get_mut("train-loss").unwrap().iter_mut().for_each(|loss| *loss *= 2.0);
    assert!(!agree(&old, &doubled));
}
