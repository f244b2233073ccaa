//! The step: mix two batches, predict, compare with the mixed labels.

use burn::{module::Module, tensor::Tensor};
use mixup_core::{
    CoreError,
    loss::mse,
    mix::mix,
    nn::{Dropout, Lstnet, Mlp},
};
use rand_chacha::ChaCha8Rng;

use crate::method::Place;

/// A network that C-Mixup can train. `D` is the number of axes of its input, batch first.
pub trait Regressor<const D: usize>: Module {
    /// # Shapes
    /// - `x`: `[batch, ...]`
    /// - returns `[batch, outputs]`
    ///
    /// # Errors
    /// An input that the network cannot take.
    fn predict(&self, x: Tensor<D>, dropout: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError>;

    /// A prediction from the mixture `lambda h(x1) + (1 - lambda) h(x2)` of one hidden state.
    ///
    /// # Errors
    /// As [`Self::predict`].
    fn predict_mixed(
        &self,
        x1: Tensor<D>,
        x2: Tensor<D>,
        lambda: f64,
        dropout: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError>;

    /// Dropout for a training pass.
    fn dropout<'a>(&self, rng: &'a mut ChaCha8Rng) -> Dropout<'a>;
}

impl Regressor<2> for Mlp {
    fn predict(&self, x: Tensor<2>, _: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError> {
        Ok(self.forward(x))
    }

    /// After the first block (`Linear` and activation).
    fn predict_mixed(
        &self,
        x1: Tensor<2>,
        x2: Tensor<2>,
        lambda: f64,
        _: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        let [batch, _] = x1.dims();
        // The block treats rows alone, so both halves go through it as one batch.
        Ok(self.forward_mixed(Tensor::cat(vec![x1, x2], 0), 1, |hidden| {
            let first = hidden.clone().slice_dim(0, 0..batch);
            mix(first, hidden.slice_dim(0, batch..2 * batch), lambda)
        }))
    }

    fn dropout<'a>(&self, _: &'a mut ChaCha8Rng) -> Dropout<'a> {
        Dropout::Off
    }
}

impl Regressor<3> for Lstnet {
    fn predict(&self, x: Tensor<3>, dropout: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError> {
        self.forward(x, dropout)
    }

    fn predict_mixed(
        &self,
        x1: Tensor<3>,
        x2: Tensor<3>,
        lambda: f64,
        dropout: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        self.forward_mixed(x1, x2, lambda, dropout)
    }

    fn dropout<'a>(&self, rng: &'a mut ChaCha8Rng) -> Dropout<'a> {
        Dropout::On { rate: self.dropout_rate(), rng }
    }
}

/// What a mixed step computes.
#[derive(Debug, Clone)]
pub struct MixedStep {
    /// Prediction for the mixture, `[batch, outputs]`.
    pub prediction: Tensor<2>,
    /// Mixed labels `lambda y1 + (1 - lambda) y2`, `[batch, outputs]`.
    pub target: Tensor<2>,
    /// Their mean squared error over all entries, `[1]`.
    pub loss: Tensor<1>,
}

/// One mixed training step (algorithm 1), with one lambda for the whole batch. Gradients flow
/// through both halves.
///
/// # Shapes
/// - `x1`, `x2`: `[batch, ...]`; `y1`, `y2`: `[batch, outputs]`
///
/// # Errors
/// Shapes that do not agree.
pub fn mixed_step<const D: usize>(
    model: &impl Regressor<D>,
    (x1, y1): (Tensor<D>, Tensor<2>),
    (x2, y2): (Tensor<D>, Tensor<2>),
    lambda: f64,
    place: Place,
    dropout: &mut Dropout<'_>,
) -> Result<MixedStep, CoreError> {
    let target = mix(y1, y2, lambda);
    let prediction = match place {
        Place::Input => model.predict(mix(x1, x2, lambda), dropout)?,
        Place::Hidden => model.predict_mixed(x1, x2, lambda, dropout)?,
    };
    let loss = mse(prediction.clone(), target.clone())?;
    Ok(MixedStep { prediction, target, loss })
}
