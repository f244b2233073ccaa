//! Activations.

use burn::tensor::{Tensor, activation};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, owned, tensor, values};
use crate::parallel::{for_each, in_fresh_pieces, in_pieces2};
use crate::simd::{erf, exp, simd};

/// Values of a task.
const PIECE: usize = 1 << 15;

/// `max(x, 0)`.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !fusible(&x) {
        return activation::relu(x);
    }
    let shape = x.dims();
    apply_to_one(vec![x.into_dispatch()], move |inputs| {
        let x = values(&inputs[0]);
        let y = in_fresh_pieces(x.len(), PIECE, |piece, y| {
            let x = &x[piece * PIECE..][..y.len()];
            simd(
                #[inline(always)]
                || y.map(x, |x| if x < 0.0 { 0.0 } else { x }),
            )
        });
        let y = tensor(y, shape);
        let saved = y.clone();
        let backward = BackwardPass::new(move |dy, _| {
            let mut dx = owned(dy);
            relu_gradient(values(&saved), dx.storage_mut());
            vec![Some(dx)]
        });
        Pass { outputs: vec![y], backward }
    })
}

/// `dy` becomes the gradient of x.
fn relu_gradient(y: &[f32], dy: &mut [f32]) {
    for_each(dy.chunks_mut(PIECE).collect(), |piece, dy| {
        simd(
            #[inline(always)]
            || {
                for (dy, y) in dy.iter_mut().zip(&y[piece * PIECE..]) {
                    *dy = if *y > 0.0 { *dy } else { 0.0 };
                }
            },
        );
    });
}

/// `x Phi(x)` with the normal distribution function Phi (Hendrycks and Gimpel 2016), by the error function.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !fusible(&x) {
        return activation::gelu(x);
    }
    let shape = x.dims();
    apply_to_one(vec![x.into_dispatch()], move |mut inputs| {
        let x = inputs.swap_remove(0);
        let (y, phi) = with_distribution(values(&x));
        let backward = BackwardPass::new(move |dy, _| {
            let mut dx = owned(dy);
            gelu_gradient(values(&x), &phi, dx.storage_mut());
            vec![Some(dx)]
        });
        Pass { outputs: vec![tensor(y, shape)], backward }
    })
}

/// `x Phi(x)` and, for the backward pass, `Phi(x)`.
fn with_distribution(x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    in_pieces2((x.len(), PIECE), (x.len(), PIECE), |piece, y, phi| {
        let x = &x[piece * PIECE..];
        simd(
            #[inline(always)]
            || {
                for ((y, phi), x) in y.iter_mut().zip(phi).zip(x) {
                    *phi = normal_distribution(*x);
                    *y = x * *phi;
                }
            },
        );
    })
}

/// `dy` becomes `dy (Phi(x) + x phi(x))` with the normal density phi.
fn gelu_gradient(x: &[f32], distribution: &[f32], dy: &mut [f32]) {
    const ROOT: f32 = 0.398_942_3; // 1 / sqrt(2 pi)
    for_each(dy.chunks_mut(PIECE).collect(), |piece, dy| {
        let at = piece * PIECE;
        simd(
            #[inline(always)]
            || {
                for ((dy, x), phi) in dy.iter_mut().zip(&x[at..]).zip(&distribution[at..]) {
                    *dy *= phi + x * ROOT * exp(-0.5 * x * x);
                }
            },
        );
    });
}

#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}
