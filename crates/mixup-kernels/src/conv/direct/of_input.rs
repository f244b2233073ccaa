//! The gradient of the input: 16 channels are the lanes, the pixels of a row of outputs the neighbours.
//!
//! A value is seen by several pixels, and its gradient is their sum in the order of the pixels: positions of the kernel come
//! from the last to the first, because later positions see it from earlier pixels.

use pulp::{Simd, WithSimd};

use super::Layout;
use crate::conv::registers::{self, Blocks, Products, Put, Tile, in_blocks, in_tiles, put};
use crate::lanes::WIDTH;

/// Adds the gradients of some images to their planes.
pub(super) struct Sums<'a> {
    pub layout: Layout<'a>,
    /// `[image, block of outputs, pixel, lane]`
    pub dy: &'a [f32],
    /// As [`by_channels`](super::Weights::by_channels).
    pub weights: &'a [f32],
    pub planes: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        in_blocks(simd, self.layout.channels(), &mut self);
    }
}

impl Blocks for Sums<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let (layout, cols) = (self.layout, self.layout.geometry.cols);
        // Of a position and a block of channels.
        let size = layout.outputs() * WIDTH * WIDTH;
        for position in (0..layout.kernel()).rev() {
            let mut weights = [&self.weights[..0]; B];
            for (b, weights) in weights.iter_mut().enumerate() {
                *weights = &self.weights[((block + b) * layout.kernel() + position) * size..][..size];
            }
            let images = self.planes.chunks_exact_mut(layout.planes());
            for (planes, dy) in images.zip(self.dy.chunks_exact(layout.results())) {
                for row in 0..layout.geometry.rows {
                    let mut row = Row::<B> {
                        outputs: layout.outputs(),
                        dy: &dy[row * cols * WIDTH..],
                        of_outputs: layout.result(),
                        weights,
                        planes: &mut planes[block * layout.input.len() + layout.seen(row, position)..],
                        of_block: layout.input.len(),
                        step: layout.step(),
                    };
                    in_tiles::<S, V, B>(simd, cols, &mut row);
                }
            }
        }
    }
}

/// A row of outputs of an image, under one position.
struct Row<'a, const B: usize> {
    /// Blocks of outputs.
    outputs: usize,
    /// From the row on.
    dy: &'a [f32],
    /// Values of a block of outputs.
    of_outputs: usize,
    /// Of all outputs, by block of channels.
    weights: [&'a [f32]; B],
    /// From what the first pixel sees on.
    planes: &'a mut [f32],
    /// Values of a block of channels.
    of_block: usize,
    /// Values from what a pixel sees to what the next one does.
    step: usize,
}

impl<const BLOCKS: usize> Tile for Row<'_, BLOCKS> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        registers::sums::<S, P, V, B>(
            simd,
            0..self.outputs,
            #[inline(always)]
            |output| {
                let mut right = [&self.weights[0][..0]; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = &self.weights[b][output * WIDTH * WIDTH..][..WIDTH * WIDTH];
                }
                let left = &self.dy[output * self.of_outputs + first * WIDTH..][..P * WIDTH];
                Products { count: WIDTH, left, left_k: 1, left_p: WIDTH, right, right_k: WIDTH }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = b * self.of_block + (first + p) * self.step;
                    put::<S, V, B>(simd, sums, b, &mut self.planes[at..], Put::Add);
                }
            },
        );
    }
}
