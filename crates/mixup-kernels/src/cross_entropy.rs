//! Softmax cross-entropy with soft targets.

use burn::tensor::{Tensor, activation::log_softmax};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::simd::{exp, max, simd, sum};

/// Batch mean of `-sum_c targets_c log softmax(logits)_c`, in nats.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - returns `[1]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn soft_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let shape = logits.dims();
    if targets.dims() != shape || shape.contains(&0) || !fusible(&logits) || !fusible(&targets) {
        return (targets * log_softmax(logits, 1)).sum_dim(1).mean().neg();
    }
    apply_to_one(vec![logits.into_dispatch(), targets.into_dispatch()], move |inputs| {
        let [batch, classes] = shape;
        let targets = inputs[1].clone();
        let log_p = log_softmax_rows(values(&inputs[0]), classes);
        let total: f64 = log_p.iter().zip(values(&targets)).map(|(l, t)| f64::from(l * t)).sum();
        let loss = (-total / batch as f64) as f32;
        let backward = BackwardPass::new(move |dy, wanted| {
            let scale = values(&dy)[0] / batch as f32;
            let targets = values(&targets);
            vec![
                wanted[0].then(|| tensor(logits_gradient(&log_p, targets, classes, scale), shape)),
                wanted[1].then(|| tensor(log_p.iter().map(|l| -l * scale).collect(), shape)),
            ]
        });
        Pass { outputs: vec![tensor(vec![loss], [1])], backward }
    })
}

fn log_softmax_rows(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut log_p = logits.to_vec();
    simd(
        #[inline(always)]
        || {
            for row in log_p.chunks_exact_mut(classes) {
                let top = max(row);
                let norm = top + sum(row, |v| exp(v - top)).ln();
                row.iter_mut().for_each(|v| *v -= norm);
            }
        },
    );
    log_p
}

/// `(softmax sum(targets) - targets) scale`; the sum is 1 for labels that are a distribution.
fn logits_gradient(log_p: &[f32], targets: &[f32], classes: usize, scale: f32) -> Vec<f32> {
    let mut gradient = vec![0.0; log_p.len()];
    simd(
        #[inline(always)]
        || {
            let rows = log_p.chunks_exact(classes).zip(targets.chunks_exact(classes));
            for (gradient, (log_p, targets)) in gradient.chunks_exact_mut(classes).zip(rows) {
                let mass = sum(targets, |t| t);
                for ((gradient, l), t) in gradient.iter_mut().zip(log_p).zip(targets) {
                    *gradient = (exp(*l) * mass - t) * scale;
                }
            }
        },
    );
    gradient
}
