//! The paper's linear baseline: the loss of a mixture as a weighted sum of its domains' weights.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use mixup_routines::proxies::{Result, all_finite, require, same_size};

/// Ordinary least squares with an intercept.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// `[domains]`: nats per unit of weight.
    pub coefficients: Vec<f64>,
    /// Nats.
    pub intercept: f64,
}

impl LinearModel {
    /// Fits by least squares on centred data; of several solutions the one with the smallest
    /// coefficients (rows that sum to exactly 1 have a direction that changes no prediction).
    ///
    /// # Shapes
    /// - `mixtures`: `[runs, domains]`
    /// - `losses`: `[runs]`, nats
    ///
    /// # Errors
    /// No runs, lengths that do not agree, a value that is not finite.
    pub fn fit(mixtures: ArrayView2<'_, f64>, losses: &[f64]) -> Result<Self> {
        same_size("losses", mixtures.nrows(), losses.len())?;
        require(!mixtures.is_empty(), "mixtures", "empty", "at least one run and one domain")?;
        all_finite("mixtures", mixtures)?;
        all_finite("losses", losses)?;
        let losses = ArrayView1::from(losses);
        let mean_loss = losses.sum() / losses.len() as f64;
        let mean_mixture = mixtures.sum_axis(Axis(0)) / mixtures.nrows() as f64;
        let coefficients = least_squares(&mixtures - &mean_mixture, (&losses - mean_loss).view());
        let intercept = mean_loss - mean_mixture.dot(&coefficients);
        Ok(Self { coefficients: coefficients.to_vec(), intercept })
    }

    /// Predicted losses.
    ///
    /// # Shapes
    /// `mixtures`: `[count, domains]`; returns `[count]`, nats.
    ///
    /// # Errors
    /// A number of domains that is not the fitted one, a value that is not finite.
    pub fn predict(&self, mixtures: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        same_size("weights of a mixture", self.coefficients.len(), mixtures.ncols())?;
        all_finite("mixtures", mixtures)?;
        Ok((mixtures.dot(&ArrayView1::from(&self.coefficients)) + self.intercept).to_vec())
    }
}

/// Directions with a singular value below this part of the largest are rounding noise; the default
/// of scikit-learn's `LinearRegression`, which made the reference numbers.
const NOISE: f64 = 1e-6;

/// Sweeps after which columns count as orthogonal; a handful is usual.
const SWEEPS: usize = 60;

/// Solution of smallest norm by one-sided Jacobi rotations: turn the columns, two by two, until all
/// are orthogonal; then each is a singular vector on its own.
///
/// The singular value decompositions of nalgebra 0.35 and linfa-linalg 0.2 were tried first: where
/// rows sum to 1 up to rounding, one fit in twenty came out wrong by more than 1e-7, some by 0.1.
fn least_squares(mut matrix: Array2<f64>, target: ArrayView1<'_, f64>) -> Array1<f64> {
    let columns = matrix.ncols();
    let mut turned = Array2::eye(columns);
    for _ in 0..SWEEPS {
        let mut is_orthogonal = true;
        for first in 0..columns {
            for second in first + 1..columns {
                if let Some(rotation) = rotation(matrix.column(first), matrix.column(second)) {
                    is_orthogonal = false;
                    rotate(&mut matrix, first, second, rotation);
                    rotate(&mut turned, first, second, rotation);
                }
            }
        }
        if is_orthogonal {
            break;
        }
    }
    let squared = matrix.columns().into_iter().map(|column| column.dot(&column)).collect::<Vec<_>>();
    let cut = NOISE.powi(2) * squared.iter().fold(0.0_f64, |largest, value| largest.max(*value));
    let mut solution = Array1::zeros(columns);
    for (index, &value) in squared.iter().enumerate().filter(|(_, value)| **value > cut) {
        solution.scaled_add(matrix.column(index).dot(&target) / value, &turned.column(index));
    }
    solution
}

/// Cosine and sine that make two columns orthogonal; nothing where they are.
fn rotation(first: ArrayView1<'_, f64>, second: ArrayView1<'_, f64>) -> Option<(f64, f64)> {
    let (length, other_length, product) = (first.dot(&first), second.dot(&second), first.dot(&second));
    if product.abs() <= f64::EPSILON * (length * other_length).sqrt() {
        return None;
    }
    let half_cotangent = (other_length - length) / (2.0 * product);
    let tangent = half_cotangent.signum() / (half_cotangent.abs() + half_cotangent.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    Some((cosine, cosine * tangent))
}

fn rotate(matrix: &mut Array2<f64>, first: usize, second: usize, (cosine, sine): (f64, f64)) {
    for mut row in matrix.rows_mut() {
        let (a, b) = (row[first], row[second]);
        row[first] = cosine * a - sine * b;
        row[second] = sine * a + cosine * b;
    }
}
