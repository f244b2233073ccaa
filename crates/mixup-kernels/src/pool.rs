//! Pooling of images.

use burn::tensor::{Tensor, module, ops::MaxPoolOptions};

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};
use crate::parallel::{in_pieces, in_pieces2};
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
    let squares = Squares { size, width, cols };
    apply_to_one(vec![x.into_dispatch()], move |inputs| {
        let x = values(&inputs[0]);
        let size = channels * out_plane;
        // Also where in its square each result stood: a number of a place is small and exact in f32.
        let (y, places) = in_pieces2((batch * size, size), (batch * size, size), |image, y, places| {
            let x = &x[image * channels * plane..][..channels * plane];
            let out = y.chunks_exact_mut(out_plane).zip(places.chunks_exact_mut(out_plane));
            for (x, (y, places)) in x.chunks_exact(plane).zip(out) {
                squares.pool(x, y, places);
            }
        });
        let backward = BackwardPass::new(move |dy, _| {
            let dy = values(&dy);
            let dx = in_pieces(batch * channels * plane, channels * plane, |image, dx| {
                let at = image * size;
                let out = dy[at..].chunks_exact(out_plane).zip(places[at..].chunks_exact(out_plane));
                for (dx, (dy, places)) in dx.chunks_exact_mut(plane).zip(out) {
                    squares.spread(dy, places, dx);
                }
            });
            vec![Some(tensor(dx, [batch, channels, height, width]))]
        });
        Pass { outputs: vec![tensor(y, [batch, channels, rows, cols])], backward }
    })
}

/// Sizes of the squares of a plane.
#[derive(Clone, Copy)]
struct Squares {
    size: usize,
    width: usize,
    cols: usize,
}

impl Squares {
    /// Largest value of each square, the first of equals, and its place; NaN counts as the largest.
    fn pool(self, x: &[f32], y: &mut [f32], places: &mut [f32]) {
        simd(
            #[inline(always)]
            || match self.size {
                // The usual size, known to the compiler.
                2 => self.pool_sized(2, x, y, places),
                size => self.pool_sized(size, x, y, places),
            },
        );
    }

    #[inline(always)]
    fn pool_sized(self, size: usize, x: &[f32], y: &mut [f32], places: &mut [f32]) {
        let out = y.chunks_exact_mut(self.cols).zip(places.chunks_exact_mut(self.cols));
        for (row, (y, places)) in out.enumerate() {
            for line in 0..size {
                let x = &x[(row * size + line) * self.width..][..self.cols * size];
                for col in 0..size {
                    let place = (line * size + col) as f32;
                    for ((y, kept), square) in y.iter_mut().zip(&mut *places).zip(x.chunks_exact(size)) {
                        let value = square[col];
                        let wins = place == 0.0 || value > *y || value.is_nan();
                        *y = if wins { value } else { *y };
                        *kept = if wins { place } else { *kept };
                    }
                }
            }
        }
    }

    /// Sends each square's gradient to its place.
    fn spread(self, dy: &[f32], places: &[f32], dx: &mut [f32]) {
        simd(
            #[inline(always)]
            || match self.size {
                2 => self.spread_sized(2, dy, places, dx),
                size => self.spread_sized(size, dy, places, dx),
            },
        );
    }

    #[inline(always)]
    fn spread_sized(self, size: usize, dy: &[f32], places: &[f32], dx: &mut [f32]) {
        let out = dy.chunks_exact(self.cols).zip(places.chunks_exact(self.cols));
        for (row, (dy, places)) in out.enumerate() {
            for line in 0..size {
                let dx = &mut dx[(row * size + line) * self.width..][..self.cols * size];
                for ((dy, kept), square) in dy.iter().zip(places).zip(dx.chunks_exact_mut(size)) {
                    for (col, dx) in square.iter_mut().enumerate() {
                        *dx = if *kept == (line * size + col) as f32 { *dy } else { 0.0 };
                    }
                }
            }
        }
    }
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
            let dy = values(&dy);
            let dx = in_pieces(batch * channels * plane, channels * plane, |image, dx| {
                for (dx, dy) in dx.chunks_exact_mut(plane).zip(&dy[image * channels..]) {
                    dx.fill(dy / plane as f32);
                }
            });
            vec![Some(tensor(dx, shape))]
        });
        Pass { outputs: vec![tensor(y, [batch, channels])], backward }
    })
}
