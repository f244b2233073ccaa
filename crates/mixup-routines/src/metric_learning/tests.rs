//! Parts without a common class, refusals, and whole runs in little.

use mixup_data::Library;
use mixup_paper::{Json, Routine, RunContext};
use serde_json::{Value, json};

use super::*;

fn json() -> Value {
    json!({
        "paper": "p", "experiment": "e", "routine": "metric-learning", "method": "clean",
        "parameters": {"loss": {"kind": "contrastive", "negative_margin": 1.0}},
        "setting": {"train_groups": 6, "side": 8, "per_class": 4, "dimensions": 8}, "seed": 3,
        "data": "digits", "model": {"kind": "convnet", "channels": [4, 8], "pooling": "average-and-maximum"},
        "optimizer": {"kind": "adam", "lr": 0.01},
        "train": {"epochs": 3, "batch": 16, "select": "last"}, "train_samples": 240,
        "metrics": ["recall-1", "nmi", "recall-10", "recall-20", "recall-100", "recall-1000"], "device": "flex"
    })
}

fn spec(change: impl FnOnce(&mut Value)) -> Spec<NoMixing> {
    let mut spec = json();
    change(&mut spec);
    Spec::from_json(&spec).unwrap()
}

fn run(change: impl FnOnce(&mut Value)) -> Result<Measured, RunError> {
    let library = Library::from_env(None);
    MetricLearning::<NoMixing>::run(&spec(change), &RunContext::plain(&library))
}

#[test]
fn test_classes_were_not_trained_on() {
    let library = Library::from_env(None);
    let parts = |seed: u64, order: &str| {
        let spec = spec(|spec| {
            (spec["seed"], spec["setting"]["order"]) = (seed.into(), order.into());
            spec["train_samples"] = Value::Null;
        });
        let context = RunContext::plain(&library);
        Parts::of(&spec, &context, &mut Streams::new("e", seed)).unwrap()
    };
    let (one, other, given) = (parts(0, "random"), parts(1, "random"), parts(0, "given"));
    let all = load_all(&library);
    for parts in [&one, &other, &given] {
        assert_eq!((parts.train.classes, parts.test.classes), (6, 4));
        assert_eq!(parts.train.len() + parts.test.len(), all.len());
        assert!(parts.train.labels.iter().all(|label| *label < 6));
    }
    assert_ne!(one.train.pixels, other.train.pixels);
    let first: Vec<usize> = (0..all.len()).filter(|row| all.labels[*row] < 6).collect();
    assert_eq!(given.train.labels, all.select(&first).labels);
    let many = run(|spec| spec["setting"]["train_groups"] = 10.into()).unwrap_err().to_string();
    assert!(many.contains("10 groups"), "{many}");
}

fn load_all(library: &Library) -> LabelledImages {
    mixup_data::load_images(library, "digits").unwrap().train
}

#[test]
fn a_run_learns_and_measures_everything() {
    let measured = run(|_| ()).unwrap();
    let untrained = run(|spec| spec["optimizer"]["lr"] = 1e-9.into()).unwrap();
    let of = |measured: &Measured, name: &str| measured.metrics[name];
    assert!(of(&measured, "recall-1") > 60.0, "{:?}", measured.metrics);
    assert!(of(&measured, "train-recall-1") > of(&untrained, "train-recall-1"));
    let recalls = ["recall-1", "recall-2", "recall-4", "recall-8"].map(|name| of(&measured, name));
    assert!(recalls.is_sorted() && recalls[3] <= 100.0, "{recalls:?}");
    assert!(of(&measured, "map-at-r") <= of(&measured, "r-precision"));
    assert_eq!(measured.curves["recall-1-of-few"].len(), 3);
    assert_eq!((measured.points[COURSE].len(), measured.points[COVERAGE].len()), (3, 21));
    for metric in MetricLearning::<NoMixing>::metrics() {
        assert!(of(&measured, &metric.name).is_finite(), "{}", metric.name);
    }
    // What is not asked for and costs extra is not there.
    let unasked = run(|spec| spec["metrics"] = json!([])).unwrap().metrics;
    assert!(!unasked.contains_key("nmi") && !unasked.contains_key("recall-10"));
    let again =
        MetricLearning::<NoMixing>::from_predictions(&spec(|_| ()), &measured.predictions.clone().unwrap());
    assert!(again.unwrap().iter().all(|(name, value)| value.to_bits() == of(&measured, name).to_bits()));
}

#[test]
fn every_loss_trains_and_proxies_have_a_rate_of_their_own() {
    for loss in [
        json!({"kind": "contrastive-similarity"}),
        json!({"kind": "multi-similarity", "beta": 4, "gamma": 20, "margin": 0.5, "miner": 0.1}),
        json!({"kind": "binomial-deviance"}),
        json!({"kind": "lifted-structure", "margin": -1.0}),
        json!({"kind": "triplet"}),
        json!({"kind": "nt-xent"}),
    ] {
        let measured = run(|spec| spec["parameters"]["loss"] = loss.clone()).unwrap();
        let losses = &measured.curves["train-loss"];
        assert!(losses[2] < losses[0], "{loss}: {losses:?}");
    }
    let proxies = |factor: f64| {
        let measured = run(|spec| {
            spec["parameters"]["loss"] = json!({"kind": "proxy-anchor", "beta": 8});
            spec["optimizer"]["groups"] = json!([{"parameters": ["proxies"], "lr_factor": factor}]);
        });
        measured.unwrap().curves["train-loss"].clone()
    };
    let (slow, fast) = (proxies(1.0), proxies(10.0));
    assert!(fast[2] < slow[2], "{fast:?}, {slow:?}");
    let none =
        run(|spec| spec["optimizer"]["groups"] = json!([{"parameters": ["proxies"], "lr_factor": 10}]));
    assert!(none.unwrap_err().to_string().contains("proxies"));
}

#[test]
fn a_longer_row_has_more_epochs() {
    let measured = run(|spec| spec["parameters"]["longer"] = 2.into()).unwrap();
    assert_eq!(measured.curves["train-loss"].len(), 6);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let checked = |change: fn(&mut Value)| MetricLearning::<NoMixing>::check(&spec(change));
    assert_eq!(checked(|_| ()), Ok(()));
    for (change, why) in [
        ((|spec| spec["train"]["select"] = "best-validation".into()) as fn(&mut Value), "select: last"),
        (|spec| spec["train"]["patience"] = 3.into(), "patience"),
        (|spec| spec["train"]["batch"] = 18.into(), "multiple"),
        (|spec| spec["model"] = json!({"kind": "mlp", "hidden": [4], "activation": "relu"}), "maps"),
        (|spec| spec["model"] = Value::Null, "`model`"),
        (|spec| spec["optimizer"] = Value::Null, "`optimizer`"),
    ] {
        assert!(checked(change).unwrap_err().contains(why), "{why}");
    }
}
