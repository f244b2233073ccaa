//! The row of the networks' table that the shared baselines do not have.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    loss::mse,
    mix::{Lambda, Mixture, Ratio},
    train::{NoState, Step},
};
use mixup_routines::classification::{self, Batch, Classifier, Start};
use mixup_routines::{parameters, positive};
use serde::{Deserialize, Serialize};

/// `{kind: mixup-mse}`; cross-entropy is [`Baseline::Mixup`](classification::Baseline::Mixup).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Mixup with squared error.
    MixupMse(MixupMse),
}

parameters!(
    /// Parameters of [`Method::MixupMse`].
    MixupMse {
        /// lambda ~ Beta(alpha, alpha), one per batch.
        alpha: Positive = positive(1.0),
    }
);

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["mixup-mse"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    /// `1/2 |W h - t|^2`, mean over the batch.
    ///
    /// Streams read here: `lambda` and `pairs`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::MixupMse(MixupMse { alpha }) = self;
        let ratio = Ratio::Batch(Lambda::beta(*alpha)?.draw(step.streams.get("lambda")));
        let mixture = Mixture::permuted(batch.rows(), ratio, step.streams.get("pairs"))?;
        let classes = batch.targets.dims()[1] as f64;
        let logits = network.logits(mixture.inputs(batch.x)?)?;
        Ok(mse(logits, mixture.targets(batch.targets)?)?.mul_scalar(classes / 2.0))
    }
}
