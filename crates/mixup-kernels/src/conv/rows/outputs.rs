//! The output: 16 pixels are the lanes, the outputs the neighbours.

use pulp::{Simd, WithSimd};

use super::Planes;
use crate::conv::geometry::Geometry;
use crate::conv::registers::{self, Blocks, Products, Put, Tile, in_blocks, in_tiles, put};
use crate::lanes::WIDTH;

/// Writes the planes of an output image.
pub(super) struct Sums<'a> {
    geometry: &'a Geometry,
    planes: Planes,
    /// Where in the planes the first pixel of an image sees each row of the kernel, by channel.
    seen: Vec<usize>,
    inputs: &'a [f32],
    weight: &'a [f32],
    out: &'a mut [f32],
}

impl<'a> Sums<'a> {
    pub fn new(
        geometry: &'a Geometry,
        planes: Planes,
        inputs: &'a [f32],
        weight: &'a [f32],
        out: &'a mut [f32],
    ) -> Self {
        let rows = |channel: usize| (0..geometry.kernel[0]).map(move |row| (channel, row));
        let seen = (0..planes.channels).flat_map(rows);
        let seen = seen.map(|(channel, row)| channel * planes.plane() + row * planes.pitch).collect();
        Self { geometry, planes, seen, inputs, weight, out }
    }
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let blocks = self.out.len() / self.geometry.outputs / WIDTH;
        in_blocks(simd, blocks, &mut self);
    }
}

impl Blocks for Sums<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let of_row = self.geometry.cols.div_ceil(WIDTH);
        let mut inputs = [self.inputs; B];
        for (b, inputs) in inputs.iter_mut().enumerate() {
            let (row, col) = ((block + b) / of_row, (block + b) % of_row * WIDTH);
            *inputs = &self.inputs[row * self.planes.pitch + col..];
        }
        let mut pixels = Pixels {
            seen: &self.seen,
            inputs,
            kernel_cols: self.geometry.kernel[1],
            weight: self.weight,
            depth: self.geometry.depth(),
            out: &mut self.out[block * WIDTH..],
            of_output: self.geometry.rows * of_row * WIDTH,
        };
        in_tiles::<S, V, B>(simd, self.geometry.outputs, &mut pixels);
    }
}

/// Some blocks of pixels.
struct Pixels<'a, const B: usize> {
    seen: &'a [usize],
    /// From what the first pixel of each block sees on.
    inputs: [&'a [f32]; B],
    kernel_cols: usize,
    weight: &'a [f32],
    /// Weights of an output.
    depth: usize,
    /// From the first block on.
    out: &'a mut [f32],
    /// Values of an output.
    of_output: usize,
}

impl<const BLOCKS: usize> Tile for Pixels<'_, BLOCKS> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        registers::sums::<S, P, V, B>(
            simd,
            0..self.seen.len(),
            #[inline(always)]
            |number| {
                let mut right = [&self.inputs[0][..0]; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = &self.inputs[b][self.seen[number]..];
                }
                let left = &self.weight[first * self.depth + number * self.kernel_cols..];
                Products { count: self.kernel_cols, left, left_k: 1, left_p: self.depth, right, right_k: 1 }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = (first + p) * self.of_output + b * WIDTH;
                    put::<S, V, B>(simd, sums, b, &mut self.out[at..], Put::Replace);
                }
            },
        );
    }
}
