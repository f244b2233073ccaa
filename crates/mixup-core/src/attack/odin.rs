//! ODIN's change of the inputs: the opposite of an attack.

use burn::tensor::{Tensor, activation::log_softmax};

use super::input_gradient;
use crate::{
    CoreError,
    checked::{NonNegative, Positive},
};

/// Inputs that are moved so that the network becomes surer of its own answer,
/// `x - epsilon sign(-gradient of log S(x; T))` with S the largest probability at temperature T (Liang et al. 2018,
/// eq. 2). Samples inside the distribution become surer by more; the score is the largest probability of their logits
/// at the same temperature ([`Score::Odin`](crate::metrics::detection::Score::Odin)).
///
/// Nothing is cut: the paper changes normalised inputs and does not clip them.
///
/// # Shapes
/// - `x`, result: the same shape, the samples first; `logits` gives `[samples, classes]`
///
/// # Errors
/// As [`input_gradient`].
pub fn odin_inputs<const D: usize>(
    x: Tensor<D>,
    temperature: Positive,
    epsilon: NonNegative,
    logits: impl FnOnce(Tensor<D>) -> Result<Tensor<2>, CoreError>,
) -> Result<Tensor<D>, CoreError> {
    // The largest log probability; a sum over samples leaves each its own gradient.
    let gradient = input_gradient(x.clone(), |x| {
        let scaled = logits(x)?.mul_scalar(1.0 / temperature.get());
        Ok(log_softmax(scaled, 1).max_dim(1).sum())
    })?;
    Ok(x.inner() + gradient.sign().mul_scalar(epsilon.get()))
}
