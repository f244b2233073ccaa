//! Mixing: how strongly ([`Lambda`], [`Ratio`]), with whom ([`Partner`]), and the [`Mixture`] itself, which
//! mixes inputs, hidden states and targets the same way. A [`Blend`] mixes more than two points. [`MixedLabels`] are
//! for losses that ask which classes were mixed, and not only for their mean.
//!
//! What mixes images draws a [`Mask`] ([`Window`] for CutMix and SaliencyMix, [`GridMix`], [`SmoothMix`], [`FMix`],
//! [`attentive_mask`]) or a [`Paste`] (ResizeMix).

mod attention;
mod batch_kde;
mod blend;
mod draw;
mod fmix;
mod gridmix;
mod kde;
mod lambda;
mod mixed_labels;
mod mixture;
mod partner;
mod paste;
mod ratio;
mod saliency;
mod smoothmix;
mod spectrum;
mod window;

pub use attention::{attentive_cells, attentive_mask, peak};
pub use batch_kde::BatchKde;
pub use blend::Blend;
pub use draw::{Copies, Drawn, Mixing, Per};
pub use fmix::{FMix, Spectrum, Threshold, frequencies, low_frequency_image, normal_draws};
pub use gridmix::{Grid, GridMix};
pub use kde::{Kde, Kernel, choose};
pub use lambda::Lambda;
pub use mixed_labels::MixedLabels;
pub use mixture::Mixture;
pub use partner::Partner;
pub use paste::{Interpolation, Paste};
pub use ratio::{Mask, Ratio};
pub use saliency::{Grey, fine_grained_saliency};
pub use smoothmix::{SmoothLabels, SmoothMix};
pub use window::{Window, centre};

use burn::tensor::Tensor;

/// Linear interpolation `lambda a + (1 - lambda) b` of inputs, hidden states or labels, one lambda
/// for the whole batch (mixup, eq. 1).
///
/// # Shapes
/// - `a`, `b`, result: the same shape
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{mix::mix, tensor::to_host};
///
/// let a = Tensor::<2>::from_data([[0.0, 4.0]], &Device::flex());
/// let b = Tensor::<2>::from_data([[2.0, 0.0]], &Device::flex());
/// assert_eq!(to_host(mix(a, b, 0.75))?, [0.5, 3.0]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn mix<const D: usize>(a: Tensor<D>, b: Tensor<D>, lambda: f64) -> Tensor<D> {
    a.mul_scalar(lambda) + b.mul_scalar(1.0 - lambda)
}
