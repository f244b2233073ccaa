//! The gradient of the input: 16 pixels are the lanes, the channels the neighbours. A value is seen by several pixels, and its
//! gradient is the sum of theirs in the order of the kernel's positions.

use pulp::{Arch, Simd, WithSimd};

use super::Planes;
use crate::conv::geometry::Geometry;
use crate::conv::registers::{self, Blocks, Products, Put, Tile, in_blocks, in_tiles, put};
use crate::lanes::WIDTH;
use crate::parallel::with_buffers;

/// Writes the gradients of some images.
pub(super) fn write(geometry: &Geometry, weight: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (planes, results) = (Planes::output_gradient(geometry), Planes::input_gradient(geometry));
    with_buffers([planes.len(), results.len()], |[gradients, out]| {
        let images = dx.chunks_exact_mut(geometry.image()).zip(dy.chunks_exact(geometry.out_image()));
        for (dx, dy) in images {
            planes.fill(dy, [geometry.rows, geometry.cols], gradients);
            out.fill(0.0);
            Arch::new().dispatch(Sums { geometry, planes, gradients, weight, out });
            results.empty(out, None, geometry.width, dx);
        }
    });
}

/// Adds the gradient of an image to its planes.
struct Sums<'a> {
    geometry: &'a Geometry,
    planes: Planes,
    /// Of the output, in their planes.
    gradients: &'a [f32],
    weight: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let blocks = self.out.len() / self.geometry.channels / WIDTH;
        in_blocks(simd, blocks, &mut self);
    }
}

impl Blocks for Sums<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let of_row = self.geometry.width.div_ceil(WIDTH);
        let [kernel_rows, kernel_cols] = self.geometry.kernel;
        for position in 0..kernel_rows * kernel_cols {
            // The later a position, the earlier is the pixel that sees an input under it.
            let up = kernel_rows - 1 - position / kernel_cols;
            let left = kernel_cols - 1 - position % kernel_cols;
            let mut gradients = [self.gradients; B];
            for (b, gradients) in gradients.iter_mut().enumerate() {
                let (row, col) = ((block + b) / of_row, (block + b) % of_row * WIDTH);
                *gradients = &self.gradients[(row + up) * self.planes.pitch + col + left..];
            }
            let mut pixels = Pixels {
                outputs: self.geometry.outputs,
                gradients,
                plane: self.planes.plane(),
                weight: &self.weight[position..],
                depth: self.geometry.depth(),
                positions: kernel_rows * kernel_cols,
                out: &mut self.out[block * WIDTH..],
                of_channel: self.geometry.height * of_row * WIDTH,
            };
            in_tiles::<S, V, B>(simd, self.geometry.channels, &mut pixels);
        }
    }
}

/// Some blocks of pixels, under one position.
struct Pixels<'a, const B: usize> {
    outputs: usize,
    /// From what the first pixel of each block sees on.
    gradients: [&'a [f32]; B],
    /// Values of an output's plane.
    plane: usize,
    /// From the position on.
    weight: &'a [f32],
    /// Weights of an output.
    depth: usize,
    /// Weights of a channel.
    positions: usize,
    /// From the first block on.
    out: &'a mut [f32],
    /// Values of a channel.
    of_channel: usize,
}

impl<const BLOCKS: usize> Tile for Pixels<'_, BLOCKS> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        registers::sums::<S, P, V, B>(
            simd,
            0..1,
            #[inline(always)]
            |_| {
                let mut right = [&self.gradients[0][..0]; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = self.gradients[b];
                }
                let left = &self.weight[first * self.positions..];
                Products {
                    count: self.outputs,
                    left,
                    left_k: self.depth,
                    left_p: self.positions,
                    right,
                    right_k: self.plane,
                }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = (first + p) * self.of_channel + b * WIDTH;
                    put::<S, V, B>(simd, sums, b, &mut self.out[at..], Put::Add);
                }
            },
        );
    }
}
