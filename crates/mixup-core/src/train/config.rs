//! `train:` of an experiment's YAML.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::optim::Schedule;

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
    /// When the order of the training samples changes.
    #[serde(default)]
    pub shuffle: Shuffle,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
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

/// When the order of the training samples changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shuffle {
    /// A new order every epoch.
    #[default]
    EveryEpoch,
    /// One random order, kept for all epochs.
    Once,
}

/// The part of [`TrainConfig`] that a profile may change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainOverride {
    /// See [`TrainConfig::epochs`].
    #[serde(default)]
    pub epochs: Option<NonZeroUsize>,
    /// See [`TrainConfig::batch`].
    #[serde(default)]
    pub batch: Option<NonZeroUsize>,
}

impl TrainConfig {
    /// This configuration with what the override names replaced.
    pub fn with(mut self, change: &TrainOverride) -> Self {
        self.epochs = change.epochs.unwrap_or(self.epochs);
        self.batch = change.batch.unwrap_or(self.batch);
        self
    }
}
