//! `--format json`: standard output is one JSON document.

use crate::lab::{Lab, RIDGE};

const CASE: &str = r#"{"op": "toy.double", "source": "by hand", "params": {}, "rtol": 0.0, "atol": 0.0,
    "inputs": {"x": {"shape": [2], "dtype": "f64", "data": [1.0, 2.0]}},
    "expect": {"y": {"shape": [2], "dtype": "f64", "data": [2.0, 4.0]}}}"#;

#[test]
fn reproduce_gives_outcomes_and_verdicts() {
    let lab = Lab::new();
    let airfoil =
        RIDGE.replace("experiment: ridge", "experiment: airfoil").replace("data: diabetes", "data: airfoil");
    lab.write("experiments/toy/airfoil.yaml", airfoil);
    let json = lab.run(&["reproduce", "all", "--format", "json"]).expect(0).json();
    let [airfoil, ridge] = [&json[0]["experiments"][0], &json[0]["experiments"][1]];
    assert_eq!((&airfoil["status"], &ridge["status"]), (&"no-data".into(), &"complete".into()));
    assert_eq!(ridge["executed"], 6);
    assert_eq!(ridge["outcome"]["methods"]["light"]["values"]["rmse"].as_array().unwrap().len(), 3);
    assert_eq!(json[0]["verdicts"][0]["claim"], "light-beats-heavy");
    assert!(json[0]["written"].as_str().unwrap().ends_with("results/toy"));
    let plan = lab.run(&["reproduce", "toy", "--dry-run", "--format", "json"]).expect(0).json();
    assert_eq!(plan[0]["experiments"][1]["in_store"], 6);
    assert!(plan[0]["experiments"][0]["data_place"].is_null());
}

#[test]
fn list_tells_claims_with_their_last_verdicts() {
    let lab = Lab::new();
    let before = lab.run(&["list", "--format", "json"]).expect(0).json();
    assert_eq!(before[0]["claims"][0]["verdict"], "not-run");
    assert_eq!(before[0]["experiments"][0]["runs"], 6);
    lab.run(&["reproduce", "toy"]).expect(0);
    let after = lab.run(&["list", "--format", "json"]).expect(0).json();
    assert_eq!(after[0]["claims"][0]["verdict"], "reproduced");
    let text = lab.run(&["list"]).expect(0).stdout;
    assert!(text.contains("REPRODUCED") && text.contains("light-beats-heavy"), "{text}");
    assert_eq!(lab.run(&["list", "toy"]).expect(0).stdout, text);
    lab.run(&["list", "toi"]).refused("unknown paper `toi`; did you mean `toy`?");
}

#[test]
fn check_tells_its_level() {
    let lab = Lab::new();
    lab.run(&["reproduce", "toy"]).expect(0);
    let json = lab.run(&["check", "--format", "json"]).expect(0).json();
    assert_eq!((&json[0]["paper"], &json[0]["level"]), (&"toy".into(), &"identical".into()));
}

#[test]
fn parity_passes_misses_and_does_not_know() {
    let lab = Lab::new();
    lab.write("papers/toy/tests/golden/double-01.json", CASE);
    let json = lab.run(&["parity", "--format", "json"]).expect(0).json();
    assert_eq!((&json["cases"], &json["missed"]), (&1.into(), &0.into()));
    lab.write("wrong/double-02.json", CASE.replace("4.0", "4.5"));
    let wrong = lab.path("wrong");
    assert!(lab.run(&["parity", wrong.to_str().unwrap()]).expect(1).stdout.contains("MISS"));
    lab.write("unknown/triple-01.json", CASE.replace("double", "triple"));
    let unknown = lab.path("unknown");
    assert!(lab.run(&["parity", unknown.to_str().unwrap()]).expect(1).stdout.contains("UNKNOWN"));
}
