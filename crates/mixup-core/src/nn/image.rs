//! Networks from images to logits.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::{Convnet, Lenet, ModelConfig, Resnet, Vit, WideResnet};
use crate::CoreError;

/// A network that classifies images.
#[derive(Module, Debug)]
pub enum ImageNetwork {
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

/// Size of images, `[channels, size, size]`, and number of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageTask {
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Pixels of a side.
    pub size: usize,
    /// Classes.
    pub classes: usize,
}

impl ImageNetwork {
    /// A network with PyTorch's default start.
    ///
    /// # Errors
    /// A configuration that is not for images, or that cannot be built for images of this size.
    pub fn new(
        config: &ModelConfig,
        task: ImageTask,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let ImageTask { channels, size, classes } = task;
        Ok(match config {
            ModelConfig::Lenet {} if size < 12 => {
                return Err(CoreError::Invalid(format!(
                    "LeNet needs images of 12 pixels or more, not {size}"
                )));
            }
            ModelConfig::Lenet {} => Self::Lenet(Lenet::new(channels, size, classes, rng, device)),
            ModelConfig::Convnet(config) => Self::Convnet(config.init(channels, classes, rng, device)),
            ModelConfig::Resnet(config) => Self::Resnet(config.init(channels, classes, rng, device)),
            ModelConfig::WideResnet(config) => Self::WideResnet(config.init(channels, classes, rng, device)),
            ModelConfig::Vit(config) => Self::Vit(config.init(channels, size, classes, rng, device)),
            ModelConfig::Mlp(_) | ModelConfig::Lstnet(_) => {
                return Err(CoreError::Invalid(
                    "this network is not for images; use `lenet`, `convnet`, `resnet`, `wide-resnet` or `vit`".into(),
                ));
            }
        })
    }

    /// # Shapes
    /// - `x`: `[batch, channels, size, size]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Lenet(network) => network.forward(x),
            Self::Convnet(network) => network.forward(x),
            Self::Resnet(network) => network.forward(x),
            Self::WideResnet(network) => network.forward(x),
            Self::Vit(network) => network.forward(x),
        }
    }
}
