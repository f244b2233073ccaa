//! A plain convolutional network.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{BatchNorm2d, Conv2d, conv::ConvSizes, init, linear::linear};

/// Blocks of a 3x3 convolution, batch norm and ReLU, then global average pooling and a linear layer.
/// The first block keeps the resolution, each further one halves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvnetConfig {
    /// Channels of each block.
    pub channels: Vec<NonZeroUsize>,
}

/// A plain convolutional network.
#[derive(Module, Debug)]
pub struct Convnet {
    convs: Vec<Conv2d>,
    norms: Vec<BatchNorm2d>,
    /// `[features, classes]`
    pub head: Linear,
}

impl ConvnetConfig {
    /// A network with PyTorch's default start.
    pub fn init(&self, channels: usize, classes: usize, rng: &mut impl Rng, device: &Device) -> Convnet {
        let widths: Vec<usize> = self.channels.iter().map(|width| width.get()).collect();
        let inputs = std::iter::once(channels).chain(widths.iter().copied());
        let convs = inputs.zip(&widths).enumerate().map(|(block, (inputs, &outputs))| {
            ConvSizes::three(inputs, outputs, if block == 0 { 1 } else { 2 }).init(rng, device)
        });
        Convnet {
            convs: convs.collect(),
            norms: widths.iter().map(|&width| BatchNorm2d::new(width, device)).collect(),
            head: init::linear(widths.last().copied().unwrap_or(channels), classes, rng, device),
        }
    }
}

impl Convnet {
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let block = |x, (conv, norm): (&Conv2d, &BatchNorm2d)| norm.forward_relu(conv.forward(x));
        let features = self.convs.iter().zip(&self.norms).fold(x, block);
        linear(&self.head, mixup_kernels::global_average_pool(features), None)
    }
}
