//! Penalty on confident output distributions.

use burn::tensor::{Tensor, activation::softmax};

use super::{Regularized, soft_cross_entropy};
use crate::{CoreError, checked::NonNegative};

/// Probabilities are kept this far from 0 and 1, as the code that made the published numbers does.
const CLAMP: f64 = 1e-10;

/// Confidence penalty, ECP (Pereyra et al. 2017): cross-entropy minus `weight` times the entropy of
/// the prediction; the penalty is the negative entropy.
///
/// The entropy is averaged over batch *and* classes, as in the code of MbLS and RankMixup, which
/// makes it `classes` times weaker than the usual one.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, loss::confidence_penalty, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let weight = NonNegative::new(0.1).unwrap();
/// let loss = confidence_penalty(logits, targets, weight)?;
/// // Of even probabilities the entropy is ln 2, over two classes half of it.
/// assert!((to_host(loss.total())?[0] - 0.95 * 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn confidence_penalty(
    logits: Tensor<2>,
    targets: Tensor<2>,
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    let cross_entropy = soft_cross_entropy(logits.clone(), targets)?;
    let p = softmax(logits, 1).clamp(CLAMP, 1.0 - CLAMP);
    let penalty = (p.clone() * p.log()).mean();
    Ok(Regularized { cross_entropy, penalty, weight })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    fn loss(logits: Tensor<2>) -> Regularized {
        confidence_penalty(logits, targets(&[0, 1], 3), NonNegative::new(0.5).unwrap()).unwrap()
    }

    #[test]
    fn the_uniform_prediction_has_the_largest_entropy() {
        let uniform = value(loss(tracked([[0.0; 3]; 2])).penalty);
        assert!((uniform + 3f64.ln() / 3.0).abs() < 1e-12);
        assert!(value(loss(tracked([[1.0, 0.0, 0.0]; 2])).penalty) > uniform);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        gradient([[3.0, 1.5, 0.0], [-4.0, 1.5, 2.0]], |logits| loss(logits).total());
    }

    #[test]
    fn a_certain_prediction_is_finite() {
        assert!(value(loss(tracked([[900.0, 0.0, -900.0]; 2])).penalty).abs() < 1e-6);
    }
}
