//! The normalised, temperature-scaled cross-entropy.

use burn::tensor::Tensor;

use super::labels::{PairLabels, Side};
use super::stable::{log_sum, softplus};
use crate::{CoreError, checked::Positive};

/// NT-Xent (Sohn 2016; Chen et al. 2020): over all positive pairs the mean of
/// `-log( exp(s_ap / t) / (exp(s_ap / t) + sum_n exp(s_an / t)) )`, so that other positives of an anchor are no
/// negatives of a pair.
///
/// # Shapes
/// - `similarities`: `[anchors, entries]`, cosines, as the labels, each 0, 1 or none
/// - returns `[1]`; 0 where there is no positive pair or no negative one
///
/// # Errors
/// Shapes that differ.
pub fn nt_xent(
    similarities: Tensor<2>,
    labels: &PairLabels,
    temperature: Positive,
) -> Result<Tensor<1>, CoreError> {
    let ([positive, _], [_, negative]) = (labels.weights(&similarities)?, labels.log_weights(&similarities)?);
    let [any, others] = [Side::Positive, Side::Negative].map(|side| labels.has(side).contains(&true));
    if !any || !others {
        return Ok(similarities.sum().mul_scalar(0.0));
    }
    let scaled = similarities.div_scalar(temperature.get());
    let against = log_sum(negative.in_exponents(scaled.clone(), 1.0, 0.0));
    let count = positive.clone().sum(scaled.ones_like()).sum();
    Ok(positive.sum(softplus(against - scaled)).sum() / count)
}
