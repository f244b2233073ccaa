//! A metric of finished runs comes from what they predicted; nothing is trained for it.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, RIDGE, Ran};

/// `reproduce` with another version of the toy's code (`TOY_CODE`).
fn reproduce(lab: &Lab, code: &str) -> Ran {
    // Its sources are others too.
    lab.write("papers/toy/src/lib.rs", format!("// {code}\n"));
    let output = lab.command(&["reproduce", "toy"]).env("TOY_CODE", code).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ran { status: output.status.code(), stdout, stderr }.expect(0)
}

fn executed(ran: &Ran, runs: usize) {
    assert!(ran.stderr.contains(&format!("{runs} runs executed")), "{}", ran.stderr);
}

fn measured_anew(ran: &Ran) -> bool {
    ran.stderr.contains("kept predictions: 6/6 runs")
}

/// The table with a metric that the toy has in its version `more` only.
fn with_worst() -> String {
    RIDGE.replace("[rmse, mae]", "[rmse, mae, worst]")
}

/// The outcome of a laboratory that never ran anything else.
fn fresh(yaml: &str, code: &str) -> Value {
    let lab = Lab::new();
    lab.write("experiments/toy/ridge.yaml", yaml);
    executed(&reproduce(&lab, code), 6);
    lab.numbers("results/toy/ridge.json")
}

#[test]
fn a_new_metric_trains_nothing_and_is_what_a_fresh_run_gives() {
    let lab = Lab::new();
    executed(&reproduce(&lab, "first"), 6);
    lab.write("experiments/toy/ridge.yaml", with_worst());
    let ran = reproduce(&lab, "more");
    executed(&ran, 0);
    assert!(measured_anew(&ran), "{}", ran.stderr);
    assert_eq!(lab.numbers("results/toy/ridge.json"), fresh(&with_worst(), "more"));
    // It is in the records now.
    let again = reproduce(&lab, "more");
    executed(&again, 0);
    assert!(!measured_anew(&again), "{}", again.stderr);
}

#[test]
fn another_definition_of_a_metric_trains_nothing_and_moves_its_numbers() {
    let lab = Lab::new();
    executed(&reproduce(&lab, "first"), 6);
    let before = lab.numbers("results/toy/ridge.json");
    let ran = reproduce(&lab, "doubled");
    executed(&ran, 0);
    assert!(measured_anew(&ran), "{}", ran.stderr);
    let after = lab.numbers("results/toy/ridge.json");
    let values = |outcome: &Value, metric: &str| outcome["methods"]["light"]["values"][metric].clone();
    assert_eq!(values(&after, "rmse"), values(&before, "rmse"));
    assert_eq!(values(&after, "mae")[0].as_f64(), values(&before, "mae")[0].as_f64().map(|mae| 2.0 * mae));
    assert_eq!(after, fresh(RIDGE, "doubled"));
}

/// Predictions of code that predicts something else are of no use.
#[test]
fn what_predicts_otherwise_is_executed_again() {
    let lab = Lab::new();
    executed(&reproduce(&lab, "first"), 6);
    lab.write("experiments/toy/ridge.yaml", with_worst());
    // Only the heavy row is another one.
    let ran = reproduce(&lab, "heavy more");
    executed(&ran, 3);
    assert_eq!(lab.numbers("results/toy/ridge.json"), fresh(&with_worst(), "heavy more"));
}

#[test]
fn damaged_predictions_are_told_and_their_run_is_executed_again() {
    let lab = Lab::new();
    executed(&reproduce(&lab, "first"), 6);
    let predictions = lab.files(".mixup-lab/predictions");
    assert_eq!(predictions.len(), 6);
    let mut bytes = fs::read(lab.path(&predictions[0])).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(lab.path(&predictions[0]), bytes).unwrap();
    fs::remove_file(lab.path(&predictions[1])).unwrap();
    lab.write("experiments/toy/ridge.yaml", with_worst());
    let ran = reproduce(&lab, "more");
    executed(&ran, 2);
    assert_eq!(ran.stderr.matches("/predictions/").count(), 2, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("; the run is executed again").count(), 2, "{}", ran.stderr);
    assert_eq!(lab.numbers("results/toy/ridge.json"), fresh(&with_worst(), "more"));
    // While no metric is missing, nobody asks for them.
    fs::write(lab.path(&predictions[2]), b"").unwrap();
    executed(&reproduce(&lab, "more"), 0);
}

#[test]
fn records_without_predictions_are_executed_again_as_ever() {
    let lab = Lab::new();
    executed(&reproduce(&lab, "first"), 6);
    for file in lab.files(".mixup-lab/runs") {
        let file = lab.path(&file);
        let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert!(record.as_object_mut().unwrap().remove("predictions").is_some());
        fs::write(&file, record.to_string()).unwrap();
    }
    executed(&reproduce(&lab, "first, with a comment"), 0);
    lab.write("experiments/toy/ridge.yaml", with_worst());
    executed(&reproduce(&lab, "more"), 6);
}
