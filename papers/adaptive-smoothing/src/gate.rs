//! The network that chooses alpha for each image: a small one on what both classifiers' heads see.

use std::num::NonZeroUsize;

use burn::module::{Module, RunningState};
use burn::tensor::{Device, Tensor, activation::sigmoid};
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive, UnitInterval},
    nn::{Activation, Mlp, MlpConfig},
};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Standard deviations from the batch's mean at which outputs are cut in training.
const CUT: f64 = 0.6;
/// Of the official code's batch norm.
const EPSILON: f64 = 1e-5;

/// From outputs of the network to alphas.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Standardised outputs are multiplied by this,
    pub gamma_scale: Positive,
    /// and this is added in training,
    pub gamma_bias_train: f64,
    /// or this after it.
    pub gamma_bias: f64,
    /// After training alpha is `alpha_scale sigmoid(gamma) + alpha_bias`; in training it is the sigmoid alone.
    pub alpha_scale: UnitInterval,
    /// See `alpha_scale`; the sum of both is at most 1.
    pub alpha_bias: NonNegative,
    /// Share of a new batch in the running statistics of the outputs.
    pub momentum: UnitInterval,
}

/// Gammas of a batch in training, and the statistics that standardised them.
#[derive(Debug, Clone)]
pub struct BatchGammas {
    /// `[batch, 1]`
    pub gammas: Tensor<2>,
    /// Mean of the cut outputs, `[1]`, without a gradient.
    pub mean: Tensor<1>,
    /// Their unbiased variance, `[1]`, without a gradient.
    pub variance: Tensor<1>,
}

/// Gammas in training: outputs are cut at 0.6 standard deviations (unbiased, without a gradient) from their mean, then
/// standardised by the batch's mean and biased variance, scaled and shifted.
///
/// # Shapes
/// - `outputs`: `[batch, 1]`
///
/// # Errors
/// A batch of one, which has no deviation.
pub fn batch_gammas(
    outputs: Tensor<2>,
    scale: f64,
    bias: f64,
    epsilon: f64,
) -> Result<BatchGammas, CoreError> {
    let rows = outputs.dims()[0];
    if rows < 2 {
        return Err(CoreError::Invalid(format!("gammas of {rows} samples: two at least are needed")));
    }
    let unbiased = rows as f64 / (rows as f64 - 1.0);
    let statistics = |values: Tensor<2>| {
        let mean = values.clone().mean_dim(0);
        let variance = (values - mean.clone()).square().mean_dim(0);
        (mean, variance)
    };
    let (mean, variance) = statistics(outputs.clone().detach());
    let width = variance.mul_scalar(unbiased).sqrt().mul_scalar(CUT);
    let bound = |bound: Tensor<2>| bound.expand([rows, 1]);
    let cut = outputs.max_pair(bound(mean.clone() - width.clone())).min_pair(bound(mean + width));
    let (mean, variance) = statistics(cut.clone());
    let standard = (cut - mean.clone()) / variance.clone().add_scalar(epsilon).sqrt();
    Ok(BatchGammas {
        gammas: standard.mul_scalar(scale).add_scalar(bias),
        mean: mean.reshape([1]).detach(),
        variance: variance.mul_scalar(unbiased).reshape([1]).detach(),
    })
}

/// Gammas after training, by running statistics.
///
/// # Shapes
/// - `outputs`, result: `[batch, 1]`; `mean`, `variance`: `[1]`
pub fn running_gammas(
    outputs: Tensor<2>,
    [mean, variance]: [Tensor<1>; 2],
    scale: f64,
    bias: f64,
    epsilon: f64,
) -> Tensor<2> {
    let standard = (outputs - mean.reshape([1, 1])) / variance.add_scalar(epsilon).sqrt().reshape([1, 1]);
    standard.mul_scalar(scale).add_scalar(bias)
}

/// Alphas after training, `scale sigmoid(gamma) + bias`.
///
/// # Shapes
/// - `gammas`, result: `[batch, 1]`
pub fn alphas(gammas: Tensor<2>, scale: f64, bias: f64) -> Tensor<2> {
    sigmoid(gammas).mul_scalar(scale).add_scalar(bias)
}

/// One share of a new statistic in the old one.
pub fn blended(old: Tensor<1>, new: Tensor<1>, momentum: f64) -> Tensor<1> {
    old.mul_scalar(1.0 - momentum) + new.mul_scalar(momentum)
}

mixup_core::network!(Gate);

/// The network that chooses.
#[derive(Module, Debug)]
pub struct Gate {
    mlp: Mlp,
    /// Running mean of the cut outputs, `[1]`.
    mean: RunningState<Tensor<1>>,
    /// Running unbiased variance of them, `[1]`.
    variance: RunningState<Tensor<1>>,
}

impl Gate {
    /// A network with one hidden layer and PyTorch's default start, for so many features of both classifiers together.
    pub fn new(features: usize, hidden: NonZeroUsize, rng: &mut impl Rng, device: &Device) -> Self {
        let config = MlpConfig { hidden: vec![hidden], activation: Activation::Relu };
        Self {
            mlp: config.init(features, 1, rng, device),
            mean: RunningState::new(Tensor::zeros([1], device)),
            variance: RunningState::new(Tensor::ones([1], device)),
        }
    }

    /// Gammas of a training batch; the running statistics move.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`; returns `[batch, 1]`
    ///
    /// # Errors
    /// As [`batch_gammas`].
    pub fn train_gammas(&self, features: Tensor<2>, choice: &Choice) -> Result<Tensor<2>, CoreError> {
        let outputs = self.mlp.forward(features);
        let batch = batch_gammas(outputs, choice.gamma_scale.get(), choice.gamma_bias_train, EPSILON)?;
        for (running, new) in [(&self.mean, batch.mean), (&self.variance, batch.variance)] {
            let old = running.value_sync().inner();
            running.update(blended(old, new.inner(), choice.momentum.get()));
        }
        Ok(batch.gammas)
    }

    /// Alphas by the running statistics, which do not move.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`; returns `[batch, 1]`
    pub fn alphas(&self, features: Tensor<2>, choice: &Choice) -> Tensor<2> {
        let running = [self.mean.value().inner(), self.variance.value().inner()];
        let outputs = self.mlp.forward(features);
        let gammas = running_gammas(outputs, running, choice.gamma_scale.get(), choice.gamma_bias, EPSILON);
        alphas(gammas, choice.alpha_scale.get(), choice.alpha_bias.get())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, TensorData};
    use mixup_core::{stream::Streams, tensor::to_host, train::Network};
    use mixup_routines::{non_negative, positive, size, unit};

    use super::*;

    fn choice() -> Choice {
        Choice {
            gamma_scale: positive(2.0),
            gamma_bias_train: 0.4,
            gamma_bias: 1.3,
            alpha_scale: unit(0.45),
            alpha_bias: non_negative(0.54),
            momentum: unit(0.5),
        }
    }

    #[test]
    fn gammas_of_a_batch_are_standard_whatever_the_outputs() {
        let outputs = |shift: f64, scale: f64| {
            let values: Vec<f64> = [0.0, 1.0, 2.0, 7.0].map(|value| shift + scale * value).into();
            Tensor::<2>::from_data(TensorData::new(values, [4, 1]), (&Device::flex(), DType::F64))
        };
        let gammas = |shift: f64, scale: f64| {
            to_host(batch_gammas(outputs(shift, scale), 2.0, 0.4, 0.0).unwrap().gammas).unwrap()
        };
        let plain = gammas(0.0, 1.0);
        assert!((plain.iter().sum::<f64>() / 4.0 - 0.4).abs() < 1e-12, "{plain:?}");
        for (a, b) in plain.iter().zip(gammas(-3.0, 10.0)) {
            assert!((a - b).abs() < 1e-9);
        }
        // The outlier is cut to the mean and 0.6 deviations.
        let batch = batch_gammas(outputs(0.0, 1.0), 1.0, 0.0, 0.0).unwrap();
        let deviation = (29.0f64 / 3.0).sqrt();
        let cut = [2.5 - 0.6 * deviation, 1.0, 2.0, 2.5 + 0.6 * deviation];
        let mean = cut.iter().sum::<f64>() / 4.0;
        assert!((to_host(batch.mean).unwrap()[0] - mean).abs() < 1e-12);
        assert!(batch_gammas(outputs(0.0, 1.0).slice_dim(0, 0..1), 1.0, 0.0, 0.0).is_err());
    }

    #[test]
    fn alphas_stay_in_their_range_and_training_moves_the_statistics() {
        let (device, streams) = (Device::flex(), &mut Streams::new("gate", 0));
        let gate = Gate::new(3, size(4), streams.get("init"), &device);
        let features = Tensor::<2>::from_data([[9.0, -5.0, 3.0], [0.1, 0.2, -8.0], [1.0, 1.0, 1.0]], &device);
        let before = to_host(gate.alphas(features.clone(), &choice())).unwrap();
        assert!(before.iter().all(|alpha| (0.54..=0.99).contains(alpha)), "{before:?}");
        let training = gate.into_training();
        training.train_gammas(features.clone(), &choice()).unwrap();
        assert_ne!(to_host(training.evaluation().alphas(features, &choice())).unwrap(), before);
    }
}
