//! Gradients of a loss by the inputs of a network, and inputs that are changed along them: adversarial attacks, and
//! ODIN's opposite of one.
//!
//! The network is a function of its inputs here. One in evaluation mode ([`Network::evaluation`](crate::train::Network::evaluation)) lies on a plain device and
//! is a constant to the gradient: only the inputs are tracked.

mod linf;
mod odin;

pub use linf::{Pgd, fgsm};
pub use odin::odin_inputs;

use burn::tensor::Tensor;

use crate::CoreError;

/// The gradient of a loss by the inputs.
///
/// # Shapes
/// - `x`, result: the same shape; `loss` gives `[1]`
///
/// # Errors
/// What the loss refuses, or a loss that does not depend on the inputs.
pub fn input_gradient<const D: usize>(
    x: Tensor<D>,
    loss: impl FnOnce(Tensor<D>) -> Result<Tensor<1>, CoreError>,
) -> Result<Tensor<D>, CoreError> {
    let x = x.inner().autodiff().require_grad();
    let gradients = loss(x.clone())?.backward();
    x.grad(&gradients).ok_or_else(|| CoreError::Invalid("no gradient reached the inputs".into()))
}

#[cfg(test)]
mod tests;
