//! Optimiser steps, each one pass over a parameter.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::extension::{BackwardPass, Pass, apply, fusible, owned, tensor, values};
use crate::parallel::for_each;
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
    let entries = AdamEntries {
        decays: [beta1, beta2].map(|v| v as f32),
        shares: [1.0 - beta1, 1.0 - beta2].map(|v| v as f32),
        rate: (lr / first) as f32,
        root: (1.0 / second.sqrt()) as f32,
        epsilon: epsilon as f32,
    };
    let outputs = apply(inputs, move |mut inputs| {
        let gradient = inputs.remove(1);
        let mut outputs: Vec<FlexTensor> = inputs.into_iter().map(owned).collect();
        if let [p, m, v] = &mut outputs[..] {
            let [p, m, v] = [p, m, v].map(FlexTensor::storage_mut::<f32>);
            let values = p.chunks_mut(PIECE).zip(values(&gradient).chunks(PIECE));
            let pieces = values.zip(m.chunks_mut(PIECE).zip(v.chunks_mut(PIECE)));
            for_each(pieces.collect(), |_, ((p, g), (m, v))| entries.run(p, g, m, v));
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
    let entries = SgdEntries { lr, momentum, decay, nesterov };
    let outputs = apply(inputs, move |inputs| {
        let mut inputs = inputs.into_iter();
        let (Some(parameter), Some(gradient)) = (inputs.next(), inputs.next()) else {
            unreachable!("a parameter and its gradient")
        };
        let (mut parameter, g) = (owned(parameter), values(&gradient));
        // Without a velocity yet, zeros give the first step's `u = g`.
        let mut velocity = inputs.next().map_or_else(|| tensor(vec![0.0; g.len()], shape), owned);
        let values = parameter.storage_mut().chunks_mut(PIECE).zip(g.chunks(PIECE));
        let pieces = values.zip(velocity.storage_mut().chunks_mut(PIECE));
        for_each(pieces.collect(), |_, ((p, g), u)| entries.run(p, g, u));
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

/// Entries of a task.
const PIECE: usize = 1 << 16;

/// [`adam`] entry by entry, in f32.
#[derive(Clone, Copy)]
struct AdamEntries {
    decays: [f32; 2],
    shares: [f32; 2],
    rate: f32,
    root: f32,
    epsilon: f32,
}

impl AdamEntries {
    fn run(self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        let Self { decays: [b1, b2], shares: [c1, c2], rate, root, epsilon } = self;
        let count = p.len();
        let (g, m, v) = (&g[..count], &mut m[..count], &mut v[..count]);
        // By numbers: of four iterators zipped the compiler makes a loop that takes one entry at a time.
        simd(
            #[inline(always)]
            move || {
                for i in 0..count {
                    m[i] = b1 * m[i] + c1 * g[i];
                    v[i] = b2 * v[i] + c2 * g[i] * g[i];
                    p[i] -= rate * m[i] / (v[i].sqrt() * root + epsilon);
                }
            },
        );
    }
}

/// [`sgd`] entry by entry, in f32.
#[derive(Clone, Copy)]
struct SgdEntries {
    lr: f32,
    momentum: f32,
    decay: f32,
    nesterov: bool,
}

impl SgdEntries {
    fn run(self, p: &mut [f32], g: &[f32], u: &mut [f32]) {
        let Self { lr, momentum, decay, nesterov } = self;
        let count = p.len();
        let (g, u) = (&g[..count], &mut u[..count]);
        simd(
            #[inline(always)]
            move || {
                for i in 0..count {
                    let g = g[i] + decay * p[i];
                    u[i] = momentum * u[i] + g;
                    p[i] -= lr * if nesterov { g + momentum * u[i] } else { u[i] };
                }
            },
        );
    }
}
