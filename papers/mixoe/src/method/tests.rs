//! What a row says, and what it trains on.

use mixup_data::Library;
use mixup_routines::classification::Method as _;
use serde_json::{Value, json};

use super::*;

fn read(json: &str) -> Result<Method, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn rows_say_what_they_need() {
    let mixoe = read(r#"{"kind": "mixoe", "mixing": "cutmix", "alpha": 2}"#).unwrap();
    assert_eq!(mixoe.outliers().map(NonZeroUsize::get), Some(1));
    assert_eq!(read(r#"{"kind": "oe"}"#).unwrap().outliers().map(NonZeroUsize::get), Some(2));
    assert_eq!(read(r#"{"kind": "rotation"}"#).unwrap().outliers(), None);
    assert!(read(r#"{"kind": "mixoe", "beta": 1}"#).unwrap_err().contains("beta"));
    assert!(read(r#"{"kind": "energy-oe", "m_in": 1}"#).unwrap_err().contains("m_in"));
}

#[test]
fn a_box_has_the_share_of_the_label_and_one_lambda_is_for_the_batch() {
    let streams = &mut Streams::new("draw", 0);
    let linear = Mixoe::default().draw(3, [8, 8], streams).unwrap().shares().unwrap();
    assert!(linear.len() == 3 && linear.iter().all(|share| *share == linear[0]));
    let cutmix = Mixoe { mixing: Mixing::Cutmix, ..Mixoe::default() };
    for _ in 0..50 {
        let mixture = cutmix.draw(2, [8, 8], streams).unwrap();
        let share = mixture.shares().unwrap()[0] * 64.0;
        assert!((share - share.round()).abs() < 1e-9, "whole pixels: {share}");
        // Ones are samples, zeros outliers.
        let device = burn::tensor::Device::flex();
        let (samples, outliers) =
            (Tensor::<4>::ones([2, 1, 8, 8], &device), Tensor::zeros([2, 1, 8, 8], &device));
        let both = Tensor::cat(vec![samples, outliers], 0);
        let kept = mixup_core::tensor::to_host(mixture.inputs(both).unwrap().sum()).unwrap()[0];
        assert!((kept - 2.0 * share).abs() < 1e-6, "{kept}");
    }
}

/// A small run on handwritten digits with three classes held out.
fn spec(method: Value, change: impl FnOnce(&mut Value)) -> Value {
    let entry = crate::paper().routines[0];
    let setting =
        json!({"hold_out": {"validation": 200, "train": 300}, "unseen": 3, "outliers": "mnist-t10k"});
    let mut spec = json!({
        "paper": "mixoe", "experiment": "digits", "routine": "classification", "method": "row",
        "parameters": entry.method(&method).unwrap(), "setting": setting, "seed": 0, "data": "digits",
        "model": {"kind": "convnet", "channels": [4, 8]},
        "optimizer": {"kind": "sgd", "lr": 0.05},
        "train": {"epochs": 2, "batch": 32, "select": "last", "shuffle": "every-epoch", "schedule": {"kind": "constant"}},
        "train_samples": null, "metrics": ["fine-auroc"], "device": "flex"
    });
    change(&mut spec);
    spec["setting"] = entry.setting(&spec["setting"]).unwrap();
    spec.sort_all_objects();
    spec
}

#[test]
fn what_is_missing_or_both_trained_and_tested_on_is_refused() {
    let entry = crate::paper().routines[0];
    let refused =
        |change: &dyn Fn(&mut Value)| entry.inspect(&spec(json!({"kind": "mixoe"}), change)).unwrap_err();
    assert!(refused(&|spec| spec["setting"]["outliers"] = Value::Null).contains("setting.outliers"));
    assert!(refused(&|spec| spec["setting"]["outliers"] = json!("digits")).contains("another set"));
    assert!(refused(&|spec| spec["setting"]["ood"] = json!("mnist-t10k")).contains("another set"));
    assert!(refused(&|spec| spec["setting"]["unseen"] = Value::Null).contains("`fine-auroc` needs"));
    assert!(refused(&|spec| spec["metrics"] = json!(["ood-tnr95-energy"])).contains("setting.ood"));
    let data = entry.inspect(&spec(json!({"kind": "mixoe"}), |_| ())).unwrap().data;
    assert_eq!(data, ["digits", "mnist-t10k"]);
}

/// The head of rotations is trained and never measured: seven classes stay seven.
#[test]
fn rotations_train_a_head_of_their_own() {
    let (entry, library) = (crate::paper().routines[0], Library::from_env(None));
    let run = |weight: f64| {
        let spec = spec(json!({"kind": "rotation", "weight": weight}), |spec| {
            spec["setting"]["outliers"] = Value::Null;
        });
        entry.run(&spec, &mixup_paper::RunContext::plain(&library)).unwrap()
    };
    let with = run(1.0);
    let logits = with.predictions.as_ref().unwrap().values("last/test/logits").unwrap();
    assert_eq!(logits.ncols(), 7);
    assert!(with.metrics["fine-auroc"].is_finite());
    // At the start four turns cost log 4.
    let extra = with.opening[0] - run(0.0).opening[0];
    assert!((extra - 4f64.ln()).abs() < 0.5, "{extra}");
}
