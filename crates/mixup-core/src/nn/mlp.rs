//! Multi-layer perceptron.

use std::num::NonZeroUsize;

use burn::{
    module::Module,
    nn::Linear,
    tensor::{Device, Tensor},
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::staged::Staged;
use super::{Activation, init, linear};
use crate::CoreError;

/// Sizes of an MLP: `Linear -> activation` for each entry of `hidden`, then a last `Linear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Widths of the hidden layers, in order.
    pub hidden: Vec<NonZeroUsize>,
    /// Activation after each hidden layer.
    pub activation: Activation,
}

/// A multi-layer perceptron.
#[derive(Module, Debug)]
pub struct Mlp {
    /// In order of the forward pass.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
}

crate::network!(Mlp);

/// The hidden layers of an MLP on the pixels of images, channel by channel and row by row.
#[derive(Module, Debug)]
pub struct PixelMlp {
    layers: Vec<Linear>,
    #[module(skip)]
    width: usize,
    #[module(skip)]
    activation: Activation,
}

impl MlpConfig {
    /// The hidden layers alone, for images of `inputs` values, with PyTorch's default start.
    pub fn pixels(&self, inputs: usize, rng: &mut impl Rng, device: &Device) -> PixelMlp {
        let mut width = inputs;
        let mut layers = Vec::new();
        for outputs in self.hidden.iter().map(|width| width.get()) {
            layers.push(init::linear(width, outputs, rng, device));
            width = outputs;
        }
        PixelMlp { layers, width, activation: self.activation }
    }

    /// An MLP with PyTorch's default start.
    pub fn init(&self, inputs: usize, outputs: usize, rng: &mut impl Rng, device: &Device) -> Mlp {
        let mut widths = vec![inputs];
        widths.extend(self.hidden.iter().map(|width| width.get()));
        widths.push(outputs);
        let layers = widths.windows(2).map(|pair| init::linear(pair[0], pair[1], rng, device));
        Mlp { layers: layers.collect(), activation: self.activation }
    }
}

impl Mlp {
    /// An MLP of given layers, at least one.
    pub fn from_layers(layers: Vec<Linear>, activation: Activation) -> Self {
        Self { layers, activation }
    }

    /// # Shapes
    /// - `x`: `[batch, inputs]`
    /// - returns `[batch, outputs]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (hidden, back) = self.hidden(x, 0);
        self.rest(hidden, back)
    }

    /// A forward pass whose hidden state is mixed after block `depth` (a `Linear` with its
    /// activation); depth 0 mixes the inputs.
    ///
    /// `mix` may change the batch size, for example from two halves to one mixture of them.
    ///
    /// # Shapes
    /// - `x`: `[batch, inputs]`
    /// - returns `[mixed batch, outputs]`
    ///
    /// # Errors
    /// What `mix` refuses.
    pub fn forward_mixed(
        &self,
        x: Tensor<2>,
        depth: usize,
        mix: impl FnOnce(Tensor<2>) -> Result<Tensor<2>, CoreError>,
    ) -> Result<Tensor<2>, CoreError> {
        let (hidden, back) = self.hidden(x, depth);
        Ok(self.rest(mix(hidden)?, back))
    }

    /// What comes out of the first blocks, and the layers that are left.
    fn hidden(&self, x: Tensor<2>, depth: usize) -> (Tensor<2>, &[Linear]) {
        let (front, back) = self.layers.split_at(depth.min(self.layers.len() - 1));
        (front.iter().fold(x, |x, layer| linear(layer, x, Some(self.activation))), back)
    }

    fn rest(&self, hidden: Tensor<2>, layers: &[Linear]) -> Tensor<2> {
        let (last, middle) = layers.split_last().expect("an MLP has at least one layer");
        let hidden = middle.iter().fold(hidden, |x, layer| linear(layer, x, Some(self.activation)));
        linear(last, hidden, None)
    }
}

impl Staged for PixelMlp {
    type State = Tensor<2>;

    fn width(&self) -> usize {
        self.width
    }

    fn stages(&self) -> usize {
        self.layers.len()
    }

    fn enter(&self, x: Tensor<4>) -> Tensor<2> {
        x.flatten(1, 3)
    }

    fn stage(&self, index: usize, x: Tensor<2>) -> Tensor<2> {
        linear(&self.layers[index], x, Some(self.activation))
    }

    fn pooled(&self, x: Tensor<2>) -> Tensor<2> {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;

    fn config() -> MlpConfig {
        let width = NonZeroUsize::new(16).unwrap();
        MlpConfig { hidden: vec![width, width], activation: Activation::Relu }
    }

    #[test]
    fn the_start_is_a_function_of_the_seed() {
        let device = Device::flex();
        let weights = |seed| {
            let mlp = config().init(5, 1, Streams::new("airfoil", seed).get("init"), &device);
            mlp.layers[0].weight.val().into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(weights(0), weights(0));
        assert_ne!(weights(0), weights(1));
        let bound = (5f32).sqrt().recip();
        assert!(weights(0).iter().all(|w| w.abs() <= bound));
        assert!(weights(0).iter().any(|w| w.abs() > 0.9 * bound));
    }

    #[test]
    fn mixing_at_depth_zero_is_mixing_the_inputs() {
        let device = Device::flex();
        let mlp = config().init(2, 1, Streams::new("airfoil", 0).get("init"), &device);
        let x = Tensor::<2>::from_data([[0.5, -1.0]], &device);
        let doubled = mlp.forward(x.clone().mul_scalar(2.0)).into_scalar::<f32>();
        let hooked = mlp.forward_mixed(x.clone(), 0, |x| Ok(x.mul_scalar(2.0))).unwrap().into_scalar::<f32>();
        let hidden = mlp.forward_mixed(x, 1, |x| Ok(x.mul_scalar(2.0))).unwrap().into_scalar::<f32>();
        assert_eq!(doubled, hooked);
        assert_ne!(doubled, hidden);
    }
}
