//! `methods:` and `setting:` of the experiment.

use std::num::NonZeroUsize;

use mixup_core::{
    augment::{AugmentConfig, Normalise},
    checked::{Positive, UnitInterval},
    shift::{Corruption, Severity},
    split::HoldOut,
};
use mixup_paper::RunSpec;
use mixup_routines::classification::{self, Baseline, NoOwn, Row};
use mixup_routines::{parameters, positive, size, unit};
use serde::{Deserialize, Serialize};

use super::Spec;
use crate::{layer::momentum, network::Norm};

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// The training of the source network: the stage that all others share.
    Train {},
    /// Source statistics: nothing adapts.
    Source {},
    /// The batch's own statistics (TBN).
    Tbn(Tbn),
    /// Source statistics with a share of the batch's.
    AlphaBn(AlphaBn),
    /// Un-mixed statistics.
    Unmix(Unmixed),
}

parameters!(
    /// Parameters of [`Method::Tbn`].
    Tbn {
        /// Entropy is minimised on the way; not where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        tent: Option<Tent> = None,
    }
);
parameters!(
    /// Parameters of [`Method::AlphaBn`].
    AlphaBn {
        /// Share of the batch's statistics.
        alpha: UnitInterval = unit(0.1),
    }
);
parameters!(
    /// Parameters of [`Method::Unmix`]; defaults are those for CIFAR-10-C.
    Unmixed {
        /// K.
        components: NonZeroUsize = size(16),
        /// Momentum of the batch norms that are replaced.
        momentum: UnitInterval = unit(0.1),
        /// Batch for which that momentum is the components'.
        largest: NonZeroUsize = size(64),
        /// Temperature of the similarities.
        temperature: Positive = positive(0.07),
        /// Entropy is minimised on the way; not where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        tent: Option<Tent> = None,
    }
);

/// TENT (Wang et al. 2021): one step of Adam on scales and shifts per batch, towards a lower mean entropy. What is said of
/// a batch is said before its step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tent {
    /// Learning rate.
    pub lr: Positive,
}

impl Method {
    /// How layers normalise batches of a stream.
    pub(super) fn norm(&self, stream: &Stream) -> Norm {
        match self {
            Self::Train {} | Self::Source {} => Norm::Source,
            Self::Tbn(_) => Norm::Batch,
            Self::AlphaBn(AlphaBn { alpha }) => Norm::Blend(*alpha),
            Self::Unmix(unmixed) => Norm::Unmix {
                components: unmixed.components,
                momentum: momentum(unmixed.momentum, stream.batch.get(), unmixed.largest.get()),
                temperature: unmixed.temperature,
            },
        }
    }

    /// Whether entropy is minimised.
    pub(super) fn tent(&self) -> Option<Tent> {
        match self {
            Self::Tbn(Tbn { tent }) | Self::Unmix(Unmixed { tent, .. }) => *tent,
            Self::Train {} | Self::Source {} | Self::AlphaBn(_) => None,
        }
    }
}

/// How test images come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Images at a time; a last smaller batch counts too.
    pub batch: NonZeroUsize,
    /// Of the Dirichlet distribution that makes labels correlated; the smaller, the fewer classes at a time.
    pub concentration: Positive,
    /// Whether everything goes on from one corruption to the next; it begins anew with each where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continual: bool,
}

/// What an experiment says beside data, network and the source network's training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What is held out of the training images. Required.
    #[serde(default)]
    pub hold_out: Option<HoldOut>,
    /// Pixels of a side that images are resized to; as they are where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<NonZeroUsize>,
    /// What is done to training images at random.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// What is done to test images, one after the other. Required where there is no `corrupted`, but by the stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corruptions: Vec<Corruption>,
    /// Test images that others have corrupted, instead of `corruptions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupted: Option<Corrupted>,
    /// What images are centred and scaled by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub normalise: Normalise,
    /// How they come. Required, but by the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
}

/// Test images of a set like CIFAR-10-C: all fifteen corruptions, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrupted {
    /// `cifar-10-c` or `cifar-100-c`: of the same test images as the data.
    pub data: String,
    /// How strong.
    pub severity: Severity,
}

fn is_default(normalise: &Normalise) -> bool {
    *normalise == Normalise::default()
}

impl Setting {
    /// What the stage reads.
    pub(super) fn of_stage(&self) -> Self {
        Self { corruptions: Vec::new(), corrupted: None, stream: None, ..self.clone() }
    }
}

/// The training of the source network as a run of the classification routine, which says what is missing.
pub(super) fn training(spec: &Spec) -> classification::Spec<NoOwn> {
    let setting = classification::Setting {
        hold_out: spec.setting.hold_out,
        resize: spec.setting.resize,
        augment: spec.setting.augment,
        normalise: spec.setting.normalise.clone(),
        ..classification::Setting::default()
    };
    let training = spec.clone().with(Row::baseline(Baseline::Ce {}), setting);
    RunSpec { metrics: Vec::new(), ..training }
}
