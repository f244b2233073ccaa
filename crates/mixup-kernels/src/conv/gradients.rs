//! A backward pass cut into tasks.

use std::ops::Range;

use super::geometry::Geometry;
use crate::parallel::{in_pieces2, ranges, sum_pieces};

/// Gradients of the input and of the weights, where wanted.
pub(super) type Gradients = (Option<Vec<f32>>, Option<Vec<f32>>);

/// Calls `work` on at most `images` images at a time, with where their input gradient belongs, all zero, and the sum
/// of `weights` values to which their weight gradient is added.
///
/// Each task has such a sum of its own, so there are at most 16, of 32 MiB together.
pub(super) fn gradients(
    geometry: &Geometry,
    images: usize,
    weights: usize,
    [want_dx, want_dw]: [bool; 2],
    work: impl Fn(Range<usize>, Option<&mut [f32]>, Option<&mut [f32]>) + Sync + Send,
) -> Gradients {
    let affordable = ((8 << 20) / weights.max(1)).clamp(2, 16);
    let per_task = geometry.batch.div_ceil(affordable).next_multiple_of(images);
    let dx_image = if want_dx { geometry.image() } else { 0 };
    let dw_size = if want_dw { weights } else { 0 };
    let dx_sizes = (geometry.batch * dx_image, per_task * dx_image);
    let dw_sizes = (geometry.batch.div_ceil(per_task) * dw_size, dw_size);
    let (dx, dw) = in_pieces2(dx_sizes, dw_sizes, |task, dx, dw| {
        let first = task * per_task;
        for block in ranges(per_task.min(geometry.batch - first), images) {
            let dx = &mut dx[block.start * dx_image..block.end * dx_image];
            let images = first + block.start..first + block.end;
            work(images, want_dx.then_some(dx), want_dw.then_some(&mut *dw));
        }
    });
    (want_dx.then_some(dx), want_dw.then(|| sum_pieces(dw, weights)))
}
