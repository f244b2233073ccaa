//! Optimisers, as the experiments name them.

use serde::{Deserialize, Serialize};

use crate::checked::Positive;

/// The optimiser of an experiment, as `optimizer:` of its YAML names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Adam with PyTorch's defaults (betas 0.9 and 0.999, epsilon 1e-8).
    Adam(AdamConfig),
}

/// Settings of [`OptimizerConfig::Adam`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate.
    pub lr: Positive,
}
