//! Temperature scaling (Guo et al. 2017): logits divided by one number, chosen on held-out samples.

use std::num::NonZeroUsize;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::CoreError;
use crate::checked::Positive;
use crate::metrics::{classification::Predictions, ece};

/// What a temperature should make small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// Top-label ECE with so many bins of equal width, as the code of RankMixup does.
    Ece(NonZeroUsize),
    /// Negative log-likelihood, as Guo et al. do.
    Nll,
}

/// Temperatures to try: `start`, `start + step`, ... each the sum of the one before and `step`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemperatureGrid {
    /// The lowest temperature.
    pub start: Positive,
    /// Distance of two temperatures.
    pub step: Positive,
    /// Number of temperatures.
    pub count: NonZeroUsize,
}

impl TemperatureGrid {
    /// The grid.
    pub fn temperatures(&self) -> impl Iterator<Item = f64> {
        let step = self.step.get();
        std::iter::successors(Some(self.start.get()), move |temperature| Some(temperature + step))
            .take(self.count.get())
    }

    /// The temperature with the smallest criterion, the lowest of equals.
    ///
    /// # Shapes
    /// - `logits`: `[samples, classes]` of held-out samples; `labels`: their classes
    ///
    /// # Errors
    /// As [`Predictions::from_logits`].
    pub fn best(
        &self,
        logits: ArrayView2<'_, f64>,
        labels: &[usize],
        criterion: Criterion,
    ) -> Result<f64, CoreError> {
        let mut best = (f64::INFINITY, self.start.get());
        for temperature in self.temperatures() {
            let scaled = Predictions::from_logits(logits.mapv(|z| z / temperature).view(), labels)?;
            let value = match criterion {
                Criterion::Ece(bins) => ece::ece(&scaled, bins),
                Criterion::Nll => scaled.nll(),
            };
            if value < best.0 {
                best = (value, temperature);
            }
        }
        Ok(best.1)
    }
}

/// Where [`nll_temperature`] looks, as the logarithm of the temperature: from 0.01 to 100.
const LOG_RANGE: f64 = 2.0 * std::f64::consts::LN_10;

/// Leaves a relative error of 3e-13.
const HALVINGS: usize = 45;

/// The temperature with the lowest negative log-likelihood (Guo et al. 2017, section 4.2), between 0.01
/// and 100: 1 where the temperature does not matter; where colder is always better, because every sample is
/// right, one so low that nothing is left to gain.
///
/// The likelihood is a convex function of `1/T`, with the slope `mean_i(sum_c p_ic z_ic - z_iy)`, so that
/// its only minimum is where bisection finds the slope to be 0.
///
/// # Shapes
/// - `logits`: `[samples, classes]` of held-out samples; `labels`: their classes
///
/// # Errors
/// As [`Predictions::from_logits`].
pub fn nll_temperature(logits: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, CoreError> {
    let (mut low, mut high) = (-LOG_RANGE, LOG_RANGE);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let slope = slope(logits, labels, middle.exp())?;
        if slope == 0.0 {
            return Ok(middle.exp());
        }
        // A positive slope in 1/T wants a smaller 1/T, a higher temperature.
        *(if slope > 0.0 { &mut low } else { &mut high }) = middle;
    }
    Ok(f64::midpoint(low, high).exp())
}

/// Mean negative log-likelihood of `logits / temperature`, and its derivative by the temperature.
///
/// # Shapes
/// - `logits`: `[samples, classes]`; `labels`: their classes
///
/// # Errors
/// As [`Predictions::from_logits`], also of logits divided by a temperature of 0.
pub fn nll_and_slope(
    logits: ArrayView2<'_, f64>,
    labels: &[usize],
    temperature: f64,
) -> Result<(f64, f64), CoreError> {
    let scaled = scaled(logits, labels, temperature)?;
    // By the chain rule over 1/T.
    let slope = -slope_of(logits, &scaled) / (temperature * temperature);
    Ok((scaled.nll(), slope))
}

/// Derivative of the mean negative log-likelihood by `1/T`.
fn slope(logits: ArrayView2<'_, f64>, labels: &[usize], temperature: f64) -> Result<f64, CoreError> {
    Ok(slope_of(logits, &scaled(logits, labels, temperature)?))
}

fn scaled(logits: ArrayView2<'_, f64>, labels: &[usize], temperature: f64) -> Result<Predictions, CoreError> {
    Predictions::from_logits(logits.mapv(|z| z / temperature).view(), labels)
}

/// `mean_i(sum_c p_ic z_ic - z_iy)` of logits z and what they predict under a temperature.
fn slope_of(logits: ArrayView2<'_, f64>, scaled: &Predictions) -> f64 {
    let (probabilities, labels) = (scaled.probabilities(), scaled.labels());
    let rows = logits.rows().into_iter().zip(probabilities.rows()).zip(labels);
    let of_row = |((logits, probabilities), &label): ((ArrayView1<'_, f64>, ArrayView1<'_, f64>), &usize)| {
        // Relative to the label's logit, so that large logits cancel without rounding.
        let own = logits[label];
        logits.iter().zip(probabilities).map(|(logit, p)| p * (logit - own)).sum::<f64>()
    };
    rows.map(of_row).sum::<f64>() / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn grid() -> TemperatureGrid {
        let tenth = Positive::new(0.1).unwrap();
        TemperatureGrid { start: tenth, step: tenth, count: NonZeroUsize::new(100).unwrap() }
    }

    /// A binary problem whose labels follow `softmax(logits / truth)` as nearly as counts can.
    fn problem(truth: f64) -> (Array2<f64>, Vec<usize>) {
        let mut rows = Vec::new();
        let mut labels = Vec::new();
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
    fn both_criteria_find_the_temperature_of_the_labels() {
        let bins = NonZeroUsize::new(15).unwrap();
        for truth in [0.5, 1.0, 3.0] {
            let (logits, labels) = problem(truth);
            for criterion in [Criterion::Nll, Criterion::Ece(bins)] {
                let found = grid().best(logits.view(), &labels, criterion).unwrap();
                assert!((found - truth).abs() < 0.06, "{truth}: {found} by {criterion:?}");
            }
        }
    }

    #[test]
    fn the_lowest_of_equals_wins() {
        // Equal logits have the same probabilities at every temperature.
        let found = grid().best(Array2::zeros((4, 2)).view(), &[0, 1, 1, 0], Criterion::Nll).unwrap();
        assert_eq!(found, 0.1);
    }

    #[test]
    fn without_a_grid_the_likelihood_is_the_best_of_all_temperatures() {
        for truth in [0.5, 1.0, 7.3] {
            let (logits, labels) = problem(truth);
            let found = nll_temperature(logits.view(), &labels).unwrap();
            assert!((found / truth - 1.0).abs() < 0.05, "{truth}: {found}");
            let nll = |temperature: f64| {
                Predictions::from_logits(logits.mapv(|z| z / temperature).view(), &labels).unwrap().nll()
            };
            for other in [0.99, 0.999, 1.001, 1.01] {
                assert!(nll(found) < nll(found * other), "{found} times {other}");
            }
        }
    }

    #[test]
    fn a_likelihood_without_a_minimum_ends_at_the_end_of_the_range() {
        let logits = array![[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]];
        let found = |labels: &[usize]| nll_temperature(logits.view(), labels).unwrap();
        assert!((found(&[0, 1]) - 0.01).abs() < 1e-12, "all right");
        assert!((found(&[1, 0]) - 100.0).abs() < 1e-8, "all wrong");
        let equal = nll_temperature(Array2::zeros((4, 2)).view(), &[0, 1, 1, 0]).unwrap();
        assert_eq!(equal, 1.0, "nothing to choose");
        assert!(nll_temperature(Array2::zeros((0, 2)).view(), &[]).is_err());
    }

    #[test]
    fn the_slope_is_that_of_the_likelihood() {
        let (logits, labels) = problem(2.0);
        let at = |temperature| nll_and_slope(logits.view(), &labels, temperature).unwrap();
        for temperature in [0.4, 1.0, 3.0] {
            let central = (at(temperature + 1e-5).0 - at(temperature - 1e-5).0) / 2e-5;
            assert!(
                (at(temperature).1 - central).abs() < 1e-8,
                "{temperature}: {:?}, {central}",
                at(temperature)
            );
        }
        assert!(nll_and_slope(logits.view(), &labels, 0.0).is_err());
    }

    #[test]
    fn the_grid_is_a_running_sum() {
        let temperatures: Vec<f64> = grid().temperatures().collect();
        assert_eq!(temperatures.len(), 100);
        assert_eq!(temperatures[2], 0.1 + 0.1 + 0.1);
        assert!((temperatures[99] - 10.0).abs() < 1e-9);
    }
}
