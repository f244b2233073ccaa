//! The rows of the tables, and what a step of them computes.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    loss::soft_cross_entropy,
    nn::ModelConfig,
    train::{NoState, Step},
};
use mixup_routines::classification::{self, Baseline, Batch, Classifier, Mixup, Start};
use mixup_routines::{parameters, positive, unit};
use serde::{Deserialize, Serialize};

use crate::binary::{Targets, binary_cross_entropy_rows, scaled};
use crate::eta::{Eta, Scale, Side};
use crate::labels::MixedLabels;
use crate::loss::{FLOOR, decoupled_cross_entropy, official_order};

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

fn mixup() -> Baseline {
    Baseline::Mixup(Mixup::default())
}

parameters!(
    /// Parameters of [`Method::Mce`].
    Mce {
        /// What mixes: a baseline that mixes images.
        mixing: Baseline = mixup(),
        /// Factor of the loss.
        weight: Positive = positive(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::Dm`]; the defaults are the base configuration of the official code for CIFAR.
    Dm {
        /// What mixes: a baseline that mixes images.
        mixing: Baseline = mixup(),
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
        mixing: Baseline = mixup(),
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
    /// By the order of the classes in the first mixed row, for the whole batch ([`official_order`]); no term at
    /// lambda 1/2, or within a thousandth of 0 and 1: the official code.
    #[default]
    Official,
    /// Each term its own: what the paper means.
    Class,
}

impl Method {
    fn mixing(&self) -> &Baseline {
        match self {
            Self::Mce(mce) => &mce.mixing,
            Self::Dm(dm) => &dm.mixing,
            Self::DmBce(bce) => &bce.mixing,
        }
    }
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["mce", "dm", "dm-bce"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    fn check(&self, _: &ModelConfig) -> Result<(), String> {
        match self.mixing() {
            Baseline::Mixup(Mixup { until: None, label_alpha: None, .. }) => {}
            Baseline::Mixing(_) | Baseline::Alternate(_) => self.mixing().check()?,
            _ => {
                return Err(
                    "`mixing` must mix all images, and labels by the same shares: `{kind: mixup}`, say"
                        .into(),
                );
            }
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
        let mixture = self.mixing().mixture(&batch.x, step)?.ok_or_else(|| {
            CoreError::Invalid(format!("`mixing`: {:?} mixes no images, or not always", self.mixing()))
        })?;
        let labels = MixedLabels::mixed(&mixture, batch.targets)?;
        let logits = network.logits(mixture.inputs(batch.x)?)?;
        match self {
            Self::Mce(mce) => Ok(soft_cross_entropy(logits, labels.soft())?.mul_scalar(mce.weight.get())),
            Self::Dm(dm) => dm.loss(logits, &labels),
            Self::DmBce(bce) => bce.loss(logits, &labels),
        }
    }
}

impl Dm {
    /// How its terms are weighed.
    pub fn weighing(&self) -> Eta {
        Eta { eta: self.eta, side: self.side, scale: self.scale }
    }

    /// The weights of both terms in every row.
    ///
    /// # Errors
    /// A lambda for each row, which the official pairing does not have.
    pub fn etas(&self, labels: &MixedLabels) -> Result<Vec<Vec<f64>>, CoreError> {
        let [lambdas, others] = labels.shares() else {
            return Err(CoreError::Invalid("a mixture of more than two points".into()));
        };
        let weights: Vec<[f64; 2]> = lambdas.iter().map(|&lambda| self.weighing().weights(lambda)).collect();
        let weights = match self.pairing {
            Pairing::Class => weights,
            Pairing::Official => {
                if lambdas.iter().any(|lambda| lambda != &lambdas[0]) {
                    let message = "the official pairing has one lambda for a batch; use `pairing: class`";
                    return Err(CoreError::Invalid(message.into()));
                }
                let order = official_order(&labels.classes()?, &[lambdas[0], others[0]], &weights[0], FLOOR)?;
                let weights = order.map_or([0.0; 2], |etas| [etas[0], etas[1]]);
                vec![weights; lambdas.len()]
            }
        };
        Ok([0, 1].map(|point| weights.iter().map(|row| row[point]).collect()).into())
    }

    /// The loss of mixed samples, `[1]`.
    ///
    /// # Errors
    /// As [`Self::etas`], and shapes that do not agree.
    pub fn loss(&self, logits: Tensor<2>, labels: &MixedLabels) -> Result<Tensor<1>, CoreError> {
        let etas = self.etas(labels)?;
        decoupled_cross_entropy(logits, labels, &etas)
    }
}

impl DmBce {
    /// Targets of mixed samples, `[batch, classes]`; see [`Targets::of`] for `scaled`.
    ///
    /// # Errors
    /// As [`Targets::of`].
    pub fn targets(&self, labels: &MixedLabels, scaled_points: &[bool]) -> Result<Tensor<2>, CoreError> {
        Ok(scaled(self.targets.of(labels, scaled_points)?, self.target_scale))
    }

    /// The loss of mixed samples, `[1]`: the sum over classes, the mean over rows.
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(&self, logits: Tensor<2>, labels: &MixedLabels) -> Result<Tensor<1>, CoreError> {
        Ok(binary_cross_entropy_rows(logits, self.targets(labels, &[])?, self.negatives)?.mean())
    }
}

#[cfg(test)]
mod tests;
