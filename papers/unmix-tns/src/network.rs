//! A trained network whose batch norms normalise in another way.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation::log_softmax};
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    nn::ImageNetwork,
};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::num::NonZeroUsize;

use crate::layer::{Affine, Components, Unmix, alpha_batch_norm, batch_norm, normalised, start, unmix};

/// What batch norm adds to variances.
const EPSILON: f64 = 1e-5;

/// How a layer normalises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Norm {
    /// By the source's running statistics.
    Source,
    /// By the batch's own (TBN).
    Batch,
    /// By the source's with a share of the batch's (alpha-BN).
    Blend(UnitInterval),
    /// By un-mixed statistics.
    Unmix {
        /// Number of components.
        components: NonZeroUsize,
        /// Share of a batch in them ([`crate::momentum`]).
        momentum: f64,
        /// Temperature of the similarities.
        temperature: Positive,
    },
}

/// What stands in the place of a batch norm.
#[derive(Debug, Clone)]
struct Layer {
    /// Mean and variance of the source.
    source: [Tensor<1>; 2],
    components: Option<Components>,
}

/// A network that adapts while it is tested. A clone remembers its state.
#[derive(Debug, Clone)]
pub struct Adapted {
    network: ImageNetwork,
    layers: Vec<Layer>,
    norm: Norm,
}

/// Scales and shifts of all layers: what TENT trains.
#[derive(Module, Debug)]
pub struct Affines {
    scales: Vec<Param<Tensor<1>>>,
    shifts: Vec<Param<Tensor<1>>>,
}

impl Affines {
    fn of(&self, layer: usize) -> Affine {
        Affine { gamma: self.scales[layer].val(), beta: self.shifts[layer].val() }
    }
}

impl Adapted {
    /// A trained network, in evaluation mode, with another normalisation, and its scales and shifts. Components are drawn here,
    /// once, layer by layer.
    ///
    /// # Errors
    /// A network that has no batch norms, or whose batch norms cannot be replaced.
    pub fn new(
        network: &ImageNetwork,
        norm: Norm,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<(Self, Affines), CoreError> {
        let norms = network.backbone.norms();
        if norms.is_empty() {
            return Err(CoreError::Invalid("this network has no batch norms that can be replaced".into()));
        }
        let (mut layers, mut scales, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
        for layer in norms {
            let source = [layer.mean.value().inner(), layer.variance.value().inner()];
            let components = match norm {
                Norm::Unmix { components, .. } => {
                    let channels = source[0].dims()[0];
                    let count = components.get() * channels;
                    let noise: Vec<f64> = (0..count).map(|_| StandardNormal.sample(rng)).collect();
                    let noise = TensorData::new(noise, [components.get(), channels]);
                    let noise = Tensor::from_data(noise, (device, source[0].dtype()));
                    Some(start(source[0].clone(), source[1].clone(), noise)?)
                }
                _ => None,
            };
            layers.push(Layer { source, components });
            scales.push(layer.gamma.clone());
            shifts.push(layer.beta.clone());
        }
        let adapted = Self { layers, norm, network: network.clone() };
        Ok((adapted, Affines { scales, shifts }))
    }

    /// Logits of a batch. Components move after they were used, whoever trains what.
    ///
    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns `[batch, classes]`
    ///
    /// # Errors
    /// Affines of another network.
    pub fn logits(&mut self, x: Tensor<4>, affines: &Affines) -> Result<Tensor<2>, CoreError> {
        if affines.scales.len() != self.layers.len() {
            return Err(CoreError::Invalid(format!(
                "{} layers with scales for {}",
                affines.scales.len(),
                self.layers.len()
            )));
        }
        let (layers, norm) = (&mut self.layers, self.norm);
        let features = self
            .network
            .backbone
            .features_normalised_by(x, &mut |at, maps| layers[at].normalised(maps, norm, &affines.of(at)))?;
        Ok(self.network.head(features))
    }
}

impl Layer {
    fn normalised(&mut self, maps: Tensor<4>, norm: Norm, affine: &Affine) -> Result<Tensor<4>, CoreError> {
        let source = self.source.clone();
        Ok(match (norm, &self.components) {
            (Norm::Batch, _) => batch_norm(maps, affine, EPSILON),
            (Norm::Blend(share), _) => alpha_batch_norm(maps, source, share, affine, EPSILON),
            (Norm::Unmix { momentum, temperature, .. }, Some(components)) => {
                let config = Unmix { momentum, temperature, epsilon: EPSILON };
                let unmixed = unmix(maps, components, affine, config)?;
                self.components = Some(unmixed.next);
                unmixed.out
            }
            (Norm::Source | Norm::Unmix { .. }, _) => {
                let [mean, variance] = source.map(|statistic| {
                    let [channels] = statistic.dims();
                    statistic.reshape([1, channels, 1, 1])
                });
                normalised(maps, mean, variance, affine, EPSILON)
            }
        })
    }
}

/// Entropy of the softmax of every sample, in nats: what TENT minimises.
///
/// # Shapes
/// - `logits`: `[batch, classes]`; returns `[batch, 1]`
pub fn entropies(logits: Tensor<2>) -> Tensor<2> {
    let log = log_softmax(logits, 1);
    (log.clone().exp() * log).sum_dim(1).neg()
}

#[cfg(test)]
mod tests {
    use mixup_core::{
        augment::ImageShape, nn::ModelConfig, stream::Streams, tensor::to_host, train::Network,
    };
    use mixup_routines::{positive, size, unit};

    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 8, width: 8 };

    fn network(json: &str) -> ImageNetwork {
        let config: ModelConfig = serde_json::from_str(json).unwrap();
        let mut streams = Streams::new("network", 0);
        let network = ImageNetwork::for_images(&config, SHAPE, 3, streams.get("init"), &Device::flex())
            .unwrap()
            .into_training();
        // Running statistics that are not those of the start.
        (0..30).for_each(|seed| drop(network.forward(images(seed, 16))));
        network.evaluation()
    }

    fn images(seed: u64, rows: usize) -> Tensor<4> {
        let mut streams = Streams::new("images", seed);
        let values: Vec<f64> =
            (0..rows * 64).map(|_| StandardNormal.sample(streams.get("x"))).map(|x: f64| 0.5 + x).collect();
        Tensor::from_data(TensorData::new(values, [rows, 1, 8, 8]), &Device::flex())
    }

    fn adapted(network: &ImageNetwork, norm: Norm) -> (Adapted, Affines) {
        Adapted::new(network, norm, Streams::new("adapted", 0).get("components"), &Device::flex()).unwrap()
    }

    fn unmixing(components: usize) -> Norm {
        Norm::Unmix { components: size(components), momentum: 0.1, temperature: positive(0.07) }
    }

    #[test]
    fn source_statistics_are_the_network_in_evaluation_and_the_batch_s_that_in_training() {
        for json in [
            r#"{"kind": "convnet", "channels": [4, 6]}"#,
            r#"{"kind": "wide-resnet", "blocks": 1, "widen": 1}"#,
            r#"{"kind": "resnet", "width": 4, "blocks": [1, 2]}"#,
            r#"{"kind": "resnet", "width": 4, "blocks": [1, 1], "bottleneck": true, "stem": "imagenet"}"#,
        ] {
            let network = network(json);
            let logits = |norm: Norm| {
                let (mut adapted, affines) = adapted(&network, norm);
                to_host(adapted.logits(images(99, 5), &affines).unwrap()).unwrap()
            };
            let close = |a: &[f64], b: Tensor<2>| {
                a.iter().zip(to_host(b).unwrap()).all(|(a, b)| (a - b).abs() < 5e-3 * (1.0 + b.abs()))
            };
            let source = logits(Norm::Source);
            assert!(close(&source, network.forward(images(99, 5))), "{json}");
            let batch = logits(Norm::Batch);
            assert!(close(&batch, network.clone().into_training().forward(images(99, 5)).inner()), "{json}");
            assert_eq!(logits(Norm::Blend(unit(0.0))), source);
            assert_ne!(logits(Norm::Blend(unit(0.5))), source);
        }
    }

    #[test]
    fn a_stream_moves_components_and_a_clone_remembers_them() {
        let network = network(r#"{"kind": "convnet", "channels": [4, 6]}"#);
        let (mut adapted, affines) = adapted(&network, unmixing(4));
        let start = adapted.clone();
        let first = to_host(adapted.logits(images(99, 5), &affines).unwrap()).unwrap();
        assert_ne!(to_host(adapted.logits(images(99, 5), &affines).unwrap()).unwrap(), first);
        assert_eq!(to_host(start.clone().logits(images(99, 5), &affines).unwrap()).unwrap(), first);
        // An image is normalised by components and itself, whoever else is in the batch.
        let alone =
            to_host(start.clone().logits(images(99, 5).slice_dim(0, 0..1), &affines).unwrap()).unwrap();
        assert!(alone.iter().zip(&first).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn scales_are_trained_through_the_layers_and_components_stay_constants() {
        let network = network(r#"{"kind": "convnet", "channels": [4, 6]}"#);
        for norm in [Norm::Batch, unmixing(3)] {
            let (mut adapted, affines) = adapted(&network, norm);
            let affines = affines.train();
            let loss = entropies(adapted.logits(images(7, 6), &affines).unwrap()).mean();
            let gradients = loss.backward();
            for parameter in affines.scales.iter().chain(&affines.shifts) {
                let gradient = to_host(parameter.val().grad(&gradients).unwrap()).unwrap();
                assert!(gradient.iter().any(|slope| slope.abs() > 1e-9), "{norm:?}");
            }
            let next = adapted.logits(images(8, 6), &affines).unwrap();
            assert!(to_host(next).unwrap().iter().all(|logit| logit.is_finite()));
        }
    }

    #[test]
    fn other_networks_are_refused_and_entropies_are_at_most_the_log_of_the_classes() {
        let lenet: ModelConfig =
            serde_json::from_str(r#"{"kind": "mlp", "hidden": [4], "activation": "relu"}"#).unwrap();
        let mut streams = Streams::new("network", 0);
        let lenet = ImageNetwork::for_images(&lenet, SHAPE, 3, streams.get("init"), &Device::flex()).unwrap();
        assert!(Adapted::new(&lenet, Norm::Batch, streams.get("c"), &Device::flex()).is_err());
        let even = Tensor::<2>::zeros([1, 3], &Device::flex());
        assert!((to_host(entropies(even)).unwrap()[0] - 3f64.ln()).abs() < 1e-6);
    }
}
