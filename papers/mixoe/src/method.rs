//! The rows that MixOE's tables have beyond plain cross-entropy, and what a step of them computes.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    image::rotations,
    loss::{Regularized, energy_exposure, outlier_exposure},
    mix::{Lambda, Mixture, Ratio, Window, centre},
    nn::ImageNetwork,
    stream::Streams,
    train::{NoState, Step},
};
use mixup_routines::classification::{self, Batch, Classifier, Start};
use mixup_routines::{non_negative, parameters, positive};
use serde::{Deserialize, Serialize};

use crate::loss::{TURNS, mixoe_loss, rotation_loss};

/// `{kind: mixoe, mixing: cutmix}`, `{kind: oe}` ...
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Mixtures of samples and outliers.
    Mixoe(Mixoe),
    /// Outlier exposure (OE).
    Oe(Oe),
    /// Outlier exposure by energy.
    EnergyOe(EnergyOe),
    /// Prediction of rotations; needs no outliers.
    Rotation(Rotation),
}

/// How a sample and an outlier are mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mixing {
    /// `lambda x + (1 - lambda) o`.
    #[default]
    Linear,
    /// A box of the outlier, the same for the whole batch, in the image.
    Cutmix,
}

parameters!(
    /// Parameters of [`Method::Mixoe`]; those of the authors' script for cars, which has alpha 2 for CutMix.
    Mixoe {
        /// How.
        mixing: Mixing = Mixing::default(),
        /// lambda ~ Beta(alpha, alpha), one per batch.
        alpha: Positive = positive(1.0),
        /// Weight of the mixtures' cross-entropy; that of the samples has 1.
        weight: NonNegative = non_negative(5.0),
    }
);
parameters!(
    /// Parameters of [`Method::Oe`].
    Oe {
        /// Weight of the outliers' term.
        weight: NonNegative = non_negative(1.0),
    }
);
parameters!(
    /// Parameters of [`Method::EnergyOe`]; those of the authors' script for cars.
    EnergyOe {
        /// Weight of both terms.
        weight: NonNegative = non_negative(0.1),
        /// Energy above which samples are pulled down.
        inside: f64 = -13.0,
        /// Energy below which outliers are pushed up.
        outside: f64 = -6.0,
    }
);
parameters!(
    /// Parameters of [`Method::Rotation`].
    Rotation {
        /// Weight of the rotations' cross-entropy.
        weight: NonNegative = non_negative(1.0),
    }
);

impl Mixoe {
    /// A mixture of `rows` samples with as many outliers that joined the batch: one lambda and, for CutMix, one box.
    ///
    /// Streams read here: `lambda`, and `box` for CutMix.
    ///
    /// # Errors
    /// An alpha without a Beta distribution, or images without a pixel.
    pub fn draw(&self, rows: usize, size: [usize; 2], streams: &mut Streams) -> Result<Mixture, CoreError> {
        let lambda = Lambda::beta(self.alpha)?.draw(streams.get("lambda"));
        let ratio = match self.mixing {
            Mixing::Linear => Ratio::Batch(lambda),
            Mixing::Cutmix => {
                Ratio::Mask(Window::of_cutmix(lambda, centre(size, streams.get("box"))?, size).mask(size)?)
            }
        };
        Mixture::joined(rows, ratio)
    }

    /// The loss of a mixture: two passes through the network, samples first, mixtures after them, so that batch
    /// normalisation sees them apart. Nothing is detached.
    ///
    /// # Shapes
    /// - `outliers`: as many as the batch has samples
    ///
    /// # Errors
    /// Shapes that do not agree, or what the network refuses.
    pub fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        outliers: Tensor<4>,
        mixture: &Mixture,
    ) -> Result<Regularized, CoreError> {
        let shares = mixture.shares()?;
        let share = shares.first().copied().unwrap_or(1.0);
        let mixed = mixture.inputs(Tensor::cat(vec![batch.x.clone(), outliers], 0))?;
        let logits = network.logits(batch.x)?;
        mixoe_loss(logits, batch.targets, network.logits(mixed)?, share, self.weight)
    }
}

/// Logits of samples and outliers in one pass, as the code has it for all baselines with outliers.
fn beside(network: &dyn Classifier, x: Tensor<4>, outliers: Tensor<4>) -> Result<[Tensor<2>; 2], CoreError> {
    let rows = x.dims()[0];
    let logits = network.logits(Tensor::cat(vec![x, outliers], 0))?;
    let all = logits.dims()[0];
    Ok([logits.clone().slice_dim(0, 0..rows), logits.slice_dim(0, rows..all)])
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["mixoe", "oe", "energy-oe", "rotation"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    /// As many outliers as samples to mix with, twice as many to be exposed to.
    fn outliers(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Mixoe(_) => Some(NonZeroUsize::MIN),
            Self::Oe(_) | Self::EnergyOe(_) => Some(const { NonZeroUsize::new(2).unwrap() }),
            Self::Rotation(_) => None,
        }
    }

    /// Streams read here: those of [`Mixoe::draw`], by rows that mix.
    fn loss_beside(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        outliers: Tensor<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let loss = match self {
            Self::Mixoe(mixoe) => {
                let [rows, _, height, width] = batch.x.dims();
                let mixture = mixoe.draw(rows, [height, width], step.streams)?;
                mixoe.loss(network, batch, outliers, &mixture)?
            }
            Self::Oe(Oe { weight }) => {
                let [logits, others] = beside(network, batch.x, outliers)?;
                outlier_exposure(logits, batch.targets, others, *weight)?
            }
            Self::EnergyOe(EnergyOe { weight, inside, outside }) => {
                let [logits, others] = beside(network, batch.x, outliers)?;
                energy_exposure(logits, batch.targets, others, [*inside, *outside], *weight)?
            }
            Self::Rotation(_) => return Err(CoreError::Invalid("rotations need no outliers".into())),
        };
        Ok(loss.total())
    }

    /// The rotations' outputs stand behind the classes: a second head on the same features.
    ///
    /// Streams read here: `rotation-head`.
    fn trained(&self, network: ImageNetwork, streams: &mut Streams) -> Result<ImageNetwork, CoreError> {
        match self {
            Self::Rotation(_) => {
                let device = network.head.weight.val().device();
                let head = network.backbone.new_head(TURNS, streams.get("rotation-head"), &device);
                Ok(network.with_further(head))
            }
            _ => Ok(network),
        }
    }

    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        _: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::Rotation(Rotation { weight }) = self else {
            return Err(CoreError::Invalid("this method needs outliers".into()));
        };
        let (rows, classes) = (batch.rows(), batch.targets.dims()[1]);
        let outputs = network.logits(rotations(batch.x)?)?;
        let logits = outputs.clone().slice_dim(0, 0..rows).slice_dim(1, 0..classes);
        let turns = outputs.slice_dim(1, classes..classes + TURNS);
        Ok(rotation_loss(logits, batch.targets, turns, *weight)?.total())
    }
}

#[cfg(test)]
mod tests;
