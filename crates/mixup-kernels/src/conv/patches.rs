//! Convolution as matrix products over patches with 16 channels side by side: `y = P W`, `dW = P^T dy`,
//! `dP = dy W^T`, where a row of `P` is what an output pixel sees.
//!
//! A row is `[block of channels, kernel row, kernel column, lane]`: patches are cut out of an
//! interleaved image 16 values at a time, whatever the stride.

use std::ops::Range;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use crate::gemm::{Matrix, Write, gemm, gemm_into_blocks};
use crate::lanes::{WIDTH, Window, add, bias_lanes, blocks, load, store};
use crate::parallel::{in_pieces, with_buffers};
use crate::simd::simd;

/// Rows that a matrix product should have to be fast.
const ROWS: usize = 256;

/// Sizes of patches.
#[derive(Clone, Copy)]
struct Patches<'a> {
    geometry: &'a Geometry,
    /// An input image, with its padding.
    input: Window,
    /// An output image.
    output: Window,
}

impl<'a> Patches<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let span = |axis: usize, outputs: usize| {
            (outputs - 1) * geometry.stride[axis] + geometry.dilation[axis] * (geometry.kernel[axis] - 1) + 1
        };
        let output = [geometry.rows, geometry.cols];
        Self {
            geometry,
            input: Window {
                size: [geometry.height, geometry.width],
                before: geometry.padding,
                plane: [span(0, geometry.rows), span(1, geometry.cols)],
            },
            output: Window { size: output, before: [0, 0], plane: output },
        }
    }

    /// Values of the kernel.
    fn kernel(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1]
    }

    /// Values of a patch.
    fn depth(&self) -> usize {
        depth(self.geometry)
    }

    /// Calls `visit` for each pixel and kernel position of a block with where the lanes are in
    /// the patches of an image and in the interleaved image.
    #[inline(always)]
    fn walk(&self, block: usize, mut visit: impl FnMut(usize, usize)) {
        let [kernel_rows, kernel_cols] = self.geometry.kernel;
        let ([down, across], [row_step, col_step]) = (self.geometry.stride, self.geometry.dilation);
        let mut patch = block * self.kernel() * WIDTH;
        for row in 0..self.geometry.rows {
            for col in 0..self.geometry.cols {
                let mut at = patch;
                for kernel_row in 0..kernel_rows {
                    for kernel_col in 0..kernel_cols {
                        let pixel =
                            [row * down + kernel_row * row_step, col * across + kernel_col * col_step];
                        visit(at, self.input.at(pixel[0], pixel[1]));
                        at += WIDTH;
                    }
                }
                patch += self.depth();
            }
        }
    }

    /// Patches of some images, `[image and pixel, depth]`.
    fn cut(&self, x: &[f32], images: Range<usize>, patches: &mut [f32], plane: &mut [f32]) {
        let image_size = self.geometry.out_plane() * self.depth();
        simd(
            #[inline(always)]
            || {
                for (image, patches) in images.zip(patches.chunks_exact_mut(image_size)) {
                    let x = &x[image * self.geometry.image()..][..self.geometry.image()];
                    for (block, x) in x.chunks(WIDTH * self.geometry.in_plane()).enumerate() {
                        self.input.interleave(x, plane);
                        self.walk(
                            block,
                            #[inline(always)]
                            |at, pixel| store(patches, at, load(plane, pixel)),
                        );
                    }
                }
            },
        );
    }

    /// Gradients of patches added up to those of their images.
    fn join(&self, patches: &[f32], dx: &mut [f32], plane: &mut [f32]) {
        let image_size = self.geometry.out_plane() * self.depth();
        let images = dx.chunks_exact_mut(self.geometry.image()).zip(patches.chunks_exact(image_size));
        simd(
            #[inline(always)]
            || {
                for (dx, patches) in images {
                    for (block, dx) in dx.chunks_mut(WIDTH * self.geometry.in_plane()).enumerate() {
                        plane.fill(0.0);
                        self.walk(
                            block,
                            #[inline(always)]
                            |at, pixel| store(plane, pixel, add(load(plane, pixel), load(patches, at))),
                        );
                        self.input.separate(plane, dx);
                    }
                }
            },
        );
    }

    /// `[image and pixel, output]` to `[image, output, pixel]`, plus the bias.
    fn spread(&self, out: &[f32], bias: Option<&[f32]>, y: &mut [f32], plane: &mut [f32]) {
        let (pixels, stride) = (self.geometry.out_plane(), blocks(self.geometry.outputs));
        simd(
            #[inline(always)]
            || {
                let images = y.chunks_exact_mut(self.geometry.out_image());
                for (y, out) in images.zip(out.chunks_exact(pixels * stride)) {
                    for (block, y) in y.chunks_mut(WIDTH * pixels).enumerate() {
                        let bias = bias_lanes(bias, block);
                        for pixel in 0..pixels {
                            let lanes = load(out, pixel * stride + block * WIDTH);
                            store(plane, pixel * WIDTH, add(lanes, bias));
                        }
                        self.output.separate(plane, y);
                    }
                }
            },
        );
    }

    /// The inverse of [`Self::spread`], without a bias.
    fn collect(&self, dy: &[f32], images: Range<usize>, out: &mut [f32], plane: &mut [f32]) {
        let (pixels, stride) = (self.geometry.out_plane(), blocks(self.geometry.outputs));
        let plane = &mut plane[..self.output.len()];
        simd(
            #[inline(always)]
            || {
                for (image, out) in images.zip(out.chunks_exact_mut(pixels * stride)) {
                    let dy = &dy[image * self.geometry.out_image()..][..self.geometry.out_image()];
                    for (block, dy) in dy.chunks(WIDTH * pixels).enumerate() {
                        self.output.interleave(dy, plane);
                        for pixel in 0..pixels {
                            store(out, pixel * stride + block * WIDTH, load(plane, pixel * WIDTH));
                        }
                    }
                }
            },
        );
    }

    /// Sizes of the buffers for some images: patches, outputs, an interleaved image of either kind.
    fn buffers(&self, images: usize) -> [usize; 3] {
        let rows = images * self.geometry.out_plane();
        let plane = self.input.len().max(self.output.len());
        [rows * self.depth(), rows * blocks(self.geometry.outputs), plane]
    }
}

fn depth(geometry: &Geometry) -> usize {
    blocks(geometry.channels) * geometry.kernel[0] * geometry.kernel[1]
}

/// The weights as `[output, depth]`, zero in unused lanes.
pub(super) fn arrange_weights(geometry: &Geometry, weight: &[f32]) -> Vec<f32> {
    let mut arranged = vec![0.0; geometry.outputs * depth(geometry)];
    for_each_weight(geometry, |at, place| arranged[place] = weight[at]);
    arranged
}

/// Calls `visit` with where each weight is in burn's order and in that of patches.
fn for_each_weight(geometry: &Geometry, mut visit: impl FnMut(usize, usize)) {
    let kernel = geometry.kernel[0] * geometry.kernel[1];
    for output in 0..geometry.outputs {
        for channel in 0..geometry.channels {
            let from = (output * geometry.channels + channel) * kernel;
            let (block, lane) = (channel / WIDTH, channel % WIDTH);
            let to = output * depth(geometry) + block * kernel * WIDTH + lane;
            (0..kernel).for_each(|position| visit(from + position, to + position * WIDTH));
        }
    }
}

/// The output, given the arranged weights. Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let patches = Patches::new(geometry);
    let images = geometry.images_for(ROWS, geometry.out_plane());
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        let first = task * images;
        let images = y.len() / geometry.out_image();
        with_buffers(patches.buffers(images), |[cut, out, plane]| {
            patches.cut(x, first..first + images, cut, &mut plane[..patches.input.len()]);
            let rows = Matrix::new(cut, images * geometry.out_plane(), patches.depth());
            gemm_into_blocks(out, rows, Matrix::new(weight, geometry.outputs, patches.depth()).t());
            patches.spread(out, bias, y, plane);
        });
    })
}

/// Gradients of the input and of the weights, where wanted, given the arranged weights.
pub(super) fn backward(
    geometry: &Geometry,
    x: &[f32],
    weight: &[f32],
    dy: &[f32],
    wanted: [bool; 2],
) -> Gradients {
    let patches = Patches::new(geometry);
    let weight = Matrix::new(weight, geometry.outputs, patches.depth());
    let images = geometry.images_for(ROWS, geometry.out_plane());
    let (dx, dw) = gradients(geometry, images, weight.values.len(), wanted, |images, dx, dw| {
        with_buffers(patches.buffers(images.len()), |[cut, out, plane]| {
            patches.collect(dy, images.clone(), out, plane);
            let rows = images.len() * geometry.out_plane();
            let out = Matrix::in_blocks(out, rows, geometry.outputs);
            let plane = &mut plane[..patches.input.len()];
            if let Some(dw) = dw {
                patches.cut(x, images, cut, plane);
                gemm(dw, Write::Add, out.t(), Matrix::new(cut, rows, patches.depth()));
            }
            if let Some(dx) = dx {
                gemm(cut, Write::Replace, out, weight);
                patches.join(cut, dx, plane);
            }
        });
    });
    let in_burns_order = |arranged: Vec<f32>| {
        let mut dw = vec![0.0; geometry.weights()];
        for_each_weight(geometry, |at, place| dw[at] = arranged[place]);
        dw
    };
    (dx, dw.map(in_burns_order))
}
