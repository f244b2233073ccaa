//! `setting:` of a classification experiment.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::{
    augment::{AugmentConfig, Normalise},
    label_noise::LabelNoise,
    optim::OptimizerConfig,
    split::HoldOut,
    train::TrainConfig,
};
use serde::{Deserialize, Serialize};

use super::{Baseline, Complementary, Drawers, Teacher};

/// What an experiment says beside data, network and training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What is held out of the training images. Required where there are no drawers.
    #[serde(default)]
    pub hold_out: Option<HoldOut>,
    /// How labels of the training set are made wrong, before anything is held out of it: validation labels are
    /// as wrong as training labels, and test labels are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_noise: Option<LabelNoise>,
    /// Omniglot: whose drawings are in which part, instead of `hold_out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawers: Option<Drawers>,
    /// Only images of the first so many classes, or of so many characters by seed where there are drawers; all
    /// where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<NonZeroUsize>,
    /// What is done to training images at random.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// What images are centred and scaled by.
    #[serde(default)]
    pub normalise: Normalise,
    /// Pixels of a side that images are resized to; as they are where absent. Omniglot's drawings of 105 pixels
    /// are box-filtered to it, to 28 where absent. Photographs of any size are stretched to it; they need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<NonZeroUsize>,
    /// Samples per epoch, taken from the training images over and over, so that rows with training
    /// parts of several sizes have equally many steps; the size of the training part where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<NonZeroUsize>,
    /// An image set whose test images the network has to tell apart by its confidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ood: Option<String>,
    /// Mixtures of two test images whose classes the network has to find (the metric `top2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixtures: Option<NonZeroUsize>,
    /// So many classes, others for every seed, are in no part of the data; the network has to tell their test images
    /// from those of the classes that it knows (near or fine-grained out-of-distribution data). None where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<NonZeroUsize>,
    /// An image set whose images methods may see in training as outliers: neither the data nor `ood`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outliers: Option<String>,
    /// A set of weights that networks start from, `resnet50-imagenet`; drawn ones where absent. The layer that classifies is
    /// drawn in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_weights: Option<String>,
    /// A network that every method of a seed starts from, trained once; a fresh one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// Networks that methods learn from, by name; each is trained once per seed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub teachers: BTreeMap<String, Teacher>,
    /// How many of the last epochs' networks are tested for the median of their accuracies, as OpenMixup reports it;
    /// only the last one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_epochs: Option<NonZeroUsize>,
    /// Whether runs keep a picture of what their method does to two training images.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub picture: bool,
    /// Training sees a class that an image does not belong to instead of its own; the true one where
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complementary: Option<Complementary>,
}

/// How the network is trained that all methods start from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// By what; cross-entropy where absent.
    #[serde(default = "cross_entropy")]
    pub method: Baseline,
    /// For how long.
    pub train: TrainConfig,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerConfig>,
}

impl Setting {
    /// That of a stage: what is measured of a run, what methods see beside the data and what it starts from is
    /// none of its business.
    pub(super) fn of_stage(&self) -> Self {
        Self {
            base: None,
            ood: None,
            outliers: None,
            teachers: BTreeMap::new(),
            last_epochs: None,
            mixtures: None,
            picture: false,
            ..self.clone()
        }
    }
}

pub(super) fn cross_entropy() -> Baseline {
    Baseline::Ce {}
}
