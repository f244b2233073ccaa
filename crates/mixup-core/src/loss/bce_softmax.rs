//! Binary cross-entropy on softmax outputs, the loss of Manifold Mixup's code.

use burn::tensor::{Tensor, activation::softmax};

use crate::{CoreError, tensor::same_shape};

/// Logarithms are not taken below this (PyTorch's `BCELoss`).
const LOG_FLOOR: f64 = -100.0;
/// The variance `p (1 - p)` that the gradient divides by is not taken below this.
const VARIANCE_FLOOR: f64 = 1e-12;

/// Binary cross-entropy of every class, on softmax and not sigmoid outputs: the mean over batch and
/// classes of `-(t log p + (1 - t) log(1 - p))`. It made the numbers of Manifold Mixup (Verma et
/// al. 2019), whose text has plain cross-entropy.
///
/// Where `p` saturates, value and gradient are PyTorch's: logarithms are at least -100, and
/// `p (1 - p)` in the gradient at least 1e-12. Saturated logits need f64.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{loss::bce_softmax, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// assert!((to_host(bce_softmax(logits, targets)?)?[0] - 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn bce_softmax(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("bce_softmax", &logits, &targets)?;
    let p = softmax(logits.clone().detach(), 1);
    let value = binary_cross_entropy(p.clone(), targets.clone());
    // Differentiating the value would divide by p: the gradient is written out, and carried by a
    // term that is 0.
    let carrier = (gradient(p, targets) * (logits.clone() - logits.detach())).sum();
    Ok(value + carrier)
}

fn binary_cross_entropy(p: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let log_p = p.clone().log().clamp_min(LOG_FLOOR);
    let log_rest = p.neg().add_scalar(1.0).log().clamp_min(LOG_FLOOR);
    let rest = targets.clone().neg().add_scalar(1.0);
    (targets * log_p + rest * log_rest).mean().neg()
}

/// Gradient with respect to the logits: the slope in `p`, then the Jacobian of softmax.
fn gradient(p: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    let [batch, classes] = p.dims();
    let variance = (p.clone() * p.clone().neg().add_scalar(1.0)).clamp_min(VARIANCE_FLOOR);
    let slope = (p.clone() - targets.detach()) / variance;
    let mean_slope = (slope.clone() * p.clone()).sum_dim(1);
    (p * (slope - mean_slope)).div_scalar((batch * classes) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;
    use crate::mix::mix;

    #[test]
    fn the_gradient_is_the_slope() {
        let soft = || mix(targets(&[2, 0], 3), targets(&[1, 0], 3), 0.7);
        gradient([[3.0, 1.5, 0.0], [-4.0, 1.5, 2.0]], |z| bce_softmax(z, soft()).unwrap());
    }

    #[test]
    fn logarithms_stop_at_minus_a_hundred() {
        let loss = bce_softmax(tracked([[800.0, -800.0]]), targets(&[1], 2)).unwrap();
        assert_eq!(value(loss), 100.0);
    }
}
