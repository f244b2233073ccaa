//! From many values to a loss.

use burn::tensor::Tensor;

/// The mean of the values that are above 0; 0 where none is. So easy pairs do not dilute hard ones, and the
/// divisor moves in training.
///
/// # Shapes
/// - `values`: `[anchors, entries]`, of at least 0; returns `[1]`
pub fn mean_of_positive(values: Tensor<2>) -> Tensor<1> {
    let counted = values.clone().detach().greater_scalar(0.0);
    let count = values.zeros_like().detach().mask_fill(counted, 1.0).sum().clamp_min(1.0);
    values.sum() / count
}
