//! What a row says, and what a student starts from.

use mixup_data::Library;
use mixup_routines::classification::Method as _;
use serde_json::{Value, json};

use super::*;
use crate::mixing::Unmixed;

fn read(json: &str) -> Result<Method, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn a_row_says_teacher_temperature_and_inputs() {
    let kd = read(r#"{"kind": "kd", "teacher": "mixed", "temperature": 1}"#).unwrap();
    assert_eq!((kd.teacher(), kd.mixing()), (Some("mixed"), None));
    let pmu = read(r#"{"kind": "mixstd", "mixing": {"unmixed": {}}}"#).unwrap();
    let mixing = pmu.mixing().unwrap();
    assert_eq!((pmu.teacher(), mixing.unmixed), (Some("plain"), Some(Unmixed::default())));
    assert!(read(r#"{"kind": "mixstd", "temperature": 4}"#).unwrap_err().contains("temperature"));
    assert!(read(r#"{"kind": "kd", "mixing": {"percent": 0.9}}"#).unwrap_err().contains("percent"));
}

/// A student of handwritten digits with two teachers to choose from.
fn student(method: Value) -> Value {
    let entry = crate::paper().routines[0];
    let teacher = |method: Value| {
        json!({"method": method, "model": {"kind": "mlp", "hidden": [32], "activation": "relu"},
            "train": {"epochs": 4, "batch": 32, "select": "last"}})
    };
    let teachers =
        json!({"plain": teacher(json!({"kind": "ce"})), "mixed": teacher(json!({"kind": "mixup"}))});
    let setting = json!({"hold_out": {"validation": 300, "train": 600}, "teachers": teachers});
    let mut spec = json!({
        "paper": "mixup-kd", "experiment": "digits", "routine": "classification", "method": "row",
        "parameters": entry.method(&method).unwrap(), "setting": entry.setting(&setting).unwrap(), "seed": 0,
        "data": "digits", "model": {"kind": "mlp", "hidden": [16], "activation": "relu"},
        "optimizer": {"kind": "adam", "lr": 0.001},
        "train": {"epochs": 2, "batch": 32, "select": "last", "shuffle": "every-epoch", "schedule": {"kind": "constant"}},
        "train_samples": null, "metrics": ["accuracy"], "device": "flex"
    });
    spec["train"] = serde_json::to_value(
        serde_json::from_value::<mixup_core::train::TrainConfig>(spec["train"].clone()).unwrap(),
    )
    .unwrap();
    spec["optimizer"] = serde_json::to_value(
        serde_json::from_value::<mixup_core::optim::OptimizerConfig>(spec["optimizer"].clone()).unwrap(),
    )
    .unwrap();
    spec.sort_all_objects();
    spec
}

#[test]
fn students_of_one_teacher_share_its_training() {
    let entry = crate::paper().routines[0];
    let stages = |method: Value| entry.inspect(&student(method)).unwrap().stages;
    let of_plain = stages(json!({"kind": "kd", "temperature": 4}));
    assert_eq!(of_plain.len(), 1);
    assert_eq!(of_plain, stages(json!({"kind": "mixstd", "mixing": {}})));
    assert_ne!(of_plain, stages(json!({"kind": "kd", "teacher": "mixed"})));
    assert_eq!(stages(json!({"kind": "ce"})), []);
    let unknown = entry.inspect(&student(json!({"kind": "kd", "teacher": "best"}))).unwrap_err();
    assert!(unknown.contains("`best`") && unknown.contains("`mixed`, `plain`"), "{unknown}");
}

#[test]
fn students_learn_from_the_teacher_they_name() {
    let (entry, library) = (crate::paper().routines[0], Library::from_env(None));
    let opening = |method: Value| entry.replay(&student(method), &library).unwrap();
    let of_plain = opening(json!({"kind": "kd", "gamma": 0}));
    assert!(of_plain.len() == 5 && of_plain.iter().all(|loss| loss.is_finite()), "{of_plain:?}");
    assert_eq!(opening(json!({"kind": "kd", "gamma": 0})), of_plain);
    assert_ne!(opening(json!({"kind": "kd", "gamma": 0, "teacher": "mixed"})), of_plain);
}
