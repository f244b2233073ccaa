//! `reproduce --until-decided`: seeds until the claims are decided, and no further.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::lab::{Lab, MANIFEST, RIDGE};

const OUTCOME: &str = "results/toy/ridge.json";

/// The toy's claim, as a primary one.
fn primary() -> String {
    MANIFEST.replace("    experiment: ridge\n", "    rank: primary\n    experiment: ridge\n")
}

/// A workspace with this range of seeds, whose primary claim is about two methods of these penalties.
fn ranged(seeds: &str, light: &str, heavy: &str) -> Lab {
    let lab = Lab::new();
    lab.write("papers/toy/paper.yaml", primary());
    let yaml = RIDGE.replace("seeds: 3", &format!("seeds: {seeds}"));
    lab.write("experiments/toy/ridge.yaml", yaml.replace("0.01", light).replace("100000.0", heavy));
    lab
}

/// An effect that nobody overlooks.
fn clear() -> Lab {
    ranged("{from: 1, at_least: 3, at_most: 20}", "0.01", "100000.0")
}

/// As good as no effect: the two methods differ in the last digits, one way or the other.
fn none() -> Lab {
    ranged("{at_least: 3, at_most: 12}", "0.010", "0.0100001")
}

/// Seeds of the committed outcome.
#[track_caller]
fn seeds(lab: &Lab) -> Vec<u64> {
    let outcome: Value = serde_json::from_slice(&fs::read(lab.path(OUTCOME)).unwrap()).unwrap();
    outcome["seeds"].as_array().unwrap().iter().map(|seed| seed.as_u64().unwrap()).collect()
}

const UNTIL: [&str; 3] = ["reproduce", "toy", "--until-decided"];

fn until<'a>(more: &[&'a str]) -> Vec<&'a str> {
    UNTIL.iter().chain(more).copied().collect()
}

#[test]
fn a_clear_effect_stops_early_and_a_plain_call_does_the_same() {
    let lab = clear();
    let ran = lab.run(&UNTIL).expect(0);
    assert!(ran.stderr.contains("open primary claims: light-beats-heavy"), "{}", ran.stderr);
    assert!(ran.stderr.contains("at most 40 runs, 0 of them finished (seeds: ridge 20)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("REPRODUCED    light-beats-heavy: light has the lower"), "{}", ran.stderr);
    assert!(ran.stderr.contains("every primary claim is decided"), "{}", ran.stderr);
    let decided = seeds(&lab);
    assert!((3..20).contains(&decided.len()), "{decided:?}");
    assert_eq!(decided[..3], [1, 2, 3]);
    // What is committed is what a plain call runs and a check compares.
    let again = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(again.stderr.contains("0 runs executed"), "{}", again.stderr);
    assert_eq!(seeds(&lab), decided);
    assert!(lab.run(&["check"]).expect(0).stdout.contains("bit-identical"));
    fs::remove_dir_all(lab.path(".mixup-lab")).unwrap();
    let numbers = lab.numbers(OUTCOME);
    let anew = lab.run(&["reproduce", "toy"]).expect(0);
    assert!(anew.stderr.contains(&format!("{} runs executed", 2 * decided.len())), "{}", anew.stderr);
    assert_eq!(lab.numbers(OUTCOME), numbers);
}

#[test]
fn nothing_open_runs_nothing() {
    let lab = clear();
    lab.run(&UNTIL).expect(0);
    fs::remove_dir_all(lab.path(".mixup-lab")).unwrap();
    let before = lab.numbers(OUTCOME);
    let ran = lab.run(&until(&["--format", "json"])).expect(0);
    assert!(ran.stderr.contains("no primary claim is open"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing is run"), "{}", ran.stderr);
    assert_eq!(ran.json()[0]["until_decided"]["end"], "decided");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
    assert_eq!(lab.numbers(OUTCOME), before);
}

#[test]
fn no_effect_goes_on_to_the_last_seed() {
    let lab = none();
    let ran = lab.run(&until(&["--format", "json"])).expect(0);
    let json = ran.json();
    let course = &json[0]["until_decided"];
    assert_eq!((&course["end"], &course["open"][0]), (&"at-most".into(), &"light-beats-heavy".into()));
    let rounds: Vec<i64> = course["rounds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| round["seeds"]["ridge"].as_i64().unwrap())
        .collect();
    assert_eq!(rounds, [3, 8, 12], "{}", ran.stderr);
    let executed = &json[0]["experiments"][0]["executed"];
    assert_eq!(executed, 24, "no run is executed twice");
    assert!(ran.stderr.contains("round 2 (seeds: ridge 8): 10 runs executed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("UNDECIDED     light-beats-heavy: "), "{}", ran.stderr);
    let told = "still open with as many seeds as their experiments may have: light-beats-heavy";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(seeds(&lab).len(), 12);
    let again = lab.run(&until(&["--format", "json"])).expect(0);
    assert_eq!(again.json()[0]["experiments"][0]["executed"], 0, "{}", again.stderr);
}

/// Only what an open primary claim reads gets more seeds.
#[test]
fn an_experiment_without_a_range_or_without_an_open_claim_is_run_as_it_is() {
    let lab = none();
    let fixed = RIDGE.replace("experiment: ridge", "experiment: fixed");
    lab.write("experiments/toy/fixed.yaml", &fixed);
    let free = fixed.replace("experiment: fixed", "experiment: free");
    lab.write("experiments/toy/free.yaml", free.replace("seeds: 3", "seeds: {at_least: 2, at_most: 20}"));
    let claim = "  - id: fixed\n    text: Fixed.\n    rank: primary\n    experiment: fixed\n    metric: rmse\n    \
                 method: light\n    against: light-too\n    direction: lower\n";
    let twin = fixed.replace("  heavy:", "  light-too: {penalty: 0.0100001}\n  heavy:");
    lab.write("experiments/toy/fixed.yaml", twin);
    lab.write("papers/toy/paper.yaml", format!("{}{claim}", primary()));
    let json = lab.run(&until(&["--format", "json"])).expect(0).json();
    let rounds = json[0]["until_decided"]["rounds"].as_array().unwrap();
    assert_eq!(rounds[0]["seeds"], serde_json::json!({"fixed": 3, "free": 2, "ridge": 3}));
    assert_eq!(rounds[1]["seeds"], serde_json::json!({"ridge": 8}));
    assert_eq!(rounds.len(), 3);
}

#[test]
fn a_budget_that_is_too_small_says_so_and_a_larger_one_goes_on() {
    let lab = none();
    // Runs of a third of a second, of which nobody knows at first what they take.
    let yaml = String::from_utf8(fs::read(lab.path("experiments/toy/ridge.yaml")).unwrap()).unwrap();
    lab.write("experiments/toy/ridge.yaml", yaml.replace("methods:\n", "setting: {sleep: 50}\nmethods:\n"));
    let ran = lab.run(&until(&["--jobs", "1", "--budget", "1s"])).expect(2);
    assert!(ran.stderr.contains("first one seed of ridge, to learn what a run takes"), "{}", ran.stderr);
    assert!(ran.stderr.contains("ridge is not begun: its 3 seeds take about"), "{}", ran.stderr);
    assert!(ran.stderr.contains("of the budget are left"), "{}", ran.stderr);
    assert_eq!(lab.files("results"), [""; 0]);
    assert_eq!(lab.files(".mixup-lab/runs").len(), 2, "the seed that told the price is kept");
    // Enough for the first round and for some of the second.
    let ran = lab.run(&until(&["--jobs", "1", "--budget", "4s"])).expect(0);
    assert!(
        ran.stderr.contains("too little for another seed; the same command again goes on"),
        "{}",
        ran.stderr
    );
    let some = seeds(&lab).len();
    assert!((3..12).contains(&some), "{some} seeds: {}", ran.stderr);
    lab.run(&until(&["--budget", "10m"])).expect(0);
    assert_eq!(seeds(&lab).len(), 12);
    assert_eq!(lab.files(".mixup-lab/runs").len(), 24);
}

/// A budget is for what is trained: what other sources made and these confirm is free.
#[test]
fn a_small_budget_suffices_for_runs_that_other_sources_made() {
    let lab = none();
    let yaml = String::from_utf8(fs::read(lab.path("experiments/toy/ridge.yaml")).unwrap()).unwrap();
    lab.write("experiments/toy/ridge.yaml", yaml.replace("methods:\n", "setting: {sleep: 50}\nmethods:\n"));
    lab.run(&UNTIL).expect(0);
    fs::remove_dir_all(lab.path("results/toy")).unwrap();
    lab.write("papers/toy/src/lib.rs", "// a comment\n");
    let ran = lab.run(&until(&["--jobs", "1", "--budget", "1s", "--format", "json"])).expect(0);
    let json = ran.json();
    assert_eq!(json[0]["experiments"][0]["executed"], 0, "{}", ran.stderr);
    assert_eq!(seeds(&lab).len(), 12, "24 runs of a third of a second: {}", ran.stderr);
    let rounds = json[0]["until_decided"]["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), 3, "no round is cut short by a price that nobody pays: {}", ran.stderr);
}

#[test]
fn a_dry_run_tells_the_bounds_and_runs_nothing() {
    let lab = clear();
    let ran = lab.run(&until(&["--dry-run"])).expect(0);
    assert!(ran.stdout.contains("3 - 20") && ran.stdout.contains("6 - 40"), "{}", ran.stdout);
    assert!(ran.stdout.contains("toy: open primary claims: light-beats-heavy"), "{}", ran.stdout);
    let json = lab.run(&until(&["--dry-run", "--format", "json"])).expect(0).json();
    let experiment = &json[0]["experiments"][0];
    assert_eq!((&experiment["runs"], &experiment["at_most"]["runs"]), (&6.into(), &40.into()));
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
    let plain = lab.run(&["reproduce", "toy", "--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(plain[0]["experiments"][0]["at_most"], Value::Null);
}

#[test]
fn what_makes_no_sense_is_refused_in_a_sentence() {
    let lab = clear();
    lab.run(&until(&["--seeds", "5"]))
        .refused("--until-decided finds the number of seeds itself; leave out --seeds");
    lab.run(&until(&["--fresh"])).refused("--until-decided goes on from finished runs");
    lab.run(&until(&["--budget", "2"])).refused("give a time with its unit, for example 90m, 2h or 1h30m");
    lab.run(&until(&["--budget", "soon"])).refused("'--budget <TIME>'");
    lab.run(&["reproduce", "toy", "--budget", "2h"]).refused("--until-decided");
    assert_eq!(lab.files(".mixup-lab/runs"), [""; 0]);
}

/// Rounds that were cut off at any moment end as undisturbed ones do.
#[test]
#[cfg(target_os = "linux")]
fn killed_and_resumed_it_ends_with_the_same_numbers() {
    let slow = || {
        let lab = none();
        let yaml = String::from_utf8(fs::read(lab.path("experiments/toy/ridge.yaml")).unwrap()).unwrap();
        lab.write(
            "experiments/toy/ridge.yaml",
            yaml.replace("methods:\n", "setting: {sleep: 10}\nmethods:\n"),
        );
        lab
    };
    let lab = slow();
    let mut written = 0;
    for moment in 0..10 {
        let mut command = lab.command(&until(&["--jobs", "2"]));
        let mut parent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(100 + 67 * moment));
        // It may have ended by itself.
        let _ = parent.kill();
        parent.wait().unwrap();
        if let Ok(json) = fs::read(lab.path(OUTCOME)) {
            assert!(serde_json::from_slice::<Value>(&json).is_ok(), "{OUTCOME} is torn");
            written += 1;
        }
    }
    assert!(written > 0, "no kill came after a round");
    lab.run(&UNTIL).expect(0);
    let undisturbed = slow();
    undisturbed.run(&UNTIL).expect(0);
    assert_eq!(lab.numbers(OUTCOME), undisturbed.numbers(OUTCOME));
    let reports = |lab: &Lab| fs::read(lab.path("results/toy/verdicts.json")).unwrap();
    assert_eq!(reports(&lab), reports(&undisturbed));
    assert_eq!(lab.files(".mixup-lab/checkpoints"), [""; 0]);
}

#[test]
fn a_run_that_fails_ends_the_seeds_of_its_experiment_and_keeps_the_last_outcome() {
    let lab = none();
    let yaml = String::from_utf8(fs::read(lab.path("experiments/toy/ridge.yaml")).unwrap()).unwrap();
    lab.write(
        "experiments/toy/ridge.yaml",
        yaml.replace("methods:\n", "setting: {fault: [5, diverge]}\nmethods:\n"),
    );
    let ran = lab.run(&until(&["--format", "json"])).expect(1);
    assert!(ran.stderr.contains("failed: ridge, light, seed 5"), "{}", ran.stderr);
    assert_eq!(seeds(&lab), [0, 1, 2]);
    let json = ran.json();
    assert_eq!(json[0]["experiments"][0]["status"], "failed");
    assert_eq!(json[0]["experiments"][0]["outcome"]["seeds"].as_array().unwrap().len(), 3);
    assert_eq!(json[0]["until_decided"]["rounds"].as_array().unwrap().len(), 2);
}

#[test]
fn outcomes_of_another_device_or_folder_go_on_from_their_own() {
    let lab = none();
    let elsewhere = lab.path("elsewhere");
    let args = until(&["--results", elsewhere.to_str().unwrap()]);
    lab.run(&args).expect(0);
    assert_eq!(lab.files("results"), [""; 0]);
    let json = lab.run(&[&args[..], &["--format", "json"]].concat()).expect(0).json();
    let rounds = json[0]["until_decided"]["rounds"].as_array().unwrap();
    assert_eq!((rounds.len(), &rounds[0]["seeds"]["ridge"]), (1, &12.into()));
}
