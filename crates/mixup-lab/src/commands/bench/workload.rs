//! The training steps that users really run: forward, backward, optimiser.

use std::num::NonZeroUsize;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use clap::ValueEnum;
use mixup_core::checked::{NonNegative, Positive, UnitInterval};
use mixup_core::loss::metric::{Length, MixedSets, PairLabels, PairLoss, cosine_similarities, nt_xent};
use mixup_core::mix::{Lambda, Mixture, Ratio};
use mixup_core::nn::{
    Activation, ConvnetConfig, ImageNetwork, ImageTask, Mlp, MlpConfig, ModelConfig, Pooling, ResnetConfig,
    Stem, TokenPooling, VitConfig, init,
};
use mixup_core::optim::{AdamConfig, OptimizerConfig, SgdConfig};
use mixup_core::stream::Streams;
use mixup_core::tensor::one_hot;
use mixup_core::train::module;
use mixup_core::{CoreError, loss};
use serde::{Deserialize, Serialize};

/// A training step of fixed sizes; the peer script has the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// MLP 5-128-128-1 with leaky ReLU, batch 16, Adam: C-Mixup's airfoil.
    Mlp,
    /// 3x3 convolutions to 32, 64 and 128 channels (strides 1, 2, 2), batch norm, 28x28 grey, batch 128, SGD.
    Convnet,
    /// ResNet-18 for CIFAR, 3x32x32, batch 64, SGD.
    Resnet18,
    /// Transformer encoder of dimension 128, depth 4, 49 tokens, batch 64, Adam.
    Vit,
    /// LeNet-5, 28x28 grey, batch 128, SGD.
    Lenet,
    /// 3x3 convolutions to 16, 32 and 64 channels, 12x12 grey, batch 64, mixup, SGD: the papers' small images.
    MixupConvnet,
    /// The same network on 20x20 grey with 64 outputs, batch 100, 5 of a class, multi-similarity, Adam.
    MetricLearning,
    /// The same on two views of 128 colour images of 16x16, 128 outputs, NT-Xent, Adam.
    TwoViews,
    /// Multi-similarity of 100 embeddings of dimension 512, 5 of a class, which are the parameters; SGD.
    MetricClean,
    /// The same of all their mixtures of a positive and a negative (Metrix), in closed form.
    MetricMixed,
}

/// A step that can be taken again and again; returns the loss.
pub(crate) type Step = Box<dyn FnMut() -> Result<f32, CoreError>>;

impl Workload {
    /// Multiply-adds of a forward pass of the batch.
    fn multiply_adds(self) -> u64 {
        match self {
            Self::Mlp => 16 * (5 * 128 + 128 * 128 + 128),
            Self::Convnet => {
                128 * (9 * 32 * 28 * 28 + 9 * 32 * 64 * 14 * 14 + 9 * 64 * 128 * 7 * 7 + 128 * 10)
            }
            Self::Resnet18 => {
                let stage = |inputs: u64, width: u64, plane: u64, shortcut: u64| {
                    plane * (9 * inputs * width + 3 * 9 * width * width + shortcut * inputs * width)
                };
                let stages = stage(64, 64, 1024, 0)
                    + stage(64, 128, 256, 1)
                    + stage(128, 256, 64, 1)
                    + stage(256, 512, 16, 1);
                64 * (9 * 3 * 64 * 1024 + stages + 512 * 10)
            }
            Self::Vit => {
                let (dim, tokens) = (128, 49);
                let block = 12 * dim * dim + 2 * tokens * dim;
                64 * (tokens * (16 * dim + 4 * block) + dim * 10)
            }
            Self::MixupConvnet => 64 * small_convnet(1, 12, 10),
            Self::MetricLearning => 100 * (small_convnet(1, 20, 64) + 100 * 64),
            Self::TwoViews => 256 * (small_convnet(3, 16, 128) + 256 * 128),
            // The similarities; all else is element by element.
            Self::MetricClean | Self::MetricMixed => 100 * 100 * 512,
            Self::Lenet => 128 * (25 * 6 * 28 * 28 + 25 * 6 * 16 * 10 * 10 + 400 * 120 + 120 * 84 + 84 * 10),
        }
    }

    /// Floating-point operations of a step: two per multiply-add, and the backward pass counted
    /// as two forward ones.
    pub fn flops(self) -> f64 {
        6.0 * self.multiply_adds() as f64
    }

    /// Steps of a round, so that a round takes about a second on a core.
    pub fn steps(self) -> usize {
        match self {
            Self::Mlp => 1000,
            Self::Convnet => 10,
            Self::Resnet18 => 2,
            Self::Vit => 6,
            Self::Lenet => 60,
            Self::MixupConvnet => 100,
            Self::MetricLearning => 25,
            Self::TwoViews => 15,
            Self::MetricClean => 300,
            Self::MetricMixed => 150,
        }
    }

    /// The step on fresh weights and fixed random data.
    ///
    /// # Errors
    /// Sizes that cannot be built.
    pub fn step(self, device: &Device) -> Result<Step, CoreError> {
        let mut streams = Streams::new("bench", 0);
        if self == Self::Mlp {
            return mlp_step(&mut streams, device);
        }
        if let Self::MetricClean | Self::MetricMixed = self {
            return metric_step(self == Self::MetricMixed, &mut streams, device);
        }
        if let Self::MixupConvnet | Self::MetricLearning | Self::TwoViews = self {
            return small_step(self, streams, device);
        }
        let (task, batch) = self.images();
        let network = ImageNetwork::new(&self.network()?, task, streams.get("init"), device)?;
        let shape = [batch, task.channels, task.size, task.size];
        let x: Tensor<4> = noise(shape, &mut streams, device);
        let labels =
            (0..batch * task.classes).map(|i| f32::from(i % task.classes == i / task.classes % task.classes));
        let targets = TensorData::new(labels.collect::<Vec<_>>(), [batch, task.classes]);
        let targets = Tensor::<2>::from_data(targets, device);
        let optimizer = if self == Self::Vit { adam(1e-3)? } else { sgd()? };
        descend(network, optimizer, move |network| {
            loss::soft_cross_entropy(network.forward(x.clone()), targets.clone())
        })
    }

    /// Whether it is of images, and not of embeddings or tables.
    pub fn has_images(self) -> bool {
        !matches!(self, Self::Mlp | Self::MetricClean | Self::MetricMixed)
    }

    /// Whether it is of images that are mixed: those with a batch of a usual size on a network that is used with
    /// mixing.
    pub fn mixes(self) -> bool {
        matches!(self, Self::Convnet | Self::Resnet18)
    }

    /// A random batch of its images.
    pub fn batch(self, device: &Device) -> Tensor<4> {
        let (task, batch) = self.images();
        let shape = [batch, task.channels, task.size, task.size];
        noise(shape, &mut Streams::new("bench", 0), device)
    }

    fn images(self) -> (ImageTask, usize) {
        let (channels, size, classes, batch) = match self {
            Self::Resnet18 => (3, 32, 10, 64),
            Self::Vit => (1, 28, 10, 64),
            Self::MixupConvnet => (1, 12, 10, 64),
            Self::MetricLearning => (1, 20, 64, 100),
            Self::TwoViews => (3, 16, 128, 256),
            _ => (1, 28, 10, 128),
        };
        (ImageTask { channels, size, classes }, batch)
    }

    fn network(self) -> Result<ModelConfig, CoreError> {
        let size = |n: usize| NonZeroUsize::new(n).ok_or_else(|| CoreError::Invalid("a size of zero".into()));
        let sizes = |list: &[usize]| list.iter().copied().map(size).collect::<Result<Vec<_>, _>>();
        Ok(match self {
            Self::Mlp | Self::Convnet | Self::MetricClean | Self::MetricMixed => {
                ModelConfig::Convnet(ConvnetConfig {
                    channels: sizes(&[32, 64, 128])?,
                    pooling: Pooling::Average,
                })
            }
            Self::MixupConvnet | Self::MetricLearning | Self::TwoViews => {
                ModelConfig::Convnet(ConvnetConfig {
                    channels: sizes(&[16, 32, 64])?,
                    pooling: Pooling::Average,
                })
            }
            Self::Resnet18 => ModelConfig::Resnet(ResnetConfig {
                width: size(64)?,
                blocks: sizes(&[2, 2, 2, 2])?,
                bottleneck: false,
                pooling: Pooling::Average,
                stem: Stem::Small,
                frozen_norms: false,
            }),
            Self::Vit => ModelConfig::Vit(VitConfig {
                patch: size(4)?,
                dim: size(128)?,
                depth: size(4)?,
                heads: size(4)?,
                pool: TokenPooling::Mean,
            }),
            Self::Lenet => ModelConfig::Lenet {},
        })
    }
}

fn mlp_step(streams: &mut Streams, device: &Device) -> Result<Step, CoreError> {
    let width = NonZeroUsize::new(128).ok_or_else(|| CoreError::Invalid("a size of zero".into()))?;
    let slope = UnitInterval::new(0.1).map_err(invalid)?;
    let config = MlpConfig { hidden: vec![width, width], activation: Activation::LeakyRelu(slope) };
    let network = config.init(5, 1, streams.get("init"), device);
    let x: Tensor<2> = noise([16, 5], streams, device);
    let y: Tensor<2> = noise([16, 1], streams, device);
    descend(network, adam(0.01)?, move |network: &Mlp| loss::mse(network.forward(x.clone()), y.clone()))
}

/// Multiply-adds of the papers' small network for one image: strides 1, 2, 2, then a linear layer.
fn small_convnet(channels: u64, size: u64, outputs: u64) -> u64 {
    let plane = |stride: u64| (size / stride).pow(2);
    9 * (channels * 16 * plane(1) + 16 * 32 * plane(2) + 32 * 64 * plane(4)) + 64 * outputs
}

/// Multi-similarity with Metrix' constants.
fn multi_similarity() -> Result<PairLoss, CoreError> {
    let scale = |value| Positive::new(value).map_err(invalid);
    Ok(PairLoss::MultiSimilarity { beta: scale(18.0)?, gamma: scale(75.0)?, margin: 0.77 })
}

/// A step of the papers' small network, with all that belongs to it: mixtures are drawn anew.
fn small_step(workload: Workload, mut streams: Streams, device: &Device) -> Result<Step, CoreError> {
    let (task, batch) = workload.images();
    let network = ImageNetwork::new(&workload.network()?, task, streams.get("init"), device)?;
    let x: Tensor<4> = noise([batch, task.channels, task.size, task.size], &mut streams, device);
    match workload {
        Workload::MixupConvnet => {
            let labels: Vec<usize> = (0..batch).map(|row| row % task.classes).collect();
            let targets: Tensor<2> = one_hot(&labels, task.classes, device)?;
            let lambda = Lambda::beta(Positive::new(1.0).map_err(invalid)?)?;
            descend(network, sgd()?, move |network| {
                let ratio = Ratio::Batch(lambda.draw(streams.get("lambda")));
                let mixture = Mixture::permuted(batch, ratio, streams.get("pairs"))?;
                let logits = network.forward(mixture.inputs(x.clone())?);
                loss::soft_cross_entropy(logits, mixture.targets(targets.clone())?)
            })
        }
        Workload::MetricLearning => {
            let labels = PairLabels::of_batch(&(0..batch).map(|row| row / 5).collect::<Vec<_>>());
            let loss = multi_similarity()?;
            descend(network, adam(1e-3)?, move |network| {
                let embeddings = network.forward(x.clone());
                loss.mean(cosine_similarities(embeddings.clone(), embeddings)?, &labels)
            })
        }
        _ => {
            let labels = PairLabels::of_batch(&(0..batch).map(|row| row % (batch / 2)).collect::<Vec<_>>());
            let temperature = Positive::new(0.5).map_err(invalid)?;
            descend(network, adam(1e-3)?, move |network| {
                let embeddings = network.forward(x.clone());
                nt_xent(cosine_similarities(embeddings.clone(), embeddings)?, &labels, temperature)
            })
        }
    }
}

/// A step of embeddings that are parameters, so that nothing but the loss is timed.
fn metric_step(mixed: bool, streams: &mut Streams, device: &Device) -> Result<Step, CoreError> {
    const BATCH: usize = 100;
    let classes: Vec<usize> = (0..BATCH).map(|row| row / 5).collect();
    let loss = multi_similarity()?;
    // Rows are the outputs of a layer without bias.
    let embeddings = Linear { weight: Param::from_tensor(noise([BATCH, 512], streams, device)), bias: None };
    descend(embeddings, sgd()?, move |layer: &Linear| {
        let similarities = cosine_similarities(layer.weight.val(), layer.weight.val())?;
        if !mixed {
            return loss.mean(similarities, &PairLabels::of_batch(&classes));
        }
        // All that a step of training does is in the time, the look-up of pairs included.
        let class = |sample: usize| sample / 5;
        let positives = |a: usize| (0..BATCH).filter(|p| class(*p) == class(a) && *p != a).collect();
        let sets: Vec<_> = (0..BATCH).map(|anchor| (anchor, positives(anchor))).collect();
        let sets = MixedSets::new(BATCH, &sets, |anchor, _, second| class(second) != class(anchor));
        let lambda = 0.3;
        loss.mean(sets.similarities(&similarities, lambda, Length::One)?, &sets.labels(lambda)?)
    })
}

fn descend<M: Module + 'static>(
    network: M,
    config: OptimizerConfig,
    mut loss: impl FnMut(&M) -> Result<Tensor<1>, CoreError> + 'static,
) -> Result<Step, CoreError> {
    let network = network.train();
    let mut optimizer = config.init(&network)?;
    let mut network = Some(network);
    let lr = config.lr();
    Ok(Box::new(move || {
        let trained = network.take().ok_or_else(|| invalid("a step failed before"))?;
        let loss = loss(&trained)?;
        let value = loss.clone().into_scalar::<f32>();
        network = Some(module::descended(trained, loss, lr, None, &mut optimizer));
        Ok(value)
    }))
}

fn invalid(error: impl std::fmt::Display) -> CoreError {
    CoreError::Invalid(error.to_string())
}

fn adam(lr: f64) -> Result<OptimizerConfig, CoreError> {
    Ok(OptimizerConfig::Adam(AdamConfig::new(Positive::new(lr).map_err(invalid)?)))
}

fn sgd() -> Result<OptimizerConfig, CoreError> {
    Ok(OptimizerConfig::Sgd(SgdConfig {
        momentum: Some(UnitInterval::new(0.9).map_err(invalid)?),
        weight_decay: Some(NonNegative::new(5e-4).map_err(invalid)?),
        ..SgdConfig::new(Positive::new(0.01).map_err(invalid)?)
    }))
}

fn noise<const D: usize>(shape: [usize; D], streams: &mut Streams, device: &Device) -> Tensor<D> {
    let values = init::uniform(shape.iter().product(), 1.0, streams.get("data"));
    Tensor::from_data(TensorData::new(values, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each workload learns its fixed batch, or the bench would time something that is not training.
    #[test]
    fn every_step_trains() {
        let device = Device::flex();
        for (workload, steps) in [
            (Workload::Mlp, 50),
            (Workload::Lenet, 8),
            (Workload::Convnet, 4),
            (Workload::Vit, 4),
            (Workload::MixupConvnet, 40),
            (Workload::MetricLearning, 8),
            (Workload::TwoViews, 8),
            (Workload::MetricClean, 20),
            (Workload::MetricMixed, 20),
        ] {
            let mut step = workload.step(&device).unwrap();
            let first = step().unwrap();
            let last = (0..steps).map(|_| step().unwrap()).last().unwrap();
            assert!(last < first, "{workload:?}: {first} to {last}");
        }
    }

    #[test]
    fn resnet_18_has_its_known_cost() {
        // 0.56 GMAC an image, as widely reported for the CIFAR variant.
        let per_image = Workload::Resnet18.multiply_adds() as f64 / 64.0;
        assert!((per_image - 0.556e9).abs() < 2e6, "{per_image}");
    }
}
