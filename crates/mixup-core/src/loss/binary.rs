//! Binary cross-entropy of each class on its own, and the targets that OpenMixup's heads have for it.

use burn::tensor::Tensor;

use crate::{CoreError, checked::UnitInterval, tensor::same_shape};

/// Binary cross-entropy on sigmoid outputs, `-(t log s(z) + (1 - t) log(1 - s(z)))` of each logit z (PyTorch's
/// `binary_cross_entropy_with_logits` before any mean). Targets above 1 are taken as they are.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - returns the same, in nats
///
/// # Errors
/// Shapes that differ.
pub fn sigmoid_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape("sigmoid_cross_entropy", &logits, &targets)?;
    // log(1 + e^z) without overflow: the shift is a constant to the gradient, which stays exact at 0.
    let shift = logits.clone().detach().clamp_min(0.0);
    let softplus = ((logits.clone() - shift.clone()).exp() + shift.clone().neg().exp()).log() + shift;
    Ok(softplus - logits * targets)
}

/// [`sigmoid_cross_entropy`] of each row, **summed** over the classes. A class counts `negatives` where its target is
/// 0, which is 1 in the plain loss.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - returns `[batch, 1]`, in nats
///
/// # Errors
/// Shapes that differ.
pub fn sigmoid_cross_entropy_rows(
    logits: Tensor<2>,
    targets: Tensor<2>,
    negatives: UnitInterval,
) -> Result<Tensor<2>, CoreError> {
    let positive = targets.clone().greater_scalar(0.0);
    let weight = targets.full_like(negatives.get()).mask_fill(positive, 1.0);
    Ok((sigmoid_cross_entropy(logits, targets)? * weight).sum_dim(1))
}

/// Targets times `scale`, and then at most 1 (OpenMixup's heads for binary cross-entropy). At a scale of 1 they stay as
/// they are, and so does the 2 of a two-hot target whose classes are the same.
///
/// # Shapes
/// - `targets`: `[batch, classes]`, the shares of mixed labels or their [hits](crate::mix::MixedLabels::hits)
/// - returns the same
pub fn scaled_targets(targets: Tensor<2>, scale: UnitInterval) -> Tensor<2> {
    if scale.get() < 1.0 { targets.mul_scalar(scale.get()).clamp_max(1.0) } else { targets }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;
    use crate::tensor::to_host;

    fn unit(value: f64) -> UnitInterval {
        UnitInterval::new(value).unwrap()
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let both = || targets(&[2, 0], 3) + targets(&[1, 0], 3);
        let logits = [[3.0, 1.5, 0.0], [-40.0, 1.5, 2.0]];
        gradient(logits, |z| sigmoid_cross_entropy(z, both()).unwrap().sum());
        gradient(logits, |z| sigmoid_cross_entropy_rows(z, both(), unit(0.3)).unwrap().sum());
    }

    #[test]
    fn even_odds_cost_log_two_and_far_ones_nothing_or_their_logit() {
        let loss = |logits| value(sigmoid_cross_entropy(tracked(logits), targets(&[0, 1], 2)).unwrap().sum());
        assert!((loss([[0.0, 0.0], [0.0, 0.0]]) - 4.0 * 2f64.ln()).abs() < 1e-12);
        assert!((loss([[900.0, -900.0], [900.0, -900.0]]) - 1800.0).abs() < 1e-9);
        assert!(sigmoid_cross_entropy(tracked([[0.0, 0.0, 0.0]]), targets(&[0], 2)).is_err());
    }

    #[test]
    fn a_row_is_the_sum_of_its_classes_and_negatives_weigh_what_they_should() {
        let rows = |negatives: f64| {
            let logits = tracked([[0.0, 0.0, 0.0], [900.0, -900.0, 0.0]]);
            to_host(sigmoid_cross_entropy_rows(logits, targets(&[0, 1], 3), unit(negatives)).unwrap())
                .unwrap()
        };
        for negatives in [0.0, 0.25, 1.0] {
            let expected =
                [(1.0 + 2.0 * negatives) * 2f64.ln(), 900.0 * (1.0 + negatives) + negatives * 2f64.ln()];
            let close =
                rows(negatives).iter().zip(expected).all(|(row, expected)| (row - expected).abs() < 1e-9);
            assert!(close, "{negatives}: {:?} {expected:?}", rows(negatives));
        }
        assert!(sigmoid_cross_entropy_rows(tracked([[0.0]]), targets(&[0], 2), unit(1.0)).is_err());
    }

    #[test]
    fn only_a_scale_below_one_clamps() {
        let scaled = |scale| {
            let both = targets(&[0, 1], 2) + targets(&[1, 1], 2);
            to_host(scaled_targets(both, unit(scale))).unwrap()
        };
        assert_eq!(scaled(1.0), [1.0, 1.0, 0.0, 2.0]);
        assert_eq!(scaled(0.75), [0.75, 0.75, 0.0, 1.0]);
        assert_eq!(scaled(0.25), [0.25, 0.25, 0.0, 0.5]);
    }
}
