//! Two-dimensional convolution.
//!
//! Between enough channels, three by three kernels of stride 1 go by Winograd's F(2x2, 3x3)
//! ([`winograd`]), which needs 2.25 times fewer products, and others by sums over 16 channels side by side
//! ([`direct`]). Fewer channels go by sums over 16 pixels of a row where the stride is 1 ([`rows`]), and the rest by a
//! tiled im2col ([`im2col`]). All work on a few images at a time, so that their buffers stay in cache.

/// Repeats a block for numbers that the compiler knows: it leaves loops over the products of a tile as they are, and looks their
/// places up.
macro_rules! each {
    ($name:ident in $($number:literal)+ => $block:block) => {
        $({
            const $name: usize = $number;
            $block
        })+
    };
}

mod direct;
mod geometry;
mod gradients;
mod im2col;
mod registers;
mod rows;
mod strided;
mod tile;
mod winograd;

use burn::backend::flex::FlexTensor;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::parallel::sum_pieces;
use crate::simd;
use geometry::Geometry;
use gradients::Gradients;

/// Convolution of a batch of images, with its gradients. Off the CPU, or in another precision than
/// f32, it is burn's own.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `weight`: `[outputs, channels / groups, kernel height, kernel width]`
/// - `bias`: `[outputs]`
/// - returns `[batch, outputs, rows, columns]`
///
/// # Panics
/// Where burn's `conv2d` does: channels that do not agree, a kernel that does not fit.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    let Some(geometry) = Geometry::new(x.dims(), weight.dims(), &options) else {
        return module::conv2d(x, weight, bias, options);
    };
    let bias_fits = bias.as_ref().is_none_or(|bias| bias.dims() == [geometry.outputs] && fusible(bias));
    if !(fusible(&x) && fusible(&weight) && bias_fits) {
        return module::conv2d(x, weight, bias, options);
    }
    let mut inputs = vec![x.into_dispatch(), weight.into_dispatch()];
    inputs.extend(bias.map(Tensor::into_dispatch));
    apply_to_one(inputs, move |inputs| pass(geometry, inputs))
}

/// How a convolution is computed, with its weights in the order that this takes.
enum Method {
    Winograd(Vec<f32>),
    Strided(strided::Weights),
    Direct(direct::Weights),
    Rows(FlexTensor),
    Im2col(FlexTensor),
}

impl Method {
    fn of(geometry: &Geometry, weight: FlexTensor) -> Self {
        if geometry.suits_winograd() {
            Self::Winograd(winograd::transform_weights(geometry, values(&weight)))
        } else if geometry.suits_strided() {
            Self::Strided(strided::Weights::new(geometry, values(&weight)))
        } else if geometry.suits_lanes() {
            Self::Direct(direct::Weights::new(geometry, values(&weight)))
        } else if geometry.suits_rows() {
            Self::Rows(weight)
        } else {
            Self::Im2col(weight)
        }
    }

    fn forward(&self, geometry: &Geometry, x: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        match self {
            Self::Winograd(u) => winograd::forward(geometry, x, u, bias),
            Self::Strided(weights) => strided::forward(geometry, x, weights, bias),
            Self::Direct(weights) => direct::forward(geometry, x, weights, bias),
            Self::Rows(weight) => rows::forward(geometry, x, values(weight), bias),
            Self::Im2col(weight) => im2col::forward(geometry, x, values(weight), bias),
        }
    }

    /// Gradients of the input and of the weights, where wanted.
    fn backward(&self, geometry: &Geometry, x: &[f32], dy: &[f32], wanted: [bool; 2]) -> Gradients {
        match self {
            Self::Winograd(u) => winograd::backward(geometry, x, u, dy, wanted),
            Self::Strided(weights) => strided::backward(geometry, x, weights, dy, wanted),
            Self::Direct(weights) => direct::backward(geometry, x, weights, dy, wanted),
            Self::Rows(weight) => rows::backward(geometry, x, values(weight), dy, wanted),
            Self::Im2col(weight) => im2col::backward(geometry, x, values(weight), dy, wanted),
        }
    }
}

fn pass(geometry: Geometry, inputs: Vec<FlexTensor>) -> Pass {
    let x = inputs[0].clone();
    let method = Method::of(&geometry, inputs[1].clone());
    let y = method.forward(&geometry, values(&x), inputs.get(2).map(values));
    let backward = BackwardPass::new(move |dy, wanted| {
        let dy = values(&dy);
        let mut gradients = vec![None, None];
        if wanted[0] || wanted[1] {
            let (dx, dw) = method.backward(&geometry, values(&x), dy, [wanted[0], wanted[1]]);
            gradients = vec![
                dx.map(|dx| tensor(dx, geometry.input_shape())),
                dw.map(|dw| tensor(dw, geometry.weight_shape())),
            ];
        }
        if wanted.len() > 2 {
            gradients.push(wanted[2].then(|| tensor(bias_gradient(&geometry, dy), [geometry.outputs])));
        }
        gradients
    });
    Pass { outputs: vec![tensor(y, geometry.output_shape())], backward }
}

fn bias_gradient(geometry: &Geometry, dy: &[f32]) -> Vec<f32> {
    let (outputs, plane) = (geometry.outputs, geometry.out_plane());
    let mut sums = vec![0.0; geometry.batch * outputs];
    simd::simd(
        #[inline(always)]
        || {
            for (sum, plane) in sums.iter_mut().zip(dy.chunks_exact(plane)) {
                *sum = simd::sum(plane, |v| v);
            }
        },
    );
    sum_pieces(sums, outputs)
}
