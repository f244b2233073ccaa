//! Margin-based label smoothing.

use burn::tensor::{Tensor, activation::relu};

use super::{Regularized, soft_cross_entropy};
use crate::{CoreError, checked::NonNegative};

/// Margin-based label smoothing, MbLS (Liu et al. 2022, eq. 9): cross-entropy, and a penalty on
/// logits that are more than `margin` below the largest, the mean over batch and classes of
/// `relu(max_j z_j - z_k - margin)`. Gradients flow through the maximum too.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, loss::logit_margin, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[5.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let [margin, weight] = [2.0, 0.1].map(|value| NonNegative::new(value).unwrap());
/// let loss = logit_margin(logits, targets, margin, weight)?;
/// // One of two logits is 3 further than the margin below the largest.
/// assert!((to_host(loss.penalty)?[0] - 1.5).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn logit_margin(
    logits: Tensor<2>,
    targets: Tensor<2>,
    margin: NonNegative,
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    let cross_entropy = soft_cross_entropy(logits.clone(), targets)?;
    let distance = logits.clone().max_dim(1) - logits;
    let penalty = relu(distance.sub_scalar(margin.get())).mean();
    Ok(Regularized { cross_entropy, penalty, weight })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    fn loss(logits: Tensor<2>) -> Regularized {
        let number = |value| NonNegative::new(value).unwrap();
        logit_margin(logits, targets(&[0, 1], 3), number(2.0), number(0.5)).unwrap()
    }

    #[test]
    fn only_what_is_beyond_the_margin_counts() {
        let parts = loss(tracked([[3.0, 1.5, 0.0], [1.0, 1.5, 2.0]]));
        assert!((value(parts.penalty) - 1.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        gradient([[3.0, 1.5, 0.0], [-4.0, 1.5, 2.0]], |logits| loss(logits).total());
    }
}
