//! Temperature scaling by a few steps of L-BFGS, as many codes fit it.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use ndarray::ArrayView2;

use super::temperature::nll_and_slope;
use crate::CoreError;
use crate::checked::{NonNegative, Positive};

/// PyTorch's `torch.optim.LBFGS` without a line search, for one number, and one call of its `step`.
///
/// The first step is `lr min(1, 1 / |g|)` along the negative gradient, every later one `lr` times the
/// quasi-Newton step. With a small `lr` and few iterations it ends far from the minimum: that is how codes
/// that fit a temperature this way leave it near 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lbfgs {
    /// Learning rate.
    pub lr: Positive,
    /// Iterations of the one step.
    pub max_iter: NonZeroUsize,
    /// Evaluations of the objective, after which it ends.
    pub max_eval: NonZeroUsize,
    /// It ends where the gradient is as small.
    pub tolerance_grad: NonNegative,
    /// It ends where position, objective or expected gain change by less.
    pub tolerance_change: NonNegative,
    /// Pairs of steps and gradient differences that are remembered.
    pub history: NonZeroUsize,
}

/// A curvature pair.
struct Pair {
    step: f64,
    difference: f64,
}

impl Lbfgs {
    /// PyTorch's defaults, and `max_eval` 5/4 of the iterations, with a learning rate of one's own.
    pub fn torch(lr: Positive, max_iter: NonZeroUsize) -> Self {
        let tolerance = |value: f64| NonNegative::new(value).expect("written by hand, above 0");
        Self {
            lr,
            max_iter,
            max_eval: NonZeroUsize::new(max_iter.get() * 5 / 4).unwrap_or(NonZeroUsize::MIN),
            tolerance_grad: tolerance(1e-7),
            tolerance_change: tolerance(1e-9),
            history: const { NonZeroUsize::new(100).unwrap() },
        }
    }

    /// Where the one step ends that begins at `start`.
    ///
    /// # Errors
    /// What the objective, which gives its value and its derivative, refuses.
    pub fn minimise(
        &self,
        start: f64,
        objective: impl Fn(f64) -> Result<(f64, f64), CoreError>,
    ) -> Result<f64, CoreError> {
        let (tolerance_grad, tolerance_change) = (self.tolerance_grad.get(), self.tolerance_change.get());
        let mut x = start;
        let (mut loss, mut gradient) = objective(x)?;
        if gradient.abs() <= tolerance_grad {
            return Ok(x);
        }
        let mut memory = Memory { pairs: VecDeque::new(), scale: 1.0, history: self.history.get() };
        let mut direction = -gradient;
        let mut rate = self.lr.get() * (1.0 / gradient.abs()).min(1.0);
        let mut evaluations = 1;
        for iteration in 1..=self.max_iter.get() {
            if gradient * direction > -tolerance_change {
                break;
            }
            let step = rate * direction;
            x += step;
            if iteration == self.max_iter.get() {
                break;
            }
            let (before, old_gradient) = (loss, gradient);
            (loss, gradient) = objective(x)?;
            evaluations += 1;
            let at_rest = gradient.abs() <= tolerance_grad
                || step.abs() <= tolerance_change
                || (loss - before).abs() < tolerance_change;
            if evaluations >= self.max_eval.get() || at_rest {
                break;
            }
            memory.remember(Pair { step, difference: gradient - old_gradient });
            direction = memory.direction(gradient);
            rate = self.lr.get();
        }
        Ok(x)
    }
}

/// What L-BFGS knows of the curvature.
struct Memory {
    pairs: VecDeque<Pair>,
    /// Of the initial inverse Hessian.
    scale: f64,
    history: usize,
}

impl Memory {
    /// Takes in a pair of positive curvature.
    fn remember(&mut self, pair: Pair) {
        let curvature = pair.step * pair.difference;
        if curvature > 1e-10 {
            self.scale = curvature / (pair.difference * pair.difference);
            self.pairs.push_back(pair);
            if self.pairs.len() > self.history {
                self.pairs.pop_front();
            }
        }
    }

    /// The quasi-Newton step, by the recursion in two loops.
    fn direction(&self, gradient: f64) -> f64 {
        let mut q = -gradient;
        let mut shares = Vec::with_capacity(self.pairs.len());
        for Pair { step, difference } in self.pairs.iter().rev() {
            let share = step * q / (step * difference);
            q -= share * difference;
            shares.push(share);
        }
        let mut r = q * self.scale;
        for (Pair { step, difference }, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            r += step * (share - difference * r / (step * difference));
        }
        r
    }
}

/// The temperature where [`Lbfgs`] ends that begins at 1 and makes the negative log-likelihood small. Nothing
/// keeps it above 0.
///
/// # Shapes
/// - `logits`: `[samples, classes]` of held-out samples; `labels`: their classes
///
/// # Errors
/// As [`Predictions::from_logits`](crate::metrics::classification::Predictions::from_logits), also of logits
/// divided by a temperature of 0.
pub fn lbfgs_temperature(
    logits: ArrayView2<'_, f64>,
    labels: &[usize],
    optimizer: &Lbfgs,
) -> Result<f64, CoreError> {
    optimizer.minimise(1.0, |temperature| nll_and_slope(logits, labels, temperature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::nll_temperature;
    use ndarray::Array2;

    fn official() -> Lbfgs {
        Lbfgs::torch(Positive::new(0.01).unwrap(), NonZeroUsize::new(20).unwrap())
    }

    /// Binary logits whose labels follow `softmax(logits / truth)` as nearly as counts can.
    fn problem(truth: f64) -> (Array2<f64>, Vec<usize>) {
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for gap in [1.0, 2.0, 4.0, 6.0] {
            let right = 1.0 / (1.0 + (-gap / truth).exp());
            for sample in 0..1000 {
                rows.extend([gap, 0.0]);
                labels.push(usize::from(f64::from(sample) + 0.5 > 1000.0 * right));
            }
        }
        (Array2::from_shape_vec((labels.len(), 2), rows).unwrap(), labels)
    }

    #[test]
    fn a_small_rate_stops_far_from_the_minimum_and_a_large_one_finds_it() {
        let (logits, labels) = problem(5.0);
        let best = nll_temperature(logits.view(), &labels).unwrap();
        let stopped = lbfgs_temperature(logits.view(), &labels, &official()).unwrap();
        assert!((1.05..1.15).contains(&stopped) && best > 4.5, "{stopped}, best {best}");
        let many = Lbfgs::torch(Positive::new(0.5).unwrap(), NonZeroUsize::new(400).unwrap());
        let found = lbfgs_temperature(logits.view(), &labels, &many).unwrap();
        assert!((found / best - 1.0).abs() < 1e-3, "{found}, best {best}");
    }

    /// On `a/2 (x - b)^2` every step after the first is the Newton step times the rate, so that the distance
    /// falls by `1 - lr`.
    #[test]
    fn of_a_parabola_it_takes_newton_steps_of_the_rate() {
        let (a, b) = (3.0_f64, 2.0_f64);
        let end = official().minimise(1.0, |x| Ok((a / 2.0 * (x - b).powi(2), a * (x - b)))).unwrap();
        let first = 1.0 + 0.01 * (1.0 / (a * (b - 1.0))).min(1.0) * a * (b - 1.0);
        let expected = b - (b - first) * 0.99_f64.powi(19);
        assert!((end - expected).abs() < 1e-9, "{end}, expected {expected}");
    }

    #[test]
    fn it_stays_where_there_is_nothing_to_gain_and_passes_errors_on() {
        assert_eq!(official().minimise(1.0, |_| Ok((0.5, 0.0))).unwrap(), 1.0);
        let refused = official().minimise(1.0, |_| Err(CoreError::Invalid("no".into())));
        assert_eq!(refused.unwrap_err().to_string(), "no");
    }
}
