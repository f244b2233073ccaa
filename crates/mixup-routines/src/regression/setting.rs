//! `setting:` of a regression experiment.

use mixup_core::checked::UnitInterval;
use serde::{Deserialize, Serialize};

use super::rcf::RotatedColoured;

/// How a data set is cut and scaled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// How samples go to training, validation and test. Every experiment must say it.
    #[serde(default)]
    pub split: Option<Split>,
    /// How inputs are scaled, over all rows as the official code does (a mild leak, see README).
    #[serde(default)]
    pub inputs: Scaling,
    /// What samples are made of an image set; where absent, the data set is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<RotatedColoured>,
}

/// How samples go to training, validation and test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// A random order per seed, then these numbers of rows.
    Random(Counts),
    /// Whole domains in increasing order; the one that crosses a mark goes to the next part.
    Domains(Fractions),
    /// Windows in the order of time.
    Time(Windows),
}

/// Sizes of [`Split::Random`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Training rows.
    pub train: usize,
    /// Validation rows.
    pub validation: usize,
    /// Test rows.
    pub test: usize,
}

/// Marks of [`Split::Domains`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fractions {
    /// Share of the rows for training.
    pub train: UnitInterval,
    /// Share of the rows for validation.
    pub validation: UnitInterval,
}

/// Windows of [`Split::Time`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Time steps that the network sees.
    pub window: usize,
    /// Time steps from the last one seen to the one predicted.
    pub horizon: usize,
    /// Share of the time for training.
    pub train: UnitInterval,
    /// Share of the time for validation.
    pub validation: UnitInterval,
}

/// How inputs are scaled, each column over all rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// To [0, 1].
    #[default]
    MinMax,
    /// To mean 0 and standard deviation 1.
    ZScore,
}
