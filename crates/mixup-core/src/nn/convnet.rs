//! A plain convolutional network.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation::relu};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::normalised::{Normalised, Norms};
use super::staged::Staged;
use super::{BatchNorm2d, Conv2d, Pooling, conv::ConvSizes, is_default};
use crate::CoreError;

/// Blocks of a 3x3 convolution, batch norm and ReLU, then global pooling.
/// The first block keeps the resolution, each further one halves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvnetConfig {
    /// Channels of each block.
    pub channels: Vec<NonZeroUsize>,
    /// How maps become features.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pooling: Pooling,
}

/// A plain convolutional network, from images to features.
#[derive(Module, Debug)]
pub struct Convnet {
    convs: Vec<Conv2d>,
    norms: Vec<BatchNorm2d>,
    #[module(skip)]
    width: usize,
    #[module(skip)]
    pooling: Pooling,
}

impl ConvnetConfig {
    /// A network with PyTorch's default start.
    pub fn init(&self, channels: usize, rng: &mut impl Rng, device: &Device) -> Convnet {
        let widths: Vec<usize> = self.channels.iter().map(|width| width.get()).collect();
        let inputs = std::iter::once(channels).chain(widths.iter().copied());
        let convs = inputs.zip(&widths).enumerate().map(|(block, (inputs, &outputs))| {
            ConvSizes::three(inputs, outputs, if block == 0 { 1 } else { 2 }).init(rng, device)
        });
        Convnet {
            convs: convs.collect(),
            norms: widths.iter().map(|&width| BatchNorm2d::new(width, device)).collect(),
            width: widths.last().copied().unwrap_or(channels),
            pooling: self.pooling,
        }
    }
}

impl Normalised for Convnet {
    fn norms(&self) -> Vec<&BatchNorm2d> {
        self.norms.iter().collect()
    }

    fn maps_normalised(&self, x: Tensor<4>, norms: &mut Norms<'_, '_>) -> Result<Tensor<4>, CoreError> {
        self.convs.iter().try_fold(x, |x, conv| Ok(relu(norms.next(conv.forward(x))?)))
    }
}

impl Staged for Convnet {
    type State = Tensor<4>;

    fn width(&self) -> usize {
        self.width
    }

    fn stages(&self) -> usize {
        self.convs.len()
    }

    fn enter(&self, x: Tensor<4>) -> Tensor<4> {
        x
    }

    fn stage(&self, index: usize, x: Tensor<4>) -> Tensor<4> {
        self.norms[index].forward_relu(self.convs[index].forward(x))
    }

    fn pooled(&self, maps: Tensor<4>) -> Tensor<2> {
        self.pooling.forward(maps)
    }
}
