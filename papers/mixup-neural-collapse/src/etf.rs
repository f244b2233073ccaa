//! Simplex equiangular tight frames: the classifier of the theory, and the plane in which its pictures are
//! drawn.

use mixup_core::{CoreError, linalg::symmetric_eigen};
use ndarray::{Array1, Array2, ArrayView2, Axis, array};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Singular values below which a direction of the classifier counts as none.
pub const SINGULAR: f64 = 1e-5;

/// A simplex ETF whose rows have norm `norm`: `W = m sqrt(K / (K - 1)) (I - J / K) P^T`. Rows sum to zero,
/// and any two have the cosine `-1 / (K - 1)`.
///
/// # Shapes
/// - `axes`: `[width, classes]`, orthonormal columns P
/// - returns `[classes, width]`
///
/// # Errors
/// Fewer than two classes.
///
/// ```
/// use mixup_neural_collapse::simplex_etf;
/// use ndarray::{Array2, Axis};
///
/// let rows = simplex_etf(Array2::eye(3).view(), 1.0)?;
/// assert!(rows.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-12));
/// // Any two of three have the cosine -1 / 2.
/// assert!((rows.row(0).dot(&rows.row(1)) + 0.5).abs() < 1e-12);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn simplex_etf(axes: ArrayView2<'_, f64>, norm: f64) -> Result<Array2<f64>, CoreError> {
    let classes = axes.ncols();
    if classes < 2 {
        return Err(CoreError::Invalid(format!("a simplex of {classes} classes; it has two or more")));
    }
    let count = classes as f64;
    let rows = axes.t();
    let centred = &rows - &(rows.sum_axis(Axis(0)) / count);
    Ok(centred * (norm * (count / (count - 1.0)).sqrt()))
}

/// Orthonormal columns at random, `[width, columns]`, by Gram and Schmidt.
///
/// # Errors
/// More columns than the width.
pub fn random_axes(width: usize, columns: usize, rng: &mut impl Rng) -> Result<Array2<f64>, CoreError> {
    if columns > width {
        return Err(CoreError::Invalid(format!("{columns} orthonormal columns of width {width}")));
    }
    let mut axes = Array2::zeros((width, columns));
    for column in 0..columns {
        let mut axis = Array1::from_shape_simple_fn(width, || rng.sample::<f64, _>(StandardNormal));
        // Twice is enough for orthogonality to rounding.
        for _ in 0..2 {
            for earlier in 0..column {
                let earlier = axes.column(earlier);
                axis = &axis - &(&earlier * earlier.dot(&axis));
            }
        }
        let length = axis.dot(&axis).sqrt();
        axes.column_mut(column).assign(&(axis / length));
    }
    Ok(axes)
}

/// Coordinates of features in the plane of three classes, as a third party's reproduction draws them:
/// features and rows are centred by the mean of the three rows, features are turned by the polar factor of
/// the rows, and the simplex is laid into the plane.
///
/// # Shapes
/// - `features`: `[samples, width]`
/// - `rows`: the three classes' rows of the classifier, `[3, width]`
/// - returns `[samples, 2]`
///
/// # Errors
/// Other shapes.
pub fn etf_projection(
    features: ArrayView2<'_, f64>,
    rows: ArrayView2<'_, f64>,
    singular: f64,
) -> Result<Array2<f64>, CoreError> {
    if rows.nrows() != 3 || rows.ncols() != features.ncols() {
        return Err(CoreError::Invalid(format!(
            "rows of shape {:?} for features of width {}; three of that width are needed",
            rows.dim(),
            features.ncols()
        )));
    }
    let mean = rows.sum_axis(Axis(0)) / 3.0;
    let centred = &rows - &mean;
    // Of M = U S V^T the polar factor U V^T is the sum of u u^T M / s.
    let (squares, vectors) = symmetric_eigen(&centred.dot(&centred.t()));
    let mut polar = Array2::<f64>::zeros(rows.dim());
    for (square, vector) in squares.iter().zip(vectors.columns()) {
        let value = square.max(0.0).sqrt();
        if value > singular {
            let column = vector.insert_axis(Axis(1));
            polar = polar + column.dot(&column.t()).dot(&centred) / value;
        }
    }
    let plane = array![[0.5, -0.5, 0.0], [0.0, 0.0, 0.75_f64.sqrt()]] * 2f64.sqrt();
    let plane = &plane - &(plane.sum_axis(Axis(1)).insert_axis(Axis(1)) / 3.0);
    Ok((&features - &mean).dot(&polar.t()).dot(&plane.t()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_random_simplex_is_equiangular() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (classes, width) in [(2, 2), (3, 5), (10, 12)] {
            let axes = random_axes(width, classes, &mut rng).unwrap();
            let w = simplex_etf(axes.view(), 2.0).unwrap();
            let expected = Array2::from_shape_fn((classes, classes), |(i, j)| {
                if i == j { 4.0 } else { -4.0 / (classes as f64 - 1.0) }
            });
            assert!((w.dot(&w.t()) - expected).iter().all(|error: &f64| error.abs() < 1e-12));
            assert!(w.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-12));
        }
        assert!(random_axes(2, 3, &mut rng).is_err());
    }

    /// The classifier's own rows are an equilateral triangle in the picture, whatever their direction.
    #[test]
    fn the_rows_of_a_simplex_are_a_triangle_of_their_size() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let w = simplex_etf(random_axes(7, 3, &mut rng).unwrap().view(), 2.0).unwrap();
        let corners = etf_projection(w.view(), w.view(), SINGULAR).unwrap();
        for (i, j) in [(0, 1), (1, 2), (2, 0)] {
            let side = &corners.row(i) - &corners.row(j);
            // Rows of norm 2 at 120 degrees are 2 sqrt(3) apart.
            assert!((side.dot(&side) - 12.0).abs() < 1e-10, "{corners}");
        }
        assert!(etf_projection(w.view(), w.slice(ndarray::s![..2, ..]), SINGULAR).is_err());
    }
}
