//! `train:` of an experiment's YAML.

use std::collections::BTreeMap;
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

impl Selection {
    /// What the selected epoch gave.
    pub fn of<'a, T>(self, best: &'a T, last: &'a T) -> &'a T {
        match self {
            Self::BestValidation => best,
            Self::Last => last,
        }
    }

    /// The selected epoch's metrics under their plain names, and those of both epochs under the
    /// suffixes `@best-validation` and `@last`.
    pub fn named(self, best: &BTreeMap<String, f64>, last: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
        let mut named = self.of(best, last).clone();
        for (metrics, suffix) in [(best, "@best-validation"), (last, "@last")] {
            named.extend(metrics.iter().map(|(name, value)| (format!("{name}{suffix}"), *value)));
        }
        named
    }
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
    /// See [`TrainConfig::schedule`].
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

impl TrainConfig {
    /// This configuration with what the override names replaced.
    pub fn with(mut self, change: &TrainOverride) -> Self {
        self.epochs = change.epochs.unwrap_or(self.epochs);
        self.batch = change.batch.unwrap_or(self.batch);
        if let Some(schedule) = &change.schedule {
            self.schedule = schedule.clone();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_epochs_are_named_and_one_is_selected() {
        let metrics = |rmse| BTreeMap::from([("rmse".to_owned(), rmse)]);
        let (best, last) = (metrics(1.0), metrics(2.0));
        for (selection, selected) in [(Selection::BestValidation, 1.0), (Selection::Last, 2.0)] {
            let named: Vec<_> = selection.named(&best, &last).into_iter().collect();
            let expected = [("rmse", selected), ("rmse@best-validation", 1.0), ("rmse@last", 2.0)];
            assert_eq!(named, expected.map(|(name, value)| (name.to_owned(), value)));
        }
    }
}
