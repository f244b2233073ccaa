//! Convolution as sums over what an output pixel sees, without patches: 16 channels side by side, sums in registers
//! ([`registers`](super::registers)).
//!
//! Images stand interleaved, `[block of channels, row, column, lane]`, so that the 16 channels under a kernel position are
//! side by side and those of the next pixel a constant step away. Some images are worked on together, so that weights that
//! came to the cache are used for all their pixels.

mod of_input;
mod of_weights;
mod outputs;

use pulp::Arch;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use crate::lanes::{WIDTH, Window, blocks};
use crate::parallel::{in_pieces, with_buffers};
use crate::simd::simd;
use crate::transpose::{Grid, from_lanes, to_lanes};

/// Pixels of a task, about: images are put together to have as many.
const PIXELS: usize = 256;

/// Sizes of interleaved images, and where things are in them.
#[derive(Clone, Copy)]
struct Layout<'a> {
    geometry: &'a Geometry,
    /// An input image with its padding.
    input: Window,
}

impl<'a> Layout<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let input = Window {
            size: [geometry.height, geometry.width],
            before: geometry.padding,
            plane: geometry.seen_plane(),
        };
        Self { geometry, input }
    }

    /// Blocks of channels.
    fn channels(&self) -> usize {
        self.geometry.channels.div_ceil(WIDTH)
    }

    /// Blocks of outputs.
    fn outputs(&self) -> usize {
        self.geometry.outputs.div_ceil(WIDTH)
    }

    /// Positions of the kernel.
    fn kernel(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1]
    }

    /// Values of an input image. An odd number of blocks: images a power of two apart would share their place in the cache.
    fn planes(&self) -> usize {
        (self.channels() | 1) * self.input.len()
    }

    /// Values of a block of an output image.
    fn result(&self) -> usize {
        self.geometry.out_plane() * WIDTH
    }

    /// Values of an output image; an odd number of blocks, too.
    fn results(&self) -> usize {
        (self.outputs() | 1) * self.result()
    }

    /// Where the first pixel of a row of outputs sees the input under a position of the kernel.
    fn seen(&self, row: usize, position: usize) -> usize {
        let Geometry { kernel, stride, dilation, .. } = self.geometry;
        let (kernel_row, kernel_col) = (position / kernel[1], position % kernel[1]);
        self.input.at(row * stride[0] + kernel_row * dilation[0], kernel_col * dilation[1])
    }

    /// Values from a pixel of a row to the next.
    fn step(&self) -> usize {
        self.geometry.stride[1] * WIDTH
    }

    /// Images to planes of lanes.
    fn interleave(&self, images: &[f32], planes: &mut [f32]) {
        let images = images.chunks_exact(self.geometry.image());
        for (image, planes) in images.zip(planes.chunks_exact_mut(self.planes())) {
            let blocks = image.chunks(WIDTH * self.geometry.in_plane());
            for (block, plane) in blocks.zip(planes.chunks_exact_mut(self.input.len())) {
                self.input.interleave(block, plane);
            }
        }
    }

    /// The inverse.
    fn separate(&self, planes: &[f32], images: &mut [f32]) {
        let images = images.chunks_exact_mut(self.geometry.image());
        for (image, planes) in images.zip(planes.chunks_exact(self.planes())) {
            let blocks = image.chunks_mut(WIDTH * self.geometry.in_plane());
            for (block, plane) in blocks.zip(planes.chunks_exact(self.input.len())) {
                self.input.separate(plane, block);
            }
        }
    }

    /// Gradients of output images to lanes.
    fn collect(&self, dy: &[f32], lanes: &mut [f32]) {
        let Geometry { rows, cols, .. } = *self.geometry;
        let images = dy.chunks_exact(self.geometry.out_image());
        for (image, lanes) in images.zip(lanes.chunks_exact_mut(self.results())) {
            for (block, lanes) in image.chunks(self.result()).zip(lanes.chunks_exact_mut(self.result())) {
                to_lanes(block, [rows, cols], lanes, Grid::dense([rows, cols]));
            }
        }
    }

    /// Output images from lanes, plus the bias.
    fn spread(&self, lanes: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let Geometry { rows, cols, .. } = *self.geometry;
        let images = y.chunks_exact_mut(self.geometry.out_image());
        for (image, lanes) in images.zip(lanes.chunks_exact(self.results())) {
            let blocks = image.chunks_mut(self.result()).zip(lanes.chunks_exact(self.result()));
            for (number, (block, lanes)) in blocks.enumerate() {
                from_lanes(lanes, Grid::dense([rows, cols]), block, [rows, cols]);
                if let Some(bias) = bias {
                    add_bias(block, rows * cols, &bias[number * WIDTH..]);
                }
            }
        }
    }
}

fn add_bias(images: &mut [f32], plane: usize, bias: &[f32]) {
    simd(
        #[inline(always)]
        || {
            for (image, bias) in images.chunks_exact_mut(plane).zip(bias) {
                image.iter_mut().for_each(|value| *value += bias);
            }
        },
    );
}

/// The weights in the two orders that the sums read them in, zero in unused lanes.
pub(super) struct Weights {
    /// `[block of outputs, block of channels, position, channel, 16 outputs]`
    by_outputs: Vec<f32>,
    /// `[block of channels, position, output, 16 channels]`, outputs up to a whole block.
    by_channels: Vec<f32>,
}

impl Weights {
    pub fn new(geometry: &Geometry, weight: &[f32]) -> Self {
        let layout = Layout::new(geometry);
        let (kernel, channels, outputs) = (layout.kernel(), layout.channels(), layout.outputs());
        let size = outputs * channels * kernel * WIDTH * WIDTH;
        let mut by_channels = vec![0.0; size];
        for (output, weight) in weight.chunks_exact(geometry.channels * kernel).enumerate() {
            for (block, weight) in weight.chunks(WIDTH * kernel).enumerate() {
                let start = (block * kernel * outputs * WIDTH + output) * WIDTH;
                let grid = Grid::line(start, outputs * WIDTH * WIDTH, kernel);
                to_lanes(weight, [1, kernel], &mut by_channels, grid);
            }
        }
        // Squares of 16 outputs by 16 channels, turned.
        let mut by_outputs = vec![0.0; size];
        for (index, square) in by_channels.chunks_exact(WIDTH * WIDTH).enumerate() {
            let place = index % outputs * channels * kernel + index / outputs;
            let grid = Grid::line(place * WIDTH * WIDTH, WIDTH, WIDTH);
            to_lanes(square, [1, WIDTH], &mut by_outputs, grid);
        }
        Self { by_outputs, by_channels }
    }
}

/// Values that an output sees, with those of unused lanes.
fn depth(geometry: &Geometry) -> usize {
    blocks(geometry.channels) * geometry.kernel[0] * geometry.kernel[1]
}

/// The output. Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weights: &Weights, bias: Option<&[f32]>) -> Vec<f32> {
    let layout = Layout::new(geometry);
    let images = geometry.images_for(PIXELS, geometry.out_plane());
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        let first = task * images;
        let images = y.len() / geometry.out_image();
        with_buffers([images * layout.planes(), images * layout.results()], |[planes, out]| {
            layout.interleave(geometry.images_of(x, first..first + images), planes);
            let weights = &weights.by_outputs[..];
            match geometry.stride[1] {
                1 => outputs::sums::<1>(layout, weights, planes, out),
                2 => outputs::sums::<2>(layout, weights, planes, out),
                _ => outputs::sums::<0>(layout, weights, planes, out),
            }
            layout.spread(out, bias, y);
        });
    })
}

/// Gradients of the input and of the weights, where wanted.
pub(super) fn backward(
    geometry: &Geometry,
    x: &[f32],
    weights: &Weights,
    dy: &[f32],
    wanted: [bool; 2],
) -> Gradients {
    let layout = Layout::new(geometry);
    let images = geometry.images_for(PIXELS, geometry.out_plane());
    let size = geometry.outputs * depth(geometry);
    let (dx, dw) = gradients(geometry, images, size, wanted, |images, dx, dw| {
        let sizes = [images.len() * layout.planes(), images.len() * layout.results()];
        with_buffers(sizes, |[planes, lanes]| {
            layout.collect(geometry.out_images_of(dy, images.clone()), lanes);
            if let Some(dw) = dw {
                layout.interleave(geometry.images_of(x, images), planes);
                Arch::new().dispatch(of_weights::Sums { layout, planes, dy: lanes, dw });
            }
            if let Some(dx) = dx {
                planes.fill(0.0);
                Arch::new().dispatch(of_input::Sums {
                    layout,
                    dy: lanes,
                    weights: &weights.by_channels,
                    planes,
                });
                layout.separate(planes, dx);
            }
        });
    });
    (dx, dw.map(|dw| in_burns_order(&layout, &dw)))
}

/// `[output, block of channels, position, lane]` to `[output, channel, position]`.
fn in_burns_order(layout: &Layout<'_>, arranged: &[f32]) -> Vec<f32> {
    let (geometry, kernel) = (layout.geometry, layout.kernel());
    let mut dw = vec![0.0; geometry.weights()];
    let outputs = dw.chunks_exact_mut(geometry.channels * kernel);
    for (dw, arranged) in outputs.zip(arranged.chunks_exact(depth(geometry))) {
        for (dw, lanes) in dw.chunks_mut(WIDTH * kernel).zip(arranged.chunks_exact(kernel * WIDTH)) {
            from_lanes(lanes, Grid::line(0, WIDTH, kernel), dw, [1, kernel]);
        }
    }
    dw
}
