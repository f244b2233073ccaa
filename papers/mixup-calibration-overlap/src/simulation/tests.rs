//! Small runs of the simulation: what they measure, and what they refuse.

use std::collections::BTreeSet;

use mixup_data::Library;
use mixup_paper::{Glimpse, Json, RoutineEntry};
use serde_json::{Value, json};

use super::*;

/// Two classes that overlap by a third, few samples, and a network that fits all of them.
fn spec(parameters: Value) -> Value {
    json!({
        "paper": "p", "experiment": "e", "routine": "overlapping-gaussians", "method": "m",
        "parameters": parameters, "setting": {"samples": 600, "means": [0.0, 0.2], "shape": [1, 4, 4]}, "seed": 0,
        "data": "simulated", "model": {"kind": "mlp", "hidden": [64], "activation": "relu"},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 60, "batch": 54, "select": "last"},
        "train_samples": null, "metrics": ["nll"], "device": "flex"
    })
}

fn read(spec: Value) -> Spec {
    Spec::from_json(&spec).unwrap()
}

fn run(parameters: Value) -> Measured {
    let library = Library::from_env(None);
    Simulation::run(&read(spec(parameters)), &RunContext::plain(&library)).unwrap()
}

#[test]
fn an_over_fitted_network_is_far_above_the_posterior_and_a_converged_temperature_mends_it() {
    let erm = run(json!({"kind": "ce"})).metrics;
    let mixup = run(json!({"kind": "d-mixup", "points": 5})).metrics;
    assert!(erm["regret"] > 0.3 && erm["temperature-nll"] > 2.0, "{erm:?}");
    assert!(mixup["regret"] < 0.5 * erm["regret"], "{mixup:?}");
    for metrics in [&erm, &mixup] {
        // Nobody is better than the posterior, but for the chance of 120 samples.
        assert!(metrics["regret-ts-nll"] > -0.05 && metrics["regret-ts-nll"] < metrics["regret"] + 1e-9);
        assert_eq!(metrics["regret"], metrics["nll"] - metrics["bayes-nll"]);
        assert_eq!(metrics["bayes-nll"], erm["bayes-nll"], "one seed, one test part");
    }
    // Where the official fit stops.
    assert!(erm["temperature-lbfgs"] > 1.02 && erm["temperature-lbfgs"] < 1.2, "{erm:?}");
    assert!(erm["nll-ts-nll"] < erm["nll-ts-lbfgs"] && erm["nll-ts-lbfgs"] < erm["nll"], "{erm:?}");
}

#[test]
fn one_point_is_erm_and_two_are_not() {
    let opening = |parameters| run(parameters).opening;
    let erm = opening(json!({"kind": "ce"}));
    assert_eq!(opening(json!({"kind": "d-mixup", "points": 1})), erm);
    assert_ne!(opening(json!({"kind": "d-mixup", "points": 2})), erm);
}

#[test]
fn a_run_measures_what_is_known_and_repeats_and_comes_back_from_its_predictions() {
    let library = Library::from_env(None);
    let spec = spec(json!({"kind": "d-mixup"}));
    let whole = run(json!({"kind": "d-mixup"}));
    assert_eq!(whole, run(json!({"kind": "d-mixup"})));
    let known: BTreeSet<String> = Simulation::metrics().into_iter().map(|metric| metric.name).collect();
    let measured = whole.metrics.keys().filter(|name| !name.contains('@')).cloned();
    assert_eq!(measured.collect::<BTreeSet<_>>(), known);
    let bytes = whole.predictions.as_ref().unwrap().to_bytes();
    let predictions = Predictions::from_bytes(&bytes).unwrap();
    assert_eq!(Simulation::from_predictions(&read(spec.clone()), &predictions).unwrap(), whole.metrics);
    let entry = RoutineEntry::of::<Simulation>();
    assert_eq!(entry.replay(&spec, &library).unwrap(), whole.opening);
    let glimpse = RunContext { glimpse: Some(Glimpse::IDENTITY), ..RunContext::plain(&library) };
    assert_ne!(Simulation::run(&read(spec), &glimpse).unwrap(), whole);
    // The picture goes through the network as it was trained.
    let at_one = whole.points[TEMPERATURE_FIGURE].iter().find(|point| point[0].abs() < 1e-12).unwrap()[1];
    assert!((at_one - whole.metrics["nll"]).abs() < 1e-12);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |at: &str, value: Value| {
        let mut spec = spec(json!({"kind": "ce"}));
        *spec.pointer_mut(at).unwrap() = value;
        Simulation::check(&read(spec)).unwrap_err()
    };
    assert!(Simulation::check(&read(spec(json!({"kind": "mixup"})))).is_ok());
    assert!(refused("/data", json!("digits")).contains("`data: simulated`"));
    assert!(refused("/model", Value::Null).contains("`model` is missing"));
    assert!(refused("/optimizer", Value::Null).contains("are needed"));
    assert!(refused("/train_samples", json!(5)).contains("leave"));
    assert!(refused("/setting/means", json!([0.0])).contains("two classes"));
    assert!(refused("/setting/samples", json!(12)).contains("too small"));
    let manifold = json!({"kind": "manifold-mixup", "stages": []});
    assert!(Simulation::check(&read(spec(manifold))).is_err());
}
