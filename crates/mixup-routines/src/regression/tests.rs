//! Properties that hold for any lambdas, batches and splits.

use burn::tensor::{Device, Tensor, TensorData};
use mixup_core::augment::ImageShape;
use mixup_core::checked::UnitInterval;
use mixup_core::mix::{Mixture, Ratio};
use mixup_core::nn::{Activation, Dropout, ImageNetwork, Mlp, MlpConfig};
use mixup_core::stream::Streams;
use mixup_data::Table;
use mixup_paper::{Json, Routine};
use proptest::prelude::*;

use super::{Counts, Fractions, Place, Regression, Regressor, Scaling, mixed_step, prepare};

fn mlp() -> Mlp {
    let hidden = vec![std::num::NonZeroUsize::new(8).unwrap(); 2];
    let slope = UnitInterval::new(0.1).unwrap();
    let config = MlpConfig { hidden, activation: Activation::LeakyRelu(slope) };
    config.init(3, 1, Streams::new("properties", 0).get("init"), &Device::flex())
}

fn tensor(values: &[f32], columns: usize) -> Tensor<2> {
    let rows = values.len() / columns;
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, columns]), &Device::flex())
}

proptest! {
    #[test]
    fn at_lambda_one_only_the_first_half_counts(
        x in prop::collection::vec(-2.0f32..2.0, 12), other in prop::collection::vec(-2.0f32..2.0, 12),
        hidden: bool,
    ) {
        let place = if hidden { Place::Hidden } else { Place::Input };
        let y = tensor(&[0.0, 1.0, 2.0, 3.0], 1);
        let joined = (
            Tensor::cat(vec![tensor(&x, 3), tensor(&other, 3)], 0),
            Tensor::cat(vec![y.clone(), y.clone() + 5.0], 0),
        );
        let mixture = Mixture::joined(4, Ratio::Batch(1.0)).unwrap();
        let step = mixed_step(&mlp(), joined, &mixture, place, &mut Dropout::Off).unwrap();
        let plain = mlp().forward(tensor(&x, 3));
        plain.into_data().assert_approx_eq::<f32>(&step.prediction.into_data(), Default::default());
        y.into_data().assert_approx_eq::<f32>(&step.target.into_data(), Default::default());
    }

    #[test]
    fn mixing_a_batch_with_itself_is_not_mixing(
        x in prop::collection::vec(-2.0f32..2.0, 12), lambda in 0.0f64..1.0, hidden: bool,
    ) {
        let place = if hidden { Place::Hidden } else { Place::Input };
        let batch = (tensor(&x, 3), tensor(&[0.0, 1.0, 2.0, 3.0], 1));
        let mixture = Mixture::new(vec![0, 1, 2, 3], Ratio::Batch(lambda)).unwrap();
        let step = mixed_step(&mlp(), batch, &mixture, place, &mut Dropout::Off).unwrap();
        let plain = mlp().forward(tensor(&x, 3));
        plain.into_data().assert_approx_eq::<f32>(&step.prediction.into_data(), Default::default());
    }

    #[test]
    fn a_random_split_deals_every_row_once(rows in 3usize..60, seed: u64) {
        let cells = (0..rows).flat_map(|row| [row as f64, row as f64]).collect();
        let table = Table { columns: vec!["x".into(), "y".into()], cells };
        let samples = prepare::samples(&table, &prepare::Roles::last_is_target(2), Scaling::MinMax);
        let counts = Counts { train: rows - 2, validation: 1, test: 1 };
        let parts =
            prepare::random_split(&samples, &counts, Streams::new("split", seed).get("split")).unwrap();
        let mut dealt: Vec<f64> =
            [&parts.train, &parts.validation, &parts.test].iter().flat_map(|part| part.y.iter().copied()).collect();
        dealt.sort_by(f64::total_cmp);
        prop_assert_eq!(dealt, (0..rows).map(|row| row as f64).collect::<Vec<_>>());
        prop_assert!(samples.x.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn domains_stay_whole_and_in_order(
        groups in prop::collection::vec(1u8..12, 3..80), train in 0.1f64..0.8, validation in 0.05f64..0.2,
    ) {
        let cells = groups.iter().flat_map(|&group| [f64::from(group), 0.5, 1.0]).collect();
        let table = Table { columns: vec!["domain".into(), "x".into(), "y".into()], cells };
        let roles = prepare::Roles { inputs: vec![1], target: 2, domain: Some(0) };
        let samples = prepare::samples(&table, &roles, Scaling::MinMax);
        let unit = |value| UnitInterval::new(value).unwrap();
        let marks = Fractions { train: unit(train), validation: unit(validation) };
        // Marks that leave a part empty are refused; all others keep domains whole.
        if let Ok(parts) = prepare::domain_split(&samples, &marks) {
            let last = |part: &prepare::Samples<_>| *part.groups.last().unwrap();
            prop_assert!(last(&parts.train) < parts.validation.groups[0]);
            prop_assert!(last(&parts.validation) < parts.test.groups[0]);
            let sizes = parts.train.len() + parts.validation.len() + parts.test.len();
            prop_assert_eq!(sizes, groups.len());
        }
    }
}

#[test]
fn a_glimpse_has_a_batch_however_large() {
    let spec = spec(serde_json::json!({}));
    let library = mixup_data::Library::from_env(None);
    let glimpse = Some(mixup_paper::Glimpse::IDENTITY);
    let context = mixup_paper::RunContext { glimpse, ..mixup_paper::RunContext::plain(&library) };
    let measured = <Regression as Routine>::run(&spec, &context).unwrap();
    assert!(measured.metrics["rmse"].is_finite());
}

/// A run's spec, with `change` merged in.
fn spec(change: serde_json::Value) -> super::Spec<super::Mixup> {
    let mut spec = serde_json::json!({
        "paper": "p", "experiment": "e", "routine": "regression", "method": "erm", "parameters": {}, "seed": 0,
        "setting": {"split": {"random": {"train": 900, "validation": 300, "test": 300}}},
        "data": "wine-quality", "model": {"kind": "mlp", "hidden": [4], "activation": "relu"},
        "optimizer": {"kind": "adam", "lr": 0.01}, "train": {"epochs": 2, "batch": 400, "select": "last"},
        "train_samples": null, "metrics": ["rmse"], "device": "flex"
    });
    for (key, value) in change.as_object().unwrap() {
        spec[key] = value.clone();
    }
    super::Spec::from_json(&spec).unwrap()
}

#[test]
fn a_profile_may_ask_for_a_thinner_test_part() {
    let library = mixup_data::Library::from_env(None);
    let run = |test_samples: Option<usize>| {
        let spec = spec(serde_json::json!({"train_samples": 400, "test_samples": test_samples}));
        <Regression as Routine>::run(&spec, &mixup_paper::RunContext::plain(&library)).unwrap()
    };
    let (whole, few) = (run(None), run(Some(10)));
    assert_eq!(few.curves, whole.curves, "training and validation are the same");
    assert_ne!(few.metrics, whole.metrics);
    assert_eq!(run(Some(300)), whole);
}

#[test]
fn random_splits_of_a_table_overlap_and_fixed_ones_do_not() {
    let overlap = |change| <Regression as Routine>::overlap(&spec(change));
    assert_eq!(overlap(serde_json::json!({})), Some(300.0 / 900.0));
    assert_eq!(overlap(serde_json::json!({"train_samples": 100})), Some(3.0));
    assert_eq!(overlap(serde_json::json!({"test_samples": 90})), Some(0.1));
    let domains = serde_json::json!({"split": {"domains": {"train": 0.7, "validation": 0.1}}});
    assert_eq!(overlap(serde_json::json!({"setting": domains})), None);
    assert_eq!(overlap(images()), None);
}

/// Images, with a network for them.
fn images() -> serde_json::Value {
    serde_json::json!({
        "data": "fashion-mnist", "model": {"kind": "convnet", "channels": [4]},
        "setting": {"split": {"random": {"train": 90, "validation": 30, "test": 30}}, "images": {}},
    })
}

#[test]
fn network_and_data_must_go_together() {
    let check = |change| <Regression as Routine>::check(&spec(change));
    assert_eq!(check(serde_json::json!({})), Ok(()));
    assert_eq!(check(images()), Ok(()));
    // An MLP takes pixels, too.
    let mut flat = images();
    flat["model"] = serde_json::json!({"kind": "mlp", "hidden": [4], "activation": "relu"});
    assert_eq!(check(flat), Ok(()));
    let convnet = serde_json::json!({"model": {"kind": "convnet", "channels": [4]}});
    assert!(check(convnet).unwrap_err().contains("setting.images"));
    let mut domains = images();
    domains["setting"]["split"] = serde_json::json!({"domains": {"train": 0.7, "validation": 0.1}});
    assert!(check(domains).is_err());
    assert!(check(serde_json::json!({"setting": {}})).unwrap_err().contains("`setting.split` is missing"));
    assert!(check(serde_json::json!({"model": null})).unwrap_err().contains("`model` is missing"));
}

#[test]
fn joined_partners_of_images_are_a_batch_of_their_own_to_the_network() {
    let shape = ImageShape { channels: 1, height: 4, width: 4 };
    let config = serde_json::from_str(r#"{"kind": "convnet", "channels": [3, 5]}"#).unwrap();
    let init = &mut Streams::new("properties", 0);
    let network = ImageNetwork::for_images(&config, shape, 1, init.get("init"), &Device::flex()).unwrap();
    let network = burn::module::Module::train(network);
    // The second half is darker by far: batch normalisation of both together would see it.
    let values = |scale: f32| (0..32).map(move |i| scale * ((i * 7) % 11) as f32).collect::<Vec<_>>();
    let images =
        |values: Vec<f32>| Tensor::<4>::from_data(TensorData::new(values, [2, 1, 4, 4]), &Device::flex());
    let [first, second] = [1.0, 0.01].map(|scale| images(values(scale)));
    let mixture = Mixture::joined(2, Ratio::Batch(0.3)).unwrap();
    let joined = Tensor::cat(vec![first.clone(), second.clone()], 0);
    let mixed = network.predict_mixed(joined, &mixture, &mut Dropout::Off).unwrap();
    // What follows the mixture is affine.
    let apart = network.forward(first) * 0.3 + network.forward(second) * 0.7;
    mixed.into_data().assert_approx_eq::<f32>(&apart.into_data(), Default::default());
}

#[test]
fn a_replay_gives_the_opening_of_the_run_to_the_bit_and_predictions_its_metrics() {
    let library = mixup_data::Library::from_env(None);
    let entry = mixup_paper::RoutineEntry::of::<Regression>();
    for (parameters, metric) in [(serde_json::json!({}), "rmse"), (serde_json::json!({"alpha": 2.0}), "r2")] {
        // Four steps an epoch: the opening reaches into the second.
        let spec = serde_json::json!({
            "paper": "p", "experiment": "e", "routine": "regression", "method": "row", "seed": 3,
            "parameters": parameters, "setting": {"split": {"random": {"train": 80, "validation": 20, "test": 20}}},
            "data": "wine-quality", "model": {"kind": "mlp", "hidden": [4], "activation": "relu"},
            "optimizer": {"kind": "adam", "lr": 0.01}, "train_samples": null, "metrics": [metric],
            "train": {"epochs": 3, "batch": 20, "select": "last", "schedule": {"kind": "cosine"}}, "device": "flex"
        });
        let whole = entry.run(&spec, &mixup_paper::RunContext::plain(&library)).unwrap();
        assert_eq!(whole.opening.len(), 5);
        assert_eq!(entry.replay(&spec, &library).unwrap(), whole.opening);
        let bytes = whole.predictions.unwrap().to_bytes();
        let predictions = mixup_paper::Predictions::from_bytes(&bytes).unwrap();
        assert_eq!(entry.from_predictions(&spec, &predictions).unwrap(), whole.metrics);
    }
}
