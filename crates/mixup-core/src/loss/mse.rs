//! Squared error.

use burn::tensor::Tensor;

use crate::{CoreError, tensor::same_shape};

/// Mean squared error over all entries.
///
/// # Shapes
/// - `prediction`, `target`: the same shape
/// - returns `[1]`, in squared units of the target
///
/// # Errors
/// Shapes that differ: broadcasting `[batch, 1]` against `[batch]` would average a
/// batch-by-batch matrix without a word.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{loss::mse, tensor::to_host};
///
/// let prediction = Tensor::<2>::from_data([[1.0, 2.0]], &Device::flex());
/// let target = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// assert!((to_host(mse(prediction, target)?)?[0] - 2.5).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn mse<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Result<Tensor<1>, CoreError> {
    same_shape("mse", &prediction, &target)?;
    Ok(mixup_kernels::mean_squared_error(prediction, target))
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
}
