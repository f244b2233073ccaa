//! Mixtures of a labelled and an unlabelled image (DMixMatch): pseudo labels, and which of them count.

use burn::tensor::{Tensor, activation::softmax};
use mixup_core::{CoreError, checked::UnitInterval, tensor::to_host};

/// From which confidence on a pseudo label counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cutoffs {
    /// Always enough.
    pub sure: UnitInterval,
    /// Enough in a mixture that the unlabelled image has no larger share of.
    pub mixed: UnitInterval,
}

/// Classes for unlabelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct PseudoLabels {
    /// The likeliest class of each.
    pub classes: Vec<usize>,
    /// 1 where its row of a mixture counts, else 0; the batch mean is over all rows all the same.
    pub weights: Vec<f64>,
}

impl PseudoLabels {
    /// What a network said of weakly augmented images that a mixture has `1 - lambda` of: a class counts from a
    /// confidence of `min(sure, max(mixed, 1 - lambda))` on. No gradient goes back.
    ///
    /// # Shapes
    /// - `logits`: `[batch, classes]`
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn of(logits: Tensor<2>, lambda: f64, cutoffs: Cutoffs) -> Result<Self, CoreError> {
        let enough = cutoffs.sure.get().min(cutoffs.mixed.get().max(1.0 - lambda));
        let (confidences, classes) = softmax(logits.detach(), 1).max_dim_with_indices(1);
        let classes = to_host(classes.float())?.into_iter().map(|class| class as usize).collect();
        let weights =
            to_host(confidences)?.into_iter().map(|p| if p >= enough { 1.0 } else { 0.0 }).collect();
        Ok(Self { classes, weights })
    }
}
