//! Losses that several papers use.

use burn::tensor::Tensor;

use crate::CoreError;

/// Mean squared error over all entries.
///
/// # Shapes
/// - `prediction`, `target`: the same shape
/// - returns `[1]`, in squared units of the target
///
/// # Errors
/// Shapes that differ: broadcasting `[batch, 1]` against `[batch]` would average a
/// batch-by-batch matrix without a word.
pub fn mse<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Result<Tensor<1>, CoreError> {
    same_shape("mse", &prediction, &target)?;
    Ok((prediction - target).square().mean())
}

/// Cross-entropy with soft targets: the batch mean of `-sum_c targets_c log softmax(logits)_c`.
///
/// With mixed one-hot labels this is the loss of mixup (Zhang et al. 2018, eq. 2).
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("soft_cross_entropy", &logits, &targets)?;
    Ok(mixup_kernels::soft_cross_entropy(logits, targets))
}

fn same_shape<const D: usize>(name: &str, a: &Tensor<D>, b: &Tensor<D>) -> Result<(), CoreError> {
    if a.dims() == b.dims() {
        return Ok(());
    }
    Err(CoreError::Invalid(format!("{name}: shapes {:?} and {:?} differ", a.dims(), b.dims())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn mse_is_the_mean_over_entries() {
        let device = Device::flex();
        let a = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 5.0]], &device);
        let b = Tensor::<2>::from_data([[1.0, 0.0], [3.0, 4.0]], &device);
        assert_eq!(mse(a, b).unwrap().into_scalar::<f32>(), 5.0 / 4.0);
    }

    #[test]
    fn mse_refuses_to_broadcast() {
        let device = Device::flex();
        let column = Tensor::<2>::zeros([4, 1], &device);
        let row = Tensor::<2>::zeros([1, 4], &device);
        assert!(mse(column, row).is_err());
    }

    #[test]
    fn soft_cross_entropy_of_one_hot_targets_is_minus_log_probability() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data([[2.0, 0.0, -1.0]], &device);
        let targets = Tensor::<2>::from_data([[0.0, 1.0, 0.0]], &device);
        let sum = 2f32.exp() + 1.0 + (-1f32).exp();
        let loss = soft_cross_entropy(logits, targets).unwrap().into_scalar::<f32>();
        assert!((loss - sum.ln()).abs() < 1e-6);
    }
}
