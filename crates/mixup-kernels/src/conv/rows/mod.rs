//! Convolution between few channels, stride 1, without patches: 16 pixels of a row side by side, sums in registers
//! ([`registers`](super::registers)).
//!
//! Images stand in planes whose rows are filled up to whole blocks of 16 pixels. For the gradient of the weights 16 outputs
//! are the lanes instead, and the rows of an image stand interleaved, so that what a pixel sees lies side by side.

mod of_input;
mod of_weights;
mod outputs;

use pulp::Arch;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use super::im2col;
use crate::lanes::blocks;
use crate::parallel::{in_pieces, with_buffers};

/// Pixels of a task, about. The gradient of the weights is summed over as many, as by [`im2col`].
const PIXELS: usize = im2col::COLUMNS;

/// Sizes of planes of some channels.
#[derive(Clone, Copy)]
struct Planes {
    channels: usize,
    rows: usize,
    /// Values of a row.
    pitch: usize,
    /// Rows above the image and columns left of it.
    before: [usize; 2],
}

impl Planes {
    /// Input images, with what outputs see around them.
    fn input(geometry: &Geometry) -> Self {
        let Geometry { channels, rows, cols, kernel, padding, .. } = *geometry;
        Self::seen(channels, [rows, cols], kernel, padding)
    }

    /// Output images.
    fn output(geometry: &Geometry) -> Self {
        let Geometry { outputs, rows, cols, .. } = *geometry;
        Self::seen(outputs, [rows, cols], [1, 1], [0, 0])
    }

    /// Gradients of output images, with what input pixels see around them.
    fn output_gradient(geometry: &Geometry) -> Self {
        let Geometry { outputs, height, width, kernel, padding, .. } = *geometry;
        let before = [0, 1].map(|axis| kernel[axis] - 1 - padding[axis]);
        Self::seen(outputs, [height, width], kernel, before)
    }

    /// Gradients of input images.
    fn input_gradient(geometry: &Geometry) -> Self {
        let Geometry { channels, height, width, .. } = *geometry;
        Self::seen(channels, [height, width], [1, 1], [0, 0])
    }

    /// What rows of whole blocks of pixels see under a kernel.
    fn seen(channels: usize, [rows, cols]: [usize; 2], kernel: [usize; 2], before: [usize; 2]) -> Self {
        Self { channels, rows: rows + kernel[0] - 1, pitch: blocks(cols) + kernel[1] - 1, before }
    }

    /// Values of a channel.
    fn plane(&self) -> usize {
        self.rows * self.pitch
    }

    fn len(&self) -> usize {
        self.channels * self.plane()
    }

    /// An image of rows of `width` values to planes, zero around it. What of it has no place is left out.
    fn fill(&self, image: &[f32], [height, width]: [usize; 2], planes: &mut [f32]) {
        planes.fill(0.0);
        let [top, left] = self.before;
        let images = image.chunks_exact(height * width);
        for (image, plane) in images.zip(planes.chunks_exact_mut(self.plane())) {
            let rows = plane.chunks_exact_mut(self.pitch).skip(top);
            for (row, to) in image.chunks_exact(width).zip(rows) {
                to[left..].iter_mut().zip(row).for_each(|(to, value)| *to = *value);
            }
        }
    }

    /// Planes to an image, plus a bias by channel.
    fn empty(&self, planes: &[f32], bias: Option<&[f32]>, width: usize, image: &mut [f32]) {
        let images = image.chunks_exact_mut(self.rows * width);
        for (channel, (image, plane)) in images.zip(planes.chunks_exact(self.plane())).enumerate() {
            let rows = image.chunks_exact_mut(width).zip(plane.chunks_exact(self.pitch));
            match bias.map(|bias| bias[channel]) {
                Some(bias) => {
                    rows.for_each(|(to, row)| to.iter_mut().zip(row).for_each(|(to, v)| *to = v + bias));
                }
                None => rows.for_each(|(to, row)| to.copy_from_slice(&row[..width])),
            }
        }
    }
}

/// The output. Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let (planes, results) = (Planes::input(geometry), Planes::output(geometry));
    let images = geometry.images_for(PIXELS, geometry.out_plane());
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        with_buffers([planes.len(), results.len()], |[inputs, out]| {
            let x = x.chunks_exact(geometry.image()).skip(task * images);
            for (x, y) in x.zip(y.chunks_exact_mut(geometry.out_image())) {
                planes.fill(x, [geometry.height, geometry.width], inputs);
                Arch::new().dispatch(outputs::Sums::new(geometry, planes, inputs, weight, out));
                results.empty(out, bias, geometry.cols, y);
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
    let images = geometry.images_for(PIXELS, geometry.out_plane());
    let size = of_weights::size(geometry);
    let by_products = wanted[1] && !of_weights::suits(geometry);
    let by_sums = [wanted[0], wanted[1] && !by_products];
    let (dx, dw) = gradients(geometry, images, size, by_sums, |images, dx, dw| {
        let dy = geometry.out_images_of(dy, images.clone());
        if let Some(dw) = dw {
            of_weights::add(geometry, geometry.images_of(x, images), dy, dw);
        }
        if let Some(dx) = dx {
            of_input::write(geometry, weight, dy, dx);
        }
    });
    if by_products {
        return (dx, im2col::backward(geometry, x, weight, dy, [false, true]).1);
    }
    (dx, dw.map(|dw| of_weights::in_burns_order(geometry, &dw)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::ops::ConvOptions;

    fn values(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + 13) % 1009) as f32 / 1009.0 - 0.5).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn sums_are_those_of_patches_to_the_bit() {
        // Batch, channels, outputs; image; kernel; padding.
        let cases = [
            ([5, 1, 16], [28, 28], [3, 3], [1, 1]),
            ([5, 1, 32], [28, 28], [3, 3], [1, 1]),
            ([5, 3, 16], [24, 24], [3, 3], [1, 1]),
            ([2, 3, 80], [32, 32], [3, 3], [1, 1]),
            ([5, 4, 8], [14, 14], [3, 3], [1, 1]),
            ([5, 6, 16], [14, 14], [5, 5], [0, 0]),
            ([3, 1, 6], [28, 28], [5, 5], [2, 2]),
            ([9, 12, 24], [5, 17], [2, 3], [1, 0]),
        ];
        for ([batch, channels, outputs], [height, width], [rows, cols], padding) in cases {
            let options = ConvOptions::new([1, 1], padding, [1, 1], 1);
            let weight = [outputs, channels, rows, cols];
            let geometry = Geometry::new([batch, channels, height, width], weight, &options).unwrap();
            assert!(geometry.suits_rows());
            let (x, weight) = (values(batch * geometry.image()), values(geometry.weights()));
            let bias = values(outputs);
            let y = forward(&geometry, &x, &weight, Some(&bias));
            assert_eq!(bits(&y), bits(&im2col::forward(&geometry, &x, &weight, Some(&bias))), "{geometry:?}");
            let dy = values(y.len());
            let (dx, dw) = backward(&geometry, &x, &weight, &dy, [true, true]);
            let expected = im2col::backward(&geometry, &x, &weight, &dy, [true, true]);
            assert_eq!(dx.as_deref().map(bits), expected.0.as_deref().map(bits), "{geometry:?}");
            assert_eq!(dw.as_deref().map(bits), expected.1.as_deref().map(bits), "{geometry:?}");
        }
    }
}
