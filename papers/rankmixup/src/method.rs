//! The rows that RankMixup's tables have beyond the baselines of the routine, and what a step of them
//! computes. Defaults are those of the official configurations for CIFAR.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::{Regularized, soft_cross_entropy},
    mix::{Copies, Lambda},
    tensor::column,
    train::{NoState, Step},
};
use mixup_routines::classification::{self, Batch, Classifier, Start};
use mixup_routines::{non_negative, parameters, positive};
use serde::{Deserialize, Serialize};

use crate::loss::{Masking, RankingLoss, Ratio, Score, largest_target, mndcg_loss, ranking_loss};

/// `{kind: mrl, margin: 1.0}` or `{kind: m-ndcg, copies: 5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// RankMixup with the ranking loss of one mixed copy.
    Mrl(Mrl),
    /// RankMixup with the order of several mixed copies.
    MNdcg(Mndcg),
}

parameters!(
    /// Parameters of [`Method::Mrl`].
    Mrl {
        /// lambda ~ Beta(alpha, alpha), one per batch; 1 for Tiny-ImageNet.
        alpha: Positive = positive(2.0),
        /// Weight of the ranking loss.
        weight: NonNegative = non_negative(0.1),
        /// By how much the raw sample should be more confident; 1 for Tiny-ImageNet.
        margin: NonNegative = non_negative(2.0),
        /// What counts as confidence.
        score: Score = Score::default(),
        /// What becomes of pairs that have no order.
        masking: Masking = Masking::default(),
    }
);
parameters!(
    /// Parameters of [`Method::MNdcg`].
    Mndcg {
        /// lambda ~ Beta(alpha, alpha), one per copy; 1 for Tiny-ImageNet.
        alpha: Positive = positive(2.0),
        /// Weight of the ranking loss.
        weight: NonNegative = non_negative(0.1),
        /// Mixed copies of each batch.
        copies: NonZeroUsize = const { NonZeroUsize::new(3).unwrap() },
        /// What orders the copies.
        relevance: Relevance = Relevance::default(),
        /// How the gains are compared.
        ratio: Ratio = Ratio::default(),
    }
);

/// What orders mixed copies in M-NDCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relevance {
    /// The largest target, `max(lambda, 1 - lambda)` or 1 within a class: the official code.
    #[default]
    LargestTarget,
    /// The own sample's share, lambda: the paper.
    Lambda,
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["mrl", "m-ndcg"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    /// Raw samples pass through the network first, then all mixed copies in one pass, so that batch
    /// normalisation sees them apart as in the official code. Nothing is detached.
    ///
    /// Streams read here: `lambda` and `pairs`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let (alpha, copies) = match self {
            Self::Mrl(mrl) => (mrl.alpha, NonZeroUsize::MIN),
            Self::MNdcg(mndcg) => (mndcg.alpha, mndcg.copies),
        };
        let copies = Copies::draw(copies, batch.rows(), &Lambda::beta(alpha)?, step.streams)?;
        let (inputs, targets) = (copies.inputs(batch.x.clone())?, copies.targets(batch.targets.clone())?);
        let raw = Batch { x: network.logits(batch.x)?, targets: batch.targets };
        let mixed = Batch { x: network.logits(inputs)?, targets };
        Ok(match self {
            Self::Mrl(mrl) => mrl.loss(raw, mixed)?.total(),
            Self::MNdcg(mndcg) => {
                let lambdas = copies.0.iter().map(|copy| Ok(copy.shares()?[0]));
                let lambdas: Vec<f64> = lambdas.collect::<Result<_, CoreError>>()?;
                let relevance = mndcg.relevance(mixed.targets, &lambdas)?;
                mndcg.loss(raw, mixed.x, relevance)?.total()
            }
        })
    }
}

impl Mrl {
    /// The ranking loss with these parameters.
    pub fn ranking(&self) -> RankingLoss {
        RankingLoss { margin: self.margin, score: self.score, masking: self.masking }
    }

    /// Cross-entropy of the raw samples and [`ranking_loss`] (eq. of the total loss, section 3.2).
    /// The mixed samples have no cross-entropy.
    ///
    /// # Shapes
    /// - `raw`, `mixed`: logits and targets, `[batch, classes]`
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(&self, raw: Batch<2>, mixed: Batch<2>) -> Result<Regularized, CoreError> {
        Ok(Regularized {
            cross_entropy: soft_cross_entropy(raw.x.clone(), raw.targets)?,
            penalty: ranking_loss(raw.x, mixed.x, mixed.targets, self.ranking())?,
            weight: self.weight,
        })
    }
}

impl Mndcg {
    /// Cross-entropy of the raw samples and [`mndcg_loss`] (eq. of the total loss, section 3.3). The
    /// mixed samples have no cross-entropy.
    ///
    /// # Shapes
    /// - `raw`: logits and targets, `[batch, classes]`
    /// - `mixed`: logits `[copies * batch, classes]`, all of copy 0 first
    /// - `relevance`: `[copies, batch]`, see [`Self::relevance`]
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(
        &self,
        raw: Batch<2>,
        mixed: Tensor<2>,
        relevance: Tensor<2>,
    ) -> Result<Regularized, CoreError> {
        Ok(Regularized {
            cross_entropy: soft_cross_entropy(raw.x.clone(), raw.targets)?,
            penalty: mndcg_loss(raw.x, mixed, relevance, self.ratio)?,
            weight: self.weight,
        })
    }

    /// What orders mixed copies, `[copies, batch]`.
    ///
    /// # Shapes
    /// - `targets`: mixed labels, `[copies * batch, classes]`, all of copy 0 first
    /// - `lambdas`: one per copy
    ///
    /// # Errors
    /// Rows that are not whole copies of a batch.
    pub fn relevance(&self, targets: Tensor<2>, lambdas: &[f64]) -> Result<Tensor<2>, CoreError> {
        let largest = largest_target(targets, lambdas.len())?;
        Ok(match self.relevance {
            Relevance::LargestTarget => largest,
            Relevance::Lambda => {
                let shape = largest.dims();
                column(lambdas, &largest).expand(shape)
            }
        })
    }
}

#[cfg(test)]
mod tests;
