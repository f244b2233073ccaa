//! Wide residual networks (Zagoruyko and Komodakis 2016) for small images.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation::relu};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::normalised::{Normalised, Norms};
use super::staged::Staged;
use super::{BatchNorm2d, Conv2d, Pooling, conv::ConvSizes, is_default};
use crate::CoreError;

/// Sizes of a wide ResNet. WRN-28-10 (28 counts the convolutions, two shortcuts among them, and the
/// linear layer) is `{blocks: 4, widen: 10}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WideResnetConfig {
    /// Blocks of each of the three stages.
    pub blocks: NonZeroUsize,
    /// Channels of a stage over 16, 32 and 64.
    pub widen: NonZeroUsize,
    /// How maps become features.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pooling: Pooling,
}

/// A wide residual network, from images to features: normalisation and ReLU come before each convolution.
#[derive(Module, Debug)]
pub struct WideResnet {
    stem: Conv2d,
    stages: Vec<Vec<WideBlock>>,
    norm: BatchNorm2d,
    #[module(skip)]
    pooling: Pooling,
}

#[derive(Module, Debug)]
struct WideBlock {
    first_norm: BatchNorm2d,
    first: Conv2d,
    second_norm: BatchNorm2d,
    second: Conv2d,
    /// Where the shape changes; it then sees the normalised input.
    shortcut: Option<Conv2d>,
}

impl WideResnetConfig {
    /// A network with PyTorch's default start.
    pub fn init(&self, channels: usize, rng: &mut impl Rng, device: &Device) -> WideResnet {
        let stem = ConvSizes::three(channels, 16, 1).init(rng, device);
        let mut inputs = 16;
        let mut stages = Vec::new();
        for stage in 0..3 {
            let outputs = (16 << stage) * self.widen.get();
            let mut blocks = Vec::new();
            for index in 0..self.blocks.get() {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                blocks.push(WideBlock::new(inputs, outputs, stride, rng, device));
                inputs = outputs;
            }
            stages.push(blocks);
        }
        WideResnet { stem, stages, norm: BatchNorm2d::new(inputs, device), pooling: self.pooling }
    }
}

impl WideBlock {
    fn new(inputs: usize, outputs: usize, stride: usize, rng: &mut impl Rng, device: &Device) -> Self {
        let changes = stride != 1 || inputs != outputs;
        Self {
            first_norm: BatchNorm2d::new(inputs, device),
            first: ConvSizes::three(inputs, outputs, stride).init(rng, device),
            second_norm: BatchNorm2d::new(outputs, device),
            second: ConvSizes::three(outputs, outputs, 1).init(rng, device),
            shortcut: changes.then(|| ConvSizes::one(inputs, outputs, stride).init(rng, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let normal = self.first_norm.forward_relu(x.clone());
        let shortcut = match &self.shortcut {
            Some(conv) => conv.forward(normal.clone()),
            None => x,
        };
        let hidden = self.second_norm.forward_relu(self.first.forward(normal));
        self.second.forward(hidden) + shortcut
    }
}

impl Normalised for WideResnet {
    fn norms(&self) -> Vec<&BatchNorm2d> {
        let blocks = self.stages.iter().flatten();
        blocks.flat_map(|block| [&block.first_norm, &block.second_norm]).chain([&self.norm]).collect()
    }

    fn maps_normalised(&self, x: Tensor<4>, norms: &mut Norms<'_, '_>) -> Result<Tensor<4>, CoreError> {
        let mut x = self.stem.forward(x);
        for block in self.stages.iter().flatten() {
            let normal = relu(norms.next(x.clone())?);
            let shortcut = match &block.shortcut {
                Some(conv) => conv.forward(normal.clone()),
                None => x,
            };
            let hidden = relu(norms.next(block.first.forward(normal))?);
            x = block.second.forward(hidden) + shortcut;
        }
        Ok(relu(norms.next(x)?))
    }
}

impl Staged for WideResnet {
    type State = Tensor<4>;

    fn width(&self) -> usize {
        self.norm.gamma.dims()[0]
    }

    fn stages(&self) -> usize {
        self.stages.len()
    }

    fn enter(&self, x: Tensor<4>) -> Tensor<4> {
        self.stem.forward(x)
    }

    fn stage(&self, index: usize, x: Tensor<4>) -> Tensor<4> {
        self.stages[index].iter().fold(x, |x, block| block.forward(x))
    }

    fn finish(&self, x: Tensor<4>) -> Tensor<4> {
        self.norm.forward_relu(x)
    }

    fn pooled(&self, maps: Tensor<4>) -> Tensor<2> {
        self.pooling.forward(maps)
    }
}
