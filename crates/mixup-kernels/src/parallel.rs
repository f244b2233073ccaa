//! Work on several threads whose result does not depend on their number, and buffers that are used again.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

thread_local! {
    static BUFFERS: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Lends buffers of the given sizes, whose content is whatever the last user left.
pub(crate) fn with_buffers<const N: usize, R>(
    sizes: [usize; N],
    work: impl FnOnce([&mut [f32]; N]) -> R,
) -> R {
    let mut buffers = sizes.map(|size| {
        let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
        if buffer.len() < size {
            buffer.resize(size, 0.0);
        }
        buffer
    });
    let mut sizes = sizes.into_iter();
    let result = work(buffers.each_mut().map(|buffer| {
        let size = sizes.next().unwrap_or(0);
        &mut buffer[..size]
    }));
    // Last popped goes back first, so that a step that asks in the same order gets the same buffers.
    BUFFERS.with_borrow_mut(|free| free.extend(buffers.into_iter().rev()));
    result
}

/// Calls `work` for each piece of `out`, `size` values each, with its number. The caller's thread
/// does it alone where there is one piece or one thread: waking others costs more than small work.
pub(crate) fn for_pieces(out: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    let size = size.max(1);
    if out.len() <= size || rayon::current_num_threads() == 1 {
        out.chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
    } else {
        out.par_chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
    }
}

/// As [`for_pieces`] over two outputs that are cut into the same number of pieces.
pub(crate) fn for_pieces2(
    (a, a_size): (&mut [f32], usize),
    (b, b_size): (&mut [f32], usize),
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync + Send,
) {
    let (a_size, b_size) = (a_size.max(1), b_size.max(1));
    if a.len() <= a_size || rayon::current_num_threads() == 1 {
        let pieces = a.chunks_mut(a_size).zip(b.chunks_mut(b_size));
        pieces.enumerate().for_each(|(i, (a, b))| work(i, a, b));
    } else {
        let pieces = a.par_chunks_mut(a_size).zip(b.par_chunks_mut(b_size));
        pieces.enumerate().for_each(|(i, (a, b))| work(i, a, b));
    }
}

/// Cuts a matrix of `rows` rows into blocks of `size` columns and calls `work` for each with the
/// number of its first column and its rows.
pub(crate) fn for_columns(
    matrix: &mut [f32],
    rows: usize,
    size: usize,
    work: impl Fn(usize, Vec<&mut [f32]>) + Sync + Send,
) {
    let columns = matrix.len() / rows.max(1);
    let mut rows: Vec<_> = matrix.chunks_mut(columns.max(1)).map(|row| row.chunks_mut(size.max(1))).collect();
    let blocks = (0..columns).step_by(size.max(1));
    let blocks: Vec<_> = blocks.map(|first| (first, rows.iter_mut().filter_map(Iterator::next).collect())).collect();
    if blocks.len() <= 1 || rayon::current_num_threads() == 1 {
        blocks.into_iter().for_each(|(first, block)| work(first, block));
    } else {
        blocks.into_par_iter().for_each(|(first, block)| work(first, block));
    }
}

/// Adds the rest of the pieces of `size` values to the first, in their order.
pub(crate) fn sum_pieces(mut pieces: Vec<f32>, size: usize) -> Vec<f32> {
    let first = size.min(pieces.len());
    let (total, rest) = pieces.split_at_mut(first);
    if size > 0 {
        for piece in rest.chunks_exact(size) {
            crate::simd::simd(
                #[inline(always)]
                || total.iter_mut().zip(piece).for_each(|(total, value)| *total += value),
            );
        }
    }
    pieces.truncate(size);
    pieces
}

/// Cuts `0..count` into ranges of `size`, the last one shorter.
pub(crate) fn ranges(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = size.max(1);
    (0..count).step_by(size).map(move |start| start..(start + size).min(count))
}
