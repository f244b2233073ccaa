//! What the nearest neighbours of a sample among labelled ones say about it.
//!
//! Similarities are computed for a block of queries at a time.

use std::num::NonZeroUsize;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::retrieval::BLOCK;
use crate::CoreError;
use crate::checked::Positive;

/// Votes of the `k` most similar samples of a bank for their classes, each `exp(s / temperature)` (Wu et al. 2018): for
/// every query and class the sum. The earlier sample is the nearer of equals.
///
/// # Shapes
/// - `bank`: `[samples, dimensions]`, `queries`: `[queries, dimensions]`, rows of length 1, so that products are
///   cosines; `labels`: the bank's classes, below `classes`
/// - returns `[queries, classes]`
///
/// # Errors
/// An empty bank, other dimensions, labels that do not fit.
pub fn weighted_votes(
    bank: ArrayView2<'_, f64>,
    labels: &[usize],
    queries: ArrayView2<'_, f64>,
    k: NonZeroUsize,
    temperature: Positive,
    classes: usize,
) -> Result<Array2<f64>, CoreError> {
    check(bank, labels.len(), queries)?;
    if let Some(label) = labels.iter().find(|label| **label >= classes) {
        return Err(CoreError::Invalid(format!("class {label} of {classes}")));
    }
    let mut votes = Array2::zeros((queries.nrows(), classes));
    let mut row = 0;
    for block in queries.axis_chunks_iter(Axis(0), BLOCK) {
        for similarities in block.dot(&bank.t()).rows() {
            for near in nearest(similarities, k) {
                votes[[row, labels[near]]] += (similarities[near] / temperature.get()).exp();
            }
            row += 1;
        }
    }
    Ok(votes)
}

/// Mean target of the `k` nearest samples of a bank by Euclidean distance.
///
/// # Shapes
/// - `bank`: `[samples, dimensions]`, `targets`: of these; `queries`: `[queries, dimensions]`
/// - returns `[queries]`
///
/// # Errors
/// As [`weighted_votes`].
pub fn neighbour_means(
    bank: ArrayView2<'_, f64>,
    targets: &[f64],
    queries: ArrayView2<'_, f64>,
    k: NonZeroUsize,
) -> Result<Vec<f64>, CoreError> {
    check(bank, targets.len(), queries)?;
    let squares: Vec<f64> = bank.rows().into_iter().map(|row| row.dot(&row)).collect();
    let mut means = Vec::with_capacity(queries.nrows());
    for block in queries.axis_chunks_iter(Axis(0), BLOCK) {
        let mut products = block.dot(&bank.t());
        for mut row in products.rows_mut() {
            // -|x - b|^2 / 2 but for |x|^2, which decides nothing.
            row.iter_mut().zip(&squares).for_each(|(product, square)| *product -= 0.5 * square);
            let near = nearest(row.view(), k);
            means.push(near.iter().map(|near| targets[*near]).sum::<f64>() / near.len() as f64);
        }
    }
    Ok(means)
}

/// Share of the queries whose class is among the `first` classes with the most votes; the class with the smaller
/// number is the first of equals.
///
/// # Errors
/// Labels for another number of queries, or beyond the classes.
pub fn share_among_first(
    votes: ArrayView2<'_, f64>,
    labels: &[usize],
    first: NonZeroUsize,
) -> Result<f64, CoreError> {
    if labels.len() != votes.nrows() || labels.iter().any(|label| *label >= votes.ncols()) {
        let (labels, [queries, classes]) = (labels.len(), [votes.nrows(), votes.ncols()]);
        return Err(CoreError::Invalid(format!(
            "{labels} labels for {queries} queries of {classes} classes"
        )));
    }
    let found = votes.rows().into_iter().zip(labels).filter(|(votes, label)| {
        let own = votes[**label];
        let before = |(class, votes): (usize, &f64)| *votes > own || (*votes == own && class < **label);
        votes.iter().enumerate().filter(|vote| before(*vote)).count() < first.get()
    });
    Ok(found.count() as f64 / labels.len() as f64)
}

/// Places of the `k` largest similarities, the largest first; the earlier of equals.
pub fn nearest(similarities: ArrayView1<'_, f64>, k: NonZeroUsize) -> Vec<usize> {
    let k = k.get().min(similarities.len());
    let order = |a: &usize, b: &usize| similarities[*b].total_cmp(&similarities[*a]).then(a.cmp(b));
    let mut places: Vec<usize> = (0..similarities.len()).collect();
    if k < places.len() {
        places.select_nth_unstable_by(k, order);
        places.truncate(k);
    }
    places.sort_unstable_by(order);
    places
}

fn check(bank: ArrayView2<'_, f64>, labels: usize, queries: ArrayView2<'_, f64>) -> Result<(), CoreError> {
    if bank.is_empty() || labels != bank.nrows() || bank.ncols() != queries.ncols() {
        let (bank, queries) = (bank.dim(), queries.dim());
        return Err(CoreError::Invalid(format!(
            "neighbours of {queries:?} queries among {bank:?} samples with {labels} labels"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn count(k: usize) -> NonZeroUsize {
        NonZeroUsize::new(k).unwrap()
    }

    #[test]
    fn votes_by_hand() {
        let bank = array![[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]];
        let half = Positive::new(0.5).unwrap();
        let votes =
            weighted_votes(bank.view(), &[0, 1, 1, 2], array![[0.8, 0.6]].view(), count(3), half, 4).unwrap();
        let expected = [1.6_f64.exp(), 1.2_f64.exp() + 1.92_f64.exp(), 0.0, 0.0];
        assert!(votes.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{votes}");
        let share =
            |label: usize, first: usize| share_among_first(votes.view(), &[label], count(first)).unwrap();
        assert_eq!(
            [share(1, 1), share(0, 1), share(0, 2), share(3, 3), share(2, 3)],
            [1.0, 0.0, 1.0, 0.0, 1.0]
        );
        assert!(weighted_votes(bank.view(), &[0, 1, 1, 4], bank.view(), count(1), half, 4).is_err());
        assert!(weighted_votes(bank.view(), &[0], bank.view(), count(1), half, 4).is_err());
    }

    #[test]
    fn the_earlier_of_equals_is_nearer() {
        let equal = array![0.5, 0.7, 0.5, 0.7, 0.1];
        assert_eq!(nearest(equal.view(), count(3)), [1, 3, 0]);
        assert_eq!(nearest(equal.view(), count(9)), [1, 3, 0, 2, 4]);
    }

    #[test]
    fn means_are_of_the_nearest_by_distance_and_not_by_product() {
        let bank = array![[10.0, 0.0], [1.0, 0.1], [0.9, -0.1], [-3.0, 0.0]];
        let found = neighbour_means(bank.view(), &[8.0, 2.0, 4.0, 0.0], array![[1.0, 0.0]].view(), count(2));
        assert_eq!(found.unwrap(), [3.0]);
        assert!(neighbour_means(bank.view(), &[8.0], bank.view(), count(2)).is_err());
    }
}
