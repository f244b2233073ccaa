//! Gated recurrent unit, PyTorch's variant.

use burn::{
    module::Module,
    nn::Linear,
    tensor::{Device, Tensor},
};
use mixup_kernels::GruWeights;
use rand::Rng;

use super::init;

/// `r = s(W_ir x + W_hr h)`, `z = s(W_iz x + W_hz h)`, `n = tanh(W_in x + r * (W_hn h))`,
/// `h' = (1 - z) n + z h`, every product with its bias.
#[derive(Module, Debug)]
pub struct Gru {
    /// `[inputs, 3 hidden]`, gates in the order r, z, n.
    pub input: Linear,
    /// `[hidden, 3 hidden]`, gates in the order r, z, n.
    pub recurrent: Linear,
}

impl Gru {
    /// A GRU with PyTorch's default start, `U(-1/sqrt(hidden), 1/sqrt(hidden))` throughout.
    pub fn new(inputs: usize, hidden: usize, rng: &mut impl Rng, device: &Device) -> Self {
        let bound = (hidden as f32).sqrt().recip();
        Self {
            input: init::linear_within(inputs, 3 * hidden, bound, rng, device),
            recurrent: init::linear_within(hidden, 3 * hidden, bound, rng, device),
        }
    }

    /// Last hidden state, from a start of zeros.
    ///
    /// # Shapes
    /// - `sequence`: `[batch, steps, inputs]`
    /// - returns `[batch, hidden]`
    pub fn forward(&self, sequence: Tensor<3>) -> Tensor<2> {
        let bias = |layer: &Linear| match &layer.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([layer.weight.dims()[1]], &layer.weight.device().inner()),
        };
        let weights = GruWeights {
            input: self.input.weight.val(),
            input_bias: bias(&self.input),
            recurrent: self.recurrent.weight.val(),
            recurrent_bias: bias(&self.recurrent),
        };
        mixup_kernels::gru(sequence, weights)
    }
}
