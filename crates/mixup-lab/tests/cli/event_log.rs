//! What a dashboard and a person find after the long job: the event log, and a log file per run that failed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::lab::{Lab, RIDGE};

fn lines(lab: &Lab, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(lab.path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(lines: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line["event"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn the_event_log_follows_every_run_and_verdict() {
    let lab = Lab::new();
    let log = lab.path("runs.jsonl").display().to_string();
    lab.run(&["reproduce", "all", "--log", &log]).expect(0);
    let first = lines(&lab, "runs.jsonl");
    let count = counts(&first);
    assert_eq!((first[0]["event"].as_str(), first[0]["runs"].as_u64()), (Some("begun"), Some(6)));
    assert_eq!((count["run-started"], count["run-finished"]), (6, 6), "{count:?}");
    assert_eq!(count["verdict-changed"], 1, "{count:?}");
    let changed = first.iter().find(|line| line["event"] == "verdict-changed").unwrap();
    assert_eq!(
        (changed["claim"].as_str(), changed["before"].as_str()),
        (Some("light-beats-heavy"), Some("NOT RUN"))
    );
    let last = first.last().unwrap();
    assert_eq!((last["event"].as_str(), last["status"].as_str()), (Some("ended"), Some("complete")));
    // The same again does nothing, and the log goes on.
    lab.run(&["reproduce", "all", "--log", &log]).expect(0);
    let both = lines(&lab, "runs.jsonl");
    let count = counts(&both);
    assert_eq!((count["begun"], count["run-started"], count["verdict-changed"]), (2, 6, 1), "{count:?}");
}

#[test]
fn a_failed_run_leaves_a_log_that_goes_when_it_succeeds() {
    let lab = Lab::new();
    let faulty = RIDGE.replace("methods:\n", "setting: {fault: [1, panic]}\nmethods:\n");
    lab.write("experiments/toy/ridge.yaml", faulty);
    let log = lab.path("runs.jsonl").display().to_string();
    let ran = lab.run(&["reproduce", "toy", "--log", &log]).expect(1);
    let left = lab.files(".mixup-lab/logs");
    assert_eq!(
        left,
        [".mixup-lab/logs/toy/ridge/heavy-1.log", ".mixup-lab/logs/toy/ridge/light-1.log"],
        "{}",
        ran.stderr
    );
    let text = fs::read_to_string(lab.path(&left[1])).unwrap();
    for part in ["toy, ridge: run light, seed 1", "the toy panics as it was told", "\"penalty\": 0.01"] {
        assert!(text.contains(part), "{text}\n  lacks: {part}");
    }
    assert!(ran.stderr.contains(&format!("more in {}", left[1])), "{}", ran.stderr);
    let lines = lines(&lab, "runs.jsonl");
    let failed = lines.iter().find(|line| line["event"] == "run-failed").unwrap();
    assert_eq!(failed["kind"], "run");
    assert!(left.iter().any(|file| failed["log"] == file.as_str()), "{failed}");
    assert_eq!(lines.last().unwrap()["status"], "incomplete");
    lab.write("experiments/toy/ridge.yaml", RIDGE);
    lab.run(&["reproduce", "toy"]).expect(0);
    assert_eq!(lab.files(".mixup-lab/logs"), [""; 0]);
}

#[test]
fn a_log_that_cannot_be_written_is_refused_before_anything_runs() {
    let lab = Lab::new();
    let nowhere = lab.path("no/such/folder.jsonl").display().to_string();
    lab.run(&["reproduce", "toy", "--log", &nowhere]).refused("the log cannot be written");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
}

#[test]
fn a_report_shows_a_paper_before_and_after_its_first_run() {
    let lab = Lab::new();
    let out = lab.path("site");
    let report = || lab.run(&["report", "--out", &out.display().to_string()]).expect(0);
    report();
    let index = || fs::read_to_string(out.join("index.html")).unwrap();
    assert!(index().contains("NOT RUN"), "{}", index());
    lab.run(&["reproduce", "toy"]).expect(0);
    let ledger = fs::read_to_string(lab.path("results/README.md")).unwrap();
    assert!(ledger.contains("| [Bagged ridge regression](toy/README.md) | 1 | - |"), "{ledger}");
    let ran = report();
    assert_eq!(ran.stdout.trim(), out.join("index.html").display().to_string());
    assert!(!index().contains("NOT RUN") && out.join("records/toy/ridge.csv").is_file());
    assert_eq!(
        fs::read_to_string(lab.path("results/README.md")).unwrap(),
        ledger,
        "the same outcomes, the same bytes"
    );
}
