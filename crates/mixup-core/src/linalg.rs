//! Linear algebra of small matrices on the host.

use ndarray::Array2;

/// Sweeps after which every matrix of ours is diagonal; a handful suffices.
const SWEEPS: usize = 60;

/// Eigenvalues of a symmetric matrix in no particular order, and its eigenvectors as columns in the same
/// order, by Jacobi's rotations: exact to rounding, and for small matrices only (its cost is cubic with a
/// large factor). Only the symmetric part counts.
///
/// # Panics
/// A matrix that is not square.
pub fn symmetric_eigen(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let size = matrix.nrows();
    assert_eq!(size, matrix.ncols(), "a symmetric matrix is square");
    let mut a = (matrix + &matrix.t()) * 0.5;
    let mut vectors = Array2::eye(size);
    let scale = a.iter().map(|value| value * value).sum::<f64>();
    for _ in 0..SWEEPS {
        let off: f64 = a.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, value)| value * value).sum();
        if off <= f64::EPSILON * f64::EPSILON * scale {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    (a.diag().to_vec(), vectors)
}

/// The rotation of axes p and q that makes `a_pq` zero.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    for k in 0..a.nrows() {
        let (left, right) = (a[[k, p]], a[[k, q]]);
        (a[[k, p]], a[[k, q]]) = (cosine * left - sine * right, sine * left + cosine * right);
    }
    for k in 0..a.nrows() {
        let (upper, lower) = (a[[p, k]], a[[q, k]]);
        (a[[p, k]], a[[q, k]]) = (cosine * upper - sine * lower, sine * upper + cosine * lower);
        let (left, right) = (vectors[[k, p]], vectors[[k, q]]);
        (vectors[[k, p]], vectors[[k, q]]) = (cosine * left - sine * right, sine * left + cosine * right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    #[test]
    fn of_two_by_two_by_hand() {
        let (mut values, _) = symmetric_eigen(&array![[2.0, 1.0], [1.0, 2.0]]);
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
        let (values, vectors) = symmetric_eigen(&array![[5.0, 0.0], [0.0, -1.0]]);
        assert_eq!((values, vectors), (vec![5.0, -1.0], Array2::eye(2)));
    }

    proptest! {
        #[test]
        fn vectors_are_orthonormal_and_make_the_matrix(entries in prop::collection::vec(-3.0..3.0, 36)) {
            let square = Array2::from_shape_vec((6, 6), entries).unwrap();
            // Of rank 4, so that there are equal eigenvalues, 0.
            let half = square.slice(ndarray::s![.., ..4]).to_owned();
            for matrix in [half.dot(&half.t()), (&square + &square.t()) * 0.5] {
                let (values, vectors) = symmetric_eigen(&matrix);
                let again = vectors.dot(&Array2::from_diag(&Array1::from(values))).dot(&vectors.t());
                let scale = matrix.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
                prop_assert!((&again - &matrix).iter().all(|error| error.abs() < 1e-13 * scale));
                let identity: Array2<f64> = vectors.t().dot(&vectors) - Array2::<f64>::eye(6);
                prop_assert!(identity.iter().all(|error| error.abs() < 1e-13));
            }
        }
    }
}
