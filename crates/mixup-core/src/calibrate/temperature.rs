//! Temperature scaling (Guo et al. 2017): logits divided by one number, chosen on held-out samples.

use std::num::NonZeroUsize;

use ndarray::ArrayView2;
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

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

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
    fn the_grid_is_a_running_sum() {
        let temperatures: Vec<f64> = grid().temperatures().collect();
        assert_eq!(temperatures.len(), 100);
        assert_eq!(temperatures[2], 0.1 + 0.1 + 0.1);
        assert!((temperatures[99] - 10.0).abs() < 1e-9);
    }
}
