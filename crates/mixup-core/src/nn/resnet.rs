//! Residual networks (He et al. 2016), as the mixup papers use them on CIFAR: a 3x3 convolution for a stem and no pooling
//! before the first block; and with the stem of ImageNet, as torchvision has them.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation::relu, module::max_pool2d, ops::MaxPoolOptions};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::normalised::{Normalised, Norms};
use super::pretrained::Slot;
use super::staged::Staged;
use super::{BatchNorm2d, Conv2d, Pooling, conv::ConvSizes, is_default};
use crate::CoreError;

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
    /// What comes before the first block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stem: Stem,
    /// Whether batch norms are constants in training: for networks that were trained before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen_norms: bool,
}

/// What comes before the first block of a residual network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// A 3x3 convolution that keeps the image's size.
    #[default]
    Small,
    /// A 7x7 convolution of stride 2 and 3x3 maximum pooling of stride 2: a fourth of the size, for images of 224 pixels.
    Imagenet,
}

/// A residual network, from images to features.
#[derive(Module, Debug)]
pub struct Resnet {
    stem: Conv2d,
    stem_norm: BatchNorm2d,
    stages: Vec<Vec<Block>>,
    #[module(skip)]
    pooled_stem: bool,
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
        let stem = match self.stem {
            Stem::Small => ConvSizes::three(channels, width, 1),
            Stem::Imagenet => {
                ConvSizes { inputs: channels, outputs: width, kernel: 7, stride: 2, padding: 3, bias: false }
            }
        };
        let stem = stem.init(rng, device);
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
        let stem_norm = BatchNorm2d::new(width, device).frozen(self.frozen_norms);
        let pooled_stem = self.stem == Stem::Imagenet;
        Resnet { stem, stem_norm, stages, pooled_stem, width: inputs, pooling: self.pooling }
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
        let mut layer = |sizes: ConvSizes| Layer {
            conv: sizes.init(rng, device),
            norm: BatchNorm2d::new(sizes.outputs, device).frozen(self.frozen_norms),
        };
        let layers = sizes.into_iter().map(&mut layer).collect();
        let changes = stride != 1 || inputs != outputs;
        let shortcut = changes.then(|| layer(ConvSizes::one(inputs, outputs, stride)));
        Block { layers, shortcut }
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

    fn forward_normalised(&self, x: Tensor<4>, norms: &mut Norms<'_, '_>) -> Result<Tensor<4>, CoreError> {
        let Some((last, first)) = self.layers.split_last() else { return Ok(x) };
        let mut hidden = x.clone();
        for layer in first {
            hidden = relu(norms.next(layer.conv.forward(hidden))?);
        }
        let hidden = norms.next(last.conv.forward(hidden))?;
        let shortcut = match &self.shortcut {
            Some(layer) => norms.next(layer.conv.forward(x))?,
            None => x,
        };
        Ok(relu(hidden + shortcut))
    }
}

impl Resnet {
    /// Its tensors under torchvision's names, in the order of its layers.
    pub(super) fn slots(&mut self, visit: &mut dyn FnMut(&str, Slot<'_>)) {
        Slot::layer(&mut self.stem, &mut self.stem_norm, ("conv1", "bn1"), visit);
        for (stage, blocks) in self.stages.iter_mut().enumerate() {
            for (index, block) in blocks.iter_mut().enumerate() {
                let name = |part: &str| format!("layer{}.{index}.{part}", stage + 1);
                for (at, layer) in block.layers.iter_mut().enumerate() {
                    let (conv, norm) = (name(&format!("conv{}", at + 1)), name(&format!("bn{}", at + 1)));
                    Slot::layer(&mut layer.conv, &mut layer.norm, (&conv, &norm), visit);
                }
                if let Some(layer) = &mut block.shortcut {
                    let (conv, norm) = (name("downsample.0"), name("downsample.1"));
                    Slot::layer(&mut layer.conv, &mut layer.norm, (&conv, &norm), visit);
                }
            }
        }
    }

    fn pooled_stem(&self, x: Tensor<4>) -> Tensor<4> {
        if !self.pooled_stem {
            return x;
        }
        let options = MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]);
        max_pool2d(x, options)
    }
}

impl Normalised for Resnet {
    fn norms(&self) -> Vec<&BatchNorm2d> {
        let blocks = self.stages.iter().flatten();
        let layers = blocks.flat_map(|block| block.layers.iter().chain(&block.shortcut));
        std::iter::once(&self.stem_norm).chain(layers.map(|layer| &layer.norm)).collect()
    }

    fn maps_normalised(&self, x: Tensor<4>, norms: &mut Norms<'_, '_>) -> Result<Tensor<4>, CoreError> {
        let x = self.pooled_stem(relu(norms.next(self.stem.forward(x))?));
        self.stages.iter().flatten().try_fold(x, |x, block| block.forward_normalised(x, norms))
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
        self.pooled_stem(self.stem_norm.forward_relu(self.stem.forward(x)))
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
            stem: Stem::Small,
            frozen_norms: false,
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
        // ImageNet's have 11 689 512 and 25 557 032 with a thousand classes.
        let imagenet =
            |blocks, bottleneck| ResnetConfig { stem: Stem::Imagenet, ..config(blocks, bottleneck) };
        assert_eq!(parameters(imagenet(&[2, 2, 2, 2], false), 1000), 11_689_512 + 2 * 4800);
        assert_eq!(parameters(imagenet(&[3, 4, 6, 3], true), 1000), 25_557_032 + 2 * 26_560);
    }

    #[test]
    fn the_stem_of_imagenet_leaves_a_fourth_of_the_size() {
        let config = ResnetConfig {
            width: NonZeroUsize::new(4).unwrap(),
            stem: Stem::Imagenet,
            ..config(&[1, 1], false)
        };
        let model = config.init(3, Streams::new("stem", 0).get("init"), &Device::flex());
        let x = Tensor::<4>::ones([1, 3, 33, 32], &Device::flex());
        assert_eq!(model.enter(x.clone()).dims(), [1, 4, 9, 8]);
        assert_eq!(model.last_state(x).dims(), [1, 8, 5, 4]);
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
