//! Gradient descent on one tensor, as theories analyse it: all of the data in each step, no momentum, no
//! decay.

use crate::{CoreError, tensor::to_host};
use burn::tensor::Tensor;

/// How long, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// Steps.
    pub steps: usize,
    /// Learning rate.
    pub rate: f64,
}

/// Weights after all steps. `loss` gives the loss of a step, `[1]`, for weights that gradients are kept for;
/// `seen` is told of each step, the weights before it and their loss.
///
/// # Errors
/// A loss that is not finite, or what `loss` and `seen` return.
pub fn descend<const D: usize>(
    start: Tensor<D>,
    Descent { steps, rate }: Descent,
    mut loss: impl FnMut(usize, Tensor<D>) -> Result<Tensor<1>, CoreError>,
    mut seen: impl FnMut(usize, &Tensor<D>, f64) -> Result<(), CoreError>,
) -> Result<Tensor<D>, CoreError> {
    let mut weights = start.inner();
    for step in 0..steps {
        let tracked = Tensor::from_inner(weights.clone()).require_grad();
        let value = loss(step, tracked.clone())?;
        let gradients = value.backward();
        let value = to_host(value)?.iter().sum::<f64>();
        if !value.is_finite() {
            return Err(CoreError::NonFinite { epoch: 1, step: step + 1, loss: value as f32 });
        }
        seen(step, &weights, value)?;
        if let Some(gradient) = tracked.grad(&gradients) {
            weights = weights - gradient.mul_scalar(rate);
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn start(value: f64) -> Tensor<1> {
        Tensor::from_data(TensorData::new(vec![value], [1]), (&Device::flex(), DType::F64))
    }

    /// On `w^2 / 2` a step of rate r is a factor 1 - r.
    #[test]
    fn a_parabola_is_descended_geometrically() {
        let mut losses = Vec::new();
        let weights = descend(
            start(2.0),
            Descent { steps: 3, rate: 0.25 },
            |_, w: Tensor<1>| Ok(w.square().mul_scalar(0.5)),
            |_, _, loss| {
                losses.push(loss);
                Ok(())
            },
        );
        assert_eq!(to_host(weights.unwrap()).unwrap(), [2.0 * 0.75f64.powi(3)]);
        assert_eq!(losses, [2.0, 1.125, 0.6328125]);
    }

    #[test]
    fn what_runs_away_is_told() {
        let away = descend(
            start(10.0),
            Descent { steps: 400, rate: 100.0 },
            |_, w: Tensor<1>| Ok(w.clone() * w.clone() * w.clone() * w),
            |_, _, _| Ok(()),
        );
        assert!(matches!(away, Err(CoreError::NonFinite { .. })));
    }
}
