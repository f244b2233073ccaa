//! Principal components.

use std::num::NonZeroUsize;

use ndarray::{Array2, ArrayView2, Axis};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::CoreError;

/// Multiplications by the covariance. The part of a component that is missing shrinks at each by the ratio of its
/// variance to that of the last component that is kept.
const ITERATIONS: usize = 20;

/// Samples in the subspace of largest variance, by orthogonal iteration from a random start. Distances in it are
/// those of principal components; its axes are not sorted and not the components themselves.
///
/// # Shapes
/// - `samples`: `[samples, values]`; the mean is taken off
/// - returns `[samples, dimensions]`; where there are not more values than `dimensions`, the centred samples
///
/// # Errors
/// No samples, or a value that is not finite.
pub fn principal_subspace(
    samples: ArrayView2<'_, f64>,
    dimensions: NonZeroUsize,
    rng: &mut impl Rng,
) -> Result<Array2<f64>, CoreError> {
    let mean = samples.mean_axis(Axis(0)).filter(|mean| mean.iter().all(|value| value.is_finite()));
    let mean = mean.ok_or_else(|| {
        CoreError::Invalid("principal components need samples, of finite values".to_owned())
    })?;
    let centred = &samples - &mean;
    let (values, dimensions) = (samples.ncols(), dimensions.get());
    if values <= dimensions {
        return Ok(centred);
    }
    let covariance = centred.t().dot(&centred);
    let mut axes = Array2::<f64>::from_shape_simple_fn((values, dimensions), || StandardNormal.sample(rng));
    orthonormalise(&mut axes);
    for _ in 0..ITERATIONS {
        axes = covariance.dot(&axes);
        orthonormalise(&mut axes);
    }
    Ok(centred.dot(&axes))
}

/// Columns of length 1 at right angles (modified Gram-Schmidt); a column that depends on those before it
/// becomes 0.
fn orthonormalise(columns: &mut Array2<f64>) {
    for column in 0..columns.ncols() {
        let (done, mut rest) = columns.view_mut().split_at(Axis(1), column);
        let mut own = rest.column_mut(0);
        let before = own.dot(&own).sqrt();
        for other in done.columns() {
            let along = other.dot(&own);
            own.scaled_add(-along, &other);
        }
        let length = own.dot(&own).sqrt();
        let scale = if length > 1e-12 * before { 1.0 / length } else { 0.0 };
        own.mapv_inplace(|value| value * scale);
    }
}

/// Rows scaled to length 1; a row of zeros stays.
///
/// # Shapes
/// - `rows`, result: `[rows, values]`
pub fn unit_rows(mut rows: Array2<f64>) -> Array2<f64> {
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;
    use ndarray::array;

    /// 200 samples in 6 dimensions whose variance is in the plane of (1, 1, 0, 0, 0, 0) and (0, 0, 1, -1, 0, 0),
    /// but for a little in the last value.
    fn samples() -> Array2<f64> {
        let mut streams = Streams::new("principal", 0);
        let normal =
            Array2::<f64>::from_shape_simple_fn((200, 3), || StandardNormal.sample(streams.get("samples")));
        let axes = array![
            [3.0, 3.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 2.0, -2.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.1]
        ];
        normal.dot(&axes) + 5.0
    }

    #[test]
    fn distances_are_those_in_the_plane_of_largest_variance() {
        let samples = samples();
        let two = NonZeroUsize::new(2).unwrap();
        let found = principal_subspace(samples.view(), two, Streams::new("axes", 0).get("axes")).unwrap();
        let other = principal_subspace(samples.view(), two, Streams::new("axes", 1).get("axes")).unwrap();
        let distance = |rows: &Array2<f64>, row: usize| (&rows.row(row) - &rows.row(0)).mapv(|d| d * d).sum();
        for row in 1..200 {
            let mut flat = samples.clone();
            flat.column_mut(5).fill(0.0);
            let expected = distance(&flat, row);
            // Of the last axis, which has 1 / 800 of the second one's variance, a little mixes in.
            assert!((distance(&found, row) - expected).abs() < 1e-2 * (1.0 + expected));
            assert!((distance(&found, row) - distance(&other, row)).abs() < 1e-9, "whatever the start");
        }
    }

    #[test]
    fn few_values_are_only_centred() {
        let samples = array![[1.0, 2.0], [3.0, 6.0]];
        let rng = &mut Streams::new("axes", 0);
        let two = NonZeroUsize::new(2).unwrap();
        let found = principal_subspace(samples.view(), two, rng.get("axes")).unwrap();
        assert_eq!(found, array![[-1.0, -2.0], [1.0, 2.0]]);
        assert!(principal_subspace(Array2::zeros((0, 3)).view(), two, rng.get("axes")).is_err());
        assert!(principal_subspace(array![[f64::NAN]].view(), two, rng.get("axes")).is_err());
    }

    #[test]
    fn rows_have_length_one() {
        assert_eq!(unit_rows(array![[3.0, 4.0], [0.0, 0.0]]), array![[0.6, 0.8], [0.0, 0.0]]);
    }
}
