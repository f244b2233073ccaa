//! Ridge regression on all functions of a Gaussian kernel.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{Cholesky, Standard};
use crate::CoreError;
use crate::checked::Positive;
use crate::split::evenly_spaced;

/// Samples whose distances give the width of the kernel.
const SAMPLED: usize = 200;

/// `y = sum_n a_n k(x, x_n) + mean` with `k(x, x') = exp(-|x - x'|^2 / (2 w^2))` on features of mean 0 and spread 1,
/// where `w` is the median distance of (some of) the training samples: `(K + penalty N) a = y - mean`.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelRidge {
    standard: Standard,
    samples: Array2<f64>,
    width: f64,
    /// `[samples, outputs]`
    weights: Array2<f64>,
    mean: Array1<f64>,
}

impl KernelRidge {
    /// Fits it; the cost is the cube of the number of samples.
    ///
    /// # Shapes
    /// - `x`: `[samples, dimensions]`; `y`: `[samples, outputs]`
    ///
    /// # Errors
    /// As [`Ridge::fit`](super::Ridge::fit).
    pub fn fit(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, penalty: Positive) -> Result<Self, CoreError> {
        if x.nrows() != y.nrows() {
            return Err(CoreError::Invalid(format!("{} samples with {} targets", x.nrows(), y.nrows())));
        }
        let standard = Standard::of(x)?;
        let samples = standard.apply(x);
        let mean = y.mean_axis(Axis(0)).ok_or_else(|| CoreError::Invalid("a probe needs samples".into()))?;
        let width = median_distance(&samples);
        let mut kernel = gaussian(samples.view(), samples.view(), width);
        kernel.diag_mut().mapv_inplace(|value| value + penalty.get() * y.nrows() as f64);
        let weights = Cholesky::new(kernel)?.solve((&y - &mean).view());
        Ok(Self { standard, samples, width, weights, mean })
    }

    /// # Shapes
    /// - `x`: `[samples, dimensions]`; returns `[samples, outputs]`
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let kernel = gaussian(self.standard.apply(x).view(), self.samples.view(), self.width);
        kernel.dot(&self.weights) + &self.mean
    }
}

/// Squared distances, `[a, b]`, not below 0.
fn squared_distances(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let squares = |x: ArrayView2<'_, f64>| x.map_axis(Axis(1), |row| row.dot(&row));
    let (left, right) = (squares(a).insert_axis(Axis(1)), squares(b));
    (a.dot(&b.t()) * -2.0 + &left + &right).mapv_into(|distance| distance.max(0.0))
}

fn gaussian(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, width: f64) -> Array2<f64> {
    squared_distances(a, b).mapv_into(|distance| (-0.5 * distance / (width * width)).exp())
}

/// The median over pairs of evenly spaced samples; 1 where all are in one place.
fn median_distance(samples: &Array2<f64>) -> f64 {
    let rows: Vec<usize> = (0..samples.nrows()).collect();
    let some = samples.select(Axis(0), &evenly_spaced(&rows, SAMPLED));
    let distances = squared_distances(some.view(), some.view());
    let mut pairs: Vec<f64> =
        distances.indexed_iter().filter(|((row, column), _)| row < column).map(|(_, value)| *value).collect();
    pairs.sort_unstable_by(f64::total_cmp);
    match pairs.get(pairs.len() / 2) {
        Some(median) if *median > 0.0 => median.sqrt(),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_learned_that_no_line_is() {
        let x = Array2::from_shape_fn((60, 1), |(row, _)| row as f64 / 10.0);
        let y = x.mapv(f64::sin);
        let small = Positive::new(1e-6).unwrap();
        let places = Array2::from_shape_fn((20, 1), |(row, _)| 0.65 + row as f64 / 4.1);
        let curve = KernelRidge::fit(x.view(), y.view(), small).unwrap().predict(places.view());
        let line = super::super::Ridge::fit(x.view(), y.view(), small).unwrap().predict(places.view());
        let error = |found: &Array2<f64>| (found - &places.mapv(f64::sin)).mapv(f64::abs).mean().unwrap();
        assert!(error(&curve) < 0.01 && error(&line) > 0.2, "{}, {}", error(&curve), error(&line));
    }

    #[test]
    fn a_large_penalty_leaves_the_mean_and_equal_samples_are_no_trouble() {
        let x = Array2::from_elem((5, 2), 3.0);
        let y = Array2::from_shape_fn((5, 1), |(row, _)| row as f64);
        let found =
            KernelRidge::fit(x.view(), y.view(), Positive::new(1.0).unwrap()).unwrap().predict(x.view());
        assert!(found.iter().all(|value| (value - 2.0).abs() < 1e-9), "{found}");
        assert!(
            KernelRidge::fit(x.view(), y.view().split_at(Axis(0), 2).0, Positive::new(1.0).unwrap()).is_err()
        );
    }
}
