//! Identities of the decoupled terms, for any logits.

use std::cmp::Ordering;

use burn::tensor::{DType, Device, TensorData};
use mixup_core::tensor::{one_hot, to_host};
use proptest::prelude::*;

use super::*;

const ROWS: usize = 4;

fn options(dtype: DType) -> (Device, DType) {
    (Device::flex().autodiff(), dtype)
}

fn tensor(values: &[f64], classes: usize, dtype: DType) -> Tensor<2> {
    let (device, dtype) = options(dtype);
    let data = TensorData::new(values.to_vec(), [values.len() / classes, classes]);
    Tensor::from_data(data, (&device, dtype)).require_grad()
}

fn labels(points: &[&[usize]], shares: &[f64], classes: usize, dtype: DType) -> MixedLabels {
    let (device, dtype) = options(dtype);
    let one_hots = points.iter().map(|labels| one_hot(labels, classes, (&device, dtype)).unwrap());
    let rows = points[0].len();
    MixedLabels::new(one_hots.collect(), shares.iter().map(|&share| vec![share; rows]).collect()).unwrap()
}

fn every_row(etas: &[f64], rows: usize) -> Vec<Vec<f64>> {
    etas.iter().map(|&eta| vec![eta; rows]).collect()
}

fn value(loss: Tensor<1>) -> f64 {
    to_host(loss).unwrap()[0]
}

fn logits(classes: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-9.0_f64..9.0, ROWS * classes)
}

proptest! {
    /// The softmax without class b gives class a the probability `p_a / (1 - p_b)`.
    #[test]
    fn a_term_is_the_log_probability_given_that_it_is_none_of_the_others(values in logits(5)) {
        let labels = labels(&[&[0, 1, 2, 3], &[4, 0, 1, 2]], &[0.6, 0.4], 5, DType::F64);
        let terms = decoupled_terms(&tensor(&values, 5, DType::F64), &labels).unwrap();
        for (row, logits) in values.chunks(5).enumerate() {
            let sum: f64 = logits.iter().map(|z| z.exp()).sum();
            let p = |class: usize| logits[class].exp() / sum;
            let (a, b) = (row, (row + 4) % 5);
            for (term, own, other) in [(0, a, b), (1, b, a)] {
                let expected = -(p(own) / (1.0 - p(other))).ln();
                let got = to_host(terms[term].clone()).unwrap()[row];
                prop_assert!((got - expected).abs() < 1e-6 * (1.0 + expected), "{got} {expected}");
            }
        }
    }

    #[test]
    fn of_two_classes_nothing_is_left_to_decouple(values in logits(2), eta in 0.1_f64..5.0) {
        let labels = labels(&[&[0, 1, 0, 1], &[1, 0, 0, 1]], &[0.3, 0.7], 2, DType::F64);
        let z = tensor(&values, 2, DType::F64);
        let rows = decoupled_rows(&z, &labels, &every_row(&[eta, eta], ROWS)).unwrap();
        prop_assert!(to_host(rows.clone()).unwrap().iter().all(|term| term.abs() < 1e-12));
        let gradient = to_host(z.grad(&rows.sum().backward()).unwrap()).unwrap();
        prop_assert!(gradient.iter().all(|slope| slope.abs() < 1e-12), "{gradient:?}");
    }

    #[test]
    fn rows_of_one_class_have_cross_entropy_only(values in logits(4), eta in 0.1_f64..5.0, lambda in 0.0_f64..1.0) {
        let labels = labels(&[&[0, 1, 2, 3], &[0, 1, 2, 3]], &[lambda, 1.0 - lambda], 4, DType::F64);
        let z = || tensor(&values, 4, DType::F64);
        let plain = soft_cross_entropy(z(), labels.points()[0].clone()).unwrap();
        let loss = decoupled_cross_entropy(z(), &labels, &every_row(&[eta, eta], ROWS)).unwrap();
        prop_assert!((value(loss) - value(plain)).abs() < 1e-9);
    }

    /// No competition: a term pushes neither the other mixed classes nor, in sum, anything.
    #[test]
    fn a_term_has_no_gradient_at_the_other_mixed_classes(values in logits(6)) {
        let labels = labels(&[&[0, 1, 2, 3], &[4, 0, 1, 5], &[1, 2, 3, 0]], &[0.5, 0.3, 0.2], 6, DType::F64);
        for (point, etas) in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].iter().enumerate() {
            let z = tensor(&values, 6, DType::F64);
            let rows = decoupled_rows(&z, &labels, &every_row(etas, ROWS)).unwrap();
            let gradient = to_host(z.grad(&rows.sum().backward()).unwrap()).unwrap();
            for (row, classes) in labels.classes().unwrap().iter().enumerate() {
                let slopes = &gradient[6 * row..6 * (row + 1)];
                prop_assert!(slopes[classes[point]] <= 0.0);
                prop_assert!(slopes.iter().sum::<f64>().abs() < 1e-9);
                for (other, &class) in classes.iter().enumerate() {
                    prop_assert!(other == point || slopes[class] == 0.0, "{slopes:?}");
                }
            }
        }
    }

    #[test]
    fn the_gradient_is_the_slope(values in logits(4), lambda in 0.0_f64..=1.0, etas in [0.0_f64..2.0, 0.0_f64..2.0]) {
        // The last row is of one class.
        let labels = labels(&[&[0, 1, 2, 3], &[1, 3, 0, 3]], &[lambda, 1.0 - lambda], 4, DType::F64);
        let etas = every_row(&etas, ROWS);
        let loss = |values: &[f64]| {
            let z = tensor(values, 4, DType::F64);
            (decoupled_cross_entropy(z.clone(), &labels, &etas).unwrap(), z)
        };
        let (at, z) = loss(&values);
        let gradient = to_host(z.grad(&at.backward()).unwrap()).unwrap();
        for place in 0..values.len() {
            let moved = |by: f64| {
                let mut values = values.clone();
                values[place] += by;
                value(loss(&values).0)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            prop_assert!((slope - gradient[place]).abs() < 1e-6, "{place}: {slope} {}", gradient[place]);
        }
    }

    #[test]
    fn the_official_order_swaps_the_weights_where_the_own_class_is_the_higher(
        first in 0_usize..6, second in 0_usize..6, lambda in 0.01_f64..0.49,
    ) {
        // Rows of one class have no say, and after the first other row nobody has.
        let labels = labels(&[&[3, first, second], &[3, second, first]], &[lambda, 1.0 - lambda], 6, DType::F64);
        let expected = match first.cmp(&second) {
            Ordering::Less => [1.0, 2.0],
            Ordering::Equal => [0.0, 0.0],
            Ordering::Greater => [2.0, 1.0],
        };
        prop_assert_eq!(official_etas(&labels, &[1.0, 2.0], FLOOR).unwrap(), every_row(&expected, 3));
    }
}

#[test]
fn the_official_loss_has_no_term_at_a_half_and_at_the_edges() {
    let etas = |points: &[&[usize]], shares: &[f64], etas: &[f64]| {
        official_etas(&labels(points, shares, 8, DType::F64), etas, FLOOR).unwrap()
    };
    let two = |lambda: f64| etas(&[&[0], &[1]], &[lambda, 1.0 - lambda], &[1.0, 2.0]);
    for lambda in [0.0, 0.0005, FLOOR, 0.5, 0.9995, 1.0] {
        assert_eq!(two(lambda), [[0.0], [0.0]], "{lambda}");
    }
    for lambda in [0.002, 0.4999, 0.998] {
        assert_eq!(two(lambda), [[1.0], [2.0]], "{lambda}");
    }
    // Of three points each class takes the weight of its rank.
    let points: [&[usize]; 3] = [&[7], &[2], &[4]];
    assert_eq!(etas(&points, &[0.5, 0.3, 0.2], &[1.0, 2.0, 3.0]), [[3.0], [1.0], [2.0]]);
    assert_eq!(etas(&points, &[0.4, 0.2, 0.4], &[1.0; 3]), [[0.0]; 3]);
}

#[test]
fn large_logits_stay_finite_in_both_precisions() {
    // The removed class is far above all that is left, and far below.
    for (dtype, tolerance) in [(DType::F32, 1e-4), (DType::F64, 1e-9)] {
        let z = tensor(&[2e3, 1.0, 0.0, -3e3, 1.0, 0.0], 3, dtype);
        let labels = labels(&[&[1, 1], &[0, 0]], &[0.5, 0.5], 3, dtype);
        let rows = decoupled_rows(&z, &labels, &every_row(&[1.0, 0.0], 2)).unwrap();
        let expected = (-1f64).exp().ln_1p();
        assert!(to_host(rows.clone()).unwrap().iter().all(|term| (term - expected).abs() < tolerance));
        let loss = decoupled_cross_entropy(z.clone(), &labels, &every_row(&[1.0, 1.0], 2)).unwrap();
        let gradient = to_host(z.grad(&loss.backward()).unwrap()).unwrap();
        assert!(gradient.iter().all(|slope| slope.is_finite()), "{gradient:?}");
    }
}

#[test]
fn what_does_not_agree_is_refused() {
    let labels = labels(&[&[0], &[1]], &[0.5, 0.5], 3, DType::F64);
    assert!(decoupled_terms(&tensor(&[0.0; 8], 4, DType::F64), &labels).is_err());
    let z = tensor(&[0.0; 3], 3, DType::F64);
    assert!(decoupled_rows(&z, &labels, &every_row(&[1.0], 1)).is_err());
    assert!(decoupled_rows(&z, &labels, &every_row(&[1.0, 1.0], 2)).is_err());
    assert!(official_etas(&labels, &[1.0], FLOOR).is_err());
}
