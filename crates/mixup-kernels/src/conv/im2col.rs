//! Convolution as matrix products: `y = W col(x)`, `dW += dy col(x)^T`, `dx = col^T(W^T dy)`.
//!
//! The products of one image have the order of the image; those of several are spread to it and
//! collected from it.

use std::ops::Range;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use crate::gemm::{Matrix, Write, gemm};
use crate::parallel::{in_pieces, with_buffers};
use crate::simd::simd;

/// Columns that a matrix product should have to be fast.
pub(super) const COLUMNS: usize = 512;

/// The output. `x`, `weight` and the result have the shapes of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let images = geometry.images_for(COLUMNS, geometry.out_plane());
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        let first = task * images;
        let images = y.len() / geometry.out_image();
        let columns = images * geometry.out_plane();
        let sizes = [geometry.depth() * columns, geometry.group_outputs() * columns];
        with_buffers(sizes, |[col, out]| {
            for group in 0..geometry.groups {
                gather(geometry, x, group, first..first + images, col);
                let col = Matrix::new(col, geometry.depth(), columns);
                let weights = weights(geometry, weight, group);
                if images == 1 {
                    let y = &mut y[group * out.len()..][..out.len()];
                    if let Some(bias) = bias {
                        let bias = &bias[group * geometry.group_outputs()..];
                        y.chunks_exact_mut(columns).zip(bias).for_each(|(y, bias)| y.fill(*bias));
                    }
                    gemm(y, Write::Add, weights, col);
                } else {
                    gemm(out, Write::Replace, weights, col);
                    spread(geometry, out, group, bias, y);
                }
            }
        });
    })
}

/// Gradients of the input and of the weights, where wanted.
pub(super) fn backward(
    geometry: &Geometry,
    x: &[f32],
    weight: &[f32],
    dy: &[f32],
    wanted: [bool; 2],
) -> Gradients {
    let images = geometry.images_for(COLUMNS, geometry.out_plane());
    gradients(geometry, images, geometry.weights(), wanted, |images, dx, dw| {
        backward_block(geometry, x, weight, dy, images, dx, dw);
    })
}

fn backward_block(
    geometry: &Geometry,
    x: &[f32],
    weight: &[f32],
    dy: &[f32],
    images: Range<usize>,
    mut dx: Option<&mut [f32]>,
    mut dw: Option<&mut [f32]>,
) {
    let columns = images.len() * geometry.out_plane();
    let (depth, outputs) = (geometry.depth(), geometry.group_outputs());
    with_buffers([depth * columns, outputs * columns], |[col, out]| {
        for group in 0..geometry.groups {
            let out = if images.len() == 1 {
                &dy[images.start * geometry.out_image() + group * out.len()..]
            } else {
                collect(geometry, dy, group, images.clone(), out);
                &*out
            };
            let out = Matrix::new(out, outputs, columns);
            if let Some(dw) = &mut dw {
                gather(geometry, x, group, images.clone(), col);
                let size = outputs * depth;
                let dw = &mut dw[group * size..(group + 1) * size];
                gemm(dw, Write::Add, out, Matrix::new(col, depth, columns).t());
            }
            if let Some(dx) = &mut dx {
                gemm(col, Write::Replace, weights(geometry, weight, group).t(), out);
                scatter(geometry, col, group, images.len(), dx);
            }
        }
    });
}

fn weights<'a>(geometry: &Geometry, weight: &'a [f32], group: usize) -> Matrix<'a> {
    let size = geometry.group_outputs() * geometry.depth();
    Matrix::new(&weight[group * size..(group + 1) * size], geometry.group_outputs(), geometry.depth())
}

/// `x` to `[channel, kernel row, kernel column][image, row, column]`, zero where there is padding.
fn gather(geometry: &Geometry, x: &[f32], group: usize, images: Range<usize>, col: &mut [f32]) {
    let plane = geometry.out_plane();
    let columns = images.len() * plane;
    simd(
        #[inline(always)]
        || {
            for (patch, line) in col.chunks_exact_mut(columns).enumerate() {
                let (channel, kernel) = split_patch(geometry, group, patch);
                for (image, out) in images.clone().zip(line.chunks_exact_mut(plane)) {
                    let start = image * geometry.image() + channel * geometry.in_plane();
                    gather_plane(geometry, &x[start..start + geometry.in_plane()], kernel, out);
                }
            }
        },
    );
}

#[inline(always)]
fn gather_plane(geometry: &Geometry, input: &[f32], kernel: [usize; 2], out: &mut [f32]) {
    if geometry.is_pointwise() {
        out.copy_from_slice(input);
        return;
    }
    let (rows, cols) = (geometry.inside(0, kernel[0]), geometry.inside(1, kernel[1]));
    let stride = geometry.stride[1];
    for (row, out) in out.chunks_exact_mut(geometry.cols).enumerate() {
        if !rows.contains(&row) || cols.is_empty() {
            out.fill(0.0);
            continue;
        }
        let first = source(geometry, kernel, row, cols.start);
        out[..cols.start].fill(0.0);
        out[cols.end..].fill(0.0);
        let out = &mut out[cols.clone()];
        match stride {
            1 => out.copy_from_slice(&input[first..first + out.len()]),
            2 => {
                for (out, input) in out.iter_mut().zip(input[first..].chunks(2)) {
                    *out = input[0];
                }
            }
            _ => {
                for (out, input) in out.iter_mut().zip(input[first..].chunks(stride)) {
                    *out = input[0];
                }
            }
        }
    }
}

/// Adds `[channel, kernel row, kernel column][image, row, column]` to where [`gather`] read it.
fn scatter(geometry: &Geometry, col: &[f32], group: usize, images: usize, dx: &mut [f32]) {
    let plane = geometry.out_plane();
    simd(
        #[inline(always)]
        || {
            for (patch, line) in col.chunks_exact(images * plane).enumerate() {
                let (channel, kernel) = split_patch(geometry, group, patch);
                for (image, out) in line.chunks_exact(plane).enumerate() {
                    let start = image * geometry.image() + channel * geometry.in_plane();
                    scatter_plane(geometry, out, kernel, &mut dx[start..start + geometry.in_plane()]);
                }
            }
        },
    );
}

#[inline(always)]
fn scatter_plane(geometry: &Geometry, out: &[f32], kernel: [usize; 2], input: &mut [f32]) {
    let (rows, cols) = (geometry.inside(0, kernel[0]), geometry.inside(1, kernel[1]));
    if cols.is_empty() {
        return;
    }
    let stride = geometry.stride[1];
    for row in rows {
        let first = source(geometry, kernel, row, cols.start);
        let out = &out[row * geometry.cols..][cols.clone()];
        if stride == 1 {
            for (input, out) in input[first..first + out.len()].iter_mut().zip(out) {
                *input += *out;
            }
        } else {
            for (input, out) in input[first..].chunks_mut(stride).zip(out) {
                input[0] += *out;
            }
        }
    }
}

/// `[output][image, pixel]` to `[image, output, pixel]`, plus the bias.
fn spread(geometry: &Geometry, out: &[f32], group: usize, bias: Option<&[f32]>, y: &mut [f32]) {
    let plane = geometry.out_plane();
    for (image, y) in y.chunks_exact_mut(geometry.out_image()).enumerate() {
        let first = group * geometry.group_outputs();
        let y = &mut y[first * plane..(first + geometry.group_outputs()) * plane];
        let columns = out.len() / geometry.group_outputs();
        for (output, y) in y.chunks_exact_mut(plane).enumerate() {
            let out = &out[output * columns + image * plane..][..plane];
            match bias.map(|bias| bias[first + output]) {
                None => y.copy_from_slice(out),
                Some(bias) => y.iter_mut().zip(out).for_each(|(y, out)| *y = out + bias),
            }
        }
    }
}

/// The inverse of [`spread`].
fn collect(geometry: &Geometry, dy: &[f32], group: usize, images: Range<usize>, out: &mut [f32]) {
    let plane = geometry.out_plane();
    let columns = images.len() * plane;
    for (output, line) in out.chunks_exact_mut(columns).enumerate() {
        let output = group * geometry.group_outputs() + output;
        for (image, out) in images.clone().zip(line.chunks_exact_mut(plane)) {
            let start = image * geometry.out_image() + output * plane;
            out.copy_from_slice(&dy[start..start + plane]);
        }
    }
}

/// Input channel and kernel position of a line of the gathered matrix.
fn split_patch(geometry: &Geometry, group: usize, patch: usize) -> (usize, [usize; 2]) {
    let [kernel_rows, kernel_cols] = geometry.kernel;
    let channel = group * geometry.group_channels() + patch / (kernel_rows * kernel_cols);
    (channel, [patch / kernel_cols % kernel_rows, patch % kernel_cols])
}

/// Index in an input plane of what an output pixel reads; the pixel must be inside.
fn source(geometry: &Geometry, kernel: [usize; 2], row: usize, col: usize) -> usize {
    let at = |axis: usize, out: usize| {
        out * geometry.stride[axis] + kernel[axis] * geometry.dilation[axis] - geometry.padding[axis]
    };
    at(0, row) * geometry.width + at(1, col)
}
