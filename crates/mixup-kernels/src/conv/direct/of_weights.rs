//! The gradient of the weights: 16 channels are the lanes, some outputs the neighbours; sums run over the pixels of all images.

use pulp::{Simd, WithSimd};

use super::{Layout, depth};
use crate::conv::geometry::Run;
use crate::conv::registers::{self, Blocks, Products, Put, Tile, chunk, in_blocks, in_tiles, put};
use crate::lanes::WIDTH;

/// Adds the gradient from some images to `dw`, `[output, block of channels, position, lane]`.
pub(super) struct Sums<'a> {
    pub layout: Layout<'a>,
    pub planes: &'a [f32],
    /// `[image, block of outputs, pixel, lane]`
    pub dy: &'a [f32],
    pub dw: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layout, planes, dy, dw } = self;
        let images = dy.len() / layout.results();
        for runs in &layout.geometry.runs(images, chunk(images * layout.geometry.out_plane())) {
            in_blocks(simd, layout.channels(), &mut OfRuns { layout, runs, planes, dy, dw: &mut *dw });
        }
    }
}

struct OfRuns<'a> {
    layout: Layout<'a>,
    runs: &'a [Run],
    planes: &'a [f32],
    dy: &'a [f32],
    dw: &'a mut [f32],
}

impl Blocks for OfRuns<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let layout = self.layout;
        let (outputs, depth) = (layout.geometry.outputs, depth(layout.geometry));
        for first in (0..outputs).step_by(WIDTH) {
            for position in 0..layout.kernel() {
                let mut entries = Entries {
                    layout,
                    runs: self.runs,
                    dy: &self.dy[first * layout.geometry.out_plane()..],
                    planes: &self.planes[block * layout.input.len() + layout.seen(0, position)..],
                    dw: &mut self.dw[first * depth + (block * layout.kernel() + position) * WIDTH..],
                    of_output: depth,
                    of_channels: layout.kernel() * WIDTH,
                };
                in_tiles::<S, V, B>(simd, WIDTH.min(outputs - first), &mut entries);
            }
        }
    }
}

/// Entries of the gradient under a position, for a block of outputs.
struct Entries<'a> {
    layout: Layout<'a>,
    runs: &'a [Run],
    /// From the block of outputs on.
    dy: &'a [f32],
    /// From the block of channels and the position on.
    planes: &'a [f32],
    /// From the first entry on.
    dw: &'a mut [f32],
    /// Entries of an output.
    of_output: usize,
    /// Entries of an output and a block of channels.
    of_channels: usize,
}

impl Tile for Entries<'_> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        let layout = self.layout;
        registers::sums::<S, P, V, B>(
            simd,
            0..self.runs.len(),
            #[inline(always)]
            |number| {
                let Run { image, row, col, count } = self.runs[number];
                let seen = image * layout.planes() + layout.seen(row, 0) + col * layout.step();
                let mut right = [self.planes; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = &self.planes[b * layout.input.len() + seen..];
                }
                let pixel = image * layout.results() + (row * layout.geometry.cols + col) * WIDTH;
                let left = &self.dy[pixel + first..];
                Products { count, left, left_k: WIDTH, left_p: 1, right, right_k: layout.step() }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = (first + p) * self.of_output + b * self.of_channels;
                    put::<S, V, B>(simd, sums, b, &mut self.dw[at..], Put::Add);
                }
            },
        );
    }
}
