//! Maximum mean calibration error.

use burn::tensor::{Tensor, activation::softmax};

use super::{Regularized, soft_cross_entropy};
use crate::{CoreError, checked::NonNegative};

/// Width of the Laplacian kernel over confidences.
const WIDTH: f64 = 0.4;

/// MMCE (Kumar et al. 2018): cross-entropy, and the penalty
/// `sum_ij (c_i - r_i)(c_j - r_j) exp(-|r_i - r_j| / 0.4) / batch^2`, where `r` is the confidence and
/// `c` says whether the prediction is right. No gradient flows through `c`, and no square root is
/// taken, as in the code of RankMixup.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; `targets` one-hot
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, loss::mmce, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[3_f64.ln(), 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let loss = mmce(logits, targets, NonNegative::new(4.0).unwrap())?;
/// // Right, with confidence 3 / 4.
/// assert!((to_host(loss.penalty)?[0] - 0.0625).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn mmce(logits: Tensor<2>, targets: Tensor<2>, weight: NonNegative) -> Result<Regularized, CoreError> {
    let cross_entropy = soft_cross_entropy(logits.clone(), targets.clone())?;
    let (confidence, predicted) = softmax(logits, 1).max_dim_with_indices(1);
    let correct = targets.detach().gather(1, predicted);
    let excess = correct - confidence.clone();
    let distance = (confidence.clone() - confidence.transpose()).abs();
    let kernel = distance.div_scalar(-WIDTH).exp();
    let penalty = (excess.clone() * excess.transpose() * kernel).mean();
    Ok(Regularized { cross_entropy, penalty, weight })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    fn loss(logits: Tensor<2>, labels: &[usize]) -> Regularized {
        mmce(logits, targets(labels, 3), NonNegative::new(2.0).unwrap()).unwrap()
    }

    #[test]
    fn calibrated_at_one_confidence_is_zero() {
        // Confidence 1/2 everywhere, half of the samples right.
        let parts = loss(tracked([[0.0, 0.0, -800.0]; 2]), &[0, 1]);
        assert!(value(parts.penalty).abs() < 1e-12);
        let parts = loss(tracked([[0.0, 0.0, -800.0]; 2]), &[1, 1]);
        assert!((value(parts.penalty) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let logits = [[3.0, 1.5, 0.0], [-4.0, 1.5, 2.0], [0.3, 0.0, 0.1]];
        gradient(logits, |z| loss(z, &[0, 1, 2]).total());
    }
}
