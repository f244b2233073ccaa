//! d-Mixup: training on convex combinations of several samples.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    loss::soft_cross_entropy,
    mix::Blend,
    train::{NoState, Step},
};
use mixup_routines::{
    classification::{self, Batch, Classifier, Start},
    parameters, positive,
};
use serde::{Deserialize, Serialize};

/// The rows that this paper adds to the baselines, under `kind:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Cross-entropy of mixtures of several samples.
    DMixup(DMixup),
}

parameters!(
    /// Parameters of [`Method::DMixup`].
    DMixup {
        /// Samples in a mixture, `d + 1` of the paper: 1 is ERM, 2 mixup.
        points: NonZeroUsize = const { NonZeroUsize::new(2).unwrap() },
        /// Weights ~ Dirichlet(alpha, ..., alpha), drawn once per batch.
        alpha: Positive = positive(1.0),
    }
);

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["d-mixup"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    /// The samples themselves are never seen, only their mixtures.
    ///
    /// Streams read here: `lambda` and `pairs`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::DMixup(DMixup { points, alpha }) = self;
        let blend = Blend::draw(*points, *alpha, batch.rows(), step.streams)?;
        loss(network.logits(blend.of(batch.x)?)?, batch.targets, &blend)
    }
}

/// `sum_i w_i CE(z, y_i)` over the points of a blend. Cross-entropy is linear in its target, so that it is that of
/// the blended labels.
///
/// # Shapes
/// - `logits`: `[batch, classes]` of the blended inputs
/// - `targets`: `[batch, classes]`, the labels of the batch before it was blended
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that do not agree.
pub fn loss(logits: Tensor<2>, targets: Tensor<2>, blend: &Blend) -> Result<Tensor<1>, CoreError> {
    soft_cross_entropy(logits, blend.of(targets)?)
}
