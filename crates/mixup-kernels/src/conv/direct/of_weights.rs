//! The gradient of the weights: 16 channels are the lanes, some outputs the neighbours; sums run over the pixels of all images.

use pulp::{Simd, WithSimd};

use super::{Layout, depth};
use crate::conv::geometry::Geometry;
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
        for runs in &runs(&layout, dy.len() / layout.results()) {
            in_blocks(simd, layout.channels(), &mut OfRuns { layout, runs, planes, dy, dw: &mut *dw });
        }
    }
}

/// Neighbouring pixels: where they are in the gradients and, seen under the first position, in the planes.
struct Run {
    dy: usize,
    planes: usize,
    count: usize,
}

/// The pixels of all images, cut where a row ends and where sums begin anew.
fn runs(layout: &Layout<'_>, images: usize) -> Vec<Vec<Run>> {
    let Geometry { rows, cols, .. } = *layout.geometry;
    let all = images * rows * cols;
    let of_chunk = |start: usize| {
        let end = (start + chunk(all)).min(all);
        let mut runs = Vec::new();
        let mut pixel = start;
        while pixel < end {
            let (image, row, col) = (pixel / (rows * cols), pixel / cols % rows, pixel % cols);
            let count = (cols - col).min(end - pixel);
            runs.push(Run {
                dy: image * layout.results() + (row * cols + col) * WIDTH,
                planes: image * layout.planes() + layout.seen(row, 0) + col * layout.step(),
                count,
            });
            pixel += count;
        }
        runs
    };
    (0..all).step_by(chunk(all)).map(of_chunk).collect()
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
                    runs: self.runs,
                    dy: &self.dy[first * layout.geometry.out_plane()..],
                    planes: &self.planes[block * layout.input.len() + layout.seen(0, position)..],
                    of_block: layout.input.len(),
                    step: layout.step(),
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
    runs: &'a [Run],
    /// From the block of outputs on.
    dy: &'a [f32],
    /// From the block of channels and the position on.
    planes: &'a [f32],
    /// Values of a block of `planes`.
    of_block: usize,
    /// Values from what a pixel sees to what the next one does.
    step: usize,
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
        registers::sums::<S, P, V, B>(
            simd,
            0..self.runs.len(),
            #[inline(always)]
            |number| {
                let run = &self.runs[number];
                let mut right = [self.planes; B];
                for b in 0..B {
                    right[b] = &self.planes[b * self.of_block + run.planes..];
                }
                let left = &self.dy[run.dy + first..];
                Products { count: run.count, left, left_k: WIDTH, left_p: 1, right, right_k: self.step }
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
