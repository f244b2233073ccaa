//! Logarithms of sums of exponentials that neither overflow nor lose what is small.

use burn::tensor::Tensor;

/// Exponents that no sum of a batch overflows with in single precision, with room for twice as large ones.
const SMALL: f64 = 40.0;

/// `log(1 + sum_v exp(e_v))` of each row. `largest` is what exponents of cosines reach: where that is small, a
/// search for the largest one of each row is saved.
///
/// # Shapes
/// - `exponents`: `[anchors, entries]`; returns `[anchors, 1]`
pub(super) fn log_one_plus_sum(exponents: Tensor<2>, largest: f64) -> Tensor<2> {
    if largest <= SMALL {
        return exponents.exp().sum_dim(1).log1p();
    }
    let peak = exponents.clone().detach().max_dim(1).clamp_min(0.0);
    let sum = (exponents - peak.clone()).exp().sum_dim(1);
    one_plus(sum, peak)
}

/// `log(1 + exp(e))` of each value.
pub(super) fn softplus(exponents: Tensor<2>) -> Tensor<2> {
    let peak = exponents.clone().detach().clamp_min(0.0);
    one_plus((exponents - peak.clone()).exp(), peak)
}

/// `log(sum_v exp(e_v))` of each row.
///
/// # Shapes
/// - `exponents`: `[anchors, entries]`; returns `[anchors, 1]`
pub(super) fn log_sum(exponents: Tensor<2>) -> Tensor<2> {
    let peak = exponents.clone().detach().max_dim(1);
    (exponents - peak.clone()).exp().sum_dim(1).log() + peak
}

/// `log(1 + sum exp(peak))` of a sum that was taken relative to a peak of at least 0. With a peak of 0 it is
/// `log1p(sum)`, as exact for small sums as they are.
fn one_plus(sum: Tensor<2>, peak: Tensor<2>) -> Tensor<2> {
    let rest = peak.clone().neg().exp().sub_scalar(1.0);
    (sum + rest).log1p() + peak
}
