//! Networks from images to embeddings, with proxies where a loss has them.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use mixup_core::{
    CoreError,
    augment::ImageShape,
    loss::metric::epsilon_normalised,
    nn::{Backbone, ModelConfig, linear},
    stream::Streams,
};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// A backbone with a linear head to embeddings of length 1.
#[derive(Module, Debug)]
pub struct EmbeddingNetwork {
    /// From images to features.
    pub backbone: Backbone,
    /// `[features, dimensions]`
    pub head: Linear,
    /// A point for each class that is trained with the network, `[classes, dimensions]`; only of losses whose
    /// anchors are proxies. `groups: [{parameters: [proxies], lr_factor: 10}]` of an optimiser gives them a learning
    /// rate of their own.
    pub proxies: Option<Param<Tensor<2>>>,
}

mixup_core::network!(EmbeddingNetwork);

/// What is added to the squared length of an embedding before it is divided by the root.
const EPSILON: f64 = 1e-12;

impl EmbeddingNetwork {
    /// A network with PyTorch's default start. Proxies are normal with variance `2 / classes`, as the official code
    /// of Proxy Anchor draws them; only their direction counts in a loss.
    ///
    /// Streams read here: `init`, and `proxies` where there are some.
    ///
    /// # Errors
    /// A configuration that is not for images, or that cannot be built for images of this size.
    pub fn new(
        config: &ModelConfig,
        shape: ImageShape,
        dimensions: usize,
        proxies: Option<usize>,
        streams: &mut Streams,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let backbone = Backbone::new(config, shape, streams.get("init"), device)?;
        let head = backbone.new_head(dimensions, streams.get("init"), device);
        let proxies = proxies.map(|classes| drawn(classes, dimensions, streams.get("proxies"), device));
        Ok(Self { backbone, head, proxies })
    }

    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, dimensions]`, rows of length 1
    pub fn embeddings(&self, x: Tensor<4>) -> Tensor<2> {
        self.head(self.backbone.features(x))
    }

    /// From the backbone's last maps, or a mixture of them, to embeddings.
    ///
    /// # Shapes
    /// - `maps`: `[batch, channels, rows, columns]`
    /// - returns `[batch, dimensions]`, rows of length 1
    ///
    /// # Errors
    /// A backbone without maps.
    pub fn of_maps(&self, maps: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(self.head(self.backbone.pooled(maps)?))
    }

    fn head(&self, features: Tensor<2>) -> Tensor<2> {
        epsilon_normalised(linear(&self.head, features, None), EPSILON)
    }
}

fn drawn(classes: usize, dimensions: usize, rng: &mut impl Rng, device: &Device) -> Param<Tensor<2>> {
    let deviation = (2.0 / classes as f64).sqrt();
    let values: Vec<f32> = (0..classes * dimensions)
        .map(|_| (rng.sample::<f64, _>(StandardNormal) * deviation) as f32)
        .collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, [classes, dimensions]), device))
}
