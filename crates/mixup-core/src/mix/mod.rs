//! Mixing: how strongly ([`Lambda`], [`Ratio`]), with whom ([`Partner`]), and the [`Mixture`] itself, which
//! mixes inputs, hidden states and targets the same way. A [`Blend`] mixes more than two points.

mod batch_kde;
mod blend;
mod draw;
mod kde;
mod lambda;
mod mixture;
mod partner;
mod ratio;
mod window;

pub use batch_kde::BatchKde;
pub use blend::Blend;
pub use draw::{Copies, Drawn, Mixing, Per};
pub use kde::{Kde, Kernel, choose};
pub use lambda::Lambda;
pub use mixture::Mixture;
pub use partner::Partner;
pub use ratio::{Mask, Ratio};
pub use window::{Window, centre};

use burn::tensor::Tensor;

/// Linear interpolation `lambda a + (1 - lambda) b` of inputs, hidden states or labels, one lambda
/// for the whole batch (mixup, eq. 1).
///
/// # Shapes
/// - `a`, `b`, result: the same shape
pub fn mix<const D: usize>(a: Tensor<D>, b: Tensor<D>, lambda: f64) -> Tensor<D> {
    a.mul_scalar(lambda) + b.mul_scalar(1.0 - lambda)
}
