//! Networks for regression, and the step: mix, predict, compare with the mixed labels.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    loss::mse,
    mix::Mixture,
    nn::{Dropout, ImageNetwork, Lstnet, Mlp},
    train::Network,
};
use rand_chacha::ChaCha8Rng;

use super::Place;

/// A network for regression. `D` is the number of axes of its input, batch first.
pub trait Regressor<const D: usize>: Network {
    /// # Shapes
    /// - `x`: `[batch, ...]`
    /// - returns `[batch, outputs]`
    ///
    /// # Errors
    /// An input that the network cannot take.
    fn predict(&self, x: Tensor<D>, dropout: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError>;

    /// Predictions from the mixture of one hidden state.
    ///
    /// # Shapes
    /// - `x`: `[rows, ...]`, the partners among the rows
    /// - returns `[batch, outputs]`, as many as the mixture has results
    ///
    /// # Errors
    /// As [`Self::predict`], and partners that are no rows.
    fn predict_mixed(
        &self,
        x: Tensor<D>,
        mixture: &Mixture,
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
        x: Tensor<2>,
        mixture: &Mixture,
        _: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        self.forward_mixed(x, 1, |hidden| mixture.hidden(hidden))
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
        x: Tensor<3>,
        mixture: &Mixture,
        dropout: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        self.forward_mixed(x, mixture, dropout)
    }

    fn dropout<'a>(&self, rng: &'a mut ChaCha8Rng) -> Dropout<'a> {
        Dropout::On { rate: self.dropout_rate(), rng }
    }
}

impl Regressor<4> for ImageNetwork {
    fn predict(&self, x: Tensor<4>, _: &mut Dropout<'_>) -> Result<Tensor<2>, CoreError> {
        Ok(self.forward(x))
    }

    /// Behind the last stage, pooled. Of mean pooling it is the same as before the pooling, where the
    /// official code mixes. Partners that joined the batch go through the network in a pass of their own, so
    /// that batch normalisation sees the two halves apart, as it does there.
    fn predict_mixed(
        &self,
        x: Tensor<4>,
        mixture: &Mixture,
        _: &mut Dropout<'_>,
    ) -> Result<Tensor<2>, CoreError> {
        let halves = x.split(mixture.partners.len(), 0).into_iter().map(|rows| self.features(rows));
        Ok(self.head(mixture.hidden(Tensor::cat(halves.collect(), 0))?))
    }

    fn dropout<'a>(&self, _: &'a mut ChaCha8Rng) -> Dropout<'a> {
        Dropout::Off
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

/// One mixed training step. Gradients flow through both samples of a pair.
///
/// # Shapes
/// - `x`: `[rows, ...]`; `y`: `[rows, outputs]`: the batch, and partners that are not of the batch behind it
///
/// # Errors
/// Shapes that do not agree.
pub fn mixed_step<const D: usize>(
    model: &impl Regressor<D>,
    (x, y): (Tensor<D>, Tensor<2>),
    mixture: &Mixture,
    place: Place,
    dropout: &mut Dropout<'_>,
) -> Result<MixedStep, CoreError> {
    let target = mixture.inputs(y)?;
    let prediction = match place {
        Place::Input => model.predict(mixture.inputs(x)?, dropout)?,
        Place::Hidden => model.predict_mixed(x, mixture, dropout)?,
    };
    let loss = mse(prediction.clone(), target.clone())?;
    Ok(MixedStep { prediction, target, loss })
}
