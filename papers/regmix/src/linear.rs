//! The paper's linear baseline: the loss of a mixture as a weighted sum of its domains' weights.

use linfa_linalg::svd::SVD;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::error::{RegmixError, Result, all_finite, require, same_size};

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
        let coefficients = least_squares(&mixtures - &mean_mixture, &losses - mean_loss)?;
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

/// Solution of smallest norm by singular values; those that are zero up to rounding count as zero.
fn least_squares(matrix: Array2<f64>, target: Array1<f64>) -> Result<Array1<f64>> {
    let rounding = f64::EPSILON * matrix.nrows().max(matrix.ncols()) as f64;
    let (left, values, right) = matrix
        .svd(true, true)
        .map_err(|_| RegmixError::Undefined("the singular values of the mixtures could not be found"))?;
    let (Some(left), Some(right)) = (left, right) else {
        return Err(RegmixError::Undefined("the singular vectors of the mixtures could not be found"));
    };
    let cut = rounding * values.iter().fold(0.0_f64, |largest, value| largest.max(*value));
    let inverse = values.mapv(|value| if value > cut { 1.0 / value } else { 0.0 });
    Ok(right.t().dot(&(left.t().dot(&target) * inverse)))
}
