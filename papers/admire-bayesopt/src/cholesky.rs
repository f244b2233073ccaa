//! Cholesky's factor of a covariance, as its inverse.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

/// Up to this size a factor is found element by element; above it matrix products do the work.
const BLOCK: usize = 24;

/// `L^-1` of the lower triangular `L` with `L L^T` a given matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    inverse: Array2<f64>,
}

impl Cholesky {
    /// Factorises a symmetric `[n, n]` matrix, of which the lower half is read; nothing where it is not
    /// positive definite.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Option<Self> {
        inverse_factor(matrix).map(|inverse| Self { inverse })
    }

    /// `ln det` of the matrix.
    pub fn log_determinant(&self) -> f64 {
        -2.0 * self.inverse.diag().mapv(f64::ln).sum()
    }

    /// `L^-1`, `[n, n]`, lower triangular.
    pub fn inverse_factor(&self) -> ArrayView2<'_, f64> {
        self.inverse.view()
    }

    /// The inverse of the matrix, `[n, n]`.
    pub fn inverse(&self) -> Array2<f64> {
        self.inverse.t().dot(&self.inverse)
    }

    /// The solution `x` of `L L^T x = b`, `[n]`.
    pub fn solve(&self, b: ArrayView1<'_, f64>) -> Array1<f64> {
        self.inverse.t().dot(&self.inverse.dot(&b))
    }
}

/// By halves: `L11` of the upper left, `L21 = A21 L11^-T`, `L22` of what is left of the lower right, and
/// `-L22^-1 L21 L11^-1` for the inverse's lower left.
fn inverse_factor(matrix: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    if size <= BLOCK {
        return small_inverse_factor(matrix);
    }
    let half = size / 2;
    let first = inverse_factor(matrix.slice(s![..half, ..half]))?;
    let below = matrix.slice(s![half.., ..half]).dot(&first.t());
    let rest = &matrix.slice(s![half.., half..]) - &below.dot(&below.t());
    let second = inverse_factor(rest.view())?;
    let mut inverse = Array2::zeros((size, size));
    inverse.slice_mut(s![half.., ..half]).assign(&-second.dot(&below.dot(&first)));
    inverse.slice_mut(s![..half, ..half]).assign(&first);
    inverse.slice_mut(s![half.., half..]).assign(&second);
    Some(inverse)
}

fn small_inverse_factor(matrix: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    let (mut lower, mut inverse) = (Array2::<f64>::zeros((size, size)), Array2::zeros((size, size)));
    for row in 0..size {
        for column in 0..row {
            let known: f64 = (0..column).map(|k| lower[[row, k]] * lower[[column, k]]).sum();
            lower[[row, column]] = (matrix[[row, column]] - known) * inverse[[column, column]];
        }
        let known: f64 = (0..row).map(|k| lower[[row, k]] * lower[[row, k]]).sum();
        let rest = matrix[[row, row]] - known;
        if rest.is_nan() || rest <= 0.0 {
            return None;
        }
        inverse[[row, row]] = 1.0 / rest.sqrt();
        for column in 0..row {
            let known: f64 = (column..row).map(|k| lower[[row, k]] * inverse[[k, column]]).sum();
            inverse[[row, column]] = -known * inverse[[row, row]];
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        /// Of sizes with and without halves.
        #[test]
        fn inverse_and_solution_undo_the_matrix(size in 1_usize..70, cells in vec(-1.0_f64..1.0, 70 * 70)) {
            let root = Array2::from_shape_fn((size, size), |(row, column)| cells[row * size + column]);
            let matrix = root.dot(&root.t()) + Array2::<f64>::eye(size);
            let factor = Cholesky::new(matrix.view()).unwrap();
            let lower = factor.inverse_factor();
            prop_assert!(lower.indexed_iter().all(|((row, column), cell)| column <= row || *cell == 0.0));
            let identity = factor.inverse().dot(&matrix);
            prop_assert!((identity - Array2::<f64>::eye(size)).iter().all(|error| error.abs() < 1e-9));
            let b = Array1::from(cells[..size].to_vec());
            let residual = matrix.dot(&factor.solve(b.view())) - &b;
            prop_assert!(residual.iter().all(|error| error.abs() < 1e-9));
        }
    }

    #[test]
    fn determinants_and_matrices_without_a_factor() {
        // The upper half is not read.
        let factor = Cholesky::new(array![[4.0, f64::NAN], [2.0, 3.0]].view()).unwrap();
        assert!((factor.log_determinant() - 8.0_f64.ln()).abs() < 1e-14);
        assert_eq!(Cholesky::new(array![[1.0, 2.0], [2.0, 1.0]].view()), None);
        assert_eq!(Cholesky::new(Array2::from_elem((30, 30), 1.0).view()), None);
        assert_eq!(Cholesky::new(array![[f64::NAN]].view()), None);
    }
}
