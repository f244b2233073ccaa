//! Layer normalisation.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::parallel::{in_pieces, in_pieces2, sum_pieces};
use crate::simd::{simd, sum, sum2};

/// Rows of a task.
const ROWS: usize = 256;

/// Each row normalised (Ba et al. 2016): `gamma (x - mean) / sqrt(variance + epsilon) + beta`, with
/// the row's own mean and biased variance.
///
/// # Shapes
/// - `x`: `[rows, features]`
/// - `gamma`, `beta`: `[features]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn layer_norm(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let shape = x.dims();
    let [_, features] = shape;
    let agree = gamma.dims() == [features] && beta.dims() == [features] && !shape.contains(&0);
    if !(agree && fusible(&x) && fusible(&gamma) && fusible(&beta)) {
        let mean = x.clone().mean_dim(1);
        let centred = x - mean;
        let variance = centred.clone().square().mean_dim(1);
        return centred / (variance + epsilon).sqrt() * gamma.unsqueeze() + beta.unsqueeze();
    }
    let inputs = vec![x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    apply_to_one(inputs, move |inputs| pass(shape, epsilon as f32, inputs))
}

fn pass(shape: [usize; 2], epsilon: f32, inputs: Vec<FlexTensor>) -> Pass {
    let [rows, features] = shape;
    let [x, gamma] = [inputs[0].clone(), inputs[1].clone()];
    let (xs, gammas, betas) = (values(&x), values(&gamma), values(&inputs[2]));
    // Mean and reciprocal deviation of each row, kept for the backward pass.
    let (y, moments) =
        in_pieces2((rows * features, ROWS * features), (2 * rows, 2 * ROWS), |piece, y, moments| {
            let x = &xs[piece * ROWS * features..];
            simd(
                #[inline(always)]
                || {
                    let rows = y.chunks_exact_mut(features).zip(x.chunks_exact(features));
                    for ((y, x), moments) in rows.zip(moments.chunks_exact_mut(2)) {
                        let mean = sum(x, |v| v) / features as f32;
                        let variance = sum(x, |v| (v - mean) * (v - mean)) / features as f32;
                        let scale = 1.0 / (variance + epsilon).sqrt();
                        moments.copy_from_slice(&[mean, scale]);
                        for (((y, x), gamma), beta) in y.iter_mut().zip(x).zip(gammas).zip(betas) {
                            *y = (x - mean) * scale * gamma + beta;
                        }
                    }
                },
            );
        });
    let backward = BackwardPass::new(move |dy, _| {
        let (dx, dgamma, dbeta) = gradients(shape, values(&x), values(&gamma), &moments, values(&dy));
        vec![Some(tensor(dx, shape)), Some(tensor(dgamma, [features])), Some(tensor(dbeta, [features]))]
    });
    Pass { outputs: vec![tensor(y, shape)], backward }
}

fn gradients(
    [rows, features]: [usize; 2],
    x: &[f32],
    gamma: &[f32],
    moments: &[f32],
    dy: &[f32],
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let dx = in_pieces(rows * features, ROWS * features, |piece, dx| {
        let start = piece * ROWS;
        simd(
            #[inline(always)]
            || {
                for (row, dx) in dx.chunks_exact_mut(features).enumerate() {
                    let row = start + row;
                    let (x, dy) = (&x[row * features..][..features], &dy[row * features..][..features]);
                    let (mean, scale) = (moments[2 * row], moments[2 * row + 1]);
                    dx.iter_mut().zip(dy).zip(gamma).for_each(|((g, dy), gamma)| *g = dy * gamma);
                    let average = sum(dx, |g| g) / features as f32;
                    let slope = sum2(dx, x, |g, x| g * (x - mean)) * scale * scale / features as f32;
                    dx.iter_mut().zip(x).for_each(|(g, x)| *g = scale * (*g - average - (x - mean) * slope));
                }
            },
        );
    });
    let pieces = rows.div_ceil(ROWS);
    let sums = in_pieces(pieces * 2 * features, 2 * features, |piece, sums| {
        let (dgamma, dbeta) = sums.split_at_mut(features);
        simd(
            #[inline(always)]
            || {
                for row in piece * ROWS..((piece + 1) * ROWS).min(rows) {
                    let (x, dy) = (&x[row * features..][..features], &dy[row * features..][..features]);
                    let (mean, scale) = (moments[2 * row], moments[2 * row + 1]);
                    for (((dgamma, dbeta), x), dy) in dgamma.iter_mut().zip(&mut *dbeta).zip(x).zip(dy) {
                        *dgamma += dy * (x - mean) * scale;
                        *dbeta += dy;
                    }
                }
            },
        );
    });
    let sums = sum_pieces(sums, 2 * features);
    (dx, sums[..features].to_vec(), sums[features..].to_vec())
}
