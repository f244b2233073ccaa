//! Identities of small runs on embedded sets, a JSON object by name: what xtask/tests/broken.rs looks at
//! while it breaks the code.

use std::collections::BTreeMap;
use std::error::Error;

use mixup_data::Library;
use mixup_paper::RoutineEntry;
use mixup_routines::regression::{Mixup, Regression};
use serde_json::{Value, json};

/// Handwritten digits by a method, with what is special about the run.
fn digits(method: Value, special: Value) -> Value {
    let mut spec = json!({
        "paper": "rankmixup", "experiment": "digits", "routine": "classification", "method": "row",
        "parameters": method, "setting": {"hold_out": {"validation": 300, "train": 600}}, "seed": 0,
        "data": "digits", "model": {"kind": "mlp", "hidden": [16], "activation": "relu"},
        "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.001},
        "train": {"epochs": 20, "batch": 32, "select": "last", "schedule": {"kind": "cosine"}},
        "train_samples": null, "metrics": ["ece"], "device": "flex"
    });
    overlay(&mut spec, special);
    spec
}

/// Red wine quality by a method.
fn wine(method: Value) -> Value {
    json!({
        "paper": "c-mixup", "experiment": "wine", "routine": "regression", "method": "row",
        "parameters": method, "seed": 0, "data": "wine-quality",
        "setting": {"split": {"random": {"train": 900, "validation": 300, "test": 300}}},
        "model": {"kind": "mlp", "hidden": [16], "activation": "relu"},
        "optimizer": {"kind": "adam", "lr": 0.01},
        "train": {"epochs": 20, "batch": 32, "select": "best-validation"},
        "train_samples": null, "metrics": ["rmse"], "device": "flex"
    })
}

/// Puts the keys of `special` into `spec`, and into the objects that both have; another kind of network
/// replaces the one that is there.
fn overlay(spec: &mut Value, special: Value) {
    match (spec, special) {
        (Value::Object(spec), Value::Object(special)) if !special.contains_key("kind") => {
            special
                .into_iter()
                .for_each(|(key, value)| overlay(spec.entry(key).or_insert(Value::Null), value));
        }
        (spec, special) => *spec = special,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let classification = rankmixup::paper().routines[0];
    let regression = RoutineEntry::of::<Regression<Mixup>>();
    let convnet =
        json!({"model": {"kind": "convnet", "channels": [4, 8]}, "metrics": ["ece-raw-statistics"]});
    let patience =
        json!({"train": {"patience": 3, "select": "best-validation", "schedule": {"kind": "constant"}}});
    let augment = json!({"setting": {"augment": {"crop": {"padding": 1}, "flip": true}}});
    let base = json!({"setting": {"base": {"train": {"epochs": 3, "batch": 32, "select": "last"}}}});
    let runs = [
        ("ce", classification, digits(json!({"kind": "ce"}), json!({}))),
        ("mixup", classification, digits(json!({"kind": "mixup"}), json!({}))),
        ("mrl", classification, digits(json!({"kind": "mrl"}), json!({}))),
        ("m-ndcg", classification, digits(json!({"kind": "m-ndcg"}), json!({}))),
        ("convnet", classification, digits(json!({"kind": "ce"}), convnet)),
        ("patience", classification, digits(json!({"kind": "ce"}), patience)),
        ("augment", classification, digits(json!({"kind": "ce"}), augment)),
        ("base", classification, digits(json!({"kind": "ce"}), base)),
        ("erm", regression, wine(json!({}))),
        ("wine-mixup", regression, wine(json!({"alpha": 2.0, "where": "hidden"}))),
    ];
    let library = Library::from_env(None);
    let mut identities = BTreeMap::new();
    for (name, routine, spec) in runs {
        identities.insert(name, routine.identity(&spec, &library)?);
    }
    println!("{}", serde_json::to_string(&identities)?);
    Ok(())
}
