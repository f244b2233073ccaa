//! Brier score as a loss.

use burn::tensor::{Tensor, activation::softmax};

use crate::{CoreError, tensor::same_shape};

/// Brier score (Brier 1950): the batch mean of `sum_c (softmax(logits)_c - targets_c)^2`.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
/// - returns `[1]`, from 0 to 2
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{loss::brier, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// assert!((to_host(brier(logits, targets)?)?[0] - 0.5).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn brier(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("brier", &logits, &targets)?;
    Ok((softmax(logits, 1) - targets).square().sum_dim(1).mean())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    #[test]
    fn from_zero_for_certain_and_right_to_two_for_certain_and_wrong() {
        let loss = |label| value(brier(tracked([[100.0, -100.0, 0.0]]), targets(&[label], 3)).unwrap());
        assert!(loss(0) < 1e-12);
        assert!((loss(1) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        gradient([[3.0, 1.5, 0.0], [-4.0, 1.5, 2.0]], |z| brier(z, targets(&[2, 0], 3)).unwrap());
    }
}
