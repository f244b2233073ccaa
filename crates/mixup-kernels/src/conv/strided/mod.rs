//! Convolution by a 3x3 kernel with stride 2, by tiles of 2x2 outputs as Winograd's, with 25 products instead of 36.
//!
//! The inputs under even taps of a kernel and those under its middle taps are two convolutions with stride 1 along each axis;
//! the first has two taps, and Winograd's F(2, 2) needs three products for two outputs of it instead of four. Its sums have room
//! for the other's products, so that nine sums of a tile take them all ([`tile`]). The backward pass is that of the same linear
//! maps.
//!
//! The values of a sum are `[product, block of channels, image and tile, 16 channels]`; what is summed over them is summed in
//! registers. Of a tile at an edge with one output only, the sums that the other would need are left out.

mod products;
mod tile;
mod weights;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use crate::lanes::{WIDTH, Window, add, bias_lanes, load, store};
use crate::parallel::{in_pieces, with_buffers};
use crate::simd::simd;
use tile::{BEFORE, OF_SUM, PRODUCTS, SUMS};
pub(super) use weights::Weights;

/// Tiles of a task, about.
const TILES: usize = 128;

/// Sizes of some images' sums.
#[derive(Clone, Copy)]
struct Tiles<'a> {
    geometry: &'a Geometry,
    images: usize,
}

/// Where the values of a sum are.
#[derive(Clone, Copy, Default)]
struct Place {
    start: usize,
    rows: usize,
    cols: usize,
    /// Of all images.
    tiles: usize,
    /// Values of a block of all tiles.
    of_block: usize,
}

impl Place {
    /// Where a block begins.
    #[inline(always)]
    fn block(&self, block: usize) -> usize {
        self.start + block * self.of_block
    }

    /// Where a tile of an image is in a block; where the spare one is, if it does not have this sum.
    #[inline(always)]
    fn tile(&self, image: usize, row: usize, col: usize) -> usize {
        let has = row < self.rows && col < self.cols;
        WIDTH * if has { (image * self.rows + row) * self.cols + col } else { self.tiles }
    }

    /// Makes the spare tile zero in some blocks.
    fn clear_spare(&self, blocks: usize, values: &mut [f32]) {
        for block in 0..blocks {
            values[self.block(block) + self.tiles * WIDTH..][..WIDTH].fill(0.0);
        }
    }
}

impl Tiles<'_> {
    fn rows(&self) -> usize {
        self.geometry.rows.div_ceil(2)
    }

    fn cols(&self) -> usize {
        self.geometry.cols.div_ceil(2)
    }

    /// The tiles of an image.
    #[inline(always)]
    fn each(&self) -> impl Iterator<Item = (usize, usize)> {
        let (rows, cols) = (self.rows(), self.cols());
        (0..rows).flat_map(move |row| (0..cols).map(move |col| (row, col)))
    }

    /// Tiles that have a sum.
    fn having(&self, sum: usize) -> [usize; 2] {
        let of_axis =
            |number: usize, outputs: usize| if number < 2 { outputs.div_ceil(2) } else { outputs / 2 };
        [of_axis(sum / 3, self.geometry.rows), of_axis(sum % 3, self.geometry.cols)]
    }

    fn count(&self, sum: usize) -> usize {
        let [rows, cols] = self.having(sum);
        self.images * rows * cols
    }

    /// Where the values of each sum are, of as many blocks, and how many there are together. One tile is spare, for what would be
    /// of tiles without the sum, and their number odd: blocks a power of two apart would share their place in the cache.
    fn places(&self, blocks: impl Fn(usize) -> usize) -> ([Place; SUMS], usize) {
        let mut places = [Place::default(); SUMS];
        let mut start = 0;
        for (sum, place) in places.iter_mut().enumerate() {
            let ([rows, cols], tiles) = (self.having(sum), self.count(sum));
            let of_block = ((tiles + 1) | 1) * WIDTH;
            *place = Place { start, rows, cols, tiles, of_block };
            start += blocks(sum) * of_block;
        }
        (places, start)
    }

    /// Blocks of channels.
    fn channels(&self) -> usize {
        self.geometry.channels.div_ceil(WIDTH)
    }

    /// Blocks of outputs.
    fn outputs(&self) -> usize {
        self.geometry.outputs.div_ceil(WIDTH)
    }

    /// Of what inputs are multiplied as.
    fn factors(&self) -> ([Place; SUMS], usize) {
        self.places(|sum| OF_SUM[sum] * self.channels())
    }

    /// Of the sums themselves.
    fn sums(&self) -> ([Place; SUMS], usize) {
        self.places(|_| self.outputs())
    }

    /// Where input images stand in the planes that tiles are cut from.
    fn input(&self) -> Window {
        let Geometry { height, width, padding, .. } = *self.geometry;
        let plane = [4 * self.rows() + 1, 4 * self.cols() + 1];
        Window { size: [height, width], before: padding, plane }
    }

    /// Where output images stand.
    fn output(&self) -> Window {
        let plane = [2 * self.rows(), 2 * self.cols()];
        Window { size: [self.geometry.rows, self.geometry.cols], before: [0, 0], plane }
    }
}

fn images(geometry: &Geometry) -> usize {
    geometry.images_for(TILES, Tiles { geometry, images: 1 }.count(0))
}

/// The output. Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weights: &Weights, bias: Option<&[f32]>) -> Vec<f32> {
    let images = images(geometry);
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        let first = task * images;
        let tiles = Tiles { geometry, images: y.len() / geometry.out_image() };
        let sizes = [tiles.factors().1, tiles.sums().1, tiles.input().len()];
        with_buffers(sizes, |[v, m, plane]| {
            transform_input(tiles, geometry.images_of(x, first..first + tiles.images), v, plane);
            products::of_outputs(tiles, v, weights, m);
            transform_output(tiles, m, bias, y, plane);
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
    let (dx, du) =
        gradients(geometry, images(geometry), weights::size(geometry), wanted, |images, dx, du| {
            let tiles = Tiles { geometry, images: images.len() };
            let sizes = [tiles.factors().1, tiles.sums().1, tiles.input().len()];
            with_buffers(sizes, |[v, dm, plane]| {
                transform_gradient(tiles, geometry.out_images_of(dy, images.clone()), dm, plane);
                if let Some(du) = du {
                    transform_input(tiles, geometry.images_of(x, images), v, plane);
                    products::of_weights(tiles, dm, v, du);
                }
                if let Some(dx) = dx {
                    products::of_inputs(tiles, dm, weights, v);
                    for (sum, place) in tiles.factors().0.iter().enumerate() {
                        place.clear_spare(OF_SUM[sum] * tiles.channels(), v);
                    }
                    gradient_of_input(tiles, v, dx, plane);
                }
            });
        });
    (dx, du.map(|du| weights::gradient(geometry, &du)))
}

/// What the inputs of some images are multiplied as.
fn transform_input(tiles: Tiles<'_>, x: &[f32], v: &mut [f32], plane: &mut [f32]) {
    let (geometry, window, (places, _)) = (tiles.geometry, tiles.input(), tiles.factors());
    simd(
        #[inline(always)]
        || {
            for (image, x) in x.chunks_exact(geometry.image()).enumerate() {
                for (block, x) in x.chunks(WIDTH * geometry.in_plane()).enumerate() {
                    window.interleave(x, plane);
                    let blocks = blocks_of_factors(&places, tiles.channels(), block);
                    for (row, col) in tiles.each() {
                        let at = of_all(&places, image, row, col);
                        let lines: [&[f32]; 5] = window.lines(plane, 4 * row, 4 * col, 5);
                        tile::input(
                            #[inline(always)]
                            |i, j| load(lines[i], j * WIDTH),
                            #[inline(always)]
                            |factor, lanes| store(v, blocks[factor.number] + at[factor.sum], lanes),
                        );
                    }
                }
            }
        },
    );
}

/// The outputs from their sums, plus the bias.
fn transform_output(tiles: Tiles<'_>, m: &[f32], bias: Option<&[f32]>, y: &mut [f32], plane: &mut [f32]) {
    let (geometry, window, (places, _)) = (tiles.geometry, tiles.output(), tiles.sums());
    simd(
        #[inline(always)]
        || {
            for (image, y) in y.chunks_exact_mut(geometry.out_image()).enumerate() {
                for (block, y) in y.chunks_mut(WIDTH * geometry.out_plane()).enumerate() {
                    let bias = bias_lanes(bias, block);
                    for (row, col) in tiles.each() {
                        let at = of_all(&places, image, row, col);
                        tile::output(
                            #[inline(always)]
                            |sum| load(m, places[sum].block(block) + at[sum]),
                            #[inline(always)]
                            |i, j, lanes| store(plane, window.at(2 * row + i, 2 * col + j), add(lanes, bias)),
                        );
                    }
                    window.separate(plane, y);
                }
            }
        },
    );
}

/// The gradients of the sums from those of some images' outputs.
fn transform_gradient(tiles: Tiles<'_>, dy: &[f32], dm: &mut [f32], plane: &mut [f32]) {
    let (geometry, window, (places, _)) = (tiles.geometry, tiles.output(), tiles.sums());
    let plane = &mut plane[..window.len()];
    simd(
        #[inline(always)]
        || {
            for (image, dy) in dy.chunks_exact(geometry.out_image()).enumerate() {
                for (block, dy) in dy.chunks(WIDTH * geometry.out_plane()).enumerate() {
                    window.interleave(dy, plane);
                    for (row, col) in tiles.each() {
                        let at = of_all(&places, image, row, col);
                        tile::output_transposed(
                            #[inline(always)]
                            |i, j| load(plane, window.at(2 * row + i, 2 * col + j)),
                            #[inline(always)]
                            |sum, lanes| store(dm, places[sum].block(block) + at[sum], lanes),
                        );
                    }
                }
            }
        },
    );
}

/// The gradients of some images from those of what they are multiplied as, summed where tiles overlap.
fn gradient_of_input(tiles: Tiles<'_>, dv: &[f32], dx: &mut [f32], plane: &mut [f32]) {
    let (geometry, window, (places, _)) = (tiles.geometry, tiles.input(), tiles.factors());
    simd(
        #[inline(always)]
        || {
            for (image, dx) in dx.chunks_exact_mut(geometry.image()).enumerate() {
                for (block, dx) in dx.chunks_mut(WIDTH * geometry.in_plane()).enumerate() {
                    plane.fill(0.0);
                    let blocks = blocks_of_factors(&places, tiles.channels(), block);
                    for (row, col) in tiles.each() {
                        let at = of_all(&places, image, row, col);
                        tile::input_transposed(
                            #[inline(always)]
                            |factor| load(dv, blocks[factor.number] + at[factor.sum]),
                            #[inline(always)]
                            |i, j, lanes| {
                                let at = window.at(4 * row + i, 4 * col + j);
                                // Tiles share their outer rows and columns only.
                                let shared = i % 4 == 0 || j % 4 == 0;
                                store(plane, at, if shared { add(load(plane, at), lanes) } else { lanes });
                            },
                        );
                    }
                    window.separate(plane, dx);
                }
            }
        },
    );
}

/// Where a tile is of each sum.
#[inline(always)]
fn of_all(places: &[Place; SUMS], image: usize, row: usize, col: usize) -> [usize; SUMS] {
    std::array::from_fn(
        #[inline(always)]
        |sum| places[sum].tile(image, row, col),
    )
}

/// Where a block of channels begins of each product.
#[inline(always)]
fn blocks_of_factors(places: &[Place; SUMS], channels: usize, block: usize) -> [usize; PRODUCTS] {
    let mut blocks = [0; PRODUCTS];
    for (sum, place) in places.iter().enumerate() {
        for number in 0..OF_SUM[sum] {
            blocks[BEFORE[sum] + number] = place.block(number * channels + block);
        }
    }
    blocks
}
