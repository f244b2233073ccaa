//! `setting:` of a metric-learning experiment.

use std::num::NonZeroUsize;

use mixup_core::augment::{AugmentConfig, Normalise};
use serde::{Deserialize, Serialize};

use crate::{parameters, size};

parameters!(
    /// What an experiment says beside data, network and training.
    Setting {
        /// Groups of classes that are trained on, of those that the data have: alphabets of Omniglot, classes of
        /// other sets. The rest is tested on, so that no test class was seen.
        train_groups: NonZeroUsize = size(4),
        /// Which groups these are.
        order: Order = Order::default(),
        /// Pixels of a side that images are resized to; of photographs, that the square in their middle is resized to.
        side: NonZeroUsize = size(28),
        /// Samples of a class in a batch; it divides the batch.
        per_class: NonZeroUsize = size(5),
        /// Dimensions of an embedding.
        dimensions: NonZeroUsize = size(64),
        /// What is done to training images at random.
        augment: AugmentConfig = AugmentConfig::default(),
        /// What images are centred and scaled by.
        normalise: Normalise = Normalise::default(),
        /// A set of weights that the backbone starts from, `resnet50-imagenet`; drawn ones where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_weights: Option<String> = None,
        /// Images of each test class in the course of Recall@1 over the epochs.
        course: NonZeroUsize = size(4),
    }
);

/// Which groups of classes are trained on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Random ones, others for each seed.
    #[default]
    Random,
    /// The first, as CUB-200-2011 and Cars196 are split. Of photographs with a split of their authors without a common class,
    /// all that it trains on.
    Given,
}
