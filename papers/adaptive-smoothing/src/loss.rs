//! Losses of the network that chooses alpha, and of attacks.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, UnitInterval},
    loss::{sigmoid_cross_entropy, soft_cross_entropy_rows},
    tensor::same_shape,
};
use serde::{Deserialize, Serialize};

/// Weights of [`composite`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Of the choice alone.
    pub choice: NonNegative,
    /// Of the mixed classifier's cross-entropy alone.
    pub classes: NonNegative,
    /// Of their product.
    pub product: NonNegative,
}

/// Loss of each sample for the network that chooses alpha, `w_c B + w_k C + w_p B C`, with B the binary cross-entropy of the
/// choice and C the cross-entropy of the mixed classifier (`CompLoss` of the official code).
///
/// # Shapes
/// - `outputs`, `targets`: `[batch, classes]`, of the mixed classifier, taken as logits
/// - `gammas`, `attacked`: `[batch, 1]`; 1 where the robust network should be trusted
/// - returns `[batch, 1]`
///
/// # Errors
/// Shapes that do not agree.
pub fn composite(
    outputs: Tensor<2>,
    targets: Tensor<2>,
    gammas: Tensor<2>,
    attacked: Tensor<2>,
    weights: Weights,
) -> Result<Tensor<2>, CoreError> {
    let classes = soft_cross_entropy_rows(outputs, targets)?;
    let choice = sigmoid_cross_entropy(gammas, attacked)?;
    let product = choice.clone() * classes.clone();
    Ok(choice.mul_scalar(weights.choice.get())
        + classes.mul_scalar(weights.classes.get())
        + product.mul_scalar(weights.product.get()))
}

/// Loss of each sample for attacks on the whole: `(1 - w) C + w B` (`SimpleCompLoss`).
///
/// # Shapes
/// - as [`composite`]
///
/// # Errors
/// Shapes that do not agree.
pub fn weighted(
    outputs: Tensor<2>,
    targets: Tensor<2>,
    gammas: Tensor<2>,
    attacked: Tensor<2>,
    weight: UnitInterval,
) -> Result<Tensor<2>, CoreError> {
    let classes = soft_cross_entropy_rows(outputs, targets)?.mul_scalar(1.0 - weight.get());
    Ok(classes + sigmoid_cross_entropy(gammas, attacked)?.mul_scalar(weight.get()))
}

/// Targeted difference of logits over their spread (Croce and Hein 2020), `-(z_y - z_t) / (z_1 - (z_3 + z_4) / 2)` with
/// z_1 >= z_2 >= ...; larger for a better attack.
///
/// # Shapes
/// - `logits`: `[batch, classes]`, four classes or more
/// - `targets`, `aims`: `[batch, classes]`, one-hot: the true class and the one that is aimed at
/// - returns `[batch, 1]`
///
/// # Errors
/// Shapes that differ, or fewer than four classes.
pub fn targeted_dlr(logits: Tensor<2>, targets: Tensor<2>, aims: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape("targeted_dlr", &logits, &targets)?;
    same_shape("targeted_dlr", &logits, &aims)?;
    if logits.dims()[1] < 4 {
        return Err(CoreError::Invalid(format!(
            "targeted_dlr of {} classes: four are needed",
            logits.dims()[1]
        )));
    }
    let sorted = logits.clone().sort_descending(1);
    let place = |at: usize| sorted.clone().slice_dim(1, at..at + 1);
    let spread = place(0) - (place(2) + place(3)).mul_scalar(0.5);
    let lead = (logits * (targets - aims)).sum_dim(1);
    Ok(lead.neg() / spread.add_scalar(1e-12))
}
