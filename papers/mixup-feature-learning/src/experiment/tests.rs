use mixup_data::Library;
use serde_json::{Value, json};

use mixup_paper::Json;

use super::*;

fn spec(parameters: Value, setting: Value) -> Spec {
    Spec::from_json(&json!({
        "paper": "mixup-feature-learning", "experiment": "test", "routine": "feature-noise", "method": "row",
        "parameters": parameters, "setting": setting, "seed": 1, "data": "simulated", "model": null,
        "optimizer": null, "train": null, "train_samples": null, "metrics": ["rare-error"], "device": "flex"
    }))
    .unwrap()
}

fn small() -> Value {
    json!({"samples": 120, "width": 200, "noise_norm": 3.0, "rate": 0.2, "steps": 400, "init": 0.02, "test": 200})
}

fn run(parameters: Value) -> Measured {
    let library = Library::from_env(None);
    Simulation::run(&spec(parameters, small()), &RunContext::plain(&library)).unwrap()
}

/// The mechanism of the paper in little: what is memorised by its noise is not learnt.
#[test]
fn standard_training_learns_rare_samples_by_their_noise_and_mixup_by_their_feature() {
    let (standard, mixup) = (run(json!({"kind": "standard"})), run(json!({"kind": "mixup", "lambda": 0.6})));
    for measured in [&standard, &mixup] {
        assert!(measured.metrics["train-error"] < 3.0);
        assert!(measured.metrics["common-error"] < 3.0);
    }
    assert!(standard.metrics["noise-share"] > mixup.metrics["noise-share"] + 10.0);
    assert!(2.0 * standard.metrics["rare-score"] < mixup.metrics["rare-score"]);
    assert!(standard.metrics["rare-error"] > 30.0);
}

#[test]
fn mixing_that_never_starts_is_standard_training_and_a_run_repeats() {
    let standard = run(json!({"kind": "standard"}));
    assert_eq!(standard, run(json!({"kind": "mixup", "until": 0.0})));
    assert_eq!(standard.curves["rare-score"].len(), standard.points[GROWTH_FIGURE].len());
    let whole = json!({"kind": "mixup", "lambda": 1.0, "pairs": "permutation"});
    assert_eq!(standard.metrics["rare-error"], run(whole).metrics["rare-error"]);
}

#[test]
fn what_has_no_meaning_is_refused() {
    let refused = |change: &dyn Fn(&mut Spec)| {
        let mut spec = spec(json!({"kind": "standard"}), small());
        change(&mut spec);
        Simulation::check(&spec)
    };
    assert_eq!(refused(&|_| ()), Ok(()));
    assert!(refused(&|spec| spec.data = "digits".into()).unwrap_err().contains("simulated"));
    assert!(refused(&|spec| spec.test_samples = Some(size(3))).unwrap_err().contains("`test`"));
    assert!(refused(&|spec| spec.setting.patches = size(2)).unwrap_err().contains("need 3"));
    assert!(refused(&|spec| spec.setting.width = size(4)).unwrap_err().contains("more than 4"));
    let none = spec(json!({"kind": "standard"}), json!({"samples": 4, "rare": 0.0, "steps": 1}));
    let error = Simulation::run(&none, &RunContext::plain(&Library::from_env(None))).unwrap_err();
    assert!(error.to_string().contains("no training sample has a rare feature"), "{error}");
}
