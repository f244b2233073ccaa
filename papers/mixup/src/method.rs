//! The losses of Manifold Mixup's official code. Mixup and manifold mixup with cross-entropy, as both papers have
//! them, are baselines of the routine: `{kind: mixup}`, `{kind: manifold-mixup}`.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    loss::bce_softmax,
    mix::{Lambda, Mixture, Ratio},
    nn::ModelConfig,
    train::{NoState, Step},
};
use mixup_routines::classification::{self, Batch, Classifier, Start};
use mixup_routines::{parameters, positive};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// `{kind: bce}` or `{kind: manifold-bce, stages: [0]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// No mixing, and binary cross-entropy on the softmax: the official `vanilla`.
    Bce {},
    /// Manifold mixup with the same loss; with stage 0 alone the official `mixup`.
    ManifoldBce(ManifoldBce),
}

parameters!(
    /// Parameters of [`Method::ManifoldBce`].
    ManifoldBce {
        /// lambda ~ Beta(alpha, alpha), one per batch; 1 for the official `mixup`, 0.2 for Tiny-ImageNet.
        alpha: Positive = positive(2.0),
        /// Stages of the network, one of which is drawn for each batch; 0 mixes the images.
        stages: Vec<usize> = vec![0, 1, 2],
    }
);

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["bce", "manifold-bce"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    fn check(&self, _: &ModelConfig) -> Result<(), String> {
        match self {
            Self::ManifoldBce(manifold) if manifold.stages.is_empty() => {
                Err("`stages` is empty: name at least one, `[0, 1, 2]` say".into())
            }
            _ => Ok(()),
        }
    }

    /// Streams read here, by `manifold-bce`: `lambda`, `pairs` and `stage`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::ManifoldBce(ManifoldBce { alpha, stages }) = self else {
            return bce_softmax(network.logits(batch.x)?, batch.targets);
        };
        let ratio = Ratio::Batch(Lambda::beta(*alpha)?.draw(step.streams.get("lambda")));
        let mixture = Mixture::permuted(batch.rows(), ratio, step.streams.get("pairs"))?;
        let stage = stages[step.streams.get("stage").random_range(0..stages.len())];
        bce_softmax(network.mixed_logits(batch.x, stage, &mixture)?, mixture.targets(batch.targets)?)
    }
}

#[cfg(test)]
mod tests;
