//! What a method of this paper's tables may say.

use mixup_core::{
    checked::{Positive, UnitInterval},
    mix::Kernel,
};
use serde::{Deserialize, Serialize};

/// A row of a table: `{}` is ERM, `{alpha: 2.0}` is mixup, with `partner: {kde: ...}` C-Mixup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// lambda ~ Beta(alpha, alpha), one per batch; without it nothing is mixed (ERM).
    #[serde(default)]
    pub alpha: Option<Positive>,
    /// Whom a sample is mixed with.
    #[serde(default)]
    pub partner: PartnerChoice,
    /// What is mixed.
    #[serde(default, rename = "where")]
    pub place: Place,
}

/// Whom a sample is mixed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerChoice {
    /// Any training sample, with replacement (the official code's baseline).
    #[default]
    Uniform,
    /// A random permutation of the batch (Zhang et al.'s mixup).
    Permutation,
    /// A training sample with a near label, self pair included.
    Kde(KdeChoice),
}

/// Parameters of [`PartnerChoice::Kde`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdeChoice {
    /// Bandwidth h, in label units.
    pub bandwidth: Positive,
    /// Shape of the kernel.
    #[serde(default)]
    pub kernel: Kernel,
}

/// What is mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The inputs.
    #[default]
    Input,
    /// One fixed hidden state: after the first block of an MLP, after the convolution of LSTNet
    /// (`use_manifold` of the official code).
    Hidden,
}

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
