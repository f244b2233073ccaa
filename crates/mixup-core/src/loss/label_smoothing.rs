//! Label smoothing.

use burn::tensor::Tensor;

use super::soft_cross_entropy;
use crate::{CoreError, checked::UnitInterval};

/// Label smoothing (Szegedy et al. 2016): cross-entropy against
/// `(1 - smoothing) targets + smoothing / classes`, which is
/// `(1 - smoothing) CE + smoothing mean_k(-log p_k)`.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::UnitInterval, loss::label_smoothing, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[3_f64.ln(), 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let smoothing = UnitInterval::new(0.5).unwrap();
/// let loss = to_host(label_smoothing(logits, targets, smoothing)?)?[0];
/// assert!((loss + 0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn label_smoothing(
    logits: Tensor<2>,
    targets: Tensor<2>,
    smoothing: UnitInterval,
) -> Result<Tensor<1>, CoreError> {
    let smoothing = smoothing.get();
    let uniform = smoothing / targets.dims()[1] as f64;
    soft_cross_entropy(logits, targets.mul_scalar(1.0 - smoothing).add_scalar(uniform))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    fn smoothed(logits: Tensor<2>, smoothing: f64) -> Tensor<1> {
        label_smoothing(logits, targets(&[2, 0], 3), UnitInterval::new(smoothing).unwrap()).unwrap()
    }

    #[test]
    fn nothing_is_left_of_the_label_at_one() {
        let logits = [[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]];
        let first = (1f64.exp() + (-2f64).exp() + 0.5f64.exp()).ln() - (1.0 - 2.0 + 0.5) / 3.0;
        let loss = value(smoothed(tracked(logits), 1.0));
        assert!((loss - 0.5 * (first + 3f64.ln())).abs() < 1e-12, "{loss}");
    }

    #[test]
    fn the_gradient_is_the_slope() {
        gradient([[1.0, -2.0, 0.5], [3.0, 0.1, 0.0]], |logits| smoothed(logits, 0.2));
    }
}
