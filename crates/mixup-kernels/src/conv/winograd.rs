//! Convolution by a 3x3 kernel with Winograd's F(2x2, 3x3) (Lavin and Gray 2016, section 4.1).
//!
//! A tile of 2x2 outputs sees 4x4 inputs `d`. With `V = B^T d B` and `U = G w G^T`, both 4x4,
//! `y = A^T (sum over channels of U * V) A`, where `*` is by entry: 16 products instead of 36. Each of the 16
//! entries is a matrix product over channels and tiles. The backward pass is that of the same three linear
//! maps: `dM = A dy A^T`, `dV = U^T dM`, `dU = dM V^T`, `dx = B dV B^T`, `dw = G^T dU G`.
//!
//! Transformed tiles are `[entry, image and tile, channel]`, channels in blocks of 16 lanes.

use std::ops::Range;

use super::geometry::Geometry;
use super::gradients::{Gradients, gradients};
use super::tile;
use crate::gemm::{Matrix, Write, gemm, gemm_into_blocks};
use crate::lanes::{Lanes, WIDTH, Window, add, bias_lanes, blocks, load, store};
use crate::parallel::{for_each, in_columns, in_pieces, with_buffers};
use crate::simd::simd;

/// Entries of a transformed tile.
const ENTRIES: usize = 16;
/// Tiles of a task: enough for a fast matrix product, few enough to stay in cache.
const TILES: usize = 256;
/// The fewest tiles of a task that is one of a thread.
const LEAST_TILES: usize = 64;

/// Sizes of some images' transformed tiles.
#[derive(Clone, Copy)]
struct Tiles {
    rows: usize,
    cols: usize,
    images: usize,
}

impl Tiles {
    fn of(geometry: &Geometry, images: usize) -> Self {
        Self { rows: geometry.rows.div_ceil(2), cols: geometry.cols.div_ceil(2), images }
    }

    /// Tiles of an image.
    fn of_image(&self) -> usize {
        self.rows * self.cols
    }

    /// Upper left pixel of a tile's outputs, and of its inputs in their padded plane.
    #[inline(always)]
    fn corner(&self, number: usize) -> (usize, usize) {
        (2 * (number / self.cols), 2 * (number % self.cols))
    }

    fn count(&self) -> usize {
        self.images * self.of_image()
    }

    /// Values from one entry to the next. One block more than needed: entries a power of two apart
    /// would share their place in the cache.
    fn entry(&self, channels: usize) -> usize {
        self.count() * blocks(channels) + WIDTH
    }

    /// The transformed tiles of an entry, `[tile, channel]`.
    fn matrix<'a>(&self, values: &'a [f32], entry: usize, channels: usize) -> Matrix<'a> {
        Matrix::in_blocks(&values[entry * self.entry(channels)..], self.count(), channels)
    }

    /// Where input images stand in the planes that tiles are cut from.
    fn input(&self, geometry: &Geometry) -> Window {
        Window {
            size: [geometry.height, geometry.width],
            before: geometry.padding,
            plane: [2 * self.rows + 2, 2 * self.cols + 2],
        }
    }

    /// Where output images stand.
    fn output(&self, geometry: &Geometry) -> Window {
        Window { size: [geometry.rows, geometry.cols], before: [0, 0], plane: [2 * self.rows, 2 * self.cols] }
    }
}

/// The output, given `U` ([`transform_weights`]). Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], u: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let (channels, outputs) = (geometry.channels, geometry.outputs);
    let images = images_of_forward(geometry);
    in_pieces(geometry.batch * geometry.out_image(), images * geometry.out_image(), |task, y| {
        let first = task * images;
        let tiles = Tiles::of(geometry, y.len() / geometry.out_image());
        let planes = tiles.input(geometry).len();
        with_buffers(
            [ENTRIES * tiles.entry(channels), ENTRIES * tiles.entry(outputs), planes],
            |[v, m, plane]| {
                transform_input(geometry, tiles, x, first..first + tiles.images, v, plane);
                for_each(m.chunks_exact_mut(tiles.entry(outputs)).collect(), |entry, m| {
                    let u = Matrix::new(
                        &u[entry * outputs * channels..][..outputs * channels],
                        outputs,
                        channels,
                    );
                    gemm_into_blocks(m, tiles.matrix(v, entry, channels), u.t());
                });
                transform_output(geometry, tiles, m, bias, y, plane);
            },
        );
    })
}

/// Images of a task of the forward pass: where one task would have them all, an even share for each thread. The `gemm` crate
/// sums in the same order for as many tiles and as few channels; where there are more tasks, the last one may have too few.
fn images_of_forward(geometry: &Geometry) -> usize {
    let tiles = Tiles::of(geometry, 1).count();
    let images = geometry.images_for(TILES, tiles);
    let share = geometry.batch.div_ceil(rayon::current_num_threads());
    let last = (geometry.batch - 1) % share + 1;
    let cut = images == geometry.batch && last * tiles >= LEAST_TILES && geometry.channels <= 512;
    if cut { share } else { images }
}

/// Gradients of the input and of the weights, where wanted, given `U`.
pub(super) fn backward(
    geometry: &Geometry,
    x: &[f32],
    u: &[f32],
    dy: &[f32],
    wanted: [bool; 2],
) -> Gradients {
    let (channels, outputs) = (geometry.channels, geometry.outputs);
    let images = geometry.images_for(TILES, Tiles::of(geometry, 1).count());
    let weights = ENTRIES * outputs * channels;
    let (dx, du) = gradients(geometry, images, weights, wanted, |images, dx, du| {
        let tiles = Tiles::of(geometry, images.len());
        let planes = tiles.input(geometry).len();
        let sizes = [ENTRIES * tiles.entry(channels), ENTRIES * tiles.entry(outputs), planes];
        with_buffers(sizes, |[v, dm, plane]| {
            transform_gradient(geometry, tiles, dy, images.clone(), dm, plane);
            if let Some(du) = du {
                transform_input(geometry, tiles, x, images, v, plane);
                for_each(du.chunks_exact_mut(outputs * channels).collect(), |entry, du| {
                    let dm = tiles.matrix(dm, entry, outputs);
                    gemm(du, Write::Add, dm.t(), tiles.matrix(v, entry, channels));
                });
            }
            if let Some(dx) = dx {
                let entries =
                    u.chunks_exact(outputs * channels).zip(v.chunks_exact_mut(tiles.entry(channels)));
                for_each(entries.collect(), |entry, (u, dv)| {
                    gemm_into_blocks(dv, tiles.matrix(dm, entry, outputs), Matrix::new(u, outputs, channels));
                });
                gradient_of_input(geometry, tiles, v, dx, plane);
            }
        });
    });
    (dx, du.map(|du| gradient_of_weights(geometry, &du)))
}

/// Pairs of an output and a channel whose weights a task transforms.
const PAIRS: usize = 4096;

/// `U = G w G^T`, as `[entry][output][channel]`.
pub(super) fn transform_weights(geometry: &Geometry, weight: &[f32]) -> Vec<f32> {
    let pairs = geometry.outputs * geometry.channels;
    in_columns(ENTRIES, pairs, PAIRS, |first, mut u| {
        let weight = &weight[9 * first..][..9 * u[0].len()];
        simd(
            #[inline(always)]
            || {
                for (block, kernels) in weight.chunks(9 * WIDTH).enumerate() {
                    let count = kernels.len() / 9;
                    let mut w = [[0.0; WIDTH]; 9];
                    for (lane, kernel) in kernels.chunks_exact(9).enumerate() {
                        for (w, value) in w.iter_mut().zip(kernel) {
                            w[lane] = *value;
                        }
                    }
                    tile::weights(
                        &w,
                        #[inline(always)]
                        |entry, lanes| {
                            let out = &mut u[entry][block * WIDTH..];
                            if count == WIDTH {
                                store(out, 0, lanes);
                            } else {
                                out.copy_from_slice(&lanes[..count]);
                            }
                        },
                    );
                }
            },
        );
    })
}

/// `dw = G^T dU G`.
fn gradient_of_weights(geometry: &Geometry, du: &[f32]) -> Vec<f32> {
    let pairs = geometry.outputs * geometry.channels;
    in_pieces(geometry.weights(), 9 * PAIRS, |piece, dw| {
        simd(
            #[inline(always)]
            || {
                for (block, kernels) in dw.chunks_mut(9 * WIDTH).enumerate() {
                    let first = piece * PAIRS + block * WIDTH;
                    let count = kernels.len() / 9;
                    let w = tile::weights_transposed(
                        #[inline(always)]
                        |entry| load_some(&du[entry * pairs + first..], count),
                    );
                    for (lane, kernel) in kernels.chunks_exact_mut(9).enumerate() {
                        for (value, w) in kernel.iter_mut().zip(&w) {
                            *value = w[lane];
                        }
                    }
                }
            },
        );
    })
}

/// The first `count` lanes; the others are zero.
#[inline(always)]
fn load_some(values: &[f32], count: usize) -> Lanes {
    if count == WIDTH {
        return load(values, 0);
    }
    let mut lanes = [0.0; WIDTH];
    lanes[..count].copy_from_slice(&values[..count]);
    lanes
}

/// `V = B^T d B` of some images.
fn transform_input(
    geometry: &Geometry,
    tiles: Tiles,
    x: &[f32],
    images: Range<usize>,
    v: &mut [f32],
    plane: &mut [f32],
) {
    let (window, entry, stride) =
        (tiles.input(geometry), tiles.entry(geometry.channels), blocks(geometry.channels));
    simd(
        #[inline(always)]
        || {
            for (index, image) in images.enumerate() {
                let x = &x[image * geometry.image()..][..geometry.image()];
                for (block, x) in x.chunks(WIDTH * geometry.in_plane()).enumerate() {
                    window.interleave(x, plane);
                    for number in 0..tiles.of_image() {
                        let (row, col) = tiles.corner(number);
                        let lines: [&[f32]; 4] = window.lines(plane, row, col, 4);
                        let out = (index * tiles.of_image() + number) * stride + block * WIDTH;
                        tile::input(
                            #[inline(always)]
                            |i, j| load(lines[i], j * WIDTH),
                            #[inline(always)]
                            |e, lanes| store(v, e * entry + out, lanes),
                        );
                    }
                }
            }
        },
    );
}

/// `y = A^T M A` plus the bias.
fn transform_output(
    geometry: &Geometry,
    tiles: Tiles,
    m: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
    plane: &mut [f32],
) {
    let (window, entry, stride) =
        (tiles.output(geometry), tiles.entry(geometry.outputs), blocks(geometry.outputs));
    simd(
        #[inline(always)]
        || {
            for (index, y) in y.chunks_exact_mut(geometry.out_image()).enumerate() {
                for (block, y) in y.chunks_mut(WIDTH * geometry.out_plane()).enumerate() {
                    let bias = bias_lanes(bias, block);
                    for number in 0..tiles.of_image() {
                        let (row, col) = tiles.corner(number);
                        let from = (index * tiles.of_image() + number) * stride + block * WIDTH;
                        tile::output(
                            #[inline(always)]
                            |e| load(m, e * entry + from),
                            #[inline(always)]
                            |i, j, lanes| store(plane, window.at(row + i, col + j), add(lanes, bias)),
                        );
                    }
                    window.separate(plane, y);
                }
            }
        },
    );
}

/// `dM = A dy A^T` of some images.
fn transform_gradient(
    geometry: &Geometry,
    tiles: Tiles,
    dy: &[f32],
    images: Range<usize>,
    dm: &mut [f32],
    plane: &mut [f32],
) {
    let (window, entry, stride) =
        (tiles.output(geometry), tiles.entry(geometry.outputs), blocks(geometry.outputs));
    let plane = &mut plane[..window.len()];
    simd(
        #[inline(always)]
        || {
            for (index, image) in images.enumerate() {
                let dy = &dy[image * geometry.out_image()..][..geometry.out_image()];
                for (block, dy) in dy.chunks(WIDTH * geometry.out_plane()).enumerate() {
                    window.interleave(dy, plane);
                    for number in 0..tiles.of_image() {
                        let (row, col) = tiles.corner(number);
                        let out = (index * tiles.of_image() + number) * stride + block * WIDTH;
                        tile::output_transposed(
                            #[inline(always)]
                            |i, j| load(plane, window.at(row + i, col + j)),
                            #[inline(always)]
                            |e, lanes| store(dm, e * entry + out, lanes),
                        );
                    }
                }
            }
        },
    );
}

/// `dx = B dV B^T`, summed where tiles overlap.
fn gradient_of_input(geometry: &Geometry, tiles: Tiles, dv: &[f32], dx: &mut [f32], plane: &mut [f32]) {
    let (window, entry, stride) =
        (tiles.input(geometry), tiles.entry(geometry.channels), blocks(geometry.channels));
    simd(
        #[inline(always)]
        || {
            for (index, dx) in dx.chunks_exact_mut(geometry.image()).enumerate() {
                for (block, dx) in dx.chunks_mut(WIDTH * geometry.in_plane()).enumerate() {
                    plane.fill(0.0);
                    for number in 0..tiles.of_image() {
                        let (row, col) = tiles.corner(number);
                        let from = (index * tiles.of_image() + number) * stride + block * WIDTH;
                        tile::input_transposed(
                            #[inline(always)]
                            |e| load(dv, e * entry + from),
                            #[inline(always)]
                            |i, j, lanes| {
                                let sum = add(load(plane, window.at(row + i, col + j)), lanes);
                                store(plane, window.at(row + i, col + j), sum);
                            },
                        );
                    }
                    window.separate(plane, dx);
                }
            }
        },
    );
}
