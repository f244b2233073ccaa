//! Lengths, similarities and distances of embeddings.

use burn::tensor::{DType, Tensor};

use crate::CoreError;

/// Rows divided by their Euclidean length. A row of zeros stays one and has no gradient.
///
/// # Shapes
/// - `x`, result: `[rows, dimensions]`
pub fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let squares = x.clone().square().sum_dim(1);
    let zero = squares.clone().equal_scalar(0.0);
    x / squares.mask_fill(zero, 1.0).sqrt()
}

/// `x / sqrt(|x|^2 + epsilon)`, row by row: the last layer of the networks of Metrix and of Proxy Anchor, with
/// an epsilon of 1e-12.
///
/// # Shapes
/// - `x`, result: `[rows, dimensions]`
pub fn epsilon_normalised(x: Tensor<2>, epsilon: f64) -> Tensor<2> {
    let lengths = x.clone().square().sum_dim(1).add_scalar(epsilon).sqrt();
    x / lengths
}

/// Cosines of the angles between rows.
///
/// # Shapes
/// - `a`: `[anchors, dimensions]`, `b`: `[entries, dimensions]`, of any length
/// - returns `[anchors, entries]`
///
/// # Errors
/// Rows of different dimensions.
pub fn cosine_similarities(a: Tensor<2>, b: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    if a.dims()[1] != b.dims()[1] {
        let dims = (a.dims(), b.dims());
        return Err(CoreError::Invalid(format!("cosine_similarities: shapes {:?} and {:?}", dims.0, dims.1)));
    }
    Ok(unit_rows(a).matmul(unit_rows(b).transpose()))
}

/// Euclidean distances of points of length 1, `sqrt(2 - 2 s)`, from their cosines.
///
/// Where two points are the same up to rounding, the distance is exactly 0 and has no gradient: the root's
/// would be infinite, and a distance of rounding errors would count among those above 0
/// ([`mean_of_positive`](super::mean_of_positive)).
///
/// # Shapes
/// - `similarities`, result: `[anchors, entries]`
pub fn unit_distances(similarities: Tensor<2>) -> Tensor<2> {
    let same = SAME * rounding(similarities.dtype());
    let squares = similarities.mul_scalar(-2.0).add_scalar(2.0);
    let same = squares.clone().lower_equal_scalar(same);
    squares.mask_fill(same.clone(), 1.0).sqrt().mask_fill(same, 0.0)
}

/// Roundings that a cosine of two equal rows may be off by.
const SAME: f64 = 16.0;

/// The distance from 1 to the next number.
pub(super) fn rounding(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}
