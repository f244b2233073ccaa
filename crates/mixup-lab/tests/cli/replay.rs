//! `check --replay`: the first steps of committed runs, and what a check says of what it did not check.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, RIDGE, Ran};

const OUTCOME: &str = "results/toy/ridge.json";

/// A workspace with a committed outcome and nothing in the store.
fn committed() -> Lab {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    fs::remove_dir_all(lab.path(".mixup-lab")).unwrap();
    lab
}

/// Changes a committed outcome.
fn change(lab: &Lab, file: &str, change: impl FnOnce(&mut Value)) {
    let mut outcome: Value = serde_json::from_slice(&fs::read(lab.path(OUTCOME)).unwrap()).unwrap();
    change(&mut outcome);
    lab.write(file, serde_json::to_vec(&outcome).unwrap());
}

fn replay(lab: &Lab) -> Ran {
    lab.run(&["check", "--replay"])
}

#[track_caller]
fn says(ran: &Ran, text: &str) {
    assert!(ran.stdout.contains(text), "{}\n  lacks: {text}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn unchanged_code_is_quiet_and_trains_nothing_to_its_end() {
    let lab = committed();
    let ran = replay(&lab).expect(0);
    says(&ran, "identical   ridge (desk): the first steps of 6 runs replayed\n");
    says(&ran, "toy: the first steps of the committed runs, bit by bit\n");
    assert!(ran.stdout.ends_with("checked 1 of 1 experiment\n"), "{}", ran.stdout);
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0], "a replay keeps nothing");
    let json = lab.run(&["check", "toy", "--replay", "--format", "json"]).expect(0).json();
    assert_eq!((&json[0]["level"], &json[0]["paper"]), (&"identical".into(), &"toy".into()));
    assert_eq!(
        (&json[0]["experiments"][0]["how"], &json[0]["experiments"][0]["runs"]),
        (&"replayed".into(), &6.into())
    );
}

#[test]
fn changed_code_is_a_regression_of_the_rows_that_it_reaches() {
    let lab = committed();
    let output = lab.command(&["check", "--replay"]).env("TOY_CODE", "heavy").output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("REGRESSION heavy opening: step 1 of seed 0 moved from"), "{stdout}");
    assert!(!stdout.contains("light opening"), "{stdout}");
    assert!(stdout.contains("toy: not the committed runs"), "{stdout}");
}

#[test]
fn a_loss_that_is_committed_otherwise_is_seen_and_rounding_forgiven() {
    let lab = committed();
    let by = |factor: f64| {
        change(&lab, OUTCOME, |outcome| {
            let loss = &mut outcome["methods"]["light"]["openings"][1][2];
            *loss = (loss.as_f64().unwrap() * factor).into();
        });
    };
    by(1.0 + 1e-9);
    says(&replay(&lab).expect(0), "same        ridge (desk)");
    by(1.01);
    says(&replay(&lab).expect(1), "REGRESSION light opening: step 3 of seed 1 moved from");
}

#[test]
fn only_what_is_committed_can_be_replayed() {
    let lab = committed();
    change(&lab, OUTCOME, |outcome| {
        outcome["methods"]["heavy"].as_object_mut().unwrap().remove("openings");
        outcome["methods"]["light"]["openings"][0] = Value::Array(Vec::new());
    });
    says(&replay(&lab).expect(0), "identical   ridge (desk): the first steps of 2 runs replayed");
    change(&lab, OUTCOME, |outcome| {
        outcome["methods"]["light"].as_object_mut().unwrap().remove("openings");
    });
    let ran = replay(&lab).expect(2);
    says(&ran, "not checked ridge: its outcome holds no first steps; `cargo xtask reproduce toy` adds them");
    says(&ran, "checked 0 of 1 experiment; 1 cannot be replayed: toy/ridge");
    assert!(ran.stderr.contains("nothing could be compared"), "{}", ran.stderr);
}

#[test]
fn a_seed_or_a_row_that_the_file_no_longer_has_is_a_regression() {
    let lab = committed();
    lab.write("experiments/toy/ridge.yaml", RIDGE.replace("seeds: 3", "seeds: 2"));
    says(&replay(&lab).expect(1), "seed: 2 is committed, but was not run");
    lab.write("experiments/toy/ridge.yaml", RIDGE.replace("  heavy:", "  heavier:"));
    let manifest = crate::lab::MANIFEST.replace("against: heavy", "against: heavier");
    lab.write("papers/toy/paper.yaml", manifest);
    says(&replay(&lab).expect(1), "method: heavy is committed, but was not run");
}

#[test]
fn what_trains_nothing_is_run_whole() {
    let lab = Lab::new();
    let line = "train: {epochs: 6, batch: 1, select: last}\n";
    assert!(RIDGE.contains(line));
    lab.write("experiments/toy/ridge.yaml", RIDGE.replace(line, ""));
    lab.run(&["reproduce", "toy"]).expect(0);
    fs::remove_dir_all(lab.path(".mixup-lab")).unwrap();
    says(&replay(&lab).expect(0), "identical   ridge (desk): 4 cells and");
    assert_eq!(lab.files(".mixup-lab/runs").iter().filter(|name| name.ends_with(".json")).count(), 6);
    change(&lab, OUTCOME, |outcome| {
        let values = outcome["methods"]["light"]["values"]["rmse"].as_array_mut().unwrap();
        values.iter_mut().for_each(|value| *value = (value.as_f64().unwrap() + 1.0).into());
    });
    says(&replay(&lab).expect(1), "REGRESSION light rmse: ");
}

#[test]
fn a_run_that_fails_now_is_a_regression() {
    let lab = committed();
    lab.write(
        "experiments/toy/ridge.yaml",
        RIDGE.replace("methods:\n", "setting: {fault: [1, panic]}\nmethods:\n"),
    );
    let ran = replay(&lab).expect(1);
    says(&ran, "light, seed 1 cannot be replayed: ");
    says(&ran, "the toy panics as it was told");
}

#[test]
fn runs_that_start_from_a_stage_are_replayed_with_it() {
    let lab = Lab::new();
    let base = RIDGE.replace("methods:\n", "setting: {base: 3}\nmethods:\n");
    lab.write("experiments/toy/ridge.yaml", base);
    lab.run(&["reproduce", "toy"]).expect(0);
    fs::remove_dir_all(lab.path(".mixup-lab")).unwrap();
    says(&replay(&lab).expect(0), "identical   ridge (desk): the first steps of 6 runs replayed");
}

/// An experiment whose outcome is committed and whose data are not here.
fn without_data() -> Lab {
    let lab = committed();
    let airfoil =
        RIDGE.replace("experiment: ridge", "experiment: airfoil").replace("data: diabetes", "data: airfoil");
    lab.write("experiments/toy/airfoil.yaml", airfoil);
    change(&lab, "results/toy/airfoil.json", |outcome| outcome["experiment"] = "airfoil".into());
    lab
}

#[test]
fn missing_data_are_said_in_the_last_line() {
    for args in [&["check"][..], &["check", "--replay"]] {
        let lab = without_data();
        let ran = lab.run(args).expect(0);
        let last = "checked 1 of 2 experiments; 1 lacks its data: toy/airfoil\n";
        assert!(ran.stdout.ends_with(last), "{}", ran.stdout);
        fs::remove_file(lab.path("results/toy/airfoil.json")).unwrap();
        fs::remove_file(lab.path("results/toy/ridge.json")).unwrap();
        let ran = lab.run(args).expect(2);
        assert!(ran.stdout.contains("checked 0 of 2 experiments; "), "{}", ran.stdout);
        assert!(ran.stderr.contains("error: nothing could be compared"), "{}", ran.stderr);
    }
}
