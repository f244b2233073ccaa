//! Optimisers, gradient clipping and learning-rate schedules, as the experiments name them.

mod clip;
mod schedule;
mod step;

pub use clip::Clip;
pub use schedule::Schedule;

use burn::optim::ModuleOptimizer;
use serde::{Deserialize, Serialize};

use crate::checked::{NonNegative, Positive, UnitInterval};

/// The optimiser of an experiment, as `optimizer:` of its YAML names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Adam with PyTorch's defaults (betas 0.9 and 0.999, epsilon 1e-8).
    Adam(AdamConfig),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdConfig),
}

/// Settings of [`OptimizerConfig::Adam`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate.
    pub lr: Positive,
    /// What gradients are cut to before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
}

/// Settings of [`OptimizerConfig::Sgd`]. A step is PyTorch's: `g + weight_decay * w` goes into the
/// momentum, and the learning rate multiplies what comes out of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdConfig {
    /// Learning rate.
    pub lr: Positive,
    /// Momentum, without dampening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<UnitInterval>,
    /// L2 penalty added to the gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<NonNegative>,
    /// Nesterov's look-ahead: the step is the gradient plus `momentum` times the new velocity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nesterov: bool,
    /// What gradients are cut to before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
}

impl OptimizerConfig {
    /// Learning rate before any schedule.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Adam(adam) => adam.lr.get(),
            Self::Sgd(sgd) => sgd.lr.get(),
        }
    }

    /// What gradients are cut to before a step.
    pub fn clip(&self) -> Option<Clip> {
        match self {
            Self::Adam(adam) => adam.clip,
            Self::Sgd(sgd) => sgd.clip,
        }
    }

    /// A fresh optimiser.
    pub fn init(&self) -> ModuleOptimizer {
        match self {
            Self::Adam(_) => ModuleOptimizer::from(step::Adam),
            Self::Sgd(sgd) => ModuleOptimizer::from(step::Sgd {
                momentum: sgd.momentum.map_or(0.0, UnitInterval::get),
                weight_decay: sgd.weight_decay.map_or(0.0, NonNegative::get),
                nesterov: sgd.nesterov,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
