//! Whole runs in little.

use mixup_data::Library;
use mixup_paper::{Json, Measured, Routine, RunContext};
use mixup_routines::contrastive::{Contrastive, Spec};
use serde_json::{Value, json};

use super::*;

fn run(loss: Value) -> Measured {
    let spec = json!({
        "paper": "mochi", "experiment": "e", "routine": "contrastive", "method": "m", "parameters": {"loss": loss},
        "setting": {
            "counts": {"train": 96, "validation": 40, "test": 60}, "projector": {"hidden": [12], "dimensions": 8},
            "views": {"crop_from": 0.5, "shift": 1}, "neighbours": 5, "course": 40
        },
        "seed": 1, "data": "digits", "model": {"kind": "convnet", "channels": [4, 8]},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 3, "batch": 16, "select": "last"},
        "metrics": [], "device": "flex"
    });
    let spec: Spec<Mochi> = Json::from_json(&spec).unwrap();
    let library = Library::from_env(None);
    Contrastive::<Mochi>::run(&spec, &RunContext::plain(&library)).unwrap()
}

#[test]
fn synthetic_negatives_cost_more_and_before_their_time_nothing() {
    let mixing = |after: f64| json!({"hardest": 12, "between": 6, "toward": 4, "after": after});
    let plain = run(json!({"queue": 48, "decay": 0.9}));
    let never = run(json!({"queue": 48, "decay": 0.9, "mixing": mixing(1.0)}));
    let always = run(json!({"queue": 48, "decay": 0.9, "mixing": mixing(0.0)}));
    let losses = |measured: &Measured| measured.curves["train-loss"].clone();
    assert_eq!(losses(&never), losses(&plain));
    // The first step has an empty queue, and nothing to mix.
    assert_eq!((plain.opening[0], always.opening[0]), (0.0, 0.0));
    assert!(always.opening[1] > plain.opening[1], "{:?}, {:?}", always.opening, plain.opening);
    for measured in [&plain, &always] {
        let share = |name: &str| measured.metrics[name];
        assert!((0.0..=100.0).contains(&share(PROXY)) && (0.0..=100.0).contains(&share(FALSE)));
    }
}

#[test]
fn the_oracle_sees_fewer_negatives() {
    let plain = run(json!({"queue": 48, "decay": 0.9}));
    let oracle = run(json!({"queue": 48, "decay": 0.9, "oracle": true}));
    assert!(oracle.opening[1] < plain.opening[1], "{:?}, {:?}", oracle.opening, plain.opening);
}

#[test]
fn old_keys_of_the_own_image_are_no_negatives() {
    let origin = |row, target| Origin { row, target };
    let origins = [origin(7, 1.0), origin(3, 1.0), origin(5, 0.0)];
    let excluded = |oracle| Mochi::default().excluded(&[3, 5], &[1.0, 0.0], &origins, oracle);
    let seen = |excluded: Excluded| [0, 1].map(|query| [0, 1, 2].map(|key| excluded.has(query, key)));
    assert_eq!(seen(excluded(false)), [[false, true, false], [false, false, true]]);
    assert_eq!(seen(excluded(true)), [[true, true, false], [false, false, true]]);
}
