//! What the losses have in common.

use burn::tensor::{DType, Device};
use proptest::prelude::*;

use super::*;

const CLASSES: usize = 4;
const LINEAR: [Loss; 5] = [Loss::SclNl, Loss::SclExp, Loss::SclLin, Loss::Fwd, Loss::Lw];

fn tensor(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / CLASSES, CLASSES]);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64))
}

fn labels(labels: &[usize]) -> Tensor<2> {
    one_hot(labels, CLASSES, (&Device::flex().autodiff(), DType::F64)).unwrap()
}

/// All wrong classes equally likely.
fn uniform() -> Tensor<2> {
    let shares: Vec<f64> = (0..CLASSES * CLASSES)
        .map(|at| if at / CLASSES == at % CLASSES { 0.0 } else { 1.0 / (CLASSES as f64 - 1.0) })
        .collect();
    tensor(&shares)
}

fn value(loss: Tensor<1>) -> f64 {
    to_host(loss).unwrap()[0]
}

proptest! {
    /// Where a network rules out a class it pays less for it being the complementary one.
    #[test]
    fn a_likelier_class_costs_more(logits in prop::collection::vec(-4.0f64..4.0, CLASSES)) {
        for loss in LINEAR {
            let costs = to_host(costs(loss, tensor(&logits), Some(uniform()), Guard::Clamp).unwrap()).unwrap();
            for a in 0..CLASSES {
                for b in 0..CLASSES {
                    if logits[a] > logits[b] + 0.05 {
                        prop_assert!(costs[a] > costs[b], "{loss:?}: {costs:?} of {logits:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_guards_agree_where_nothing_is_near_0(logits in prop::collection::vec(-3.0f64..3.0, 2 * CLASSES)) {
        for loss in LINEAR {
            let by = |guard| to_host(costs(loss, tensor(&logits), Some(uniform()), guard).unwrap()).unwrap();
            for (clamped, added) in by(Guard::Clamp).into_iter().zip(by(Guard::Add)) {
                prop_assert!((clamped - added).abs() < 1e-3, "{loss:?}: {clamped} {added}");
            }
        }
    }

    /// Forward correction by a uniform transition is SCL-NL but for the constant log(C - 1).
    #[test]
    fn a_uniform_forward_correction_is_scl_nl(logits in prop::collection::vec(-3.0f64..3.0, CLASSES)) {
        let by = |loss| to_host(costs(loss, tensor(&logits), Some(uniform()), Guard::Clamp).unwrap()).unwrap();
        for (forward, surrogate) in by(Loss::Fwd).into_iter().zip(by(Loss::SclNl)) {
            prop_assert!((forward - surrogate - (CLASSES as f64 - 1.0).ln()).abs() < 1e-6);
        }
    }
}

#[test]
fn the_unbiased_estimator_is_the_risk_of_true_labels_on_average() {
    // One sample of class 0, once with each complementary label: their mean estimate is its cross-entropy. With
    // one sample of each complementary class and these priors, the sum over classes is that mean.
    let row = [1.5, -0.5, 0.3, 0.0];
    let logits = tensor(&row.repeat(3));
    let priors = [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
    let cross_entropy = -to_host(log_softmax(tensor(&row), 1)).unwrap()[0];
    let nll: Vec<f64> = to_host(log_softmax(tensor(&row), 1)).unwrap().iter().map(|log| -log).collect();
    let risks: Vec<f64> = (1..4).map(|c| (nll.iter().sum::<f64>() - 3.0 * nll[c]) / 3.0).collect();
    assert!((risks.iter().sum::<f64>() - cross_entropy).abs() < 1e-12);
    let loss = value(ure_ga(logits, labels(&[1, 2, 3]), &priors, Side::Complementary).unwrap());
    let climbed: f64 = risks.iter().map(|risk| (-risk).max(0.0)).sum();
    assert!(climbed > 0.0 && (loss - climbed).abs() < 1e-12, "{loss} {risks:?}");
}

#[test]
fn rows_without_a_target_count_in_the_mean() {
    let costs = costs(Loss::SclLin, tensor(&[0.0; 8]), None, Guard::Clamp).unwrap();
    let targets = tensor(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert!((value(soft_mean(costs.clone(), targets.clone()).unwrap()) - 0.125).abs() < 1e-12);
    let weighted = value(class_weighted(costs, targets, &[9.0, 2.0, 9.0, 9.0]).unwrap());
    assert!((weighted - 0.25).abs() < 1e-12);
}

#[test]
fn what_cannot_be_computed_is_refused() {
    assert!(costs(Loss::Fwd, tensor(&[0.0; 4]), None, Guard::Clamp).is_err());
    assert!(costs(Loss::UreGa, tensor(&[0.0; 4]), None, Guard::Clamp).is_err());
    assert!(ure_ga(tensor(&[0.0; 4]), labels(&[1]), &[0.5; 3], Side::Predicted).is_err());
    assert!(soft_mean(tensor(&[0.0; 4]), labels(&[1, 2])).is_err());
}
