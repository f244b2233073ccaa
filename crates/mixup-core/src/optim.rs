//! Optimisers and learning-rate schedules, as the experiments name them.

use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig as BurnAdam, ModuleOptimizer, SgdConfig as BurnSgd, decay::WeightDecayConfig};
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
}

/// Settings of [`OptimizerConfig::Sgd`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdConfig {
    /// Learning rate.
    pub lr: Positive,
    /// Momentum, without dampening or Nesterov's look-ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<UnitInterval>,
    /// L2 penalty added to the gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<NonNegative>,
}

impl OptimizerConfig {
    /// Learning rate before any schedule.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Adam(adam) => adam.lr.get(),
            Self::Sgd(sgd) => sgd.lr.get(),
        }
    }

    /// A fresh optimiser.
    pub fn init(&self) -> ModuleOptimizer {
        match self {
            // burn's own default epsilon is 1e-5; the papers trained with PyTorch's.
            Self::Adam(_) => BurnAdam::new().with_epsilon(1e-8).init(),
            Self::Sgd(sgd) => {
                let momentum = sgd.momentum.map(|momentum| MomentumConfig {
                    momentum: momentum.get(),
                    dampening: 0.0,
                    nesterov: false,
                });
                let decay = sgd.weight_decay.map(|decay| WeightDecayConfig::new(decay.get() as f32));
                BurnSgd::new().with_momentum(momentum).with_weight_decay(decay).init()
            }
        }
    }
}

/// How the learning rate changes from epoch to epoch, as `schedule:` of `train:` names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the optimiser's.
    #[default]
    Constant,
    /// Times `factor` from each of the named epochs (counted from 0) on.
    Step {
        /// Epochs at which the rate drops.
        at: Vec<usize>,
        /// What it is multiplied by.
        factor: Positive,
    },
    /// Half a cosine from the optimiser's rate down to 0 after the last epoch.
    Cosine,
}

impl Schedule {
    /// What the learning rate is multiplied by in `epoch` (from 0) of `epochs`.
    pub fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { at, factor } => {
                let drops = at.iter().filter(|&&drop| drop <= epoch).count();
                factor.get().powi(drops as i32)
            }
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / epochs as f64).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        assert_eq!(Schedule::Constant.factor(7, 10), 1.0);
        let step = Schedule::Step { at: vec![2, 4], factor: Positive::new(0.5).unwrap() };
        let factors: Vec<f64> = (0..6).map(|epoch| step.factor(epoch, 6)).collect();
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
        assert_eq!(Schedule::Cosine.factor(0, 10), 1.0);
        assert!((Schedule::Cosine.factor(5, 10) - 0.5).abs() < 1e-12);
    }
}
