//! The rows of the tables, and what a step of them computes.

use burn::tensor::Tensor;
use mixup_core::CoreError;
use mixup_core::checked::{Positive, UnitInterval};
use mixup_core::loss::{scaled_targets, sigmoid_cross_entropy_rows, soft_cross_entropy};
use mixup_core::mix::MixedLabels;
use mixup_core::nn::ModelConfig;
use mixup_core::train::{NoState, Step};
use mixup_routines::classification::{self, Baseline, Batch, Classifier, Mixup, Start};
use mixup_routines::{parameters, positive, unit};
use serde::{Deserialize, Serialize};

use crate::loss::{FLOOR, decoupled_cross_entropy, official_etas};
use crate::shares::{Scale, Side, Targets};

/// `{kind: mce, weight: 2}`, `{kind: dm, mixing: {kind: cutmix}}` ...
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Cross-entropy of mixed samples, times a factor.
    Mce(Mce),
    /// The same with the decoupled regulariser, DM(CE).
    Dm(Dm),
    /// Binary cross-entropy of mixed samples, DM(BCE).
    DmBce(DmBce),
}

parameters!(
    /// Parameters of [`Method::Mce`].
    Mce {
        /// What mixes: a baseline that mixes images.
        mixing: Baseline = Baseline::Mixup(Mixup::default()),
        /// Factor of the loss.
        weight: Positive = positive(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::Dm`]; the defaults are the base configuration of the official code for CIFAR.
    Dm {
        /// What mixes: a baseline that mixes images.
        mixing: Baseline = Baseline::Mixup(Mixup::default()),
        /// Factor of the decoupled terms.
        eta: Positive = positive(0.1),
        /// Which of both count.
        side: Side = Side::default(),
        /// How the share of a class goes into its weight.
        scale: Scale = Scale::default(),
        /// Which term has which weight.
        pairing: Pairing = Pairing::default(),
    }
);
parameters!(
    /// Parameters of [`Method::DmBce`].
    DmBce {
        /// What mixes: a baseline that mixes images.
        mixing: Baseline = Baseline::Mixup(Mixup::default()),
        /// Targets of the sigmoids.
        targets: Targets = Targets::default(),
        /// Factor of the targets, which are then at most 1.
        target_scale: UnitInterval = unit(1.0),
        /// What classes that were not mixed count.
        negatives: UnitInterval = unit(1.0),
    }
);

/// Which decoupled term has the weight of which class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// By the order of the classes in the first mixed row, for the whole batch ([`official_etas`]); no term at
    /// lambda 1/2, or within a thousandth of 0 and 1: the official code.
    #[default]
    Official,
    /// Each term its own: what the paper means.
    Class,
}

impl Method {
    fn mixing(&self) -> &Baseline {
        let (Self::Mce(Mce { mixing, .. }) | Self::Dm(Dm { mixing, .. }) | Self::DmBce(DmBce { mixing, .. })) =
            self;
        mixing
    }
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["mce", "dm", "dm-bce"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    fn check(&self, _: &ModelConfig) -> Result<(), String> {
        let refusal = "`mixing` must mix all images, and labels by the same shares: `{kind: mixup}`, say";
        match self.mixing() {
            Baseline::Mixup(Mixup { until: None, label_alpha: None, .. }) => {}
            mixing @ (Baseline::Mixing(_) | Baseline::Alternate(_)) => mixing.check()?,
            _ => return Err(refusal.into()),
        }
        match self {
            Self::Dm(Dm { scale, .. }) => scale.check(),
            Self::DmBce(DmBce { targets: Targets::TwoHot(scale), .. }) => scale.check(),
            Self::Mce(_) | Self::DmBce(_) => Ok(()),
        }
    }

    /// Streams read here: those of the mixing.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let mixing = self.mixing();
        let refusal = || CoreError::Invalid(format!("`mixing`: {mixing:?} mixes no images, or not always"));
        let mixture = mixing.mixture(&batch.x, step)?.ok_or_else(refusal)?;
        let labels = MixedLabels::of(&mixture, batch.targets)?;
        let logits = network.logits(mixture.inputs(batch.x)?)?;
        match self {
            Self::Mce(mce) => Ok(soft_cross_entropy(logits, labels.soft())?.mul_scalar(mce.weight.get())),
            Self::Dm(dm) => dm.loss(logits, &labels),
            Self::DmBce(bce) => bce.loss(logits, &labels),
        }
    }
}

impl Dm {
    /// Weights of own and partner's term at a lambda, as the official head makes them; a share of 0 weighs nothing.
    pub fn weights(&self, lambda: f64) -> [f64; 2] {
        let weight = |share| if share > 0.0 { self.eta.get() * self.scale.of(share) } else { 0.0 };
        self.side.of(lambda).map(weight)
    }

    /// The weights of both terms in every row, for [`decoupled_cross_entropy`].
    ///
    /// # Errors
    /// A lambda for each row, which the official pairing does not have.
    pub fn etas(&self, labels: &MixedLabels) -> Result<Vec<Vec<f64>>, CoreError> {
        let weights: Vec<[f64; 2]> = labels.shares()[0].iter().map(|&lambda| self.weights(lambda)).collect();
        match (self.pairing, weights.first()) {
            (Pairing::Official, Some(first)) => official_etas(labels, first, FLOOR),
            _ => Ok([0, 1].map(|point| weights.iter().map(|row| row[point]).collect()).into()),
        }
    }

    /// The loss of mixed samples, `[1]`.
    ///
    /// # Errors
    /// As [`Self::etas`], and shapes that do not agree.
    pub fn loss(&self, logits: Tensor<2>, labels: &MixedLabels) -> Result<Tensor<1>, CoreError> {
        decoupled_cross_entropy(logits, labels, &self.etas(labels)?)
    }
}

impl DmBce {
    /// Targets of mixed samples, `[batch, classes]`; see [`Targets::of`] for `scaled`.
    pub fn targets(&self, labels: &MixedLabels, scaled: &[bool]) -> Tensor<2> {
        scaled_targets(self.targets.of(labels, scaled), self.target_scale)
    }

    /// The loss of mixed samples, `[1]`: the sum over classes, the mean over rows.
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(&self, logits: Tensor<2>, labels: &MixedLabels) -> Result<Tensor<1>, CoreError> {
        Ok(sigmoid_cross_entropy_rows(logits, self.targets(labels, &[]), self.negatives)?.mean())
    }
}

#[cfg(test)]
mod tests;
