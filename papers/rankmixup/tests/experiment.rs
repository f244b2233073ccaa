//! Training parts, networks and refusals of a run.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use burn::tensor::Device;
use mixup_core::augment::{AugmentConfig, ImageShape, Normalise};
use mixup_core::nn::ModelConfig;
use mixup_core::stream::Streams;
use mixup_core::train::{NoState, Step, Task};
use mixup_data::LabelledImages;
use mixup_lab::registry::Paper;
use rankmixup::{Classification, Classifier, Method, Parts, RankMixup, Spec};
use serde_json::{Value, json};

const SHAPE: ImageShape = ImageShape { channels: 1, height: 12, width: 12 };

/// Images of two classes, dark and bright.
fn images(count: usize) -> LabelledImages {
    let labels: Vec<u16> = (0..count).map(|image| image as u16 % 2).collect();
    let pixels = labels.iter().flat_map(|&label| vec![label as u8 * 200; SHAPE.size()]).collect();
    LabelledImages { channels: 1, height: 12, width: 12, classes: 2, pixels, labels }
}

fn task(epoch: usize) -> Classification {
    let parts = Parts { train: images(4), validation: images(6), test: images(3) };
    let plain = (AugmentConfig::default(), &Normalise::default());
    Classification::new(parts, Method::Ce {}, plain, epoch, &Device::flex()).unwrap()
}

fn network(config: Value) -> Result<Classifier, String> {
    let config: ModelConfig = serde_json::from_value(config).unwrap();
    Classifier::new(&config, SHAPE, 2, Streams::new("network", 0).get("init"), &Device::flex())
        .map_err(|error| error.to_string())
}

#[test]
fn an_epoch_goes_through_a_small_part_again() {
    let (task, model) = (task(10), network(json!({"kind": "lenet"})).unwrap());
    assert_eq!(task.samples(), 10);
    let loss = |rows: &[usize]| {
        let streams = &mut Streams::new("loss", 0);
        let mut step = Step { rows, epoch: 0, epochs: 1, step: 0, steps: 1, streams };
        task.loss(&model, &mut NoState, &mut step).unwrap().into_scalar::<f32>()
    };
    assert_eq!(loss(&[0, 1, 2, 3]), loss(&[4, 5, 6, 7]));
    assert_ne!(loss(&[0, 2]), loss(&[1, 3]));
}

#[test]
fn every_network_gives_logits_of_all_images() {
    let task = task(4);
    for config in [
        json!({"kind": "mlp", "hidden": [5], "activation": "relu"}),
        json!({"kind": "lenet"}),
        json!({"kind": "convnet", "channels": [2, 3]}),
        json!({"kind": "resnet", "width": 2, "blocks": [1]}),
    ] {
        let model = network(config).unwrap();
        let logits = task.logits(&model, &task.parts().test).unwrap();
        assert_eq!((logits.logits.dim(), &logits.labels[..]), ((3, 2), &[0, 1, 0][..]));
        assert_eq!(logits.logits.row(0), logits.logits.row(2), "equal images");
        let error = task.validate(&model).unwrap();
        assert!([0.0, 0.5, 1.0].iter().any(|share| (error - share).abs() < 1e-12), "{error}");
    }
    let lstm = json!({"kind": "lstnet", "conv": 1, "kernel": 1, "recurrent": 1, "skip_recurrent": 1, "skip": 1,
        "highway": 1, "dropout": 0});
    assert!(network(lstm).unwrap_err().contains("not for images"));
}

#[test]
fn images_of_another_size_are_refused() {
    let (task, model) = (task(4), network(json!({"kind": "lenet"})).unwrap());
    let other = LabelledImages { height: 6, width: 24, ..images(2) };
    assert!(task.logits(&model, &other).unwrap_err().to_string().contains("24"));
}

/// A spec that is right but for what `change` makes of it.
fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
    let mut spec = json!({
        "paper": "rankmixup", "experiment": "e", "method": "ce", "parameters": {"kind": "ce"},
        "setting": {"hold_out": {"validation": 10}}, "seed": 0, "data": "fashion-mnist",
        "model": {"kind": "lenet"}, "optimizer": {"kind": "sgd", "lr": 0.1},
        "train": {"epochs": 1, "batch": 2, "select": "last"}, "train_samples": null,
        "metrics": ["ece"], "device": "flex"
    });
    change(&mut spec);
    RankMixup::check(&serde_json::from_value::<Spec>(spec).unwrap())
}

#[test]
fn what_a_run_needs_is_asked_for() {
    assert_eq!(checked(|_| ()), Ok(()));
    assert!(checked(|spec| spec["model"] = Value::Null).unwrap_err().contains("`model`"));
    assert!(checked(|spec| spec["train"] = Value::Null).unwrap_err().contains("`train`"));
    assert!(checked(|spec| spec["optimizer"] = Value::Null).unwrap_err().contains("`optimizer`"));
    assert!(checked(|spec| spec["setting"] = json!({})).unwrap_err().contains("hold_out"));
    assert!(checked(|spec| spec["metrics"] = json!(["ood-auroc"])).unwrap_err().contains("setting.ood"));
    let misspelt = checked(|spec| spec["setting"]["ood"] = json!("digit")).unwrap_err();
    assert!(misspelt.contains("digits"), "{misspelt}");
}

#[test]
fn every_metric_has_one_name() {
    let mut names: Vec<String> = RankMixup::metrics().into_iter().map(|metric| metric.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn renewed_statistics_are_of_another_network() {
    let task = task(4);
    let logits = |model: &Classifier| task.logits(model, &task.parts().test).unwrap().logits;
    let renewed = |model: &Classifier| task.with_raw_statistics(model, 2, &mut Streams::new("renewal", 0));
    let model = network(json!({"kind": "convnet", "channels": [2, 3]})).unwrap();
    let before = logits(&model);
    let (once, twice) = (renewed(&model), renewed(&renewed(&model)));
    assert_ne!(logits(&once), before);
    assert_ne!(logits(&twice), logits(&once), "statistics move on from where they were");
    assert_eq!(logits(&model), before);
    let without = network(json!({"kind": "lenet"})).unwrap();
    assert_eq!(logits(&renewed(&without)), logits(&without), "no batch norm, no statistics");
}
