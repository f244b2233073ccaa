//! Optimiser steps, each one pass over a parameter.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::extension::{BackwardPass, Pass, apply, fusible, owned, tensor, values};
use crate::simd::simd;

/// Constants of a step of [`adam`].
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Number of the step, from 1, for the bias corrections.
    pub step: usize,
}

/// Constants of a step of [`sgd`].
#[derive(Debug, Clone, Copy)]
pub struct SgdStep {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the velocity; 0 for none.
    pub momentum: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Whether to look ahead (PyTorch's `nesterov`).
    pub nesterov: bool,
}

/// A step of Adam (Kingma and Ba 2015, algorithm 1), as PyTorch counts epsilon:
/// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, and the parameter less
/// `lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)`.
///
/// # Shapes
/// All the same; `moments` are m and v, zeros before the first step. None of them tracked.
/// Returns the parameter and the moments.
pub fn adam<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: [Tensor<D>; 2],
    constants: AdamStep,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let AdamStep { lr, beta1, beta2, epsilon, step } = constants;
    let correction = |beta: f64| 1.0 - beta.powi(i32::try_from(step).unwrap_or(i32::MAX));
    let (first, second) = (correction(beta1), correction(beta2));
    let [m, v] = moments;
    if !(fusible(&parameter) && fusible(&gradient) && fusible(&m) && fusible(&v)) {
        let m = m * beta1 + gradient.clone() * (1.0 - beta1);
        let v = v * beta2 + gradient.square() * (1.0 - beta2);
        let step = (m.clone() / first) / ((v.clone() / second).sqrt() + epsilon);
        return (parameter - step * lr, [m, v]);
    }
    let inputs = [parameter, gradient, m, v].map(Tensor::into_dispatch).into();
    let [b1, b2, c1, c2] = [beta1, beta2, 1.0 - beta1, 1.0 - beta2].map(|v| v as f32);
    let (rate, root, epsilon) = ((lr / first) as f32, (1.0 / second.sqrt()) as f32, epsilon as f32);
    let outputs = apply(inputs, move |mut inputs| {
        let gradient = inputs.remove(1);
        let mut outputs: Vec<FlexTensor> = inputs.into_iter().map(owned).collect();
        if let [p, m, v] = &mut outputs[..] {
            let [p, m, v] = [p, m, v].map(FlexTensor::storage_mut::<f32>);
            let g = values(&gradient);
            simd(
                #[inline(always)]
                || {
                    for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                        *m = b1 * *m + c1 * g;
                        *v = b2 * *v + c2 * g * g;
                        *p -= rate * *m / (v.sqrt() * root + epsilon);
                    }
                },
            );
        }
        Pass { outputs, backward: BackwardPass::none() }
    });
    let mut outputs = outputs.into_iter().map(Tensor::from_dispatch);
    match (outputs.next(), outputs.next(), outputs.next()) {
        (Some(parameter), Some(m), Some(v)) => (parameter, [m, v]),
        _ => unreachable!("adam has three outputs"),
    }
}

/// A step of stochastic gradient descent as PyTorch does it: `g = g + decay p`, `u = momentum u + g`
/// (`u = g` in the first step), and the parameter less `lr u`, or less `lr (g + momentum u)` with Nesterov's
/// look-ahead.
///
/// # Shapes
/// All the same, none tracked. Returns the parameter and, with momentum, the velocity.
pub fn sgd<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Option<Tensor<D>>,
    constants: SgdStep,
) -> (Tensor<D>, Option<Tensor<D>>) {
    let SgdStep { lr, momentum, weight_decay, nesterov } = constants;
    let velocity_fits = velocity.as_ref().is_none_or(fusible);
    if !(fusible(&parameter) && fusible(&gradient) && velocity_fits) {
        let gradient = gradient + parameter.clone() * weight_decay;
        if momentum == 0.0 {
            return (parameter - gradient * lr, None);
        }
        let velocity = match velocity {
            Some(velocity) => velocity * momentum + gradient.clone(),
            None => gradient.clone(),
        };
        let step = if nesterov { gradient + velocity.clone() * momentum } else { velocity.clone() };
        return (parameter - step * lr, Some(velocity));
    }
    let shape = parameter.dims();
    let mut inputs = vec![parameter.into_dispatch(), gradient.into_dispatch()];
    inputs.extend(velocity.map(Tensor::into_dispatch));
    let [lr, momentum, decay] = [lr, momentum, weight_decay].map(|v| v as f32);
    let outputs = apply(inputs, move |inputs| {
        let mut inputs = inputs.into_iter();
        let (Some(parameter), Some(gradient)) = (inputs.next(), inputs.next()) else {
            unreachable!("a parameter and its gradient")
        };
        let (mut parameter, g) = (owned(parameter), values(&gradient));
        // Without a velocity yet, zeros give the first step's `u = g`.
        let mut velocity = inputs.next().map_or_else(|| tensor(vec![0.0; g.len()], shape), owned);
        let (p, u) = (parameter.storage_mut::<f32>(), velocity.storage_mut::<f32>());
        simd(
            #[inline(always)]
            || {
                for ((p, g), u) in p.iter_mut().zip(g).zip(u) {
                    let g = g + decay * *p;
                    *u = momentum * *u + g;
                    *p -= lr * if nesterov { g + momentum * *u } else { *u };
                }
            },
        );
        let mut outputs = vec![parameter];
        outputs.extend((momentum != 0.0).then_some(velocity));
        Pass { outputs, backward: BackwardPass::none() }
    });
    let mut outputs = outputs.into_iter().map(Tensor::from_dispatch);
    match outputs.next() {
        Some(parameter) => (parameter, outputs.next()),
        None => unreachable!("sgd has an output"),
    }
}
