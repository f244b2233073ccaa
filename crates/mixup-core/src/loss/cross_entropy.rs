//! Cross-entropy with soft targets, and the two-target form of mixup.

use burn::tensor::{Tensor, activation::log_softmax};

use crate::{CoreError, tensor::same_shape};

/// Cross-entropy with soft targets: the batch mean of `-sum_c targets_c log softmax(logits)_c`.
///
/// With one-hot targets this is the negative log-likelihood, with mixed one-hot labels the loss of
/// mixup (Zhang et al. 2018, eq. 2).
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
/// use mixup_core::{loss::soft_cross_entropy, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[0.75, 0.25]], &Device::flex());
/// let loss = to_host(soft_cross_entropy(logits, targets)?)?[0];
/// assert!((loss - 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("soft_cross_entropy", &logits, &targets)?;
    Ok(mixup_kernels::soft_cross_entropy(logits, targets))
}

/// The same for each row, for what weighs the rows or leaves some out: `-sum_c targets_c log softmax(logits)_c`.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` may sum to anything
/// - returns `[batch, 1]`, in nats
///
/// # Errors
/// Shapes that differ.
pub fn soft_cross_entropy_rows(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape("soft_cross_entropy_rows", &logits, &targets)?;
    Ok((targets * log_softmax(logits, 1)).sum_dim(1).neg())
}

/// Mixup's loss as its authors' code writes it (`mixup_criterion`):
/// `lambda CE(logits, own) + (1 - lambda) CE(logits, partner)`.
///
/// Value and gradient are those of [`soft_cross_entropy`] with the mixture of both targets.
///
/// # Shapes
/// - `logits`, `own`, `partner`: `[batch, classes]`; rows of the targets sum to 1
/// - `lambda`: the own target's weight, in [0, 1]
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{loss::mixup_cross_entropy, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[3_f64.ln(), 0.0]], &Device::flex());
/// let own = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let partner = Tensor::<2>::from_data([[0.0, 1.0]], &Device::flex());
/// let loss = to_host(mixup_cross_entropy(logits, own, partner, 0.5)?)?[0];
/// assert!((loss + (0.75_f64.ln() + 0.25_f64.ln()) / 2.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn mixup_cross_entropy(
    logits: Tensor<2>,
    own: Tensor<2>,
    partner: Tensor<2>,
    lambda: f64,
) -> Result<Tensor<1>, CoreError> {
    let own = soft_cross_entropy(logits.clone(), own)?;
    let partner = soft_cross_entropy(logits, partner)?;
    Ok(own.mul_scalar(lambda) + partner.mul_scalar(1.0 - lambda))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;
    use crate::mix::mix;

    #[test]
    fn with_one_hot_targets_it_is_minus_the_log_probability() {
        let sum = 2f64.exp() + 1.0 + (-1f64).exp();
        let loss = soft_cross_entropy(tracked([[2.0, 0.0, -1.0]]), targets(&[1], 3)).unwrap();
        assert!((value(loss) - sum.ln()).abs() < 1e-12);
    }

    #[test]
    fn both_forms_of_the_mixup_loss_agree() {
        let logits = [[2.0, 0.0, -1.0], [0.5, -3.0, 1.0]];
        let (own, partner) = (|| targets(&[1, 0], 3), || targets(&[1, 2], 3));
        let two = gradient(logits, |z| mixup_cross_entropy(z, own(), partner(), 0.3).unwrap());
        let soft = gradient(logits, |z| soft_cross_entropy(z, mix(own(), partner(), 0.3)).unwrap());
        for (a, b) in two.iter().zip(soft) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn the_loss_is_the_mean_of_its_rows() {
        let logits = [[2.0, 0.0, -1.0], [0.5, -3.0, 1.0]];
        let soft = || mix(targets(&[1, 0], 3), targets(&[1, 2], 3), 0.3);
        let rows = gradient(logits, |z| soft_cross_entropy_rows(z, soft()).unwrap().mean());
        let all = gradient(logits, |z| soft_cross_entropy(z, soft()).unwrap());
        assert!(rows.iter().zip(all).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!(soft_cross_entropy_rows(tracked([[0.0, 0.0]]), soft()).is_err());
    }

    #[test]
    fn large_logits_stay_finite() {
        let loss = mixup_cross_entropy(tracked([[900.0, -900.0]]), targets(&[1], 2), targets(&[0], 2), 0.0);
        assert_eq!(value(loss.unwrap()), 0.0);
    }
}
