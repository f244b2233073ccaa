//! The binary form: a sigmoid for each class, which decouples classes by itself.

use burn::tensor::Tensor;
use mixup_core::{CoreError, checked::UnitInterval, tensor::same_shape};
use serde::{Deserialize, Serialize};

use crate::eta::Scale;
use crate::labels::MixedLabels;

/// Targets of the sigmoids: `mixed`, or `{two-hot: constant}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// The shares.
    #[default]
    Mixed,
    /// What the shares become by a [`Scale`], each for itself.
    TwoHot(Scale),
}

impl Targets {
    /// Targets of mixed labels, `[batch, classes]`. A row of one class twice has the sum of both: above 1 where both are
    /// scaled. A point whose `scaled` is false keeps its share.
    ///
    /// # Errors
    /// As [`MixedLabels::new`].
    pub fn of(self, labels: &MixedLabels, scaled: &[bool]) -> Result<Tensor<2>, CoreError> {
        let Self::TwoHot(scale) = self else { return Ok(labels.soft()) };
        let scaled = scaled.iter().copied().chain(std::iter::repeat(true));
        let shares = labels.shares().iter().zip(scaled).map(|(shares, scaled)| {
            let scaled = scaled || scale == Scale::Constant;
            shares.iter().map(|&share| if scaled { scale.of(share) } else { share }).collect()
        });
        let shares = shares.collect();
        Ok(MixedLabels::new(labels.points().to_vec(), shares)?.soft())
    }
}

/// Binary cross-entropy of logits, **summed** over the classes. Where the target is 0 a class counts `negatives`.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; targets may be above 1
/// - returns `[batch, 1]`, in nats
///
/// # Errors
/// Shapes that differ.
pub fn binary_cross_entropy_rows(
    logits: Tensor<2>,
    targets: Tensor<2>,
    negatives: UnitInterval,
) -> Result<Tensor<2>, CoreError> {
    same_shape("binary_cross_entropy_rows", &logits, &targets)?;
    // log(1 + e^z) without overflow: the shift is a constant to the gradient, which stays exact at 0.
    let shift = logits.clone().detach().clamp_min(0.0);
    let softplus = ((logits.clone() - shift.clone()).exp() + shift.clone().neg().exp()).log() + shift;
    let positive = targets.clone().greater_scalar(0.0);
    let weight = targets.full_like(negatives.get()).mask_fill(positive, 1.0);
    Ok(((softplus - logits * targets) * weight).sum_dim(1))
}

/// Targets times `scale`, at most 1; as they are where `scale` is 1.
pub(crate) fn scaled(targets: Tensor<2>, scale: UnitInterval) -> Tensor<2> {
    if scale.get() < 1.0 { targets.mul_scalar(scale.get()).clamp_max(1.0) } else { targets }
}
