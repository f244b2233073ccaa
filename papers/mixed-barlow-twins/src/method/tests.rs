//! Whole runs in little.

use mixup_data::Library;
use mixup_paper::{Json, Measured, Routine, RunContext};
use mixup_routines::contrastive::{Contrastive, Spec};
use serde_json::{Value, json};

use super::*;

fn run(loss: Value) -> Measured {
    let spec = json!({
        "paper": "mixed-barlow-twins", "experiment": "e", "routine": "contrastive", "method": "m",
        "parameters": {"loss": loss},
        "setting": {
            "counts": {"train": 96, "validation": 40, "test": 60},
            "projector": {"hidden": [12], "dimensions": 8, "batch_norm": true},
            "views": {"crop_from": 0.5, "shift": 1}, "neighbours": 5, "course": 40
        },
        "seed": 1, "data": "digits", "model": {"kind": "convnet", "channels": [4, 8]},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 6, "batch": 16, "select": "last"},
        "metrics": [], "device": "flex"
    });
    let spec: Spec<BarlowTwins> = Json::from_json(&spec).unwrap();
    let library = Library::from_env(None);
    Contrastive::<BarlowTwins>::run(&spec, &RunContext::plain(&library)).unwrap()
}

#[test]
fn the_regulariser_is_not_negative_and_begins_at_nothing_with_a_warm_up() {
    let plain = run(json!({}));
    let mixed = run(json!({"mixing": {"weight": 4}}));
    let risen = run(json!({"mixing": {"weight": 4, "warm_up": 2}}));
    // The first losses are of the same network and views.
    assert!(mixed.opening[0] > plain.opening[0], "{:?}, {:?}", mixed.opening, plain.opening);
    assert_eq!(risen.opening[0], plain.opening[0]);
    for measured in [&plain, &mixed] {
        let losses = &measured.curves["train-loss"];
        assert!(losses[5] < losses[0], "{losses:?}");
        assert!(measured.metrics["fall"].is_finite() && measured.metrics["knn"] > 20.0);
    }
}

#[test]
fn mixing_for_nothing_is_refused() {
    let loss: BarlowTwins = serde_json::from_value(json!({"mixing": {"weight": 0}})).unwrap();
    assert!(loss.check(&Setting::default()).unwrap_err().contains("mixing"));
    assert_eq!(BarlowTwins::default().check(&Setting::default()), Ok(()));
}
