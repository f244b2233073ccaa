//! Properties of pairing that hold for any labels.

use mixup_core::{checked::Positive, mix::Kernel};
use ndarray::Array2;
use proptest::prelude::*;

use super::{batch_pairs, pair_rates};

fn column(labels: &[f64]) -> Array2<f64> {
    Array2::from_shape_vec((labels.len(), 1), labels.to_vec()).unwrap()
}

fn positive(value: f64) -> Positive {
    Positive::new(value).unwrap()
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
}
