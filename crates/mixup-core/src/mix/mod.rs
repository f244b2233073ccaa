//! Mixing: how strongly ([`Lambda`], [`Ratio`]), with whom ([`Partner`]), and the [`Mixture`] itself, which
//! mixes inputs, hidden states and targets the same way.

mod draw;
mod kde;
mod lambda;
mod mixture;
mod partner;
mod ratio;

pub use draw::{Copies, Drawn, Mixing, Per};
pub use kde::{Kde, Kernel, choose};
pub use lambda::Lambda;
pub use mixture::Mixture;
pub use partner::Partner;
pub use ratio::{Mask, Ratio};

use burn::tensor::Tensor;

use crate::CoreError;

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
    Mixture { partners: partners.to_vec(), ratio: Ratio::Batch(lambda) }.inputs(x)
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
}
