//! Networks from images to features, before any head.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::mlp::PixelMlp;
use super::normalised::{Normalised, Normaliser, Norms};
use super::pretrained::Weights;
use super::staged::{HiddenState, Staged, no_maps};
use super::{Attended, BatchNorm2d, Convnet, Lenet, ModelConfig, Resnet, Vit, WideResnet, init};
use crate::{CoreError, augment::ImageShape, mix::Mixture};

/// A network from images to features. It is a row of stages; hidden states can be mixed after each:
/// blocks of [`Lenet`], [`Convnet`] and [`Vit`], stages of [`Resnet`] and [`WideResnet`] (all blocks of one
/// resolution), hidden layers of an MLP.
#[derive(Module, Debug)]
pub enum Backbone {
    /// Fully connected layers on the pixels, row by row.
    Mlp(PixelMlp),
    /// See [`Lenet`].
    Lenet(Lenet),
    /// See [`Convnet`].
    Convnet(Convnet),
    /// See [`Resnet`].
    Resnet(Resnet),
    /// See [`WideResnet`].
    WideResnet(WideResnet),
    /// See [`Vit`].
    Vit(Vit),
}

/// The same expression for whichever network it is.
macro_rules! of_each {
    ($backbone:expr, $network:ident => $result:expr) => {
        match $backbone {
            Backbone::Mlp($network) => $result,
            Backbone::Lenet($network) => $result,
            Backbone::Convnet($network) => $result,
            Backbone::Resnet($network) => $result,
            Backbone::WideResnet($network) => $result,
            Backbone::Vit($network) => $result,
        }
    };
}

impl Backbone {
    /// A network with PyTorch's default start.
    ///
    /// # Errors
    /// A configuration that is not for images, or that cannot be built for images of this size.
    pub fn new(
        config: &ModelConfig,
        shape: ImageShape,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let channels = shape.channels;
        Ok(match config {
            ModelConfig::Mlp(config) => Self::Mlp(config.pixels(shape.size(), rng, device)),
            ModelConfig::Lenet {} => Self::Lenet(Lenet::new(shape, rng, device)?),
            ModelConfig::Convnet(config) => Self::Convnet(config.init(channels, rng, device)),
            ModelConfig::Resnet(config) => Self::Resnet(config.init(channels, rng, device)),
            ModelConfig::WideResnet(config) => Self::WideResnet(config.init(channels, rng, device)),
            ModelConfig::Vit(config) => Self::Vit(config.init(shape, rng, device)?),
            ModelConfig::Lstnet(_) => {
                return Err(CoreError::Invalid(
                    "this network is not for images; use `mlp`, `lenet`, `convnet`, `resnet`, `wide-resnet` or `vit`"
                        .into(),
                ));
            }
        })
    }

    /// A linear layer that takes the features, with PyTorch's default start: `outputs` are classes, or the
    /// dimensions of an embedding. A backbone may have several.
    pub fn new_head(&self, outputs: usize, rng: &mut impl Rng, device: &Device) -> Linear {
        init::linear(self.width(), outputs, rng, device)
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        of_each!(self, network => network.width())
    }

    /// Number of stages.
    pub fn stages(&self) -> usize {
        of_each!(self, network => network.stages())
    }

    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, features]`: after pooling, before any head
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        of_each!(self, network => network.features(x))
    }

    /// Features from states that are mixed after a stage; stage 0 mixes the inputs.
    ///
    /// All rows of `x`, also those of partners that joined the batch, go through the stages before the
    /// mixture together and make the statistics of batch normalisation there.
    ///
    /// # Shapes
    /// - `x`: `[rows, channels, height, width]`
    /// - returns `[results, features]`
    ///
    /// # Errors
    /// A stage that is not there, or what [`Mixture::inputs`] and [`Mixture::hidden`] refuse.
    pub fn features_mixed(
        &self,
        x: Tensor<4>,
        stage: usize,
        mixture: &Mixture,
    ) -> Result<Tensor<2>, CoreError> {
        of_each!(self, network => network.features_mixed(x, stage, mixture))
    }

    /// What is pooled: maps behind the last stage and any normalisation after it. Those of a transformer
    /// are its patches in their places.
    ///
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, channels, rows, columns]`
    ///
    /// # Errors
    /// An MLP, which has none.
    pub fn feature_maps(&self, x: Tensor<4>) -> Result<Tensor<4>, CoreError> {
        of_each!(self, network => network.last_state(x).maps()).ok_or_else(no_maps)
    }

    /// Maps after `stage` stages; after 0 these are the inputs.
    ///
    /// # Shapes
    /// - as of [`Self::feature_maps`]
    ///
    /// # Errors
    /// A stage that is not there, or a hidden state of an MLP.
    pub fn maps_after(&self, x: Tensor<4>, stage: usize) -> Result<Tensor<4>, CoreError> {
        of_each!(self, network => network.maps_after(x, stage))
    }

    /// From [`Self::feature_maps`], or a mixture of them, to features.
    ///
    /// # Shapes
    /// - `maps`: `[batch, channels, rows, columns]`
    /// - returns `[batch, features]`
    ///
    /// # Errors
    /// An MLP, which has no maps, or a transformer that reads its class token.
    pub fn pooled(&self, maps: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        match self {
            Self::Mlp(_) => Err(no_maps()),
            Self::Lenet(network) => Ok(network.pooled(maps)),
            Self::Convnet(network) => Ok(network.pooled(maps)),
            Self::Resnet(network) => Ok(network.pooled(maps)),
            Self::WideResnet(network) => Ok(network.pooled(maps)),
            Self::Vit(network) => network.pooled_maps(maps),
        }
    }

    /// Its batch norms, in the order in which they see an image; none of a network whose normalisation cannot be replaced.
    pub fn norms(&self) -> Vec<&BatchNorm2d> {
        self.normalised().map_or_else(Vec::new, Normalised::norms)
    }

    /// Features where `norm` stands in the place of each batch norm of [`Self::norms`].
    ///
    /// # Shapes
    /// - as of [`Self::features`]
    ///
    /// # Errors
    /// A network whose normalisation cannot be replaced, and what `norm` refuses.
    pub fn features_normalised_by(
        &self,
        x: Tensor<4>,
        norm: &mut Normaliser<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        let network = self.normalised().ok_or_else(|| {
            let such = "a `convnet`, a `resnet` or a `wide-resnet`";
            CoreError::Invalid(format!("only {such} can be given other normalisations"))
        })?;
        self.pooled(network.maps_normalised(x, &mut Norms::new(norm))?)
    }

    fn normalised(&self) -> Option<&dyn Normalised> {
        match self {
            Self::Convnet(network) => Some(network),
            Self::Resnet(network) => Some(network),
            Self::WideResnet(network) => Some(network),
            Self::Mlp(_) | Self::Lenet(_) | Self::Vit(_) => None,
        }
    }

    /// The network with weights of a file in the place of its own. A classifying layer of the file is not used.
    ///
    /// # Errors
    /// A network that is no `resnet`, and tensors that are missing, left over or of another shape, by their names.
    pub fn with_weights(self, weights: &Weights) -> Result<Self, CoreError> {
        match self {
            Self::Resnet(mut network) => {
                weights.fill(&mut |visit| network.slots(visit))?;
                Ok(Self::Resnet(network))
            }
            _ => Err(CoreError::Invalid(
                "initial weights are those of a `resnet`; this network is none".into(),
            )),
        }
    }

    /// Weights and running statistics of a `resnet` under torchvision's names; none of another network.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn weights(&self) -> Result<Option<Weights>, CoreError> {
        match self {
            Self::Resnet(network) => {
                let mut network = network.clone();
                Weights::of(&mut |visit| network.slots(visit)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Features with what a transformer's last block looked at, in one pass.
    ///
    /// # Errors
    /// A network that is no transformer.
    pub fn attended(&self, x: Tensor<4>) -> Result<Attended, CoreError> {
        match self {
            Self::Vit(network) => Ok(network.attended(x)),
            _ => Err(CoreError::Invalid("this network has no attention; a `vit` has".into())),
        }
    }
}
