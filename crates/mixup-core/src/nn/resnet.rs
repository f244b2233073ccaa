//! Residual networks for small images (He et al. 2016), as the mixup papers use them on CIFAR: a 3x3
//! convolution for a stem and no pooling before the first block.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::staged::Staged;
use super::{BatchNorm2d, Conv2d, Pooling, conv::ConvSizes, is_default};

/// Sizes of a ResNet. ResNet-18 is `{width: 64, blocks: [2, 2, 2, 2]}`, ResNet-50
/// `{width: 64, blocks: [3, 4, 6, 3], bottleneck: true}`, ResNet-8 of width 16
/// `{width: 16, blocks: [1, 1, 1]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResnetConfig {
    /// Channels of the first stage; each further one has twice as many at half the resolution.
    pub width: NonZeroUsize,
    /// Blocks of each stage.
    pub blocks: Vec<NonZeroUsize>,
    /// Whether a block is 1x1, 3x3, 1x1 with four times the channels at its end, instead of two 3x3.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bottleneck: bool,
    /// How maps become features.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pooling: Pooling,
}

/// A residual network, from images to features.
#[derive(Module, Debug)]
pub struct Resnet {
    stem: Conv2d,
    stem_norm: BatchNorm2d,
    stages: Vec<Vec<Block>>,
    #[module(skip)]
    width: usize,
    #[module(skip)]
    pooling: Pooling,
}

/// `relu(norm(conv(... relu(norm(conv(x))))) + shortcut(x))`
#[derive(Module, Debug)]
struct Block {
    /// All but the last have a ReLU after their norm; the last is added to the shortcut first.
    layers: Vec<Layer>,
    /// Where the shape changes.
    shortcut: Option<Layer>,
}

/// A convolution and its norm.
#[derive(Module, Debug)]
struct Layer {
    conv: Conv2d,
    norm: BatchNorm2d,
}

/// Channels at the end of a bottleneck block over those inside it.
const EXPANSION: usize = 4;

impl ResnetConfig {
    /// A ResNet with PyTorch's default start.
    pub fn init(&self, channels: usize, rng: &mut impl Rng, device: &Device) -> Resnet {
        let width = self.width.get();
        let stem = ConvSizes::three(channels, width, 1).init(rng, device);
        let mut inputs = width;
        let mut stages = Vec::new();
        for (stage, count) in self.blocks.iter().enumerate() {
            let inside = width << stage;
            let mut block = |index| {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                let block = self.block(inputs, inside, stride, rng, device);
                inputs = if self.bottleneck { EXPANSION * inside } else { inside };
                block
            };
            stages.push((0..count.get()).map(&mut block).collect());
        }
        let stem_norm = BatchNorm2d::new(width, device);
        Resnet { stem, stem_norm, stages, width: inputs, pooling: self.pooling }
    }

    fn block(
        &self,
        inputs: usize,
        inside: usize,
        stride: usize,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Block {
        let (sizes, outputs) = if self.bottleneck {
            let outputs = EXPANSION * inside;
            let sizes = vec![
                ConvSizes::one(inputs, inside, 1),
                ConvSizes::three(inside, inside, stride),
                ConvSizes::one(inside, outputs, 1),
            ];
            (sizes, outputs)
        } else {
            (vec![ConvSizes::three(inputs, inside, stride), ConvSizes::three(inside, inside, 1)], inside)
        };
        let layers = sizes.into_iter().map(|sizes| Layer::new(sizes, rng, device)).collect();
        let changes = stride != 1 || inputs != outputs;
        let shortcut = changes.then(|| Layer::new(ConvSizes::one(inputs, outputs, stride), rng, device));
        Block { layers, shortcut }
    }
}

impl Layer {
    fn new(sizes: ConvSizes, rng: &mut impl Rng, device: &Device) -> Self {
        Self { conv: sizes.init(rng, device), norm: BatchNorm2d::new(sizes.outputs, device) }
    }
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(layer) => layer.norm.forward(layer.conv.forward(x.clone())),
            None => x.clone(),
        };
        let Some((last, first)) = self.layers.split_last() else { return shortcut };
        let hidden = first.iter().fold(x, |x, layer| layer.norm.forward_relu(layer.conv.forward(x)));
        last.norm.forward_add_relu(last.conv.forward(hidden), shortcut)
    }
}

impl Staged for Resnet {
    type State = Tensor<4>;

    fn width(&self) -> usize {
        self.width
    }

    fn stages(&self) -> usize {
        self.stages.len()
    }

    fn enter(&self, x: Tensor<4>) -> Tensor<4> {
        self.stem_norm.forward_relu(self.stem.forward(x))
    }

    fn stage(&self, index: usize, x: Tensor<4>) -> Tensor<4> {
        self.stages[index].iter().fold(x, |x, block| block.forward(x))
    }

    fn pooled(&self, maps: Tensor<4>) -> Tensor<2> {
        self.pooling.forward(maps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{ImageNetwork, ImageTask, ModelConfig};
    use crate::stream::Streams;

    fn config(blocks: &[usize], bottleneck: bool) -> ResnetConfig {
        let non_zero = |n| NonZeroUsize::new(n).unwrap();
        ResnetConfig {
            width: non_zero(64),
            blocks: blocks.iter().copied().map(non_zero).collect(),
            bottleneck,
            pooling: Pooling::Average,
        }
    }

    fn parameters(config: ResnetConfig, classes: usize) -> usize {
        let task = ImageTask { channels: 3, size: 32, classes };
        let config = ModelConfig::Resnet(config);
        let mut streams = Streams::new("cifar", 0);
        ImageNetwork::new(&config, task, streams.get("init"), &Device::flex()).unwrap().num_params()
    }

    /// 11 173 962 and 23 520 842 parameters in the CIFAR variants with ten classes, and the running
    /// statistics, which burn counts too: two for each of 4800 and 26 560 normalised channels.
    #[test]
    fn resnet_18_and_50_have_their_known_sizes() {
        assert_eq!(parameters(config(&[2, 2, 2, 2], false), 10), 11_173_962 + 2 * 4800);
        assert_eq!(parameters(config(&[3, 4, 6, 3], true), 10), 23_520_842 + 2 * 26_560);
    }

    #[test]
    fn evaluation_uses_the_running_statistics() {
        let config = ResnetConfig { width: NonZeroUsize::new(4).unwrap(), ..config(&[1, 1], false) };
        let model = config.init(1, Streams::new("digits", 0).get("init"), &Device::flex());
        let x = Tensor::<4>::from_data(
            burn::tensor::TensorData::new(
                (0..128).map(|v| v as f32 / 64.0).collect::<Vec<_>>(),
                [2, 1, 8, 8],
            ),
            &Device::flex(),
        );
        let host = |y: Tensor<2>| y.into_data().try_to_vec::<f32>().unwrap();
        let before = host(model.features(x.clone()));
        let trained = model.train();
        let in_training = host(trained.features(x.clone()).inner());
        let after = host(trained.valid().features(x));
        assert_ne!(before, in_training, "training normalises by the batch");
        assert_ne!(before, after, "a training pass moves the running statistics");
    }
}
