//! Gated recurrent unit, PyTorch's variant.

use burn::{
    module::Module,
    nn::Linear,
    tensor::{
        Device, Tensor,
        activation::{sigmoid, tanh},
    },
};
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
    /// The sequence comes as one tensor per time step: slicing steps out of one tracked tensor
    /// would make the backward pass quadratic in its length.
    ///
    /// # Shapes
    /// - `sequence`: per time step `[batch, inputs]`, at least one step
    /// - returns `[batch, hidden]`
    pub fn forward(&self, sequence: impl IntoIterator<Item = Tensor<2>>) -> Option<Tensor<2>> {
        sequence.into_iter().fold(None, |state, x| Some(self.step(x, state)))
    }

    fn step(&self, x: Tensor<2>, state: Option<Tensor<2>>) -> Tensor<2> {
        let hidden = self.recurrent.weight.dims()[0];
        let state =
            state.unwrap_or_else(|| Tensor::zeros([x.dims()[0], hidden], (&x.device().inner(), x.dtype())));
        let from_input = self.input.forward(x);
        let from_state = self.recurrent.forward(state.clone());
        let gates = 0..2 * hidden;
        let candidate = 2 * hidden..3 * hidden;
        let rz =
            sigmoid(from_input.clone().slice_dim(1, gates.clone()) + from_state.clone().slice_dim(1, gates));
        let r = rz.clone().slice_dim(1, 0..hidden);
        let z = rz.slice_dim(1, hidden..2 * hidden);
        let n = tanh(from_input.slice_dim(1, candidate.clone()) + r * from_state.slice_dim(1, candidate));
        n.clone() + z * (state - n)
    }
}
