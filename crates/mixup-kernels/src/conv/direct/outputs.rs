//! Forward: 16 outputs are the lanes, the pixels of a row the neighbours.

use pulp::{Arch, Simd, WithSimd};

use super::Layout;
use crate::conv::registers::{self, Blocks, Products, Put, Tile, chunk, in_blocks, in_tiles, put};
use crate::lanes::WIDTH;

/// The sums of some images, with the stride along a row, if the compiler is to know it.
pub(super) fn sums<const STRIDE: usize>(
    layout: Layout<'_>,
    weights: &[f32],
    planes: &[f32],
    out: &mut [f32],
) {
    // Where each step of a sum, 16 channels under a position of the kernel, is in the planes of an image.
    let positions = |block: usize| (0..layout.kernel()).map(move |position| (block, position));
    let steps = (0..layout.channels()).flat_map(positions);
    let steps: Vec<usize> =
        steps.map(|(block, position)| block * layout.input.len() + layout.seen(0, position)).collect();
    Arch::new().dispatch(Sums::<STRIDE> { layout, steps: &steps, weights, planes, out });
}

struct Sums<'a, const STRIDE: usize> {
    layout: Layout<'a>,
    steps: &'a [usize],
    weights: &'a [f32],
    planes: &'a [f32],
    out: &'a mut [f32],
}

impl<const STRIDE: usize> WithSimd for Sums<'_, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        in_blocks(simd, self.layout.outputs(), &mut self);
    }
}

impl<const STRIDE: usize> Blocks for Sums<'_, STRIDE> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let (layout, cols) = (self.layout, self.layout.geometry.cols);
        let step = if STRIDE > 0 { STRIDE * WIDTH } else { layout.step() };
        let of_chunk = chunk(self.steps.len() * WIDTH).div_ceil(WIDTH);
        for (number, steps) in self.steps.chunks(of_chunk).enumerate() {
            let mut weights = [&self.weights[..0]; B];
            for (b, weights) in weights.iter_mut().enumerate() {
                let from = ((block + b) * self.steps.len() + number * of_chunk) * WIDTH * WIDTH;
                *weights = &self.weights[from..][..steps.len() * WIDTH * WIDTH];
            }
            let how = if number == 0 { Put::Replace } else { Put::Add };
            let images = self.out.chunks_exact_mut(layout.results());
            for (out, planes) in images.zip(self.planes.chunks_exact(layout.planes())) {
                for row in 0..layout.geometry.rows {
                    let planes = &planes[layout.seen(row, 0)..];
                    let out = &mut out[block * layout.result() + row * cols * WIDTH..];
                    let mut row =
                        Row::<B> { steps, step, weights, planes, out, of_block: layout.result(), how };
                    in_tiles::<S, V, B>(simd, cols, &mut row);
                }
            }
        }
    }
}

/// A row of an image.
struct Row<'a, const B: usize> {
    steps: &'a [usize],
    /// Values from a pixel to the next.
    step: usize,
    /// Of all steps, by block.
    weights: [&'a [f32]; B],
    /// From the row on.
    planes: &'a [f32],
    /// From the row on.
    out: &'a mut [f32],
    /// Values of a block of `out`.
    of_block: usize,
    how: Put,
}

impl<const BLOCKS: usize> Tile for Row<'_, BLOCKS> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        registers::sums::<S, P, V, B>(
            simd,
            0..self.steps.len(),
            #[inline(always)]
            |number| {
                let mut right = [&self.weights[0][..0]; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = &self.weights[b][number * WIDTH * WIDTH..][..WIDTH * WIDTH];
                }
                let left = &self.planes[self.steps[number] + first * self.step..];
                let left = &left[..(P - 1) * self.step + WIDTH];
                Products { count: WIDTH, left, left_k: 1, left_p: self.step, right, right_k: WIDTH }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = b * self.of_block + (first + p) * WIDTH;
                    put::<S, V, B>(simd, sums, b, &mut self.out[at..], self.how);
                }
            },
        );
    }
}
