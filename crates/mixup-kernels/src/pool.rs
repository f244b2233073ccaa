//! Pooling of images.

use burn::tensor::{Tensor, module, ops::MaxPoolOptions};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::parallel::for_pieces;
use crate::simd::{simd, sum};

/// Largest value of each `size x size` square, without overlap; rows and columns left over are dropped.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - returns `[batch, channels, height / size, width / size]`
///
/// # Panics
/// Where burn's `max_pool2d` does.
pub fn max_pool2d(x: Tensor<4>, size: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    if !fusible(&x) || size == 0 || height < size || width < size || batch * channels == 0 {
        return module::max_pool2d(x, MaxPoolOptions::new([size, size]));
    }
    let (rows, cols) = (height / size, width / size);
    let (plane, out_plane) = (height * width, rows * cols);
    apply_to_one(vec![x.into_dispatch()], move |mut inputs| {
        let x = inputs.swap_remove(0);
        let mut y = vec![0.0; batch * channels * out_plane];
        for_pieces(&mut y, channels * out_plane, |image, y| {
            let x = &values(&x)[image * channels * plane..][..channels * plane];
            for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out_plane)) {
                for (out, y) in y.iter_mut().enumerate() {
                    *y = x[largest(x, width, size, out / cols, out % cols)];
                }
            }
        });
        let backward = BackwardPass::new(move |dy, _| {
            let dy = values(&dy);
            let mut dx = vec![0.0; batch * channels * plane];
            for_pieces(&mut dx, channels * plane, |image, dx| {
                let x = &values(&x)[image * channels * plane..][..channels * plane];
                let dy = &dy[image * channels * out_plane..][..channels * out_plane];
                let planes = x.chunks_exact(plane).zip(dx.chunks_exact_mut(plane));
                for ((x, dx), dy) in planes.zip(dy.chunks_exact(out_plane)) {
                    for (out, dy) in dy.iter().enumerate() {
                        dx[largest(x, width, size, out / cols, out % cols)] = *dy;
                    }
                }
            });
            vec![Some(tensor(dx, [batch, channels, height, width]))]
        });
        Pass { outputs: vec![tensor(y, [batch, channels, rows, cols])], backward }
    })
}

/// Index of the largest value of a square, the first of equals; NaN counts as the largest.
#[inline(always)]
fn largest(x: &[f32], width: usize, size: usize, row: usize, col: usize) -> usize {
    let first = row * size * width + col * size;
    let mut best = first;
    for line in 0..size {
        for at in first + line * width..first + line * width + size {
            if x[at] > x[best] || (x[at].is_nan() && !x[best].is_nan()) {
                best = at;
            }
        }
    }
    best
}

/// Mean of each channel's image.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - returns `[batch, channels]`
pub fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    let shape = x.dims();
    let [batch, channels, height, width] = shape;
    let plane = height * width;
    if !fusible(&x) || shape.contains(&0) {
        return x.mean_dims(&[2, 3]).reshape([batch, channels]);
    }
    apply_to_one(vec![x.into_dispatch()], move |inputs| {
        let mut y = vec![0.0; batch * channels];
        simd(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(values(&inputs[0]).chunks_exact(plane)) {
                    *y = sum(x, |v| v) / plane as f32;
                }
            },
        );
        let backward = BackwardPass::new(move |dy, _| {
            let mut dx = vec![0.0; batch * channels * plane];
            for (dx, dy) in dx.chunks_exact_mut(plane).zip(values(&dy)) {
                dx.fill(dy / plane as f32);
            }
            vec![Some(tensor(dx, shape))]
        });
        Pass { outputs: vec![tensor(y, [batch, channels])], backward }
    })
}
