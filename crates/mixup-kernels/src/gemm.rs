//! Matrix products on slices: a bounds-checked face of the `gemm` crate.

use crate::lanes::blocks;
use crate::parallel::{Fresh, with_buffers};

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub values: &'a [f32],
    pub rows: usize,
    pub cols: usize,
    /// Distance in the slice from one row to the next.
    pub row_stride: usize,
    /// Distance in the slice from one column to the next.
    pub col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other.
    pub fn new(values: &'a [f32], rows: usize, cols: usize) -> Self {
        Self { values, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// Rows whose columns are filled up to whole blocks, as [`gemm_into_blocks`] writes them.
    pub fn in_blocks(values: &'a [f32], rows: usize, cols: usize) -> Self {
        Self { row_stride: blocks(cols), ..Self::new(values, rows, cols) }
    }

    /// The transposed view.
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// What a product does with its destination.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Replace,
    Add,
}

/// `destination (+)= left right` on the calling thread; `destination` holds the rows one after the other.
///
/// # Panics
/// Sizes that do not fit: a bug of the caller, and what keeps the unsafe call below sound.
pub(crate) fn gemm(destination: &mut [f32], write: Write, left: Matrix<'_>, right: Matrix<'_>) {
    assert_eq!(destination.len(), left.rows * right.cols, "gemm: destination");
    if left.cols == 0 && write == Write::Replace {
        destination.fill(0.0);
    }
    // SAFETY: the destination is as long as asked for, and borrowed mutably, so that it overlaps neither operand.
    unsafe { multiply(destination.as_mut_ptr(), write, left, right) };
}

/// `left right`, in a piece of a new vector.
///
/// # Panics
/// As [`gemm`].
pub(crate) fn product<'a>(destination: Fresh<'a>, left: Matrix<'_>, right: Matrix<'_>) -> &'a mut [f32] {
    assert_eq!(destination.len(), left.rows * right.cols, "gemm: destination");
    assert!(left.cols > 0, "gemm: no products to write");
    // SAFETY: a product of at least one column replaces every value of its destination, which is as long as asked for.
    unsafe { destination.written(|destination| multiply(destination, Write::Replace, left, right)) }
}

/// # Safety
/// `destination` must be valid for `left.rows * right.cols` values, written ones to add to, and overlap neither operand.
unsafe fn multiply(destination: *mut f32, write: Write, left: Matrix<'_>, right: Matrix<'_>) {
    let (m, n, k) = (left.rows, right.cols, left.cols);
    assert_eq!(k, right.rows, "gemm: inner sizes");
    for matrix in [left, right] {
        if matrix.rows > 0 && matrix.cols > 0 {
            let last = (matrix.rows - 1) * matrix.row_stride + (matrix.cols - 1) * matrix.col_stride;
            assert!(last < matrix.values.len(), "gemm: operand");
        }
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    // SAFETY: the asserts above keep every address that the strides reach inside its slice; the
    // caller vouches for the destination.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            destination,
            1,
            n as isize,
            write == Write::Add,
            left.values.as_ptr(),
            left.col_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.col_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// A product whose columns are filled up to whole blocks.
pub(crate) fn gemm_into_blocks(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>) {
    let (rows, cols) = (left.rows, right.cols);
    let stride = blocks(cols);
    if stride == cols {
        gemm(&mut out[..rows * cols], Write::Replace, left, right);
        return;
    }
    with_buffers([rows * cols], |[narrow]| {
        gemm(narrow, Write::Replace, left, right);
        for (out, row) in out.chunks_exact_mut(stride).zip(narrow.chunks_exact(cols)) {
            out[..cols].copy_from_slice(row);
            out[cols..].fill(0.0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_add_and_replace() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = [10.0; 4];
        gemm(&mut out, Write::Add, Matrix::new(&a, 2, 3), Matrix::new(&a, 2, 3).t());
        assert_eq!(out, [24.0, 42.0, 42.0, 87.0]);
        gemm(&mut out, Write::Replace, Matrix::new(&a, 2, 3), Matrix::new(&a, 3, 2));
        assert_eq!(out, [22.0, 28.0, 49.0, 64.0]);
        gemm(&mut out, Write::Replace, Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2));
        assert_eq!(out, [0.0; 4]);
    }

    #[test]
    #[should_panic(expected = "gemm: operand")]
    fn an_operand_that_is_too_short_is_refused() {
        let mut out = [0.0; 4];
        gemm(&mut out, Write::Replace, Matrix::new(&[0.0; 5], 2, 3), Matrix::new(&[0.0; 6], 3, 2));
    }
}
