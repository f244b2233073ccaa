//! `optimizer:` of an experiment's YAML.

use burn::module::Module;
use serde::{Deserialize, Serialize};

use super::groups::{Parameter, Settings, parameters, resolve};
use super::rule::Rule;
use super::{Clip, Clock, Group, Optimizer, Schedule};
use crate::{
    CoreError,
    checked::{NonNegative, Positive, UnitInterval},
};

/// The optimiser of an experiment, as `optimizer:` of its YAML names it. Runs are told apart by what this
/// is written as: an option that is not used must leave no trace there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Adam with PyTorch's defaults (betas 0.9 and 0.999, epsilon 1e-8).
    Adam(AdamConfig),
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019), otherwise as `adam`.
    #[serde(rename = "adamw")]
    AdamW(AdamWConfig),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdConfig),
}

/// Settings of [`OptimizerConfig::Adam`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate.
    pub lr: Positive,
    /// L2 penalty added to the gradient, before the moments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<NonNegative>,
    /// What gradients are cut to before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Parameters with settings of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// Settings of [`OptimizerConfig::AdamW`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamWConfig {
    /// Learning rate.
    pub lr: Positive,
    /// Before each step weights are multiplied by `1 - lr * weight_decay`, as PyTorch does it: by the
    /// scheduled rate, outside of the moments. PyTorch's default is 0.01.
    pub weight_decay: NonNegative,
    /// What gradients are cut to before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Parameters with settings of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
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
    /// Parameters with settings of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl AdamConfig {
    /// Adam with this learning rate and nothing else.
    pub fn new(lr: Positive) -> Self {
        Self { lr, weight_decay: None, clip: None, groups: Vec::new() }
    }
}

impl AdamWConfig {
    /// AdamW with this learning rate and decay and nothing else.
    pub fn new(lr: Positive, weight_decay: NonNegative) -> Self {
        Self { lr, weight_decay, clip: None, groups: Vec::new() }
    }
}

impl SgdConfig {
    /// Plain gradient descent.
    pub fn new(lr: Positive) -> Self {
        Self { lr, momentum: None, weight_decay: None, nesterov: false, clip: None, groups: Vec::new() }
    }
}

impl OptimizerConfig {
    /// Learning rate before any schedule, of parameters in no group.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Adam(adam) => adam.lr.get(),
            Self::AdamW(adam) => adam.lr.get(),
            Self::Sgd(sgd) => sgd.lr.get(),
        }
    }

    /// Learning rate at a place in the training, of parameters in no group.
    pub fn lr_at(&self, schedule: &Schedule, clock: Clock) -> f64 {
        self.lr() * schedule.factor(clock)
    }

    /// What gradients are cut to before a step.
    pub fn clip(&self) -> Option<Clip> {
        match self {
            Self::Adam(adam) => adam.clip,
            Self::AdamW(adam) => adam.clip,
            Self::Sgd(sgd) => sgd.clip,
        }
    }

    /// A fresh optimiser for a network.
    ///
    /// # Errors
    /// A group that names a parameter which the network does not have.
    pub fn init<M: Module>(&self, model: &M) -> Result<Optimizer, CoreError> {
        self.build(&parameters(model))
    }

    /// Not generic over the module, so that it is compiled once.
    fn build(&self, parameters: &[Parameter]) -> Result<Optimizer, CoreError> {
        let (rule, decay, groups) = match self {
            Self::Adam(adam) => (Rule::Adam { decoupled: false }, adam.weight_decay, &adam.groups),
            Self::AdamW(adam) => (Rule::Adam { decoupled: true }, Some(adam.weight_decay), &adam.groups),
            Self::Sgd(sgd) => {
                let momentum = sgd.momentum.map_or(0.0, UnitInterval::get);
                (Rule::Sgd { momentum, nesterov: sgd.nesterov }, sgd.weight_decay, &sgd.groups)
            }
        };
        Ok(Optimizer::new(rule, resolve(groups, Settings::plain(decay), parameters)?))
    }
}
