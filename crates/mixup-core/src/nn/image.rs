//! Classifiers of images.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::{Attended, Backbone, ModelConfig, linear};
use crate::{CoreError, augment::ImageShape, mix::Mixture};

/// A network that classifies images: a backbone with one linear head.
#[derive(Module, Debug)]
pub struct ImageNetwork {
    /// From images to features.
    pub backbone: Backbone,
    /// `[features, classes]`
    pub head: Linear,
}

crate::network!(ImageNetwork);

/// Size of square images, `[channels, size, size]`, and number of classes.
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
    /// A network for square images, with PyTorch's default start.
    ///
    /// # Errors
    /// As [`Self::for_images`].
    pub fn new(
        config: &ModelConfig,
        task: ImageTask,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let ImageTask { channels, size, classes } = task;
        Self::for_images(config, ImageShape { channels, height: size, width: size }, classes, rng, device)
    }

    /// A network with PyTorch's default start. The head is drawn last.
    ///
    /// # Errors
    /// A configuration that is not for images, or that cannot be built for images of this size.
    pub fn for_images(
        config: &ModelConfig,
        shape: ImageShape,
        classes: usize,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let backbone = Backbone::new(config, shape, rng, device)?;
        let head = backbone.new_head(classes, rng, device);
        Ok(Self { backbone, head })
    }

    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.head(self.features(x))
    }

    /// The same network with the outputs of another head on the same features behind its own.
    #[must_use]
    pub fn with_further(self, other: Linear) -> Self {
        let device = self.head.weight.val().device();
        let joined = |own: Tensor<2>, other: Tensor<2>| Tensor::cat(vec![own, other.to_device(&device)], 1);
        let weight = joined(self.head.weight.val(), other.weight.val());
        let row = |bias: Option<Param<Tensor<1>>>, weight: &Tensor<2>| -> Tensor<2> {
            let outputs = weight.dims()[1];
            bias.map_or_else(|| Tensor::zeros([1, outputs], &device), |bias| bias.val().reshape([1, outputs]))
        };
        let bias = joined(row(self.head.bias, &self.head.weight.val()), row(other.bias, &other.weight.val()));
        let bias = Param::from_tensor(bias.reshape([weight.dims()[1]]));
        let head = Linear { weight: Param::from_tensor(weight), bias: Some(bias) };
        Self { backbone: self.backbone, head }
    }

    /// Logits from states that are mixed after a stage; stage 0 mixes the inputs. See
    /// [`Backbone::features_mixed`].
    ///
    /// # Shapes
    /// - `x`: `[rows, channels, height, width]`
    /// - returns logits, `[results, classes]`
    ///
    /// # Errors
    /// A stage that is not there, or what the mixture refuses.
    pub fn forward_mixed(
        &self,
        x: Tensor<4>,
        stage: usize,
        mixture: &Mixture,
    ) -> Result<Tensor<2>, CoreError> {
        Ok(self.head(self.backbone.features_mixed(x, stage, mixture)?))
    }

    /// Number of stages after which hidden states can be mixed, see [`Backbone`].
    pub fn stages(&self) -> usize {
        self.backbone.stages()
    }

    /// What the head sees, see [`Backbone::features`]: `[batch, features]`.
    pub fn features(&self, x: Tensor<4>) -> Tensor<2> {
        self.backbone.features(x)
    }

    /// What is pooled, see [`Backbone::feature_maps`]: `[batch, channels, rows, columns]`.
    ///
    /// # Errors
    /// An MLP, which has none.
    pub fn feature_maps(&self, x: Tensor<4>) -> Result<Tensor<4>, CoreError> {
        self.backbone.feature_maps(x)
    }

    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - returns logits, `[batch, classes]`
    pub fn head(&self, features: Tensor<2>) -> Tensor<2> {
        linear(&self.head, features, None)
    }

    /// Features with what a transformer's last block looked at, in one pass; [`Self::head`] makes logits
    /// of them.
    ///
    /// # Errors
    /// A network that is no transformer.
    pub fn attended(&self, x: Tensor<4>) -> Result<Attended, CoreError> {
        self.backbone.attended(x)
    }

    /// How much a transformer's class token looks at each patch in the last block, mean over the heads;
    /// without a gradient. Patches go row by row. What it looks at itself is left out, so a row sums to less
    /// than 1.
    ///
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, patches]`
    ///
    /// # Errors
    /// A network that is no transformer, or one without a class token.
    pub fn attention(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        self.attended(x)?.attention.of_class_token()
    }
}

#[cfg(test)]
mod tests;
