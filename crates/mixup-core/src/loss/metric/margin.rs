//! The contrastive loss of distances.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use super::distance::unit_distances;
use super::labels::PairLabels;
use super::reduce::mean_of_positive;
use crate::{CoreError, checked::NonNegative};

/// The contrastive loss of Euclidean distances `D` between points of length 1, in two lists that are averaged
/// over what is above 0 in each: `y max(D - positive_margin, 0)` and `(1 - y) max(negative_margin - D, 0)`. So
/// pytorch-metric-learning has it, and the official code of Metrix with it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginDistances {
    /// Distance up to which positives cost nothing.
    pub positive_margin: NonNegative,
    /// Distance from which negatives cost nothing.
    pub negative_margin: NonNegative,
}

impl MarginDistances {
    /// The two averages, `[1]` each; the loss is their sum.
    ///
    /// # Shapes
    /// - `similarities`: `[anchors, entries]`, cosines, as the labels
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn averages(
        &self,
        similarities: Tensor<2>,
        labels: &PairLabels,
    ) -> Result<[Tensor<1>; 2], CoreError> {
        let [near, far] = labels.weights(&similarities)?;
        let distances = unit_distances(similarities);
        let beyond = relu(distances.clone().sub_scalar(self.positive_margin.get()));
        let within = relu(distances.neg().add_scalar(self.negative_margin.get()));
        Ok([mean_of_positive(near.times(beyond)), mean_of_positive(far.times(within))])
    }

    /// Their sum, `[1]`.
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn loss(&self, similarities: Tensor<2>, labels: &PairLabels) -> Result<Tensor<1>, CoreError> {
        let [positive, negative] = self.averages(similarities, labels)?;
        Ok(positive + negative)
    }
}
