//! Rank correlation, the paper's yardstick: a mixture is chosen by rank, and the loss level changes
//! with the size of the model. Pearson's correlation and the mean squared error are those of
//! [`mixup_core::metrics::regression`].

use mixup_core::metrics::regression;
use ndarray::{Array2, Axis};

use mixup_routines::proxies::{Result, all_finite, require, same_size};

/// Spearman's rank correlation, as in the paper's regression tables (times 100 there): Pearson's
/// correlation of the ranks, with the average rank for ties.
///
/// # Shapes
/// `predicted` and `actual`: `n` losses each; returns a number in `[-1, 1]`, or NaN where one side
/// is constant.
///
/// # Errors
/// No values, different lengths, a value that is not finite.
pub fn spearman(predicted: &[f64], actual: &[f64]) -> Result<f64> {
    require(!predicted.is_empty(), "predicted losses", "empty", "at least one")?;
    same_size("measured losses", predicted.len(), actual.len())?;
    all_finite("predicted losses", predicted)?;
    all_finite("measured losses", actual)?;
    let [predicted, actual] = [predicted, actual].map(average_ranks);
    Ok(regression::pearson(predicted.view(), actual.view())?)
}

/// Ranks from 1, as one column; equal values share the mean of their ranks. Zero and negative zero
/// are equal.
fn average_ranks(values: &[f64]) -> Array2<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    let mut ranks = ndarray::Array1::zeros(values.len());
    let mut first = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let last = first + ties.len();
        for &index in ties {
            ranks[index] = (first + 1 + last) as f64 / 2.0;
        }
        first = last;
    }
    ranks.insert_axis(Axis(1))
}
