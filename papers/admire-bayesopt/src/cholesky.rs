//! Cholesky's factor of a covariance.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

/// A lower triangular factor `L` with `L L^T` the matrix it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    lower: Array2<f64>,
}

impl Cholesky {
    /// Factorises a symmetric `[n, n]` matrix, of which the lower half is read; nothing where it is not
    /// positive definite.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Option<Self> {
        let mut lower = Array2::<f64>::zeros(matrix.raw_dim());
        for row in 0..matrix.nrows() {
            for column in 0..=row {
                let known = lower.slice(s![row, ..column]).dot(&lower.slice(s![column, ..column]));
                let rest = matrix[[row, column]] - known;
                lower[[row, column]] = if column < row {
                    rest / lower[[column, column]]
                } else if rest > 0.0 {
                    rest.sqrt()
                } else {
                    return None;
                };
            }
        }
        Some(Self { lower })
    }

    /// `ln det` of the matrix.
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diag().mapv(f64::ln).sum()
    }

    /// `L^-1`, `[n, n]`, lower triangular.
    pub fn inverse_factor(&self) -> Array2<f64> {
        let size = self.lower.nrows();
        // Row by row of the transpose, so that both factors of each product are contiguous.
        let mut transposed = Array2::<f64>::zeros((size, size));
        for column in 0..size {
            transposed[[column, column]] = 1.0 / self.lower[[column, column]];
            for row in column + 1..size {
                let known =
                    self.lower.slice(s![row, column..row]).dot(&transposed.slice(s![column, column..row]));
                transposed[[column, row]] = -known / self.lower[[row, row]];
            }
        }
        transposed.reversed_axes()
    }

    /// The solution `x` of `L L^T x = b`, `[n]`.
    pub fn solve(&self, b: ArrayView1<'_, f64>) -> Array1<f64> {
        let size = self.lower.nrows();
        let mut x = b.to_owned();
        for row in 0..size {
            let known = self.lower.slice(s![row, ..row]).dot(&x.slice(s![..row]));
            x[row] = (x[row] - known) / self.lower[[row, row]];
        }
        for row in (0..size).rev() {
            let value = x[row] / self.lower[[row, row]];
            x.slice_mut(s![..row]).scaled_add(-value, &self.lower.slice(s![row, ..row]));
            x[row] = value;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inverse_and_solution_undo_the_matrix(cells in vec(-1.0_f64..1.0, 36), b in vec(-1.0_f64..1.0, 6)) {
            let root = Array2::from_shape_vec((6, 6), cells).unwrap();
            let matrix = root.dot(&root.t()) + Array2::<f64>::eye(6);
            let factor = Cholesky::new(matrix.view()).unwrap();
            let half = factor.inverse_factor();
            let identity = half.t().dot(&half).dot(&matrix);
            prop_assert!((identity - Array2::<f64>::eye(6)).iter().all(|error| error.abs() < 1e-10));
            let b = Array1::from(b);
            let residual = matrix.dot(&factor.solve(b.view())) - &b;
            prop_assert!(residual.iter().all(|error| error.abs() < 1e-10));
        }
    }

    #[test]
    fn determinants_and_matrices_without_a_factor() {
        let factor = Cholesky::new(array![[4.0, 0.0], [2.0, 3.0]].view()).unwrap();
        // The upper half is not read.
        assert!((factor.log_determinant() - 8.0_f64.ln()).abs() < 1e-14);
        assert_eq!(Cholesky::new(array![[1.0, 2.0], [2.0, 1.0]].view()), None);
    }
}
