//! Learning-rate schedules.

use serde::{Deserialize, Serialize};

use crate::checked::Positive;

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

    fn step(at: &[usize], factor: f64) -> Schedule {
        Schedule::Step { at: at.to_vec(), factor: Positive::new(factor).unwrap() }
    }

    #[test]
    fn constant() {
        assert_eq!(Schedule::Constant.factor(7, 10), 1.0);
    }

    /// PyTorch's `MultiStepLR` with milestones 80 and 120 and gamma 0.1: the epochs of 200 on both
    /// sides of each drop.
    #[test]
    fn step_drops_in_the_epoch_it_names() {
        let schedule = step(&[80, 120], 0.1);
        for (epoch, expected) in [(0, 1.0), (79, 1.0), (80, 0.1), (119, 0.1), (120, 0.01), (199, 0.01)] {
            assert!((schedule.factor(epoch, 200) - expected).abs() < 1e-15, "epoch {epoch}");
        }
    }

    #[test]
    fn an_epoch_named_twice_drops_twice() {
        assert_eq!([1, 2, 3].map(|epoch| step(&[2, 2], 0.5).factor(epoch, 4)), [1.0, 0.25, 0.25]);
    }

    /// PyTorch's `CosineAnnealingLR` with `T_max` of all epochs, by its recursion:
    /// `lr(e) = lr(e - 1) (1 + cos(pi e / T)) / (1 + cos(pi (e - 1) / T))`.
    #[test]
    fn cosine_is_pytorchs_recursion() {
        let epochs = 40;
        let mut expected = 1.0;
        for epoch in 0..epochs {
            if epoch > 0 {
                let wave = |epoch: usize| 1.0 + (std::f64::consts::PI * epoch as f64 / epochs as f64).cos();
                expected *= wave(epoch) / wave(epoch - 1);
            }
            let found = Schedule::Cosine.factor(epoch, epochs);
            assert!((found - expected).abs() < 1e-12, "epoch {epoch}: {found}, expected {expected}");
        }
        assert!((Schedule::Cosine.factor(20, 40) - 0.5).abs() < 1e-15);
    }
}
