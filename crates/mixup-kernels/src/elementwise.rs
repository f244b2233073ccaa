//! Activations.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::parallel::in_pieces;
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
        let y = map(
            values(&inputs[0]),
            #[inline(always)]
            |x| if x < 0.0 { 0.0 } else { x },
        );
        let y = tensor(y, shape);
        let backward = chain(
            shape,
            y.clone(),
            #[inline(always)]
            |y, dy| if y > 0.0 { dy } else { 0.0 },
        );
        Pass { outputs: vec![y], backward }
    })
}

/// `x Phi(x)` with the normal distribution function Phi (Hendrycks and Gimpel 2016), by the error function.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !fusible(&x) {
        return activation::gelu(x);
    }
    let shape = x.dims();
    apply_to_one(vec![x.into_dispatch()], move |mut inputs| {
        let x = inputs.swap_remove(0);
        let y = map(
            values(&x),
            #[inline(always)]
            |x| x * normal_distribution(x),
        );
        let backward = chain(
            shape,
            x,
            #[inline(always)]
            |x, dy| {
                const ROOT: f32 = 0.398_942_3; // 1 / sqrt(2 pi)
                dy * (normal_distribution(x) + x * ROOT * exp(-0.5 * x * x))
            },
        );
        Pass { outputs: vec![tensor(y, shape)], backward }
    })
}

#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The backward pass whose gradient is a function of one saved value and `dy`.
fn chain<const D: usize>(
    shape: [usize; D],
    saved: FlexTensor,
    gradient: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
) -> BackwardPass {
    BackwardPass::new(move |dy, _| {
        let (saved, dy) = (values(&saved), values(&dy));
        let dx = in_pieces(dy.len(), PIECE, |piece, dx| {
            let (saved, dy) = (&saved[piece * PIECE..], &dy[piece * PIECE..]);
            simd(
                #[inline(always)]
                || {
                    for ((dx, saved), dy) in dx.iter_mut().zip(saved).zip(dy) {
                        *dx = gradient(*saved, *dy);
                    }
                },
            );
        });
        vec![Some(tensor(dx, shape))]
    })
}

fn map(x: &[f32], f: impl Fn(f32) -> f32 + Sync + Send) -> Vec<f32> {
    in_pieces(x.len(), PIECE, |piece, y| {
        let x = &x[piece * PIECE..];
        simd(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = f(*x);
                }
            },
        );
    })
}
