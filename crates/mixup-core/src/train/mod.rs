//! The training loop that all papers share.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

/// How long and how a run is trained, as `train:` of an experiment's YAML says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training set.
    pub epochs: NonZeroUsize,
    /// Samples per step; the last partial batch of an epoch is dropped.
    pub batch: NonZeroUsize,
    /// Which epoch's weights are tested.
    pub select: Selection,
    /// Stop after this many epochs without a better validation loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<NonZeroUsize>,
}

/// Which epoch's weights a run is judged by. Both numbers are always recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The epoch with the lowest validation loss, the later of equals.
    BestValidation,
    /// The last epoch.
    Last,
}

/// The part of [`TrainConfig`] that a profile may change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainOverride {
    /// See [`TrainConfig::epochs`].
    pub epochs: Option<NonZeroUsize>,
    /// See [`TrainConfig::batch`].
    pub batch: Option<NonZeroUsize>,
}
