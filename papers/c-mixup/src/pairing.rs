//! Who is paired with whom: the heart of C-Mixup.
//!
//! A sample's partner is drawn with a probability that falls with the distance of their labels
//! (section 3.1):
//!
//! `P(j | i) = K(y_i, y_j) / sum_k K(y_i, y_k)`, `K(a, b) = exp(-||a - b||^2 / (2 h^2))`
//!
//! The density is [`mixup_core::mix::Kde`], which makes a row when it is asked for, and
//! [`mixup_core::mix::BatchKde`] inside a batch. Here is the whole matrix for small sets, and the batch as the
//! golden vectors give it.

use mixup_core::{
    CoreError,
    checked::Positive,
    mix::{BatchKde, Kde, Kernel},
};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};

/// All pair probabilities `P(j | i)`.
///
/// # Shapes
/// - `labels`: `[samples, dimensions]`, raw label units; the distance is Euclidean over dimensions
/// - `bandwidth`: h, in the same units
/// - returns `[samples, samples]`; row i sums to 1 and has its maximum on the diagonal
///
/// # Errors
/// No labels, or a label that is not finite.
///
/// ```
/// use c_mixup::pair_rates;
/// use mixup_core::{checked::Positive, mix::Kernel};
/// use ndarray::array;
///
/// let rates = pair_rates(array![[0.0], [1.0]].view(), Positive::new(1.0).unwrap(), Kernel::Gaussian)?;
/// let other = (-0.5_f64).exp();
/// assert!((rates[[0, 1]] - other / (1.0 + other)).abs() < 1e-12);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn pair_rates(
    labels: ArrayView2<'_, f64>,
    bandwidth: Positive,
    kernel: Kernel,
) -> Result<Array2<f64>, CoreError> {
    let kde = Kde::new(labels, bandwidth, kernel)?;
    let samples = kde.samples();
    let mut rates = Array2::zeros((samples, samples));
    for (sample, mut row) in rates.axis_iter_mut(Axis(0)).enumerate() {
        row.assign(&ArrayView1::from(&kde.rates(sample)));
    }
    Ok(rates)
}

/// C-Mixup inside a batch (the official `batch_type` 1, for sets whose labels are too many for a
/// density over all of them): two uniform batches are joined, and each sample of the first draws
/// its partner from the joined labels, itself included.
///
/// # Shapes
/// - `first`, `second`: `[batch, dimensions]`, labels of the two batches
/// - `uniforms`: `[batch]`, in [0, 1), one per draw
/// - returns `[batch]`, rows of the joined batch (0 to 2 batch - 1)
///
/// # Errors
/// Shapes that do not agree, or a label that is not finite.
///
/// ```
/// use c_mixup::batch_pairs;
/// use mixup_core::checked::Positive;
/// use ndarray::array;
///
/// // The nearest label by far is the sample's own one.
/// let (first, second) = (array![[0.0], [9.0]], array![[5.0], [20.0]]);
/// let pairs = batch_pairs(first.view(), second.view(), Positive::new(0.1).unwrap(), &[0.5, 0.5])?;
/// assert_eq!(pairs, [0, 1]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn batch_pairs(
    first: ArrayView2<'_, f64>,
    second: ArrayView2<'_, f64>,
    bandwidth: Positive,
    uniforms: &[f64],
) -> Result<Vec<usize>, CoreError> {
    if first.dim() != second.dim() || uniforms.len() != first.nrows() {
        return Err(CoreError::Invalid(format!(
            "batch_pairs: labels {:?} and {:?} with {} uniforms",
            first.dim(),
            second.dim(),
            uniforms.len()
        )));
    }
    let joined = concatenate![Axis(0), first, second];
    let rows: Vec<usize> = (0..joined.nrows()).collect();
    let (first, second) = rows.split_at(first.nrows());
    Ok(BatchKde::new(joined.view(), bandwidth, Kernel::Gaussian)?.pairs(first, second, uniforms))
}

#[cfg(test)]
mod tests;
