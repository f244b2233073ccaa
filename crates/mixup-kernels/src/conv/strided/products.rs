//! The products over channels, and over those of a sum.

use pulp::Arch;

use super::Tiles;
use super::tile::{BEFORE, OF_SUM};
use super::weights::{Weights, depth};
use crate::conv::registers::{Product, Put};
use crate::lanes::WIDTH;

/// 16 channels by 16 outputs.
const SQUARE: usize = WIDTH * WIDTH;

/// Each sum of all tiles: what inputs are multiplied as, times the weights.
pub(super) fn of_outputs(tiles: Tiles<'_>, v: &[f32], weights: &Weights, m: &mut [f32]) {
    for (sum, (from, to)) in tiles.factors().0.iter().zip(tiles.sums().0).enumerate() {
        Arch::new().dispatch(Product::<1, WIDTH> {
            neighbours: tiles.count(sum),
            blocks: tiles.outputs(),
            parts: OF_SUM[sum] * tiles.channels(),
            count: WIDTH,
            left: &v[from.start..],
            left_part: from.of_block,
            right: &weights.by_outputs[BEFORE[sum] * tiles.channels() * SQUARE..],
            right_part: SQUARE,
            right_k: WIDTH,
            right_block: depth(tiles.geometry) * WIDTH,
            out: &mut m[to.start..],
            out_p: WIDTH,
            out_block: to.of_block,
            put: Put::Replace,
        });
    }
}

/// The gradients of what inputs are multiplied as.
pub(super) fn of_inputs(tiles: Tiles<'_>, dm: &[f32], weights: &Weights, dv: &mut [f32]) {
    for (sum, (from, to)) in tiles.sums().0.iter().zip(tiles.factors().0).enumerate() {
        let blocks = OF_SUM[sum] * tiles.channels();
        Arch::new().dispatch(Product::<1, WIDTH> {
            neighbours: tiles.count(sum),
            blocks,
            parts: tiles.outputs(),
            count: WIDTH,
            left: &dm[from.start..],
            left_part: from.of_block,
            right: &weights.by_channels[BEFORE[sum] * tiles.channels() * SQUARE..],
            right_part: depth(tiles.geometry) * WIDTH,
            right_k: blocks * WIDTH,
            right_block: WIDTH,
            out: &mut dv[to.start..],
            out_p: WIDTH,
            out_block: to.of_block,
            put: Put::Replace,
        });
    }
}

/// Adds the gradients of what weights are multiplied as, arranged as [`Weights::by_channels`].
pub(super) fn of_weights(tiles: Tiles<'_>, dm: &[f32], v: &[f32], du: &mut [f32]) {
    for (sum, (left, right)) in tiles.sums().0.iter().zip(tiles.factors().0).enumerate() {
        let blocks = OF_SUM[sum] * tiles.channels();
        for (block, du) in du.chunks_exact_mut(depth(tiles.geometry) * WIDTH).enumerate() {
            Arch::new().dispatch(Product::<WIDTH, 1> {
                neighbours: WIDTH.min(tiles.geometry.outputs - block * WIDTH),
                blocks,
                parts: 1,
                count: tiles.count(sum),
                left: &dm[left.start + block * left.of_block..],
                left_part: 0,
                right: &v[right.start..],
                right_part: 0,
                right_k: WIDTH,
                right_block: right.of_block,
                out: &mut du[BEFORE[sum] * tiles.channels() * SQUARE..],
                out_p: blocks * WIDTH,
                out_block: WIDTH,
                put: Put::Add,
            });
        }
    }
}
