//! How well predicted losses agree with measured ones: rank correlation is the paper's yardstick,
//! because a mixture is chosen by rank and the loss level changes with the size of the model.

use crate::error::{RegmixError, Result, all_finite, same_size};

/// Spearman's rank correlation, the correlation of the paper's regression tables (printed there
/// times 100): Pearson's correlation of the ranks, with the average rank for ties.
///
/// # Shapes
/// `predicted` and `actual`: `n` values each; the result is in `[-1, 1]`.
///
/// # Errors
/// Fewer than two values, different lengths, a value that is not finite, or one side constant
/// (the correlation is not defined there).
pub fn spearman(predicted: &[f64], actual: &[f64]) -> Result<f64> {
    check(predicted, actual)?;
    pearson(&average_ranks(predicted), &average_ranks(actual))
}

/// Pearson's correlation.
///
/// # Shapes
/// `predicted` and `actual`: `n` values each; the result is in `[-1, 1]`.
///
/// # Errors
/// As [`spearman`].
pub fn pearson(predicted: &[f64], actual: &[f64]) -> Result<f64> {
    check(predicted, actual)?;
    let (left, right) = (unit_deviations(predicted)?, unit_deviations(actual)?);
    let correlation: f64 = left.iter().zip(&right).map(|(a, b)| a * b).sum();
    Ok(correlation.clamp(-1.0, 1.0))
}

/// Mean squared error, in squared nats where the values are losses.
///
/// # Shapes
/// `predicted` and `actual`: `n` values each.
///
/// # Errors
/// No values, different lengths, or a value that is not finite.
pub fn mse(predicted: &[f64], actual: &[f64]) -> Result<f64> {
    if predicted.is_empty() {
        return Err(RegmixError::Undefined("the mean squared error of no values is not defined"));
    }
    same_size("measured losses", predicted.len(), actual.len())?;
    all_finite("predicted losses", predicted)?;
    all_finite("measured losses", actual)?;
    let sum: f64 = predicted.iter().zip(actual).map(|(p, a)| (p - a).powi(2)).sum();
    Ok(sum / predicted.len() as f64)
}

/// Ranks from 1; equal values share the mean of their ranks. Zero and negative zero are equal.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let last = first + ties.len();
        for &index in ties {
            ranks[index] = (first + 1 + last) as f64 / 2.0;
        }
        first = last;
    }
    ranks
}

/// Deviations from the mean, scaled to length 1.
fn unit_deviations(values: &[f64]) -> Result<Vec<f64>> {
    let constant = RegmixError::Undefined("the correlation with a constant is not defined");
    if values.iter().all(|value| *value == values[0]) {
        return Err(constant);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    // The largest deviation is taken out first, so that no square over- or underflows.
    let largest = deviations.iter().fold(0.0_f64, |largest, deviation| largest.max(deviation.abs()));
    let norm = deviations.iter().map(|deviation| (deviation / largest).powi(2)).sum::<f64>().sqrt() * largest;
    if norm > 0.0 && norm.is_finite() {
        Ok(deviations.iter().map(|deviation| deviation / norm).collect())
    } else {
        Err(constant)
    }
}

fn check(predicted: &[f64], actual: &[f64]) -> Result<()> {
    same_size("measured losses", predicted.len(), actual.len())?;
    if predicted.len() < 2 {
        return Err(RegmixError::Undefined("a correlation needs at least two values"));
    }
    all_finite("predicted losses", predicted)?;
    all_finite("measured losses", actual)
}
