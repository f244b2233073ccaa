//! The weights as they are multiplied, and their gradient.

use super::tile::{self, BEFORE, Factor, OF_SUM, PRODUCTS, SUMS};
use crate::conv::geometry::Geometry;
use crate::lanes::{WIDTH, blocks, load, store};
use crate::parallel::in_pieces;
use crate::simd::simd;
use crate::transpose::{Grid, from_lanes, to_lanes};

/// What weights are multiplied as, in the two orders that products read them in, zero in unused lanes.
pub(in crate::conv) struct Weights {
    /// `[block of outputs, sum, product, channel, 16 outputs]`, channels up to a whole block.
    pub by_outputs: Vec<f32>,
    /// `[block of outputs, sum, output, product, channel]`, outputs and channels up to a whole block.
    pub by_channels: Vec<f32>,
}

/// Values of an output.
pub(super) fn depth(geometry: &Geometry) -> usize {
    PRODUCTS * blocks(geometry.channels)
}

/// Values of all outputs.
pub(super) fn size(geometry: &Geometry) -> usize {
    blocks(geometry.outputs) * depth(geometry)
}

/// Where the lanes of an output of a block are, by product and block of channels.
#[inline(always)]
fn place(channels: usize, output: usize, Factor { sum, number }: Factor, block: usize) -> usize {
    let first = BEFORE[sum] * WIDTH + output * OF_SUM[sum];
    (first + number - BEFORE[sum]) * channels + block * WIDTH
}

/// Nine lines of 16 values: the kernels of a block of channels.
const KERNELS: usize = 9 * WIDTH;

impl Weights {
    pub fn new(geometry: &Geometry, weight: &[f32]) -> Self {
        let (channels, of_block) = (blocks(geometry.channels), depth(geometry) * WIDTH);
        let of_outputs = WIDTH * geometry.channels * 9;
        let by_channels = in_pieces(size(geometry), of_block, |block, out| {
            let weight = &weight[block * of_outputs..];
            let weight = &weight[..weight.len().min(of_outputs)];
            simd(
                #[inline(always)]
                || {
                    for (output, weight) in weight.chunks_exact(geometry.channels * 9).enumerate() {
                        for (block, weight) in weight.chunks(KERNELS).enumerate() {
                            let kernels = kernels(weight);
                            tile::weights(
                                &kernels,
                                #[inline(always)]
                                |factor, lanes| store(out, place(channels, output, factor, block), lanes),
                            );
                        }
                    }
                },
            );
        });
        let by_outputs = in_pieces(size(geometry), of_block, |block, out| {
            let by_channels = &by_channels[block * of_block..][..of_block];
            for sum in 0..SUMS {
                let (start, size) = (BEFORE[sum] * channels * WIDTH, OF_SUM[sum] * channels);
                // 16 outputs by as many values: lines to lanes.
                to_lanes(
                    &by_channels[start..][..WIDTH * size],
                    [1, size],
                    out,
                    Grid::line(start, WIDTH, size),
                );
            }
        });
        Self { by_outputs, by_channels }
    }
}

/// Up to 16 kernels, by position.
#[inline(always)]
fn kernels(weight: &[f32]) -> [[f32; WIDTH]; 9] {
    let mut lanes = [0.0; KERNELS];
    to_lanes(weight, [1, 9], &mut lanes, Grid::line(0, WIDTH, 9));
    let mut kernels = [[0.0; WIDTH]; 9];
    for (position, kernels) in kernels.iter_mut().enumerate() {
        *kernels = load(&lanes, position * WIDTH);
    }
    kernels
}

/// The gradient of the weights from that of what they are multiplied as, arranged as [`Weights::by_channels`].
pub(super) fn gradient(geometry: &Geometry, du: &[f32]) -> Vec<f32> {
    let (channels, of_block) = (blocks(geometry.channels), depth(geometry) * WIDTH);
    let of_outputs = WIDTH * geometry.channels * 9;
    in_pieces(geometry.weights(), of_outputs, |block, dw| {
        let du = &du[block * of_block..][..of_block];
        simd(
            #[inline(always)]
            || {
                for (output, dw) in dw.chunks_exact_mut(geometry.channels * 9).enumerate() {
                    for (block, dw) in dw.chunks_mut(KERNELS).enumerate() {
                        let kernels = tile::weights_transposed(
                            #[inline(always)]
                            |factor| load(du, place(channels, output, factor, block)),
                        );
                        from_lanes(kernels.as_flattened(), Grid::line(0, WIDTH, 9), dw, [1, 9]);
                    }
                }
            },
        );
    })
}
