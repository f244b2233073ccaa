//! Networks from samples to features and on to embeddings.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    augment::ImageShape,
    nn::{Activation, Backbone, BatchNorm2d, ModelConfig, init, linear},
    stream::Streams,
};
use rand::Rng;

use super::setting::Projection;

/// A backbone with a projector, and what reads a label off its features where a method has that.
#[derive(Module, Debug)]
pub struct ContrastiveNetwork {
    /// From samples to maps or features.
    pub backbone: Backbone,
    /// From flattened maps to features, `[values, features]`; features are the backbone's own without it.
    pub encoder: Option<Linear>,
    /// From features to embeddings.
    pub projector: Projector,
    /// From features to a label, `[features, 1]`; only of methods that are trained by it.
    pub head: Option<Linear>,
}

mixup_core::network!(ContrastiveNetwork);

/// Linear layers with (batch norm and) a ReLU between them.
#[derive(Module, Debug)]
pub struct Projector {
    /// In order of the forward pass.
    pub layers: Vec<Linear>,
    /// Behind each layer but the last; none without batch norm.
    pub norms: Vec<BatchNorm2d>,
}

/// What a network is built by.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The backbone.
    pub model: &'a ModelConfig,
    /// Width of the features behind flattened maps; the backbone's own features where absent.
    pub features: Option<usize>,
    /// The projector.
    pub projector: &'a Projection,
    /// Whether there is a head.
    pub head: bool,
}

impl ContrastiveNetwork {
    /// A network with PyTorch's default start. Stream read here: `init`, and `head` where there is one.
    ///
    /// # Errors
    /// A configuration that is not for samples of this shape.
    pub fn new(
        plan: Plan<'_>,
        shape: ImageShape,
        streams: &mut Streams,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let backbone = Backbone::new(plan.model, shape, streams.get("init"), device)?;
        let encoder = match plan.features {
            None => None,
            Some(features) => {
                let sample = Tensor::zeros([1, shape.channels, shape.height, shape.width], device);
                let values = backbone.feature_maps(sample)?.dims().iter().product();
                Some(init::linear(values, features, streams.get("init"), device))
            }
        };
        let width = plan.features.unwrap_or_else(|| backbone.width());
        let projector = Projector::new(width, plan.projector, streams.get("init"), device);
        let head = plan.head.then(|| init::linear(width, 1, streams.get("head"), device));
        Ok(Self { backbone, encoder, projector, head })
    }

    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, features]`
    ///
    /// # Errors
    /// An encoder of maps behind a backbone that has none.
    pub fn features(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        match &self.encoder {
            None => Ok(self.backbone.features(x)),
            Some(encoder) => {
                let maps = self.backbone.feature_maps(x)?;
                Ok(linear(encoder, maps.flatten(1, 3), None))
            }
        }
    }

    /// From samples to embeddings, not normalised.
    ///
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, dimensions]`
    ///
    /// # Errors
    /// As [`Self::features`].
    pub fn embeddings(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(self.projector.forward(self.features(x)?))
    }

    /// What the head reads off features, `[batch, 1]`.
    ///
    /// # Errors
    /// A network without a head.
    pub fn labels(&self, features: Tensor<2>) -> Result<Tensor<2>, CoreError> {
        let missing = || CoreError::Invalid("a network without a head".into());
        Ok(linear(self.head.as_ref().ok_or_else(missing)?, features, None))
    }
}

impl Projector {
    fn new(inputs: usize, config: &Projection, rng: &mut impl Rng, device: &Device) -> Self {
        let mut widths = vec![inputs];
        widths.extend(config.hidden.iter().map(|width| width.get()));
        let norms = if config.batch_norm { &widths[1..] } else { &[] };
        let norms = norms.iter().map(|width| BatchNorm2d::new(*width, device)).collect();
        widths.push(config.dimensions.get());
        let layers = widths.windows(2).map(|pair| init::linear(pair[0], pair[1], rng, device)).collect();
        Self { layers, norms }
    }

    /// # Shapes
    /// - `x`: `[batch, features]`; returns `[batch, dimensions]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(x, |x, (at, layer)| match self.norms.get(at) {
            _ if at == last => linear(layer, x, None),
            None => linear(layer, x, Some(Activation::Relu)),
            Some(norm) => {
                let [batch, width] = [x.dims()[0], layer.weight.dims()[1]];
                // Batch norm of images of one pixel is batch norm of vectors.
                let image = linear(layer, x, None).reshape([batch, width, 1, 1]);
                norm.forward_relu(image).reshape([batch, width])
            }
        })
    }
}
