//! Mixing: how strongly (lambda), with whom (partner), and the mixture itself.

mod kde;
mod lambda;
mod partner;

pub use kde::{Kde, Kernel, choose};
pub use lambda::Lambda;
pub use partner::Partner;

use burn::tensor::Tensor;

use crate::{CoreError, tensor::select_rows};

/// Linear interpolation `lambda a + (1 - lambda) b` of inputs, hidden states or labels, one lambda
/// for the whole batch (mixup, eq. 1).
///
/// # Shapes
/// - `a`, `b`, result: the same shape
pub fn mix<const D: usize>(a: Tensor<D>, b: Tensor<D>, lambda: f64) -> Tensor<D> {
    a.mul_scalar(lambda) + b.mul_scalar(1.0 - lambda)
}

/// A batch mixed with rows of itself: `lambda x + (1 - lambda) x[partners]`, one lambda for the
/// whole batch. Gradients flow into both; nothing is detached.
///
/// # Shapes
/// - `x`, result: `[batch, ...]`
/// - `partners`: for every row of `x` the row that it is mixed with
///
/// # Errors
/// A number of partners that is not the batch size, or a partner that is no row.
pub fn mix_within<const D: usize>(
    x: Tensor<D>,
    partners: &[usize],
    lambda: f64,
) -> Result<Tensor<D>, CoreError> {
    let batch = x.dims()[0];
    if partners.len() != batch {
        return Err(CoreError::Invalid(format!("{} partners for a batch of {batch}", partners.len())));
    }
    Ok(mix(x.clone(), select_rows(x, partners)?, lambda))
}

/// Linear interpolation with one lambda per sample.
///
/// # Shapes
/// - `a`, `b`, result: `[batch, ...]`
/// - `lambda`: one value per entry along the first axis, each in [0, 1]
///
/// # Errors
/// A number of lambdas that is not the batch size.
pub fn mix_per_sample<const D: usize>(
    a: Tensor<D>,
    b: Tensor<D>,
    lambda: &[f64],
) -> Result<Tensor<D>, CoreError> {
    let batch = a.dims()[0];
    if lambda.len() != batch {
        return Err(CoreError::Invalid(format!("{} lambdas for a batch of {batch}", lambda.len())));
    }
    let mut shape = [1; D];
    shape[0] = batch;
    let data = burn::tensor::TensorData::new(lambda.to_vec(), shape);
    let lambda = Tensor::<D>::from_data(data, (&a.device(), a.dtype()));
    Ok(a * lambda.clone() + b * (-lambda + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_batch_is_mixed_with_its_own_rows() {
        let x = Tensor::<2>::from_data([[1.0, 2.0], [5.0, 6.0]], &Device::flex());
        let mixed = mix_within(x.clone(), &[1, 1], 0.25).unwrap();
        assert_eq!(mixed.into_data().try_to_vec::<f32>().unwrap(), [4.0, 5.0, 5.0, 6.0]);
        assert!(mix_within(x.clone(), &[0], 0.25).is_err());
        assert!(mix_within(x, &[0, 2], 0.25).is_err());
    }

    #[test]
    fn one_lambda_for_the_batch_or_one_per_sample() {
        let device = Device::flex();
        let a = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &device);
        let b = Tensor::<2>::from_data([[5.0, 6.0], [7.0, 8.0]], &device);
        let whole = mix(a.clone(), b.clone(), 0.25).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(whole, [4.0, 5.0, 6.0, 7.0]);
        let each = mix_per_sample(a.clone(), b.clone(), &[1.0, 0.0]).unwrap();
        assert_eq!(each.into_data().try_to_vec::<f32>().unwrap(), [1.0, 2.0, 7.0, 8.0]);
        assert!(mix_per_sample(a, b, &[0.5]).is_err());
    }
}
