//! k-means.

use std::num::NonZeroUsize;

use ndarray::{Array2, ArrayView2, Axis};
use rand::{Rng, RngExt};

use crate::CoreError;

/// Iterations after which a clustering that still moves is taken as it is.
const ITERATIONS: usize = 100;

/// k-means (Lloyd 1982) from a start by k-means++ (Arthur and Vassilvitskii 2007): samples go to the nearest
/// centre and centres to the mean of their samples until no sample moves. A centre that loses all of its
/// samples stays where it is.
///
/// # Shapes
/// - `points`: `[samples, dimensions]`, distances are Euclidean
/// - returns `[samples]`, the cluster of each, below `clusters`
///
/// # Errors
/// Fewer samples than clusters, or a value that is not finite.
pub fn kmeans(
    points: ArrayView2<'_, f64>,
    clusters: NonZeroUsize,
    rng: &mut impl Rng,
) -> Result<Vec<usize>, CoreError> {
    if points.nrows() < clusters.get() || points.iter().any(|value| !value.is_finite()) {
        return Err(CoreError::Invalid(format!(
            "k-means: {clusters} clusters of {} samples; as many samples are needed, and finite values",
            points.nrows()
        )));
    }
    let mut centres = spread(points, clusters.get(), rng);
    let mut assigned = nearest(points, &centres);
    for _ in 0..ITERATIONS {
        move_to_means(points, &assigned, &mut centres);
        let again = nearest(points, &centres);
        if again == assigned {
            break;
        }
        assigned = again;
    }
    Ok(assigned)
}

/// Centres to start from: samples, each drawn with a probability that grows with its squared distance to those
/// that are there.
fn spread(points: ArrayView2<'_, f64>, clusters: usize, rng: &mut impl Rng) -> Array2<f64> {
    let mut chosen = vec![rng.random_range(0..points.nrows())];
    let mut distances = vec![f64::INFINITY; points.nrows()];
    while chosen.len() < clusters {
        let last = points.row(chosen[chosen.len() - 1]);
        for (distance, point) in distances.iter_mut().zip(points.rows()) {
            let to_last = point.iter().zip(last).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            *distance = distance.min(to_last);
        }
        let mut left = rng.random::<f64>() * distances.iter().sum::<f64>();
        let drawn = distances.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        // All samples lie on centres, or rounding ate the last one.
        chosen.push(drawn.unwrap_or(points.nrows() - 1));
    }
    points.select(Axis(0), &chosen)
}

/// The nearest centre of each point, the first of equals.
fn nearest(points: ArrayView2<'_, f64>, centres: &Array2<f64>) -> Vec<usize> {
    // |x - c|^2 = |x|^2 - 2 x c + |c|^2, where |x| decides nothing.
    let products = points.dot(&centres.t());
    let squares: Vec<f64> = centres.rows().into_iter().map(|centre| centre.dot(&centre)).collect();
    let best = |products: ndarray::ArrayView1<'_, f64>| {
        let distances = products.iter().zip(&squares).map(|(product, square)| square - 2.0 * product);
        let nearer = |best: (usize, f64), (centre, distance): (usize, f64)| {
            if distance < best.1 { (centre, distance) } else { best }
        };
        distances.enumerate().fold((0, f64::INFINITY), nearer).0
    };
    products.rows().into_iter().map(best).collect()
}

fn move_to_means(points: ArrayView2<'_, f64>, assigned: &[usize], centres: &mut Array2<f64>) {
    let mut sums = Array2::<f64>::zeros(centres.raw_dim());
    let mut sizes = vec![0.0; centres.nrows()];
    for (point, &cluster) in points.rows().into_iter().zip(assigned) {
        sizes[cluster] += 1.0;
        sums.row_mut(cluster).zip_mut_with(&point, |sum, value| *sum += value);
    }
    for (cluster, size) in sizes.into_iter().enumerate().filter(|(_, size)| *size > 0.0) {
        centres.row_mut(cluster).assign(&(&sums.row(cluster) / size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn clusters_of(points: &Array2<f64>, clusters: usize, seed: u64) -> Vec<usize> {
        let clusters = NonZeroUsize::new(clusters).unwrap();
        kmeans(points.view(), clusters, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    #[test]
    fn clouds_far_apart_are_found() {
        let centres = [[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]];
        let points = Array2::from_shape_fn((60, 2), |(row, column)| {
            centres[row % 3][column] + ((7 * row + 3 * column) % 5) as f64
        });
        for seed in 0..20 {
            let found = clusters_of(&points, 3, seed);
            assert!((3..60).all(|row| found[row] == found[row % 3]), "{found:?}");
            assert!(found[0] != found[1] && found[1] != found[2] && found[0] != found[2]);
        }
    }

    proptest! {
        #[test]
        fn no_sample_is_nearer_to_the_mean_of_another_cluster(
            values in prop::collection::vec(-10.0f64..10.0, 30 * 2), clusters in 1usize..6, seed: u64,
        ) {
            let points = Array2::from_shape_vec((30, 2), values).unwrap();
            let found = clusters_of(&points, clusters, seed);
            let mean = |cluster: usize| {
                let rows: Vec<usize> = (0..30).filter(|&row| found[row] == cluster).collect();
                (!rows.is_empty()).then(|| points.select(Axis(0), &rows).mean_axis(Axis(0)).unwrap())
            };
            let means: Vec<_> = (0..clusters).map(mean).collect();
            for (row, &own) in found.iter().enumerate() {
                let distance = |mean: &ndarray::Array1<f64>| (&points.row(row) - mean).mapv(|d| d * d).sum();
                let to_own = distance(means[own].as_ref().unwrap());
                for other in means.iter().flatten() {
                    prop_assert!(to_own <= distance(other) + 1e-9);
                }
            }
        }
    }

    #[test]
    fn as_many_samples_as_clusters_are_needed() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let points = Array2::<f64>::zeros((3, 2));
        let error = kmeans(points.view(), NonZeroUsize::new(4).unwrap(), rng).unwrap_err();
        assert!(error.to_string().contains("4 clusters of 3"), "{error}");
        assert_eq!(kmeans(points.view(), NonZeroUsize::new(3).unwrap(), rng).unwrap(), [0; 3]);
        let infinite = Array2::from_elem((5, 1), f64::NAN);
        assert!(kmeans(infinite.view(), NonZeroUsize::MIN, rng).is_err());
    }
}
