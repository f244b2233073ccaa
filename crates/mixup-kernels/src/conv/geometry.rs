//! Sizes of a convolution.

use std::ops::Range;

use burn::tensor::ops::ConvOptions;

use crate::lanes::WIDTH;

/// Sizes of a convolution whose every output exists: nothing here is zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    pub groups: usize,
    pub rows: usize,
    pub cols: usize,
}

/// Neighbouring output pixels of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub image: usize,
    pub row: usize,
    /// The first one's.
    pub col: usize,
    pub count: usize,
}

impl Geometry {
    /// `None` for what is empty or does not fit, which burn's own operation judges.
    pub fn new(x: [usize; 4], weight: [usize; 4], options: &ConvOptions<2>) -> Option<Self> {
        let [batch, channels, height, width] = x;
        let [outputs, group_channels, kernel_height, kernel_width] = weight;
        let groups = options.groups;
        let fits = groups > 0
            && channels == group_channels * groups
            && outputs.is_multiple_of(groups)
            && [batch, channels, height, width, outputs, kernel_height, kernel_width].iter().all(|&n| n > 0)
            && options.stride.iter().chain(&options.dilation).all(|&n| n > 0)
            && !options.is_asymmetric();
        if !fits {
            return None;
        }
        let kernel = [kernel_height, kernel_width];
        let padding = options.padding_begin();
        let out = |size: usize, axis: usize| {
            let span = options.dilation[axis] * (kernel[axis] - 1) + 1;
            Some((size + 2 * padding[axis]).checked_sub(span)? / options.stride[axis] + 1)
        };
        Some(Self {
            batch,
            channels,
            height,
            width,
            outputs,
            kernel,
            stride: options.stride,
            padding,
            dilation: options.dilation,
            groups,
            rows: out(height, 0)?,
            cols: out(width, 1)?,
        })
    }

    pub fn input_shape(&self) -> [usize; 4] {
        [self.batch, self.channels, self.height, self.width]
    }

    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.group_channels(), self.kernel[0], self.kernel[1]]
    }

    pub fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.outputs, self.rows, self.cols]
    }

    pub fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Values of an input image.
    pub fn image(&self) -> usize {
        self.channels * self.in_plane()
    }

    /// Rows and columns of an input with its padding, as far as outputs see them.
    pub fn seen_plane(&self) -> [usize; 2] {
        let span = |axis: usize, outputs: usize| {
            (outputs - 1) * self.stride[axis] + self.dilation[axis] * (self.kernel[axis] - 1) + 1
        };
        [span(0, self.rows), span(1, self.cols)]
    }

    /// The pixels of some output images, cut where a row ends and after each `of_chunk` pixels.
    pub fn runs(&self, images: usize, of_chunk: usize) -> Vec<Vec<Run>> {
        let plane = self.out_plane();
        let all = images * plane;
        let chunk = |start: usize| {
            let end = (start + of_chunk).min(all);
            let mut runs = Vec::new();
            let mut pixel = start;
            while pixel < end {
                let col = pixel % self.cols;
                let count = (self.cols - col).min(end - pixel);
                runs.push(Run { image: pixel / plane, row: pixel % plane / self.cols, col, count });
                pixel += count;
            }
            runs
        };
        (0..all).step_by(of_chunk).map(chunk).collect()
    }

    /// Some input images of a batch.
    pub fn images_of<'a>(&self, x: &'a [f32], images: Range<usize>) -> &'a [f32] {
        &x[images.start * self.image()..images.end * self.image()]
    }

    /// Some output images of a batch.
    pub fn out_images_of<'a>(&self, y: &'a [f32], images: Range<usize>) -> &'a [f32] {
        &y[images.start * self.out_image()..images.end * self.out_image()]
    }

    /// Values of an output image.
    pub fn out_image(&self) -> usize {
        self.outputs * self.out_plane()
    }

    pub fn in_plane(&self) -> usize {
        self.height * self.width
    }

    pub fn out_plane(&self) -> usize {
        self.rows * self.cols
    }

    /// Values of the weights.
    pub fn weights(&self) -> usize {
        self.outputs * self.depth()
    }

    /// Weights of one output: inner size of the matrix product.
    pub fn depth(&self) -> usize {
        self.group_channels() * self.kernel[0] * self.kernel[1]
    }

    /// An output pixel is a product of the weights with the pixel itself.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Output columns whose input column `col * stride + kernel_col * dilation - padding` exists.
    pub fn inside(&self, axis: usize, kernel_index: usize) -> Range<usize> {
        let (size, outputs) = if axis == 0 { (self.height, self.rows) } else { (self.width, self.cols) };
        let (stride, padding) = (self.stride[axis], self.padding[axis]);
        let offset = kernel_index * self.dilation[axis];
        let start = padding.saturating_sub(offset).div_ceil(stride);
        let end = (size + padding).saturating_sub(offset).div_ceil(stride);
        start.min(outputs)..end.min(outputs)
    }

    /// Sixteen channels side by side pay for inputs and outputs.
    pub fn suits_lanes(&self) -> bool {
        self.groups == 1 && self.channels >= WIDTH && self.outputs >= WIDTH && !self.is_pointwise()
    }

    pub fn suits_winograd(&self) -> bool {
        self.suits_lanes() && self.kernel == [3, 3] && self.stride == [1, 1] && self.dilation == [1, 1]
    }

    /// Tiles of 2x2 outputs, for large layers. A step of small ones would be at most 5 % shorter, and they are those of the papers' committed
    /// numbers, whose rounding would move.
    pub fn suits_strided(&self) -> bool {
        let plain = self.kernel == [3, 3] && self.stride == [2, 2] && self.dilation == [1, 1];
        let large = self.channels >= 32 && self.channels * self.out_plane() >= 2048;
        self.suits_lanes() && plain && large
    }

    /// Sixteen pixels of a row side by side see as many of the input. The limits on sizes are those up to which the `gemm` crate
    /// adds products one by one, so that results are the same to the bit as by [`im2col`](super::im2col).
    pub fn suits_rows(&self) -> bool {
        let plain =
            self.groups == 1 && self.stride == [1, 1] && self.dilation == [1, 1] && self.kernel != [1, 1];
        let overlaps = (0..2).all(|axis| self.padding[axis] < self.kernel[axis]);
        plain && overlaps && self.outputs > 2 && (3..=512).contains(&self.depth())
    }

    /// Images that are worked on together, so that a matrix product has about `columns` columns.
    pub fn images_for(&self, columns: usize, columns_of_an_image: usize) -> usize {
        (columns / columns_of_an_image.max(1)).clamp(1, self.batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_at_the_end_of_rows_and_of_chunks() {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let geometry = Geometry::new([2, 1, 2, 3], [1, 1, 1, 1], &options).unwrap();
        let run = |image, row, col, count| Run { image, row, col, count };
        let expected = [
            vec![run(0, 0, 0, 3), run(0, 1, 0, 1)],
            vec![run(0, 1, 1, 2), run(1, 0, 0, 2)],
            vec![run(1, 0, 2, 1), run(1, 1, 0, 3)],
        ];
        assert_eq!(geometry.runs(2, 4), expected);
        assert_eq!(geometry.runs(2, 100).len(), 1);
    }
}
