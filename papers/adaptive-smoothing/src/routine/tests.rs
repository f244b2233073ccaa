//! A whole experiment in little, on handwritten digits.

use std::collections::BTreeMap;

use mixup_data::Library;
use mixup_paper::RoutineEntry;
use serde_json::{Value, json};

use super::*;

fn spec(method: Value) -> Value {
    let train = |epochs: usize| json!({"epochs": epochs, "batch": 32, "select": "last", "shuffle": "every-epoch", "schedule": {"kind": "constant"}});
    let attack = json!({"epsilon": 0.1, "step": 0.05, "iterations": 3});
    let mut spec = json!({
        "paper": "adaptive-smoothing", "experiment": "digits", "routine": "adaptive-smoothing", "method": "row",
        "parameters": method, "seed": 0, "data": "digits",
        "setting": {
            "hold_out": {"validation": 200, "train": 600, "stratified": false},
            "standard": {"train": train(12)}, "robust": {"train": train(6), "attack": attack},
            "attack": attack, "attacked": 300
        },
        "model": {"kind": "convnet", "channels": [8, 16]}, "optimizer": {"kind": "adam", "lr": 0.01},
        "train": train(2), "train_samples": null, "metrics": ["clean", "area"], "device": "flex"
    });
    spec.sort_all_objects();
    spec
}

fn adaptive() -> Value {
    json!({
        "kind": "adaptive", "hidden": 8,
        "choice": {"gamma_scale": 2.0, "gamma_bias_train": 0.4, "gamma_bias": 1.3, "alpha_scale": 0.45, "alpha_bias": 0.54,
            "momentum": 0.1},
        "weights": {"choice": 1.5, "classes": 0.0, "product": 0.2},
        "attack": {"epsilon": 0.1, "step": 0.05, "iterations": 2}
    })
}

#[test]
fn rows_share_two_trained_networks_and_tell_their_own_metrics() {
    let (entry, library) = (RoutineEntry::of::<Smoothing>(), Library::from_env(None));
    let folder = tempfile::tempdir().unwrap();
    let mut stages = BTreeMap::new();
    for (name, stage) in entry.inspect(&spec(json!({"kind": "chord"}))).unwrap().stages {
        let weights = folder.path().join(name);
        entry
            .run(&stage, &RunContext { weights: Some(weights.clone()), ..RunContext::plain(&library) })
            .unwrap();
        assert_eq!(entry.inspect(&stage).unwrap().stages, []);
        stages.insert(name.to_owned(), weights);
    }
    assert_eq!(stages.keys().collect::<Vec<_>>(), ["robust", "standard"]);
    let run = |method: Value| {
        let context = RunContext { stages: stages.clone(), ..RunContext::plain(&library) };
        entry.run(&spec(method), &context).unwrap()
    };
    let alone = |network: &str| run(json!({"kind": "alone", "network": network})).metrics;
    let (standard, robust) = (alone("standard"), alone("robust"));
    assert!(robust["attacked"] > standard["attacked"], "{robust:?} {standard:?}");
    assert!(standard["area"].is_nan());
    let curve = run(json!({"kind": "fixed", "mix": "probabilities"}));
    // The ends are the networks alone.
    for (alpha, network) in [("0", &standard), ("1", &robust)] {
        assert_eq!(curve.metrics[&format!("clean-{alpha}")], network["clean"]);
        assert_eq!(curve.metrics[&format!("attacked-{alpha}")], network["attacked"]);
    }
    let chord = run(json!({"kind": "chord"})).metrics;
    assert!(chord["area"].abs() < 1e-9 && (chord["jump"] - 10.0).abs() < 1e-9, "{chord:?}");
    let chosen = run(adaptive());
    assert!((0.54..0.99).contains(&chosen.metrics["alpha-clean"]), "{:?}", chosen.metrics);
    assert_eq!(chosen.opening.len(), 5);
    assert_eq!(chosen.curves["train-loss"].len(), 2);
    // NaN, where a row does not tell a metric, is not itself.
    let again = run(adaptive());
    assert_eq!((again.curves, again.points), (chosen.curves, chosen.points));
}

#[test]
fn what_cannot_be_is_refused() {
    let entry = RoutineEntry::of::<Smoothing>();
    let mut without = spec(json!({"kind": "chord"}));
    without["setting"].as_object_mut().unwrap().remove("robust");
    assert!(entry.inspect(&without).unwrap_err().contains("setting.robust"));
    let mut wide = adaptive();
    wide["choice"]["alpha_bias"] = json!(0.6);
    assert!(entry.inspect(&spec(wide)).unwrap_err().contains("between 0 and 1"));
}
