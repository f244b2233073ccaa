//! The gradient of the weights: 16 outputs are the lanes, what a pixel sees the neighbours; sums run over the pixels of all
//! images.

use pulp::{Arch, Simd, WithSimd};

use crate::conv::geometry::{Geometry, Run};
use crate::conv::registers::{self, Blocks, Products, Put, Tile, chunk, in_blocks, in_tiles, put};
use crate::lanes::{WIDTH, blocks};
use crate::parallel::with_buffers;
use crate::transpose::{Grid, to_lanes};

/// Sums of few weights are of the pixels side by side where the `gemm` crate adds them; theirs are left to it.
pub(super) fn suits(geometry: &Geometry) -> bool {
    geometry.weights() > 256
}

/// Pixels after which a sum begins anew: as in the products of the `gemm` crate, which are cut evenly but for small matrices.
fn of_chunk(geometry: &Geometry, pixels: usize) -> usize {
    if geometry.outputs <= 64 && geometry.depth() <= 64 { 512 } else { chunk(pixels) }
}

/// Values of the arranged gradient, `[block of outputs, column of the kernel, channel, row of the kernel, 16 outputs]`.
pub(super) fn size(geometry: &Geometry) -> usize {
    blocks(geometry.outputs) * geometry.depth()
}

/// Values that a column of pixels sees in a row of outputs.
fn column(geometry: &Geometry) -> usize {
    geometry.channels * geometry.kernel[0]
}

/// Values that a row of outputs sees.
fn seen_row(geometry: &Geometry) -> usize {
    (geometry.cols + geometry.kernel[1] - 1) * column(geometry)
}

/// Adds the gradient from some images to `dw`.
pub(super) fn add(geometry: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let images = x.len() / geometry.image();
    let (seen, results) =
        (geometry.rows * seen_row(geometry), geometry.out_plane() * blocks(geometry.outputs));
    with_buffers([images * seen, images * results], |[inputs, lanes]| {
        inputs.fill(0.0);
        for (x, inputs) in x.chunks_exact(geometry.image()).zip(inputs.chunks_exact_mut(seen)) {
            interleave_rows(geometry, x, inputs);
        }
        for (dy, lanes) in dy.chunks_exact(geometry.out_image()).zip(lanes.chunks_exact_mut(results)) {
            let of_block = geometry.out_plane() * WIDTH;
            for (dy, lanes) in dy.chunks(of_block).zip(lanes.chunks_exact_mut(of_block)) {
                let size = [geometry.rows, geometry.cols];
                to_lanes(dy, size, lanes, Grid::dense(size));
            }
        }
        for runs in &geometry.runs(images, of_chunk(geometry, images * geometry.out_plane())) {
            Arch::new().dispatch(Sums { geometry, runs, inputs, dy: lanes, dw: &mut *dw });
        }
    });
}

/// An image to `[row of outputs, column, channel, row of the kernel]`, where there is no padding.
fn interleave_rows(geometry: &Geometry, x: &[f32], out: &mut [f32]) {
    let (column, [kernel_rows, _]) = (column(geometry), geometry.kernel);
    for (channel, x) in x.chunks_exact(geometry.in_plane()).enumerate() {
        for (row, out) in out.chunks_exact_mut(seen_row(geometry)).enumerate() {
            for kernel_row in 0..kernel_rows {
                let Some(line) = (row + kernel_row).checked_sub(geometry.padding[0]) else { continue };
                let Some(x) = x.chunks_exact(geometry.width).nth(line) else { continue };
                let columns = out.chunks_exact_mut(column).skip(geometry.padding[1]);
                columns.zip(x).for_each(|(out, x)| out[channel * kernel_rows + kernel_row] = *x);
            }
        }
    }
}

struct Sums<'a> {
    geometry: &'a Geometry,
    runs: &'a [Run],
    /// `[image, row, column, channel, row of the kernel]`
    inputs: &'a [f32],
    /// `[image, block of outputs, pixel, lane]`
    dy: &'a [f32],
    dw: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let blocks = self.geometry.outputs.div_ceil(WIDTH);
        in_blocks(simd, blocks, &mut self);
    }
}

impl Blocks for Sums<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let (geometry, depth) = (self.geometry, self.geometry.depth());
        let mut entries = Entries {
            runs: self.runs,
            inputs: self.inputs,
            row: seen_row(geometry),
            rows: geometry.rows,
            column: column(geometry),
            dy: &self.dy[block * geometry.out_plane() * WIDTH..],
            cols: geometry.cols,
            of_outputs: geometry.out_plane() * WIDTH,
            of_image: geometry.out_plane() * blocks(geometry.outputs),
            dw: &mut self.dw[block * depth * WIDTH..],
            of_block: depth * WIDTH,
        };
        in_tiles::<S, V, B>(simd, depth, &mut entries);
    }
}

/// The gradient for some blocks of outputs.
struct Entries<'a> {
    runs: &'a [Run],
    inputs: &'a [f32],
    /// Values of a row of `inputs`.
    row: usize,
    /// Rows of an image.
    rows: usize,
    /// Values of a column of `inputs`.
    column: usize,
    /// From the first block on.
    dy: &'a [f32],
    /// Pixels of a row.
    cols: usize,
    /// Values of a block of `dy`.
    of_outputs: usize,
    /// Values of an image of `dy`.
    of_image: usize,
    /// From the first block on.
    dw: &'a mut [f32],
    /// Values of a block of `dw`.
    of_block: usize,
}

impl Tile for Entries<'_> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        registers::sums::<S, P, V, B>(
            simd,
            0..self.runs.len(),
            #[inline(always)]
            |number| {
                let Run { image, row, col, count } = self.runs[number];
                let mut right = [self.dy; B];
                for (b, right) in right.iter_mut().enumerate() {
                    let pixel = (row * self.cols + col) * WIDTH;
                    *right = &self.dy[image * self.of_image + b * self.of_outputs + pixel..];
                }
                let seen = (image * self.rows + row) * self.row + col * self.column;
                let left = &self.inputs[seen + first..];
                Products { count, left, left_k: self.column, left_p: 1, right, right_k: WIDTH }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = b * self.of_block + (first + p) * WIDTH;
                    put::<S, V, B>(simd, sums, b, &mut self.dw[at..], Put::Add);
                }
            },
        );
    }
}

/// The arranged gradient as `[output, channel, row of the kernel, column of the kernel]`.
pub(super) fn in_burns_order(geometry: &Geometry, arranged: &[f32]) -> Vec<f32> {
    let (kernel_cols, column) = (geometry.kernel[1], column(geometry));
    let mut dw = vec![0.0; geometry.weights()];
    for (output, dw) in dw.chunks_exact_mut(geometry.depth()).enumerate() {
        let arranged = &arranged[output / WIDTH * geometry.depth() * WIDTH + output % WIDTH..];
        for (number, dw) in dw.chunks_exact_mut(kernel_cols).enumerate() {
            for (col, dw) in dw.iter_mut().enumerate() {
                *dw = arranged[(col * column + number) * WIDTH];
            }
        }
    }
    dw
}
