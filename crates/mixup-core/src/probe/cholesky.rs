//! Cholesky's factor of a symmetric matrix, by blocks.

use ndarray::{Array2, ArrayView2, s};

use crate::CoreError;

/// Columns that are factorised element by element before a matrix product takes them off the rest.
const BLOCK: usize = 48;

/// The lower triangular `L` with `L L^T` a given matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky(Array2<f64>);

impl Cholesky {
    /// Factorises a symmetric matrix, of which the lower half is read.
    ///
    /// # Errors
    /// A matrix that is not square or not positive definite.
    pub fn new(mut matrix: Array2<f64>) -> Result<Self, CoreError> {
        let size = matrix.nrows();
        if size != matrix.ncols() {
            return Err(CoreError::Invalid(format!("a Cholesky factor of {:?}", matrix.dim())));
        }
        for start in (0..size).step_by(BLOCK) {
            let end = (start + BLOCK).min(size);
            factorise_columns(&mut matrix, start, end)?;
            let panel = matrix.slice(s![end.., start..end]).to_owned();
            let taken = panel.dot(&panel.t());
            let mut rest = matrix.slice_mut(s![end.., end..]);
            rest -= &taken;
        }
        for row in 0..size {
            matrix.slice_mut(s![row, row + 1..]).fill(0.0);
        }
        Ok(Self(matrix))
    }

    /// `x` of `L L^T x = b`, for each column of `b`.
    ///
    /// # Panics
    /// When `b` has another number of rows.
    pub fn solve(&self, b: ArrayView2<'_, f64>) -> Array2<f64> {
        let (lower, mut x) = (&self.0, b.to_owned());
        let size = lower.nrows();
        assert_eq!(size, x.nrows(), "a right side of another size");
        for row in 0..size {
            let (above, mut own) = x.view_mut().split_at(ndarray::Axis(0), row);
            let known = lower.slice(s![row, ..row]).dot(&above);
            let mut own = own.row_mut(0);
            own -= &known;
            own /= lower[[row, row]];
        }
        for row in (0..size).rev() {
            let (mut own, below) = x.view_mut().split_at(ndarray::Axis(0), row + 1);
            let known = lower.slice(s![row + 1.., row]).dot(&below);
            let mut own = own.row_mut(row);
            own -= &known;
            own /= lower[[row, row]];
        }
        x
    }
}

/// The columns from `start` to `end`, from which all earlier ones were taken off.
fn factorise_columns(matrix: &mut Array2<f64>, start: usize, end: usize) -> Result<(), CoreError> {
    for column in start..end {
        let done = matrix.slice(s![column, start..column]).to_owned();
        let pivot = matrix[[column, column]] - done.dot(&done);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(CoreError::Invalid(
                "a matrix that is not positive definite has no Cholesky factor".into(),
            ));
        }
        let pivot = pivot.sqrt();
        matrix[[column, column]] = pivot;
        for row in column + 1..matrix.nrows() {
            let known = matrix.slice(s![row, start..column]).dot(&done);
            matrix[[row, column]] = (matrix[[row, column]] - known) / pivot;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;
    use ndarray::array;
    use rand::RngExt;

    #[test]
    fn a_solution_solves_whatever_the_blocks() {
        let mut streams = Streams::new("cholesky", 0);
        for size in [1, 5, BLOCK, BLOCK + 1, 2 * BLOCK + 7] {
            let mut uniform = |columns: usize| {
                Array2::from_shape_simple_fn((size, columns), || streams.get("entries").random::<f64>() - 0.5)
            };
            let (half, b) = (uniform(size + 3), uniform(2));
            let matrix = half.dot(&half.t());
            let x = Cholesky::new(matrix.clone()).unwrap().solve(b.view());
            let error = (&matrix.dot(&x) - &b).iter().fold(0.0, |most: f64, error| most.max(error.abs()));
            assert!(error < 1e-8, "{size}: {error}");
        }
    }

    #[test]
    fn the_factor_by_hand_and_what_has_none() {
        let factor = Cholesky::new(array![[4.0, f64::NAN], [2.0, 5.0]]).unwrap();
        assert_eq!(factor.0, array![[2.0, 0.0], [1.0, 2.0]]);
        assert!(Cholesky::new(array![[1.0, 2.0], [2.0, 1.0]]).is_err());
        assert!(Cholesky::new(array![[f64::NAN]]).is_err());
        assert!(Cholesky::new(Array2::zeros((2, 3))).is_err());
    }
}
