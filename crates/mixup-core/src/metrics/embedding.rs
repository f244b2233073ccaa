//! How embeddings lie in their space: alignment, uniformity, utilization, and how well clusters are classes.
//!
//! Distances are computed for a block of rows at a time; none of these holds all of them.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

use super::retrieval::BLOCK;
use crate::CoreError;

/// Rows divided by their Euclidean length; a row of zeros stays one.
pub fn unit(embeddings: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut unit = embeddings.to_owned();
    for mut row in unit.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    unit
}

/// Mean squared distance of two samples of one class, over all such pairs (Wang and Isola 2020, alpha = 2);
/// NaN where there is none.
///
/// # Errors
/// Labels for another number of samples.
pub fn alignment(embeddings: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, CoreError> {
    check(embeddings, labels.len())?;
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(row, label)| classes.entry(*label).or_default().push(row));
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for rows in classes.values() {
        for (place, first) in rows.iter().enumerate() {
            for second in &rows[..place] {
                sum += squared_distance(embeddings.row(*first), embeddings.row(*second));
                pairs += 1;
            }
        }
    }
    Ok(sum / pairs as f64)
}

/// `log mean exp(-2 |x - y|^2)` over all pairs of samples (Wang and Isola 2020, t = 2): the lower, the more evenly
/// they are spread; NaN where there is no pair.
pub fn uniformity(embeddings: ArrayView2<'_, f64>) -> f64 {
    let samples = embeddings.nrows();
    let mut sum = 0.0;
    distances(embeddings, embeddings, |row, distances| {
        sum += distances.slice(s![..row]).iter().map(|distance| (-2.0 * distance).exp()).sum::<f64>();
    });
    let pairs = samples * samples.saturating_sub(1) / 2;
    if pairs == 0 { f64::NAN } else { (sum / pairs as f64).ln() }
}

/// Squared distance of each query to the nearest training sample.
///
/// # Errors
/// No training sample, or embeddings of different dimensions.
pub fn nearest_distances(
    queries: ArrayView2<'_, f64>,
    train: ArrayView2<'_, f64>,
) -> Result<Vec<f64>, CoreError> {
    if train.nrows() == 0 || train.ncols() != queries.ncols() {
        let shapes = (queries.shape(), train.shape());
        return Err(CoreError::Invalid(format!("queries {:?} for samples {:?}", shapes.0, shapes.1)));
    }
    let mut nearest = Vec::with_capacity(queries.nrows());
    distances(queries, train, |_, distances| {
        nearest.push(distances.iter().copied().fold(f64::INFINITY, f64::min));
    });
    Ok(nearest)
}

/// Utilization (Venkataramanan et al. 2022): mean over queries of the squared distance to the nearest training
/// sample. The lower, the better training samples cover the space where queries lie.
///
/// # Errors
/// As [`nearest_distances`].
pub fn utilization(queries: ArrayView2<'_, f64>, train: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    let nearest = nearest_distances(queries, train)?;
    Ok(nearest.iter().sum::<f64>() / nearest.len() as f64)
}

/// Normalised mutual information of two labellings: their mutual information over the mean of their entropies.
/// 1 where each is a renaming of the other, also where both have one class.
///
/// # Errors
/// Labellings of different lengths, or of nothing.
pub fn normalised_mutual_information(one: &[usize], other: &[usize]) -> Result<f64, CoreError> {
    if one.len() != other.len() || one.is_empty() {
        return Err(CoreError::Invalid(format!("labellings of {} and {} samples", one.len(), other.len())));
    }
    let samples = one.len() as f64;
    let entropy = |counts: &[usize]| -> f64 {
        let shares = counts.iter().map(|count| *count as f64 / samples);
        shares.map(|share| -share * share.ln()).sum()
    };
    let joint = entropy(&counts(one.iter().zip(other)));
    let [first, second] = [one, other].map(|labels| entropy(&counts(labels.iter())));
    let mean = (first + second) / 2.0;
    Ok(if mean > 0.0 { ((first + second - joint) / mean).max(0.0) } else { 1.0 })
}

fn counts<T: Ord>(values: impl Iterator<Item = T>) -> Vec<usize> {
    let mut counts = BTreeMap::<T, usize>::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_values().collect()
}

fn check(embeddings: ArrayView2<'_, f64>, labels: usize) -> Result<(), CoreError> {
    match embeddings.nrows() {
        rows if rows == labels => Ok(()),
        rows => Err(CoreError::Invalid(format!("{labels} labels for {rows} embeddings"))),
    }
}

fn squared_distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// Calls `row` with the squared distances of each row of `a` to all rows of `b`.
fn distances(
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    mut row: impl FnMut(usize, ArrayView1<'_, f64>),
) {
    let squares =
        |x: ArrayView2<'_, f64>| -> Array1<f64> { x.rows().into_iter().map(|x| x.dot(&x)).collect() };
    let (of_a, of_b) = (squares(a), squares(b));
    for start in (0..a.nrows()).step_by(BLOCK) {
        let end = (start + BLOCK).min(a.nrows());
        let mut block = a.slice(s![start..end, ..]).dot(&b.t());
        for (index, mut products) in (start..).zip(block.axis_iter_mut(Axis(0))) {
            products.zip_mut_with(&of_b, |product, square| {
                *product = (of_a[index] + square - 2.0 * *product).max(0.0);
            });
            row(index, products.view());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn distances_by_hand() {
        let points = array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]];
        // Pairs of class 0: the first and the third.
        assert_eq!(alignment(points.view(), &[0, 1, 0]).unwrap(), 1.0);
        assert!(alignment(points.view(), &[0, 1]).is_err());
        let mean = ((-50.0_f64).exp() + (-2.0_f64).exp() + (-36.0_f64).exp()) / 3.0;
        assert!((uniformity(points.view()) - mean.ln()).abs() < 1e-12);
        let queries = array![[3.0, 3.0], [0.0, 0.0]];
        assert_eq!(nearest_distances(queries.view(), points.view()).unwrap(), [1.0, 0.0]);
        assert_eq!(utilization(queries.view(), points.view()).unwrap(), 0.5);
        assert!(utilization(queries.view(), array![[1.0, 2.0, 3.0]].view()).is_err());
        assert_eq!(unit(points.view()).row(1).to_vec(), [0.6, 0.8]);
        assert_eq!(unit(points.view()).row(0).to_vec(), [0.0, 0.0]);
    }

    /// Points spread over the circle reach the mean over all angles, those of one place 0.
    #[test]
    fn uniformity_of_the_circle_is_its_integral() {
        let circle = |samples: usize| {
            Array2::from_shape_fn((samples, 2), |(row, axis)| {
                let angle = std::f64::consts::TAU * row as f64 / samples as f64;
                if axis == 0 { angle.cos() } else { angle.sin() }
            })
        };
        // exp(-2 (2 - 2 cos)) over all angles is exp(-4) I0(4).
        let bessel = 11.301_921_952_136_33_f64;
        let expected = (-4.0_f64) + bessel.ln();
        let samples = 2 * BLOCK + 100;
        // A point is no pair with itself.
        let exact = ((expected.exp() * samples as f64 - 1.0) / (samples - 1) as f64).ln();
        assert!((uniformity(circle(samples).view()) - exact).abs() < 1e-9);
        assert_eq!(uniformity(Array2::ones((4, 2)).view()), 0.0);
    }

    #[test]
    fn mutual_information_of_renamed_and_of_independent_labels() {
        let nmi = |a: &[usize], b: &[usize]| normalised_mutual_information(a, b).unwrap();
        assert!((nmi(&[0, 0, 1, 1, 2], &[5, 5, 3, 3, 9]) - 1.0).abs() < 1e-12);
        assert!(nmi(&[0, 0, 1, 1], &[0, 1, 0, 1]).abs() < 1e-12);
        assert_eq!(nmi(&[4, 4], &[7, 7]), 1.0);
        assert_eq!(nmi(&[0, 1], &[0, 0]), 0.0);
        // ln 2 shared, entropies ln 2 and ln 4.
        assert!((nmi(&[0, 0, 1, 1], &[0, 1, 2, 3]) - 2.0 / 3.0).abs() < 1e-12);
        assert!(normalised_mutual_information(&[0], &[0, 1]).is_err());
    }
}
