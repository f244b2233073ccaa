//! Correlations of ranks, and whether embeddings are ordered as their labels are.

use ndarray::ArrayView2;

use super::embedding::unit;
use crate::CoreError;

/// Ranks from 1; equal values have the mean of their places.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|at| ranks[*at] = rank);
        before += equal.len();
    }
    ranks
}

/// Spearman's correlation: Pearson's of the ranks; NaN where one side is constant.
///
/// # Errors
/// Sides of different lengths.
pub fn spearman(a: &[f64], b: &[f64]) -> Result<f64, CoreError> {
    if a.len() != b.len() {
        return Err(CoreError::Invalid(format!("a correlation of {} with {} values", a.len(), b.len())));
    }
    let [a, b] = [a, b].map(|side| {
        let ranks = ranks(side);
        let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
        ranks.into_iter().map(|rank| rank - mean).collect::<Vec<f64>>()
    });
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    Ok(product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt())
}

/// How far embeddings are ordered as their labels: Spearman's correlation of `|y_i - y_j|` and `1 - cos(z_i, z_j)` over
/// all pairs of samples.
///
/// # Shapes
/// - `embeddings`: `[samples, dimensions]`; `labels`: `[samples]`
///
/// # Errors
/// Labels for another number of samples.
pub fn label_order(embeddings: ArrayView2<'_, f64>, labels: &[f64]) -> Result<f64, CoreError> {
    if labels.len() != embeddings.nrows() {
        let (labels, samples) = (labels.len(), embeddings.nrows());
        return Err(CoreError::Invalid(format!("{labels} labels for {samples} embeddings")));
    }
    let unit = unit(embeddings);
    let cosines = unit.dot(&unit.t());
    let pairs = labels.len() * labels.len().saturating_sub(1) / 2;
    let (mut apart, mut far) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for i in 0..labels.len() {
        for j in 0..i {
            apart.push((labels[i] - labels[j]).abs());
            far.push(1.0 - cosines[[i, j]]);
        }
    }
    spearman(&apart, &far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use proptest::prelude::*;

    #[test]
    fn ranks_of_ties_are_the_mean_of_their_places() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(ranks(&[]), [0.0; 0]);
    }

    #[test]
    fn spearman_by_hand() {
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) = 0.8207826816681233
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]).unwrap();
        assert!((found - 0.820_782_681_668_123_3).abs() < 1e-12, "{found}");
        assert!(spearman(&[1.0], &[1.0, 2.0]).is_err());
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).unwrap().is_nan());
    }

    /// On a quarter of a circle the angle between two points grows with their distance in label.
    #[test]
    fn points_along_a_curve_are_in_order_and_shuffled_labels_are_not() {
        let labels: Vec<f64> = (0..40).map(f64::from).collect();
        let curve = Array2::from_shape_fn((40, 2), |(row, axis)| {
            let angle = row as f64 / 40.0 * std::f64::consts::FRAC_PI_2;
            3.0 * if axis == 0 { angle.cos() } else { angle.sin() }
        });
        assert!(label_order(curve.view(), &labels).unwrap() > 0.999);
        let shuffled: Vec<f64> = (0..40).map(|row| f64::from(row * 17 % 40)).collect();
        assert!(label_order(curve.view(), &shuffled).unwrap().abs() < 0.2);
        assert!(label_order(curve.view(), &labels[1..]).is_err());
    }

    proptest! {
        #[test]
        fn a_rising_function_changes_no_rank(values in prop::collection::vec(-3i32..3, 2..20)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let risen: Vec<f64> = values.iter().map(|value| value.powi(3) + value.exp()).collect();
            prop_assert_eq!(ranks(&values), ranks(&risen));
            let all = values.len() * (values.len() + 1) / 2;
            prop_assert!((ranks(&values).iter().sum::<f64>() - all as f64).abs() < 1e-9);
        }
    }
}
