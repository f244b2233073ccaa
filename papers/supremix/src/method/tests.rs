//! Whole runs in little.

use mixup_data::Library;
use mixup_paper::{Json, Measured, Routine, RunContext};
use mixup_routines::contrastive::{Contrastive, Spec};
use serde_json::{Value, json};

use super::*;

fn spec(loss: Value) -> Spec<SupReMix> {
    Json::from_json(&json!({
        "paper": "supremix", "experiment": "e", "routine": "contrastive", "method": "m", "parameters": {"loss": loss},
        "setting": {
            "labels": {"rotation": {"largest": 8}}, "counts": {"train": 96, "validation": 40, "test": 60},
            "features": 12, "projector": {"hidden": [12], "dimensions": 8}, "views": {"shift": 1, "noise": 0.1},
            "neighbours": 5, "course": 40
        },
        "seed": 1, "data": "digits", "model": {"kind": "convnet", "channels": [4, 8]},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 2, "batch": 16, "select": "last"},
        "metrics": [], "device": "flex"
    }))
    .unwrap()
}

fn run(loss: Value) -> Measured {
    let library = Library::from_env(None);
    Contrastive::<SupReMix>::run(&spec(loss), &RunContext::plain(&library)).unwrap()
}

/// No label lies between two others that are nearer than half a degree.
#[test]
fn a_window_without_neighbours_is_supcon() {
    let losses = |loss| run(loss).curves["train-loss"].clone();
    let plain = losses(json!({"kind": "supcon", "tau": 0.5, "distance": "l1-inv"}));
    let narrow = losses(json!({"kind": "supremix", "tau": 0.5, "distance": "l1-inv", "window": 0.5}));
    assert_eq!(plain, narrow);
    let wide = losses(json!({"kind": "supremix", "tau": 0.5, "distance": "l1-inv", "window": 3}));
    let mixed = losses(json!({"kind": "supremix", "tau": 0.5, "distance": "l1-inv", "negatives": {}}));
    assert!(wide[0] > plain[0] && mixed[0] > plain[0], "{plain:?}, {wide:?}, {mixed:?}");
}

#[test]
fn every_row_trains() {
    for loss in [
        json!({"kind": "vanilla"}),
        json!({"kind": "simclr"}),
        json!({"kind": "rank-n-contrast"}),
        json!({"kind": "rank-n-contrast", "projected": true}),
        json!({"kind": "supremix", "negatives": {"a": 5, "b": 5}, "window": 3, "form": "official"}),
    ] {
        let measured = run(loss.clone());
        assert!(
            measured.metrics["order"].is_finite() && measured.metrics["mae"] < 4.0,
            "{loss}: {measured:?}"
        );
    }
}

#[test]
fn rows_that_mix_nothing_are_refused() {
    let check = |loss| Contrastive::<SupReMix>::check(&spec(loss));
    assert!(check(json!({"kind": "supremix"})).unwrap_err().contains("supcon"));
    assert_eq!(check(json!({"kind": "supcon"})), Ok(()));
    let mut classes = spec(json!({"kind": "supcon"}));
    classes.setting.labels = mixup_routines::contrastive::Labels::Classes;
    assert!(Contrastive::<SupReMix>::check(&classes).unwrap_err().contains("numbers"));
}
