//! Attacks that change each pixel by at most so much.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::input_gradient;
use crate::{
    CoreError,
    checked::{NonNegative, Positive},
};

/// Projected gradient ascent on the loss in the maximum norm (PGD; Madry et al. 2018), for inputs from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pgd {
    /// Largest change of a pixel.
    pub epsilon: NonNegative,
    /// Change of a pixel in each iteration.
    pub step: Positive,
    /// How often.
    pub iterations: NonZeroUsize,
}

impl Pgd {
    /// Attacked inputs: `x <- clip(x + step sign(gradient))`, kept within epsilon of the inputs and within [0, 1]
    /// after every iteration. It begins at `start`, which is `x` itself or a point of [`Self::random_start`].
    ///
    /// # Shapes
    /// - `x`, `start`, result: the same shape, from 0 to 1; `loss` gives `[1]`, larger for a better attack
    ///
    /// # Errors
    /// As [`input_gradient`].
    pub fn attack<const D: usize>(
        &self,
        x: Tensor<D>,
        start: Tensor<D>,
        mut loss: impl FnMut(Tensor<D>) -> Result<Tensor<1>, CoreError>,
    ) -> Result<Tensor<D>, CoreError> {
        let (x, mut attacked) = (x.inner(), start.inner());
        for _ in 0..self.iterations.get() {
            let gradient = input_gradient(attacked.clone(), &mut loss)?;
            let moved = attacked + gradient.sign().mul_scalar(self.step.get());
            attacked = within(moved, x.clone(), self.epsilon);
        }
        Ok(attacked)
    }

    /// A point of the allowed box, each as likely as another, cut to [0, 1].
    pub fn random_start<const D: usize>(&self, x: Tensor<D>, rng: &mut impl Rng) -> Tensor<D> {
        let x = x.inner();
        let shape = x.dims();
        let epsilon = self.epsilon.get();
        let count: usize = shape.iter().product();
        let noise: Vec<f64> = (0..count).map(|_| epsilon * (2.0 * rng.random::<f64>() - 1.0)).collect();
        let noise = Tensor::from_data(TensorData::new(noise, shape), (&x.device(), x.dtype()));
        (x + noise).clamp(0.0, 1.0)
    }
}

/// One step of the size of the whole box along the gradient's sign (FGSM; Goodfellow et al. 2015), for inputs from 0
/// to 1.
///
/// # Shapes
/// - `x`, result: the same shape, from 0 to 1; `loss` gives `[1]`, larger for a better attack
///
/// # Errors
/// As [`input_gradient`].
pub fn fgsm<const D: usize>(
    x: Tensor<D>,
    epsilon: NonNegative,
    loss: impl FnOnce(Tensor<D>) -> Result<Tensor<1>, CoreError>,
) -> Result<Tensor<D>, CoreError> {
    let gradient = input_gradient(x.clone(), loss)?;
    Ok((x.inner() + gradient.sign().mul_scalar(epsilon.get())).clamp(0.0, 1.0))
}

/// The nearest point to `moved` within epsilon of `x` and within [0, 1].
fn within<const D: usize>(moved: Tensor<D>, x: Tensor<D>, epsilon: NonNegative) -> Tensor<D> {
    let change = (moved - x.clone()).clamp(-epsilon.get(), epsilon.get());
    (x + change).clamp(0.0, 1.0)
}
