//! Properties of the method that hold for any labels, lambdas and batches.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use burn::tensor::{Device, Tensor, TensorData};
use c_mixup::{Counts, Fractions, Place, Scaling, batch_pairs, mixed_step, pair_rates, prepare};
use mixup_core::checked::{Positive, UnitInterval};
use mixup_core::mix::Kernel;
use mixup_core::nn::{Activation, Dropout, Mlp, MlpConfig};
use mixup_core::stream::Streams;
use mixup_data::Table;
use ndarray::Array2;
use proptest::prelude::*;

fn column(labels: &[f64]) -> Array2<f64> {
    Array2::from_shape_vec((labels.len(), 1), labels.to_vec()).unwrap()
}

fn positive(value: f64) -> Positive {
    Positive::new(value).unwrap()
}

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
    fn a_wider_bandwidth_never_lowers_the_odds_of_a_far_partner(
        labels in prop::collection::vec(-50.0f64..50.0, 2..20), bandwidth in 0.5f64..20.0,
    ) {
        let labels = column(&labels);
        let narrow = pair_rates(labels.view(), positive(bandwidth), Kernel::Gaussian).unwrap();
        let wide = pair_rates(labels.view(), positive(2.0 * bandwidth), Kernel::Gaussian).unwrap();
        for i in 0..labels.nrows() {
            for j in 0..labels.nrows() {
                prop_assert!(narrow[[i, j]] / narrow[[i, i]] <= wide[[i, j]] / wide[[i, i]] + 1e-12);
            }
        }
    }

    #[test]
    fn shifting_all_labels_changes_no_rate(
        labels in prop::collection::vec(-50.0f64..50.0, 1..20), shift in -100.0f64..100.0,
    ) {
        let shifted: Vec<f64> = labels.iter().map(|label| label + shift).collect();
        let rates = |labels: &[f64]| pair_rates(column(labels).view(), positive(3.0), Kernel::Gaussian).unwrap();
        for (a, b) in rates(&labels).iter().zip(rates(&shifted).iter()) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn batch_pairs_are_rows_of_the_joined_batch(
        first in prop::collection::vec(0.0f64..1.0, 1..12), bandwidth in 1e-3f64..1e3, uniform in 0.0f64..1.0,
    ) {
        let second: Vec<f64> = first.iter().map(|label| 1.0 - label).collect();
        let uniforms = vec![uniform; first.len()];
        let pairs =
            batch_pairs(column(&first).view(), column(&second).view(), positive(bandwidth), &uniforms).unwrap();
        prop_assert_eq!(pairs.len(), first.len());
        prop_assert!(pairs.iter().all(|&pair| pair < 2 * first.len()));
    }

    #[test]
    fn at_lambda_one_only_the_first_half_counts(
        x in prop::collection::vec(-2.0f32..2.0, 12), other in prop::collection::vec(-2.0f32..2.0, 12),
        hidden: bool,
    ) {
        let place = if hidden { Place::Hidden } else { Place::Input };
        let y = tensor(&[0.0, 1.0, 2.0, 3.0], 1);
        let step = mixed_step(
            &mlp(), (tensor(&x, 3), y.clone()), (tensor(&other, 3), y.clone() + 5.0), 1.0, place,
            &mut Dropout::Off,
        ).unwrap();
        let plain = mlp().forward(tensor(&x, 3));
        plain.into_data().assert_approx_eq::<f32>(&step.prediction.into_data(), Default::default());
        y.into_data().assert_approx_eq::<f32>(&step.target.into_data(), Default::default());
    }

    #[test]
    fn mixing_a_batch_with_itself_is_not_mixing(
        x in prop::collection::vec(-2.0f32..2.0, 12), lambda in 0.0f64..1.0, hidden: bool,
    ) {
        let place = if hidden { Place::Hidden } else { Place::Input };
        let batch = || (tensor(&x, 3), tensor(&[0.0, 1.0, 2.0, 3.0], 1));
        let step = mixed_step(&mlp(), batch(), batch(), lambda, place, &mut Dropout::Off).unwrap();
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
