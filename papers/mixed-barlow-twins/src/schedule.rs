//! The official learning rate.

use std::f64::consts::PI;
use std::num::NonZeroUsize;

/// What the rate depends on beside the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Epochs of the training.
    pub epochs: usize,
    /// Steps of each.
    pub steps: usize,
    /// Epochs of the warm-up.
    pub warm_up: NonZeroUsize,
    /// Samples of a batch; the rate is for 256.
    pub batch: usize,
    /// The rate that the others are a share of.
    pub base: f64,
}

/// Share of the rate that is left at the end.
const FLOOR: f64 = 0.001;

impl Schedule {
    /// The learning rate of a step: up a straight line from 0, then half a cosine down to a thousandth. (The official
    /// training counts epochs from 1, so that it begins with the step `steps`.)
    ///
    /// It is mixup-core's `{kind: warm-up, from: 0, per: step, then: {kind: cosine, floor: 0.001, per: step}}`.
    pub fn rate(&self, step: usize) -> f64 {
        let (warm_up, all) = (self.warm_up.get() * self.steps, self.epochs * self.steps);
        let scaled = self.base * self.batch as f64 / 256.0;
        if step < warm_up {
            return scaled * step as f64 / warm_up as f64;
        }
        let done = (step - warm_up) as f64 / (all as f64 - warm_up as f64);
        let share = 0.5 * (1.0 + (PI * done).cos());
        scaled * (share + FLOOR * (1.0 - share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::optim::{self, Clock};

    #[test]
    fn it_is_the_schedule_that_experiments_name() {
        let json = r#"{"kind": "warm-up", "over": {"epochs": 3}, "from": 0, "per": "step",
                       "then": {"kind": "cosine", "floor": 0.001, "per": "step"}}"#;
        let named: optim::Schedule = serde_json::from_str(json).unwrap();
        let (epochs, steps) = (20, 7);
        let warm_up = NonZeroUsize::new(3).unwrap();
        let official = Schedule { epochs, steps, warm_up, batch: 128, base: 0.01 };
        for number in 0..epochs * steps {
            let clock = Clock { epoch: number / steps, epochs, step: number % steps, steps };
            assert!((official.rate(number) - 0.005 * named.factor(clock)).abs() < 1e-12, "{number}");
        }
    }
}
