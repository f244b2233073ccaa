//! `setting:` of a contrastive experiment.

use std::num::NonZeroUsize;

use mixup_core::augment::{Normalise, ViewConfig};
use mixup_core::checked::{Positive, UnitInterval};
use serde::{Deserialize, Serialize};

use crate::regression::Counts;
use crate::{parameters, positive, size};

parameters!(
    /// What an experiment says beside data, network and training.
    Setting {
        /// What the labels are.
        #[serde(skip_serializing_if = "Labels::are_classes")]
        labels: Labels = Labels::default(),
        /// Samples of the three parts. The test part is the data set's own where it has one.
        counts: Counts = Counts { train: 2000, validation: 500, test: 1000 },
        /// Pixels of a side that images are resized to; as they are where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        side: Option<NonZeroUsize> = None,
        /// What a view is.
        views: ViewConfig = ViewConfig::default(),
        /// What samples are centred and scaled by.
        normalise: Normalise = Normalise::default(),
        /// Features are a linear layer on the flattened last maps, of this width; the backbone's own, pooled ones where
        /// absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        features: Option<NonZeroUsize> = None,
        /// From features to embeddings.
        projector: Projection = Projection::default(),
        /// Neighbours of the k-NN probes.
        neighbours: NonZeroUsize = size(20),
        /// Temperature of the votes of a k-NN probe for classes; 0.5 where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        vote_temperature: Option<Positive> = None,
        /// Samples of the training and of the validation part, of each, by which the course over the epochs is measured.
        course: NonZeroUsize = size(500),
        /// When a label that is a number has many training samples, and when few; the default where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        shots: Option<Shots> = None,
    }
);
parameters!(
    /// A projector: linear layers with a ReLU between them.
    Projection {
        /// Widths of the hidden layers.
        hidden: Vec<NonZeroUsize> = vec![size(64)],
        /// Dimensions of an embedding; a row may have others.
        dimensions: NonZeroUsize = size(64),
        /// Whether batch norm comes before each ReLU.
        batch_norm: bool = false,
    }
);
parameters!(
    /// Parts of the labels by their number of training samples (Yang et al. 2021).
    Shots {
        /// A label with more training samples has many.
        many_above: usize = 100,
        /// One with fewer has few.
        few_below: usize = 20,
    }
);

impl Setting {
    /// The temperature of votes.
    pub fn temperature(&self) -> Positive {
        self.vote_temperature.unwrap_or_else(|| positive(0.5))
    }
}

impl Labels {
    /// Whether they are classes.
    pub fn are_classes(&self) -> bool {
        *self == Self::Classes
    }
}

/// What the labels are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// The classes of images.
    #[default]
    Classes,
    /// By how many whole degrees an image was turned.
    Rotation(Rotation),
    /// The target of a table, in whole numbers of this width.
    Table(Positive),
}

/// Parameters of [`Labels::Rotation`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Angles are whole degrees from 0 to this.
    pub largest: NonZeroUsize,
    /// How rare the largest angle is among training samples, relative to 0, with a geometric fall between them; as frequent
    /// where absent. Validation and test angles are even, as in the papers on imbalanced regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rare: Option<UnitInterval>,
}
