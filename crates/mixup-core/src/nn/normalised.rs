//! Networks in which something else stands in the place of batch normalisation.

use burn::tensor::Tensor;

use super::BatchNorm2d;
use crate::CoreError;

/// What normalises maps, `[batch, channels, height, width]`, in the place of the batch norm of this number.
pub type Normaliser<'a> = dyn FnMut(usize, Tensor<4>) -> Result<Tensor<4>, CoreError> + 'a;

/// The layers of a network, one after the other.
pub(super) struct Norms<'a, 'b> {
    normaliser: &'a mut Normaliser<'b>,
    at: usize,
}

impl<'a, 'b> Norms<'a, 'b> {
    pub(super) fn new(normaliser: &'a mut Normaliser<'b>) -> Self {
        Self { normaliser, at: 0 }
    }

    /// What the next layer makes of maps.
    pub(super) fn next(&mut self, maps: Tensor<4>) -> Result<Tensor<4>, CoreError> {
        self.at += 1;
        (self.normaliser)(self.at - 1, maps)
    }
}

/// A network whose batch norms can be replaced.
pub(super) trait Normalised {
    /// Its batch norms, in the order in which they see an image.
    fn norms(&self) -> Vec<&BatchNorm2d>;

    /// The last maps, before pooling.
    fn maps_normalised(&self, x: Tensor<4>, norms: &mut Norms<'_, '_>) -> Result<Tensor<4>, CoreError>;
}
