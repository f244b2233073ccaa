//! The baselines that several papers' tables share.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive, UnitInterval},
    loss::{
        Regularized, brier, confidence_penalty, focal, focal_sample_dependent, label_smoothing, logit_margin,
        mmce, soft_cross_entropy,
    },
    mix::{Lambda, Mixture, Ratio},
    train::Step,
};
use rand::RngExt;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::method::unknown_kind;
use super::{Batch, Classifier, ImageMixing};
use crate::{non_negative, parameters, positive, unit};

/// `{kind: ce}`, `{kind: mixup, alpha: 0.2}` ... Defaults are those of the papers that introduced the
/// methods, or of RankMixup's official configurations for CIFAR where these are the only ones at hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields, remote = "Self")]
pub enum Baseline {
    /// Cross-entropy.
    Ce {},
    /// Cross-entropy of mixed samples only (Zhang et al. 2018).
    Mixup(Mixup),
    /// Mixup of a hidden state (Verma et al. 2019).
    ManifoldMixup(ManifoldMixup),
    /// Label smoothing (LS).
    LabelSmoothing(LabelSmoothing),
    /// Focal loss (FL).
    Focal(Focal),
    /// Sample-dependent focal loss (FLSD-53).
    Flsd(Focal),
    /// Margin-based label smoothing (MbLS).
    Mbls(Mbls),
    /// Brier score.
    Brier {},
    /// Confidence penalty (ECP).
    Ecp(Ecp),
    /// Cross-entropy with the maximum mean calibration error.
    Mmce(Mmce),
    /// Cross-entropy of raw samples plus that of mixed ones (Pinto et al. 2022).
    Regmixup(Regmixup),
    /// Several baselines by turns, a step each (MixUp and FMix in Harris et al. 2020).
    Alternate(Alternate),
    /// Images mixed by a box or a mask: `{kind: cutmix}` ...
    #[serde(skip)]
    Mixing(ImageMixing),
}

/// By hand: what mixes images has a list of its own.
impl<'de> Deserialize<'de> for Baseline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Map::deserialize(deserializer)?;
        let kind = row.get("kind").and_then(Value::as_str).unwrap_or_default();
        let read = match kind {
            kind if ImageMixing::KINDS.contains(&kind) => {
                serde_json::from_value(Value::Object(row)).map(Self::Mixing)
            }
            kind if row.contains_key("kind") && !Self::KINDS.contains(&kind) => {
                return Err(D::Error::custom(unknown_kind(kind, Self::KINDS)));
            }
            _ => Self::deserialize(Value::Object(row)),
        };
        read.map_err(D::Error::custom)
    }
}

impl Serialize for Baseline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mixing(mixing) => mixing.serialize(serializer),
            other => Self::serialize(other, serializer),
        }
    }
}

parameters!(
    /// Parameters of [`Baseline::Alternate`].
    Alternate {
        /// What takes turns; at least one.
        of: Vec<Baseline> = vec![Baseline::Mixup(Mixup::default()), Baseline::Ce {}],
    }
);
parameters!(
    /// Parameters of [`Baseline::Mixup`].
    Mixup {
        /// lambda ~ Beta(alpha, alpha), one per batch; 1 as in Zhang et al. 2018.
        alpha: Positive = positive(1.0),
        /// Share of the training after which mixing stops and raw samples are trained on; never where absent
        /// (early-stopped mixup, Zou et al. 2023).
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<UnitInterval> = None,
        /// Labels are mixed by a lambda of their own from Beta(label_alpha, label_alpha), on the same side of
        /// 1/2 as that of the inputs; by that of the inputs where absent (Zou et al. 2023).
        #[serde(skip_serializing_if = "Option::is_none")]
        label_alpha: Option<Positive> = None,
    }
);
parameters!(
    /// Parameters of [`Baseline::ManifoldMixup`].
    ManifoldMixup {
        /// lambda ~ Beta(alpha, alpha), one per batch; 2 as in Verma et al. 2019.
        alpha: Positive = positive(2.0),
        /// Stages of the network, one of which is drawn for each batch; 0 mixes the images.
        stages: Vec<usize> = vec![0, 1, 2],
    }
);
parameters!(
    /// Parameters of [`Baseline::LabelSmoothing`].
    LabelSmoothing {
        /// Share of the uniform distribution in the target.
        smoothing: UnitInterval = unit(0.2),
    }
);
parameters!(
    /// Parameters of [`Baseline::Focal`] and [`Baseline::Flsd`].
    Focal {
        /// Power of `1 - p`; for FLSD that of samples with `p >= 0.5`.
        gamma: NonNegative = non_negative(3.0),
    }
);
parameters!(
    /// Parameters of [`Baseline::Mbls`].
    Mbls {
        /// Distance from the largest logit from which on a logit is penalised.
        margin: NonNegative = non_negative(6.0),
        /// Weight of the penalty.
        weight: NonNegative = non_negative(0.1),
    }
);
parameters!(
    /// Parameters of [`Baseline::Ecp`].
    Ecp {
        /// Weight of the entropy.
        weight: NonNegative = non_negative(0.1),
    }
);
parameters!(
    /// Parameters of [`Baseline::Mmce`].
    Mmce {
        /// Weight of the calibration error.
        weight: NonNegative = non_negative(1.0),
    }
);
parameters!(
    /// Parameters of [`Baseline::Regmixup`]: RegMixup's own as commonly cited, not verified.
    Regmixup {
        /// lambda ~ Beta(alpha, alpha), one per batch.
        alpha: Positive = positive(10.0),
        /// Weight of the mixed samples' cross-entropy.
        weight: NonNegative = non_negative(1.0),
    }
);

impl Baseline {
    /// Every `kind:` of it.
    pub const KINDS: &'static [&'static str] = &[
        "ce",
        "mixup",
        "manifold-mixup",
        "label-smoothing",
        "focal",
        "flsd",
        "mbls",
        "brier",
        "ecp",
        "mmce",
        "regmixup",
        "alternate",
        "cutmix",
        "resizemix",
        "smoothmix",
        "gridmix",
        "fmix",
        "saliencymix",
    ];

    /// What is wrong with it for a network of so many stages.
    ///
    /// # Errors
    /// The message for the user.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::ManifoldMixup(manifold) if manifold.stages.is_empty() => {
                Err("`stages` is empty: name at least one, `[0, 1, 2]` say".into())
            }
            Self::Alternate(Alternate { of }) if of.is_empty() => {
                Err("`of` is empty: name what takes turns, `[{kind: mixup}, {kind: cutmix}]` say".into())
            }
            Self::Alternate(Alternate { of }) => of.iter().try_for_each(Self::check),
            Self::Mixing(mixing) => mixing.check(),
            _ => Ok(()),
        }
    }

    /// The mixture of a step's images, for a baseline that mixes images and trains on nothing else; `None` of
    /// others, and of one that has stopped mixing.
    ///
    /// Streams read here: those of [`Self::loss`].
    ///
    /// # Errors
    /// As [`Self::loss`].
    pub fn mixture(&self, x: &Tensor<4>, step: &mut Step<'_>) -> Result<Option<Mixture>, CoreError> {
        match self {
            Self::Mixup(mixup) => Ok(mixup.draw(x.dims()[0], step)?.map(|[inputs, _]| inputs)),
            Self::Mixing(mixing) => mixing.draw(x, step.streams).map(Some),
            Self::Alternate(alternate) => alternate.turn(step)?.mixture(x, step),
            _ => Ok(None),
        }
    }

    /// Loss of one training step, `[1]`.
    ///
    /// Raw and mixed samples go through the network in calls of their own, the raw ones first, so that
    /// batch normalisation sees them apart. Nothing is detached.
    ///
    /// Streams read here: `lambda`, `label-lambda`, `pairs`, `stage` and those of [`ImageMixing::draw`], by methods
    /// that mix.
    ///
    /// # Errors
    /// Shapes that do not agree, an alpha without a Beta distribution, or what the network refuses.
    pub fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let forward = |x| network.logits(x);
        match self {
            Self::Ce {} => soft_cross_entropy(forward(batch.x)?, batch.targets),
            Self::LabelSmoothing(ls) => label_smoothing(forward(batch.x)?, batch.targets, ls.smoothing),
            Self::Focal(fl) => focal(forward(batch.x)?, batch.targets, fl.gamma),
            Self::Flsd(flsd) => focal_sample_dependent(forward(batch.x)?, batch.targets, flsd.gamma),
            Self::Mbls(mbls) => {
                Ok(logit_margin(forward(batch.x)?, batch.targets, mbls.margin, mbls.weight)?.total())
            }
            Self::Brier {} => brier(forward(batch.x)?, batch.targets),
            Self::Ecp(ecp) => Ok(confidence_penalty(forward(batch.x)?, batch.targets, ecp.weight)?.total()),
            Self::Mmce(config) => Ok(mmce(forward(batch.x)?, batch.targets, config.weight)?.total()),
            Self::Mixup(mixup) => match mixup.draw(batch.rows(), step)? {
                Some([inputs, labels]) => {
                    soft_cross_entropy(forward(inputs.inputs(batch.x)?)?, labels.targets(batch.targets)?)
                }
                None => soft_cross_entropy(forward(batch.x)?, batch.targets),
            },
            Self::ManifoldMixup(ManifoldMixup { alpha, stages }) => {
                let mixture = within_batch(*alpha, batch.rows(), step)?;
                let stage = stages[step.streams.get("stage").random_range(0..stages.len())];
                soft_cross_entropy(
                    network.mixed_logits(batch.x, stage, &mixture)?,
                    mixture.targets(batch.targets)?,
                )
            }
            Self::Regmixup(Regmixup { alpha, weight }) => {
                let mixture = within_batch(*alpha, batch.rows(), step)?;
                let mixed = mixture.inputs(batch.x.clone())?;
                let raw = soft_cross_entropy(forward(batch.x)?, batch.targets.clone())?;
                let penalty = soft_cross_entropy(forward(mixed)?, mixture.targets(batch.targets)?)?;
                Ok(Regularized { cross_entropy: raw, penalty, weight: *weight }.total())
            }
            Self::Alternate(alternate) => alternate.turn(step)?.loss(network, batch, step),
            Self::Mixing(mixing) => {
                let mixture = mixing.draw(&batch.x, step.streams)?;
                soft_cross_entropy(forward(mixture.inputs(batch.x)?)?, mixture.targets(batch.targets)?)
            }
        }
    }
}

impl Alternate {
    /// Whose turn this step is.
    fn turn(&self, step: &Step<'_>) -> Result<&Baseline, CoreError> {
        let turn = step.number().checked_rem(self.of.len()).and_then(|turn| self.of.get(turn));
        turn.ok_or_else(|| CoreError::Invalid("nothing takes turns".into()))
    }
}

impl Mixup {
    /// Mixtures of the inputs and of their labels, which have the same partners; none when mixing has
    /// stopped.
    ///
    /// Streams read here: `lambda`, `pairs` and `label-lambda`.
    fn draw(&self, rows: usize, step: &mut Step<'_>) -> Result<Option<[Mixture; 2]>, CoreError> {
        if self.until.is_some_and(|share| !step.is_within(share)) {
            return Ok(None);
        }
        let inputs = within_batch(self.alpha, rows, step)?;
        let labels = match self.label_alpha {
            None => inputs.clone(),
            Some(alpha) => {
                let own = Lambda::beta(alpha)?.draw(step.streams.get("label-lambda"));
                let shares = inputs.shares()?;
                let label = shares.first().map_or(own, |&lambda| on_the_side_of(lambda, own));
                inputs.with_ratio(Ratio::Batch(label))?
            }
        };
        Ok(Some([inputs, labels]))
    }
}

/// `own` or `1 - own`, whichever favours the sample that `lambda` favours.
fn on_the_side_of(lambda: f64, own: f64) -> f64 {
    if lambda < 0.5 { own.min(1.0 - own) } else { own.max(1.0 - own) }
}

/// One lambda for the batch and a permutation of its rows.
///
/// Streams read here: `lambda` and `pairs`.
fn within_batch(alpha: Positive, rows: usize, step: &mut Step<'_>) -> Result<Mixture, CoreError> {
    let ratio = Ratio::Batch(Lambda::beta(alpha)?.draw(step.streams.get("lambda")));
    Mixture::permuted(rows, ratio, step.streams.get("pairs"))
}

#[cfg(test)]
mod tests;
