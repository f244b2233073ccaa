//! Work on several threads whose result does not depend on their number, and buffers that are used again.

use std::cell::RefCell;
use std::iter;
use std::mem::MaybeUninit;
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

/// A new vector of `len` values, made in pieces of `size`, the last one shorter: `work` gets the
/// number of a piece and the piece, all zero, while it is in cache.
pub(crate) fn in_pieces(len: usize, size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) -> Vec<f32> {
    let fill = |out: &mut [MaybeUninit<f32>]| {
        let pieces: Vec<_> = out.chunks_mut(size.max(1)).collect();
        for_each(pieces, |index, piece| work(index, zeroed(piece)));
    };
    // SAFETY: chunks cover a slice, and each is zeroed.
    unsafe { fresh(len, fill) }
}

/// A piece of a new vector that nobody has written yet.
pub(crate) struct Fresh<'a>(&'a mut [MaybeUninit<f32>]);

impl<'a> Fresh<'a> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// `values`, over and over.
    ///
    /// # Panics
    /// Where they do not fill it.
    pub fn repeated(self, values: &[f32]) -> &'a mut [f32] {
        assert!(self.len().is_multiple_of(values.len()), "rows of {}", values.len());
        for row in self.0.chunks_exact_mut(values.len()) {
            row.write_copy_of_slice(values);
        }
        // SAFETY: rows fill it, and each was written.
        unsafe { self.0.assume_init_mut() }
    }

    /// `f` of each of as many values.
    ///
    /// # Panics
    /// Where there are fewer or more.
    #[inline(always)]
    pub fn map(self, x: &[f32], f: impl Fn(f32) -> f32) -> &'a mut [f32] {
        assert_eq!(self.len(), x.len(), "values of a piece");
        for (out, x) in self.0.iter_mut().zip(x) {
            out.write(f(*x));
        }
        // SAFETY: there are as many values, and each was written.
        unsafe { self.0.assume_init_mut() }
    }

    /// `f` of each pair of as many values.
    ///
    /// # Panics
    /// Where there are fewer or more.
    #[inline(always)]
    pub fn map2(self, x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> &'a mut [f32] {
        assert!(self.len() == x.len() && self.len() == y.len(), "values of a piece");
        for ((out, x), y) in self.0.iter_mut().zip(x).zip(y) {
            out.write(f(*x, *y));
        }
        // SAFETY: there are as many values, and each was written.
        unsafe { self.0.assume_init_mut() }
    }

    /// What `write` makes of its lines of `size` values.
    ///
    /// # Panics
    /// Where `write` returns another line than it got, or lines do not fill the piece.
    #[inline(always)]
    pub fn lines(
        self,
        size: usize,
        write: impl for<'l> Fn(usize, Fresh<'l>) -> &'l mut [f32],
    ) -> &'a mut [f32] {
        assert!(self.len().is_multiple_of(size), "lines of a piece");
        for (index, line) in self.0.chunks_exact_mut(size).enumerate() {
            write_whole(
                line,
                #[inline(always)]
                |line| write(index, line),
            );
        }
        // SAFETY: lines fill it, and each was written.
        unsafe { self.0.assume_init_mut() }
    }

    /// What `write` makes of its beginning.
    ///
    /// # Safety
    /// `write` must write as many values as it is long.
    pub unsafe fn written(self, write: impl FnOnce(*mut f32)) -> &'a mut [f32] {
        write(self.0.as_mut_ptr().cast());
        // SAFETY: the caller vouches for the values.
        unsafe { self.0.assume_init_mut() }
    }
}

/// Makes sure that what comes back written is what was given.
#[inline(always)]
fn write_whole(piece: &mut [MaybeUninit<f32>], write: impl for<'a> FnOnce(Fresh<'a>) -> &'a mut [f32]) {
    let (start, len) = (piece.as_ptr().cast(), piece.len());
    let written = write(Fresh(piece));
    assert!(written.as_ptr() == start && written.len() == len, "a piece that was written");
}

/// As [`in_pieces`] where `work` writes each value itself: it returns its piece.
pub(crate) fn in_fresh_pieces(
    len: usize,
    size: usize,
    work: impl for<'a> Fn(usize, Fresh<'a>) -> &'a mut [f32] + Sync + Send,
) -> Vec<f32> {
    let fill = |out: &mut [MaybeUninit<f32>]| {
        let pieces: Vec<_> = out.chunks_mut(size.max(1)).collect();
        for_each(pieces, |index, piece| write_whole(piece, |piece| work(index, piece)));
    };
    // SAFETY: chunks cover a slice, and each comes back written.
    unsafe { fresh(len, fill) }
}

/// As [`in_pieces`] for two vectors, each of a length and a size of pieces, that are cut into the same number. A
/// vector of length 0 has an empty piece for each of the other's: a result that is not wanted.
pub(crate) fn in_pieces2(
    (a_len, a_size): (usize, usize),
    (b_len, b_size): (usize, usize),
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync + Send,
) -> (Vec<f32>, Vec<f32>) {
    let (a_size, b_size) = (a_size.max(1), b_size.max(1));
    let counts = [a_len.div_ceil(a_size), b_len.div_ceil(b_size)];
    let count = counts[0].max(counts[1]);
    assert!(counts.iter().all(|&pieces| pieces == 0 || pieces == count), "pieces of two vectors");
    let mut b = Vec::new();
    let fill = |a: &mut [MaybeUninit<f32>]| {
        let fill = |b: &mut [MaybeUninit<f32>]| {
            let a = a.chunks_mut(a_size).chain(iter::repeat_with(Default::default));
            let b = b.chunks_mut(b_size).chain(iter::repeat_with(Default::default));
            for_each(a.zip(b).take(count).collect(), |index, (a, b)| work(index, zeroed(a), zeroed(b)));
        };
        // SAFETY: as below.
        b = unsafe { fresh(b_len, fill) };
    };
    // SAFETY: chunks cover a slice, `count` is at least their number, and each is zeroed.
    let a = unsafe { fresh(a_len, fill) };
    (a, b)
}

/// Works on a vector in pieces of `size`, and beside each on a piece of a new one, of a length and a size of pieces, all zero;
/// of length 0, it has an empty piece beside each.
pub(crate) fn over_pieces(
    values: &mut [f32],
    size: usize,
    (new_len, new_size): (usize, usize),
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync + Send,
) -> Vec<f32> {
    let pieces = values.chunks_mut(size.max(1));
    let new_size = new_size.max(1);
    assert!(new_len == 0 || new_len.div_ceil(new_size) == pieces.len(), "pieces of two vectors");
    let fill = |new: &mut [MaybeUninit<f32>]| {
        let new = new.chunks_mut(new_size).chain(iter::repeat_with(Default::default));
        for_each(pieces.zip(new).collect(), |index, (piece, new)| work(index, piece, zeroed(new)));
    };
    // SAFETY: chunks cover a slice, there are as many of them as pieces, and each is zeroed.
    unsafe { fresh(new_len, fill) }
}

/// A new matrix of `rows` rows, made in blocks of `size` columns: `work` gets the number of a
/// block's first column and its rows, all zero.
pub(crate) fn in_columns(
    rows: usize,
    columns: usize,
    size: usize,
    work: impl Fn(usize, Vec<&mut [f32]>) + Sync + Send,
) -> Vec<f32> {
    let size = size.max(1);
    let fill = |out: &mut [MaybeUninit<f32>]| {
        let mut rows: Vec<_> = out.chunks_mut(columns.max(1)).map(|row| row.chunks_mut(size)).collect();
        let blocks = (0..columns).step_by(size).map(|_| rows.iter_mut().filter_map(Iterator::next).collect());
        for_each(blocks.collect(), |block, rows: Vec<_>| {
            work(block * size, rows.into_iter().map(zeroed).collect());
        });
    };
    // SAFETY: rows cover the matrix, blocks cover the rows, and each is zeroed.
    unsafe { fresh(rows * columns, fill) }
}

/// The caller's thread does it alone where there is one task or one thread: waking others costs
/// more than small work.
pub(crate) fn for_each<T: Send>(tasks: Vec<T>, work: impl Fn(usize, T) + Sync + Send) {
    if tasks.len() <= 1 || rayon::current_num_threads() == 1 {
        tasks.into_iter().enumerate().for_each(|(index, task)| work(index, task));
    } else {
        tasks.into_par_iter().enumerate().for_each(|(index, task)| work(index, task));
    }
}

/// A new vector that `fill` writes. Its memory is not touched before: a large vector that is zeroed
/// as a whole goes to memory and back, by one thread.
///
/// # Safety
/// `fill` must write every value; [`zeroed`] does.
unsafe fn fresh(len: usize, fill: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut out = Vec::with_capacity(len);
    fill(&mut out.spare_capacity_mut()[..len]);
    // SAFETY: the capacity is at least `len`, and the caller vouches for the values.
    unsafe { out.set_len(len) };
    out
}

fn zeroed(piece: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    piece.fill(MaybeUninit::new(0.0));
    // SAFETY: every value was written.
    unsafe { piece.assume_init_mut() }
}

/// Values of a task of a sum: so few that they stay in cache until the last piece is added.
const SUMMED: usize = 1 << 14;

/// Adds the rest of the pieces of `size` values to the first, in their order.
pub(crate) fn sum_pieces(mut pieces: Vec<f32>, size: usize) -> Vec<f32> {
    let first = size.min(pieces.len());
    let (total, rest) = pieces.split_at_mut(first);
    if !rest.is_empty() {
        for_each(total.chunks_mut(SUMMED).collect(), |index, total| {
            for piece in rest.chunks_exact(size) {
                let piece = &piece[index * SUMMED..];
                crate::simd::simd(
                    #[inline(always)]
                    || total.iter_mut().zip(piece).for_each(|(total, value)| *total += value),
                );
            }
        });
    }
    pieces.truncate(size);
    pieces
}

/// Cuts `0..count` into ranges of `size`, the last one shorter.
pub(crate) fn ranges(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = size.max(1);
    (0..count).step_by(size).map(move |start| start..(start + size).min(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_new_vectors() {
        for (len, size) in [(0, 3), (1, 3), (6, 3), (7, 3), (5, 0)] {
            let out = in_pieces(len, size, |index, piece| {
                assert!(piece.iter().all(|&v| v == 0.0));
                piece.fill(index as f32 + 1.0);
            });
            let expected: Vec<f32> = (0..len).map(|i| (i / size.max(1) + 1) as f32).collect();
            assert_eq!(out, expected);
        }
        let (a, b) = in_pieces2((5, 2), (3, 1), |index, a, b| {
            a.fill(index as f32);
            b[0] = a.len() as f32;
        });
        assert_eq!((a, b), (vec![0.0, 0.0, 1.0, 1.0, 2.0], vec![2.0, 2.0, 1.0]));
        let (a, none) = in_pieces2((3, 2), (0, 2), |index, a, none| {
            assert!(none.is_empty());
            a.fill(index as f32);
        });
        assert_eq!((a, none), (vec![0.0, 0.0, 1.0], vec![]));
        let (none, b) = in_pieces2((0, 2), (3, 2), |index, none, b| {
            assert!(none.is_empty());
            b.fill(index as f32);
        });
        assert_eq!((none, b), (vec![], vec![0.0, 0.0, 1.0]));
        let mut over = [1.0, 2.0, 3.0];
        let new = over_pieces(&mut over, 2, (5, 3), |index, piece, new| {
            new[0] = piece[0];
            piece.fill(10.0 + index as f32);
        });
        assert_eq!((over, new), ([10.0, 10.0, 11.0], vec![1.0, 0.0, 0.0, 3.0, 0.0]));
        assert!(over_pieces(&mut over, 1, (0, 0), |_, _, new| assert!(new.is_empty())).is_empty());
        let columns = in_columns(2, 3, 2, |first, rows| {
            rows.into_iter().zip(1..).for_each(|(row, number)| row.fill((10 * number + first) as f32));
        });
        assert_eq!(columns, [10.0, 10.0, 12.0, 20.0, 20.0, 22.0]);
    }

    #[test]
    fn fresh_pieces_are_written_line_by_line() {
        let (x, y) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.5; 6]);
        let out = in_fresh_pieces(6, 4, |piece, out| {
            let (x, y) = (&x[4 * piece..], &y[4 * piece..]);
            out.lines(2, |line, out| match line {
                0 => out.map(&x[..2], |x| 2.0 * x),
                _ => out.map2(&x[2..4], &y[2..4], |x, y| x + y),
            })
        });
        assert_eq!(out, [2.0, 4.0, 3.5, 4.5, 10.0, 12.0]);
    }

    #[test]
    #[should_panic(expected = "a piece that was written")]
    fn another_piece_than_the_given_one_is_refused() {
        in_fresh_pieces(2, 2, |_, _| Box::leak(Box::new([0.0; 2])));
    }

    #[test]
    #[should_panic(expected = "pieces of two vectors")]
    fn vectors_of_other_numbers_of_pieces_are_refused() {
        in_pieces2((4, 2), (3, 1), |_, _, _| {});
    }
}
