//! Learning-rate schedules.

use std::f64::consts::PI;
use std::num::NonZeroUsize;

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::checked::{Positive, UnitInterval};

/// How the learning rate changes during training, as `schedule:` of `train:` names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the optimiser's.
    #[default]
    Constant,
    /// Times `factor` from each of the named epochs (counted from 0) on.
    Step {
        /// Epochs at which the rate drops. They are epochs of the whole training, also after a warm-up.
        at: Vec<usize>,
        /// What it is multiplied by.
        factor: Positive,
    },
    /// Half a cosine from the optimiser's rate down to `floor` times it after the last epoch.
    Cosine {
        /// Share of the rate that is left at the end; 0 by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        floor: Option<UnitInterval>,
        /// When the rate changes.
        #[serde(default, skip_serializing_if = "Per::is_epoch")]
        per: Per,
    },
    /// The optimiser's rate, then a straight line down to `floor` times it after the last epoch.
    Linear {
        /// Share of the training before the decay begins; 0 by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<UnitInterval>,
        /// Share of the rate that is left at the end; 0 by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        floor: Option<UnitInterval>,
        /// When the rate changes.
        #[serde(default, skip_serializing_if = "Per::is_epoch")]
        per: Per,
    },
    /// A straight line up to the optimiser's rate, and then another schedule over what is left of the
    /// training.
    WarmUp {
        /// How long.
        over: Length,
        /// Share of the rate at the start: `from + (1 - from) t / n` in the t-th (from 0) of n epochs or
        /// steps, as PyTorch's `LinearLR`. Without it `(t + 1) / n`, where no step is lost to a rate of 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<UnitInterval>,
        /// When the rate changes; a warm-up that is so many steps long changes it in each.
        #[serde(default, skip_serializing_if = "Per::is_epoch")]
        per: Per,
        /// What comes after it; not another warm-up.
        #[serde(deserialize_with = "no_warm_up")]
        then: Box<Schedule>,
    },
}

fn no_warm_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Schedule>, D::Error> {
    match Schedule::deserialize(deserializer)? {
        Schedule::WarmUp { .. } => Err(D::Error::custom("a warm-up is followed by another kind of schedule")),
        schedule => Ok(Box::new(schedule)),
    }
}

/// When a schedule's rate changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// At the start of every epoch.
    #[default]
    Epoch,
    /// In every step.
    Step,
}

impl Per {
    fn is_epoch(&self) -> bool {
        *self == Self::Epoch
    }
}

/// A part of the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// So many epochs.
    Epochs(NonZeroUsize),
    /// So many steps.
    Steps(NonZeroUsize),
}

/// A place in the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Of how many.
    pub epochs: usize,
    /// Step in the epoch, from 0.
    pub step: usize,
    /// Of how many in each epoch.
    pub steps: usize,
}

impl Clock {
    /// Epochs since the start, whole ones where the rate changes per epoch.
    fn elapsed(self, per: Per) -> f64 {
        match per {
            Per::Epoch => self.epoch as f64,
            Per::Step => self.epoch as f64 + self.step as f64 / self.steps as f64,
        }
    }

    /// Steps since the start.
    fn number(self) -> usize {
        self.epoch * self.steps + self.step
    }
}

impl Schedule {
    /// What the learning rate is multiplied by at a place in the training.
    pub fn factor(&self, clock: Clock) -> f64 {
        self.after(0.0, clock)
    }

    /// The factor where this schedule begins after so many epochs.
    fn after(&self, start: f64, clock: Clock) -> f64 {
        let elapsed = |per| (clock.elapsed(per) - start).max(0.0);
        let all = clock.epochs as f64 - start;
        match self {
            Self::Constant => 1.0,
            Self::Step { at, factor } => {
                let drops = at.iter().filter(|&&drop| drop <= clock.epoch).count();
                factor.get().powi(drops as i32)
            }
            Self::Cosine { floor, per } => above(*floor, 0.5 * (1.0 + (PI * elapsed(*per) / all).cos())),
            Self::Linear { hold, floor, per } => {
                let hold = hold.map_or(0.0, UnitInterval::get);
                let done = elapsed(*per) / all;
                above(*floor, if done <= hold { 1.0 } else { (1.0 - done) / (1.0 - hold) })
            }
            Self::WarmUp { over, from, per, then } => {
                let (at, length) = match (over, per) {
                    (Length::Steps(steps), _) => (clock.number(), steps.get()),
                    (Length::Epochs(epochs), Per::Step) => (clock.number(), epochs.get() * clock.steps),
                    (Length::Epochs(epochs), Per::Epoch) => (clock.epoch, epochs.get()),
                };
                match from {
                    _ if at >= length => then.after(over.epochs(clock.steps), clock),
                    None => (at + 1) as f64 / length as f64,
                    Some(from) => above(Some(*from), at as f64 / length as f64),
                }
            }
        }
    }
}

impl Length {
    fn epochs(self, steps_per_epoch: usize) -> f64 {
        match self {
            Self::Epochs(epochs) => epochs.get() as f64,
            Self::Steps(steps) => steps.get() as f64 / steps_per_epoch as f64,
        }
    }
}

/// The line from `floor` (at 0) to 1 (at 1).
fn above(floor: Option<UnitInterval>, share: f64) -> f64 {
    match floor.map(UnitInterval::get) {
        None => share,
        Some(floor) => floor + (1.0 - floor) * share,
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
