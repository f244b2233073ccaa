//! Whole streams in little, of handwritten digits.

use std::collections::BTreeMap;

use mixup_data::Library;
use mixup_paper::RoutineEntry;
use serde_json::{Value, json};

use super::*;

fn spec(method: Value, batch: usize, continual: bool) -> Value {
    let entry = RoutineEntry::of::<Unmixing>();
    let setting = json!({
        "hold_out": {"validation": 200, "train": 900},
        "corruptions": [{"kind": "contrast", "severity": 3}, {"kind": "brightness", "severity": 5}],
        "stream": {"batch": batch, "concentration": 0.05, "continual": continual}
    });
    let mut spec = json!({
        "paper": "unmix-tns", "experiment": "digits", "routine": "unmix-tns", "method": "row",
        "parameters": entry.method(&method).unwrap(), "setting": entry.setting(&setting).unwrap(), "seed": 0,
        "data": "digits", "model": {"kind": "convnet", "channels": [8, 16]}, "optimizer": {"kind": "adam", "lr": 0.01},
        "train": {"epochs": 6, "batch": 32, "select": "last", "shuffle": "every-epoch", "schedule": {"kind": "constant"}},
        "train_samples": null, "metrics": ["error-iid", "error-correlated"], "device": "flex"
    });
    spec.sort_all_objects();
    spec
}

#[test]
fn correlated_labels_break_batch_statistics_and_not_unmixed_ones() {
    let (entry, library) = (RoutineEntry::of::<Unmixing>(), Library::from_env(None));
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("source");
    let stages = entry.inspect(&spec(json!({"kind": "source"}), 50, false)).unwrap().stages;
    let [(name, stage)] = &stages[..] else { panic!("{stages:?}") };
    entry.run(stage, &RunContext { weights: Some(weights.clone()), ..RunContext::plain(&library) }).unwrap();
    let run = |method: Value, batch: usize, continual: bool| {
        let stages = BTreeMap::from([((*name).to_owned(), weights.clone())]);
        entry
            .run(&spec(method, batch, continual), &RunContext { stages, ..RunContext::plain(&library) })
            .unwrap()
    };
    let metrics = |method: Value| run(method, 50, false).metrics;
    let (source, tbn) = (metrics(json!({"kind": "source"})), metrics(json!({"kind": "tbn"})));
    let unmix = metrics(json!({"kind": "unmix", "components": 4}));
    assert!(
        (source["error-iid"] - source["error-correlated"]).abs() < 1e-9,
        "no order matters to it: {source:?}"
    );
    assert!(tbn["error-correlated"] > tbn["error-iid"] + 10.0, "{tbn:?}");
    let rise = |metrics: &BTreeMap<String, f64>| metrics["error-correlated"] - metrics["error-iid"];
    assert!(rise(&unmix) < 0.5 * rise(&tbn), "{unmix:?} {tbn:?}");
    assert!(tbn["classes-correlated"] < 0.6 * tbn["classes-iid"], "{tbn:?}");
    assert!(!source.contains_key("error-iid-box-blur"), "not among the corruptions");
    // A share of nothing is the source.
    assert_eq!(metrics(json!({"kind": "alpha-bn", "alpha": 0}))["error-iid"], source["error-iid"]);
    // TENT's first answers are those without it.
    let tent = run(json!({"kind": "tbn", "tent": {"lr": 1e-9}}), 50, false).metrics;
    assert!((tent["error-iid"] - tbn["error-iid"]).abs() < 0.5, "{tent:?}");
    assert_ne!(
        run(json!({"kind": "tbn", "tent": {"lr": 0.05}}), 50, false).metrics["error-iid"],
        tbn["error-iid"]
    );
    // What goes on is another stream from the second corruption on.
    let goes_on = run(json!({"kind": "unmix", "components": 4}), 50, true).metrics;
    assert_eq!(goes_on["error-iid-contrast"], unmix["error-iid-contrast"]);
    assert_ne!(goes_on["error-iid-brightness"], unmix["error-iid-brightness"]);
    let course = &run(json!({"kind": "tbn"}), 50, false).points["course-iid"];
    let mean = course.iter().map(|point| point[1]).sum::<f64>() / 10.0;
    assert!((mean - tbn["error-iid"]).abs() < 1.0, "{mean}");
}

#[test]
fn what_is_missing_is_asked_for() {
    let entry = RoutineEntry::of::<Unmixing>();
    let refused = |key: &str| {
        let mut spec = spec(json!({"kind": "tbn"}), 50, false);
        spec["setting"].as_object_mut().unwrap().remove(key);
        entry.inspect(&spec).unwrap_err()
    };
    assert!(refused("corruptions").contains("setting.corruptions"));
    assert!(refused("stream").contains("setting.stream"));
    let mut mlp = spec(json!({"kind": "tbn"}), 50, false);
    mlp["setting"]["stream"]["batch"] = json!(0);
    assert!(entry.inspect(&mlp).is_err());
}
