//! Training parts, networks, refusals and the shared start of a run.

use std::collections::BTreeMap;

use burn::tensor::Device;
use mixup_core::augment::ImageShape;
use mixup_core::mix::{Mixture, Ratio};
use mixup_core::nn::{ImageNetwork, ModelConfig};
use mixup_core::stream::Streams;
use mixup_core::train::{Feed, Step, Task};
use mixup_data::{LabelledImages, Library, load_images};
use mixup_paper::{Glimpse, Json, Routine, RoutineEntry, RunContext};
use serde_json::{Value, json};

use super::*;

const SHAPE: ImageShape = ImageShape { channels: 1, height: 12, width: 12 };

/// Images of two classes, dark and bright.
fn images(count: usize) -> LabelledImages {
    let labels: Vec<u16> = (0..count).map(|image| image as u16 % 2).collect();
    let pixels = labels.iter().flat_map(|&label| vec![label as u8 * 200; SHAPE.size()]).collect();
    LabelledImages { channels: 1, height: 12, width: 12, classes: 2, pixels, labels }
}

fn parts() -> Parts {
    let (train, validation, test) = (images(4), images(6), images(3));
    Parts { train, validation, test, complementary: None, unseen: None, outliers: None }
}

fn task(epoch: usize) -> ImageTraining<NoOwn> {
    let mut spec = json();
    spec["setting"]["epoch"] = epoch.into();
    ImageTraining::new(parts(), &read(spec), &Device::flex()).unwrap()
}

fn loss_of(task: &ImageTraining<NoOwn>, model: &ImageNetwork, step: &mut Step<'_>) -> f32 {
    let prepared = task.feed().prepare(step).unwrap();
    task.loss(model, &mut None, prepared, step).unwrap().into_scalar()
}

fn network(config: Value) -> Result<ImageNetwork, String> {
    let config: ModelConfig = serde_json::from_value(config).unwrap();
    ImageNetwork::for_images(&config, SHAPE, 2, Streams::new("network", 0).get("init"), &Device::flex())
        .map_err(|error| error.to_string())
}

#[test]
fn an_epoch_goes_through_a_small_part_again() {
    let (task, model) = (task(10), network(json!({"kind": "lenet"})).unwrap());
    assert_eq!(task.samples(), 10);
    let loss = |rows: &[usize]| {
        let streams = &mut Streams::new("loss", 0);
        let mut step = Step { rows, epoch: 0, epochs: 1, step: 0, steps: 1, streams };
        loss_of(&task, &model, &mut step)
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

/// A spec that is right.
fn json() -> Value {
    json!({
        "paper": "p", "experiment": "e", "routine": "classification", "method": "ce",
        "parameters": {"kind": "ce"}, "setting": {"hold_out": {"validation": 10}}, "seed": 0,
        "data": "fashion-mnist", "model": {"kind": "lenet"}, "optimizer": {"kind": "sgd", "lr": 0.1},
        "train": {"epochs": 1, "batch": 2, "select": "last"}, "train_samples": null,
        "metrics": ["ece"], "device": "flex"
    })
}

fn read(spec: Value) -> Spec<NoOwn> {
    Spec::from_json(&spec).unwrap()
}

/// What is said about a spec that is right but for what `change` makes of it.
fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
    let mut spec = json();
    change(&mut spec);
    Classification::<NoOwn>::check(&read(spec))
}

#[test]
fn what_a_run_needs_is_asked_for() {
    assert_eq!(checked(|_| ()), Ok(()));
    assert!(checked(|spec| spec["model"] = Value::Null).unwrap_err().contains("`model`"));
    assert!(checked(|spec| spec["train"] = Value::Null).unwrap_err().contains("`train`"));
    assert!(checked(|spec| spec["optimizer"] = Value::Null).unwrap_err().contains("`optimizer`"));
    assert!(checked(|spec| spec["setting"] = json!({})).unwrap_err().contains("hold_out"));
    assert!(checked(|spec| spec["metrics"] = json!(["ood-auroc"])).unwrap_err().contains("setting.ood"));
    assert!(checked(|spec| spec["metrics"] = json!(["tail-error"])).unwrap_err().contains("imbalance"));
    assert!(checked(|spec| spec["metrics"] = json!(["top2"])).unwrap_err().contains("setting.mixtures"));
    let misspelt = checked(|spec| spec["setting"]["ood"] = json!("digit")).unwrap_err();
    assert!(misspelt.contains("digits"), "{misspelt}");
}

#[test]
fn a_median_needs_epochs_and_no_patience() {
    let with = |epochs: Value, patience: Value| {
        checked(|spec| {
            spec["metrics"] = json!(["accuracy-median"]);
            spec["setting"]["last_epochs"] = epochs;
            spec["train"]["patience"] = patience;
        })
    };
    assert_eq!(with(json!(3), Value::Null), Ok(()));
    assert!(with(Value::Null, Value::Null).unwrap_err().contains("needs `setting.last_epochs`"));
    assert!(with(json!(1), Value::Null).unwrap_err().contains("is 1"));
    assert!(with(json!(3), json!(2)).unwrap_err().contains("patience"));
}

#[test]
fn a_run_keeps_a_picture_and_the_median_of_its_last_epochs() {
    let mut spec = digits();
    spec["setting"]["picture"] = true.into();
    spec["setting"]["last_epochs"] = 3.into();
    let library = Library::from_env(None);
    let measure = |method: &str| {
        let mut spec = spec.clone();
        spec["parameters"] = json!({"kind": method});
        run(&read(spec), &RunContext::plain(&library))
    };
    let pictures =
        |measured: &Measured| mixup_paper::Picture::from_points(&measured.points["mixed-images"]).unwrap();
    let (plain, mixed) = (measure("ce"), measure("cutmix"));
    assert!(plain.metrics["accuracy-median"] > 0.0);
    let (originals, mixed) = (pictures(&plain), pictures(&mixed));
    assert_eq!((originals.len(), mixed.len()), (2, 1));
    assert_eq!([originals[0].share, originals[1].share], [1.0, 0.0]);
    let of = |original: usize| {
        mixed[0].levels.iter().zip(&originals[original].levels).filter(|(a, b)| a == b).count()
    };
    // Every pixel is of one of the two.
    assert!(of(0) + of(1) >= mixed[0].levels.len(), "{} {}", of(0), of(1));
    assert!((0.5..=0.8).contains(&mixed[0].share), "{}", mixed[0].share);
}

#[test]
fn every_set_that_is_read_is_named() {
    let mut spec = json();
    assert_eq!(Classification::<NoOwn>::data(&read(spec.clone())), ["fashion-mnist"]);
    spec["setting"]["ood"] = json!("digits");
    assert_eq!(Classification::<NoOwn>::data(&read(spec)), ["fashion-mnist", "digits"]);
}

#[test]
fn renewed_statistics_are_of_another_network() {
    let task = task(4);
    let logits = |model: &ImageNetwork| task.logits(model, &task.parts().test).unwrap().logits;
    let renewed = |model: &ImageNetwork| task.with_raw_statistics(model, 2, &mut Streams::new("renewal", 0));
    let model = network(json!({"kind": "convnet", "channels": [2, 3]})).unwrap();
    let before = logits(&model);
    let (once, twice) = (renewed(&model), renewed(&renewed(&model)));
    assert_ne!(logits(&once), before);
    assert_ne!(logits(&twice), logits(&once), "statistics move on from where they were");
    assert_eq!(logits(&model), before);
    let without = network(json!({"kind": "lenet"})).unwrap();
    assert_eq!(logits(&renewed(&without)), logits(&without), "no batch norm, no statistics");
}

/// A small run on digits, which need no file.
fn digits() -> Value {
    let mut spec = json();
    spec["data"] = json!("digits");
    spec["model"] = json!({"kind": "convnet", "channels": [4, 8]});
    spec["setting"]["hold_out"] = json!({"validation": 100, "train": 200});
    spec["train"] = json!({"epochs": 2, "batch": 20, "select": "last"});
    spec
}

fn run(spec: &Spec<NoOwn>, context: &RunContext<'_>) -> Measured {
    Classification::<NoOwn>::run(spec, context).unwrap()
}

#[test]
fn a_glimpse_is_a_small_run_and_a_run_repeats() {
    let library = Library::from_env(None);
    let spec = read(digits());
    let plain = || RunContext::plain(&library);
    let whole = run(&spec, &plain());
    assert_eq!(whole, run(&spec, &plain()));
    assert_eq!(whole.curves["train-loss"].len(), 2);
    let known = Classification::<NoOwn>::metrics();
    for name in whole.metrics.keys().filter(|name| !name.contains('@')) {
        assert!(known.iter().any(|metric| metric.name == *name), "{name}");
    }
    let glimpse = || RunContext { glimpse: Some(Glimpse::IDENTITY), ..plain() };
    assert_eq!(run(&spec, &glimpse()), run(&spec, &glimpse()));
    assert_ne!(run(&spec, &glimpse()), whole);
}

#[test]
fn a_profile_may_ask_for_a_thinner_test_part_and_shorter_epochs() {
    let library = Library::from_env(None);
    let run = |change: &dyn Fn(&mut Value)| {
        let mut spec = digits();
        change(&mut spec);
        run(&read(spec), &RunContext::plain(&library))
    };
    let whole = run(&|_| ());
    let few = run(&|spec| spec["test_samples"] = json!(7));
    assert_eq!(few.curves, whole.curves, "training and validation are the same");
    let sevenths = few.metrics["accuracy"] / 100.0 * 7.0;
    assert!((sevenths - sevenths.round()).abs() < 1e-9, "{sevenths} of 7 images");
    assert_eq!(run(&|spec| spec["test_samples"] = json!(1_000_000)), whole);
    // 100 samples twice, of 200 that would be there; of both limits the smaller one counts.
    let short = run(&|spec| spec["setting"]["epoch"] = json!(100));
    assert_ne!(short.curves, whole.curves);
    let thinned = |epoch: usize| {
        run(&move |spec| {
            spec["train_samples"] = json!(150);
            spec["setting"]["epoch"] = json!(epoch);
        })
    };
    assert_eq!(thinned(150), thinned(20_000));
    assert_ne!(thinned(100).curves, thinned(150).curves);
}

#[test]
fn labels_are_made_wrong_before_anything_is_held_out_and_test_labels_are_not() {
    let library = Library::from_env(None);
    let parts = |noise: Value| {
        let mut spec = digits();
        if !noise.is_null() {
            spec["setting"]["label_noise"] = noise;
        }
        let streams = &mut Streams::new("noise", 0);
        let set = load_images(&library, "digits").unwrap();
        Parts::of(&read(spec), set, &RunContext::plain(&library), streams).unwrap()
    };
    let (clean, noisy) = (parts(Value::Null), parts(json!({"class-map": 0.5})));
    assert_eq!(clean.test, noisy.test);
    for (clean, noisy) in [(&clean.train, &noisy.train), (&clean.validation, &noisy.validation)] {
        assert_eq!(clean.pixels, noisy.pixels, "the same images");
        let wrong = clean.labels.iter().zip(&noisy.labels).filter(|(a, b)| a != b).count();
        let share = wrong as f64 / clean.len() as f64;
        assert!((0.35..0.65).contains(&share), "{share}");
    }
    assert_eq!(parts(json!({"class-map": 0.0})).train, clean.train);
}

#[test]
fn a_set_may_be_cut_to_its_first_classes() {
    let library = Library::from_env(None);
    let parts = |classes: usize| {
        let mut spec = digits();
        spec["setting"]["classes"] = json!(classes);
        let set = load_images(&library, "digits").unwrap();
        Parts::of(&read(spec), set, &RunContext::plain(&library), &mut Streams::new("classes", 0))
    };
    let three = parts(3).unwrap();
    for part in [&three.train, &three.validation, &three.test] {
        assert_eq!(part.classes, 3);
        assert_eq!(part.labels.iter().max(), Some(&2));
    }
    assert!(parts(11).unwrap_err().to_string().contains("setting.classes is 11"));
}

#[test]
fn features_of_a_mixture_of_rows_with_themselves_are_their_own() {
    let (task, model) = (task(4), network(json!({"kind": "lenet"})).unwrap());
    let images = &task.parts().train;
    let own = Mixture { partners: (0..4).collect(), ratio: Ratio::Batch(0.5) };
    let swapped = Mixture { partners: vec![1, 0, 3, 2], ratio: Ratio::Batch(0.0) };
    let plain = task.features(&model, images, None).unwrap();
    assert_eq!(plain.dim(), (4, 84));
    assert_eq!(task.features(&model, images, Some(&own)).unwrap(), plain);
    assert_eq!(task.features(&model, images, Some(&swapped)).unwrap().row(0), plain.row(1));
}

#[test]
fn methods_start_from_the_base_that_is_trained_once() {
    let library = Library::from_env(None);
    let folder = tempfile::tempdir().unwrap();
    let mut spec = digits();
    spec["setting"]["base"] = json!({"train": {"epochs": 3, "batch": 20, "select": "last"}});
    let spec = read(spec);
    let stages = Classification::<NoOwn>::stages(&spec);
    let [stage] = &stages[..] else { panic!("{stages:?}") };
    assert_eq!((stage.name, stage.spec.train.as_ref().unwrap().epochs.get()), ("base", 3));
    assert!(Classification::<NoOwn>::stages(&stage.spec).is_empty(), "a base needs no base");
    let without = Classification::<NoOwn>::run(&spec, &RunContext::plain(&library)).unwrap_err();
    assert!(without.to_string().contains("the stage `base` was not trained"), "{without}");

    let weights = folder.path().join("base.bin");
    let base =
        run(&stage.spec, &RunContext { weights: Some(weights.clone()), ..RunContext::plain(&library) });
    let stages = BTreeMap::from([("base".to_owned(), weights.clone())]);
    let tuned = run(&spec, &RunContext { stages, ..RunContext::plain(&library) });
    assert!(tuned.curves["train-loss"][0] < base.curves["train-loss"][0], "{tuned:?} {base:?}");
    // Weights of another network are refused, and so is a torn file.
    std::fs::write(&weights, b"torn").unwrap();
    let stages = BTreeMap::from([("base".to_owned(), weights)]);
    let context = RunContext { stages, ..RunContext::plain(&library) };
    let torn = Classification::<NoOwn>::run(&spec, &context).unwrap_err();
    assert!(torn.to_string().contains("weights of the stage `base`"), "{torn}");
}

#[test]
fn a_replay_gives_the_opening_of_the_run_to_the_bit() {
    let library = Library::from_env(None);
    let entry = RoutineEntry::of::<Classification<NoOwn>>();
    // Three steps an epoch, so that the opening reaches into the second; in the second run after a stage.
    let mut spec = digits();
    spec["setting"]["hold_out"]["train"] = json!(70);
    spec["metrics"] = json!(["ece-raw-statistics"]);
    let mut tuned = spec.clone();
    tuned["setting"]["base"] = json!({"train": {"epochs": 3, "batch": 20, "select": "best-validation"}});
    for spec in [spec, tuned] {
        let folder = tempfile::tempdir().unwrap();
        let mut context = RunContext::plain(&library);
        for stage in Classification::<NoOwn>::stages(&read(spec.clone())) {
            let weights = folder.path().join(stage.name);
            run(&stage.spec, &RunContext { weights: Some(weights.clone()), ..RunContext::plain(&library) });
            context.stages.insert(stage.name.to_owned(), weights);
        }
        let whole = run(&read(spec.clone()), &context);
        assert_eq!(whole.opening.len(), 5);
        assert_eq!(entry.replay(&spec, &library).unwrap(), whole.opening);
        // The mean of the first epoch is of its losses.
        let mean = whole.opening[..3].iter().sum::<f64>() / 3.0;
        assert_eq!(whole.curves["train-loss"][0], mean);
    }
}

/// As [`measure`] gives them from f64 logits, which the network gives in f32.
#[test]
fn predictions_that_were_written_and_read_give_the_metrics_of_the_run_to_the_bit() {
    let library = Library::from_env(None);
    let mut spec = digits();
    spec["setting"]["ood"] = json!("digits");
    spec["setting"]["mixtures"] = json!(50);
    spec["metrics"] = json!(["ece-raw-statistics", "top2"]);
    spec["train"]["epochs"] = json!(4);
    for select in ["last", "best-validation"] {
        spec["train"]["select"] = json!(select);
        let spec = read(spec.clone());
        let whole = run(&spec, &RunContext::plain(&library));
        let bytes = whole.predictions.as_ref().unwrap().to_bytes();
        let predictions = Predictions::from_bytes(&bytes).unwrap();
        let mut again = Classification::<NoOwn>::from_predictions(&spec, &predictions).unwrap();
        for name in
            ["accuracy", "ece-floor-ts-nll", "nll-raw-statistics", "ood-auroc", "top2", "top2-raw-statistics"]
        {
            let bits = |epoch: &str| again[&format!("{name}{epoch}")].to_bits();
            assert_eq!(bits(""), bits(&format!("@{select}")));
        }
        let accuracies = whole.metrics.iter().filter(|(name, _)| name.starts_with(TRAIN_ACCURACY));
        again.extend(accuracies.map(|(name, value)| (name.clone(), *value)));
        assert_eq!(again, whole.metrics);
    }
    let (task, model) = (task(4), network(json!({"kind": "lenet"})).unwrap());
    let logits = task.logits(&model, &task.parts().test).unwrap().logits;
    assert!(logits.iter().all(|&logit| f64::from(logit as f32) == logit));
    let other = Classification::<NoOwn>::from_predictions(&read(digits()), &Predictions::default());
    assert!(other.unwrap_err().to_string().contains("last/test/logits"));
}

#[test]
fn complementary_labels_train_and_choose_and_nothing_else() {
    let mut parts = parts();
    let model = network(json!({"kind": "lenet"})).unwrap();
    let task = |parts: &Parts| ImageTraining::new(parts.clone(), &read(json()), &Device::flex()).unwrap();
    let loss = |parts: &Parts| {
        let streams = &mut Streams::new("loss", 0);
        let mut step = Step { rows: &[0, 1], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
        loss_of(&task(parts), &model, &mut step)
    };
    let (by_truth, error) = (loss(&parts), task(&parts).validate(&model).unwrap());
    // Of two classes the complementary one is the other one, so that its share is the error rate itself.
    let other = |labels: &[u16]| labels.iter().map(|label| 1 - label).collect::<Vec<u16>>();
    parts.complementary = Some(ComplementaryLabels {
        train: other(&parts.train.labels),
        validation: other(&parts.validation.labels),
        transition: transition(2, crate::positive(1.0)).unwrap(),
    });
    assert_eq!(parts.seen_labels(), other(&parts.train.labels));
    assert_ne!(loss(&parts), by_truth);
    let task = task(&parts);
    assert!((task.validate(&model).unwrap() - error).abs() < 1e-12);
    assert_eq!(task.logits(&model, &parts.test).unwrap().labels, [0, 1, 0], "measured by the true ones");
    let refused = checked(|spec| spec["setting"]["complementary"] = json!({"bias": 2})).unwrap_err();
    assert!(refused.contains("baseline"), "{refused}");
}
