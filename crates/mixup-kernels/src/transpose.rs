//! Lines of values turned to lanes and back, a square at a time by the machine's shuffles: 16 by 16 with AVX-512, 8 by 8
//! with AVX2, value by value elsewhere. Nothing is computed, so the results are the same to the bit.

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

use crate::lanes::WIDTH;

/// Where the lanes of pixels are: those at a row and a column begin at `start + row * of_row + col * of_col`.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub start: usize,
    pub of_row: usize,
    pub of_col: usize,
    /// Rows and columns that have a place; the rest is left out.
    pub held: [usize; 2],
}

impl Grid {
    /// Pixels of images of `size`, one after the other.
    pub fn dense([rows, cols]: [usize; 2]) -> Self {
        Self { start: 0, of_row: cols * WIDTH, of_col: WIDTH, held: [rows, cols] }
    }

    /// A line of pixels.
    pub fn line(start: usize, of_col: usize, cols: usize) -> Self {
        Self { start, of_row: 0, of_col, held: [1, cols] }
    }

    /// Places of the `N` pixels of rows of `cols` from `first` on; [`LEFT_OUT`] for those that have none.
    #[inline(always)]
    fn places<const N: usize>(&self, first: usize, cols: usize) -> [usize; N] {
        let mut places = [LEFT_OUT; N];
        let (mut row, mut col) = (first / cols, first % cols);
        let mut at = self.start + row * self.of_row + col * self.of_col;
        for place in &mut places {
            if row < self.held[0] && col < self.held[1] {
                *place = at;
            }
            (at, col) = (at + self.of_col, col + 1);
            if col == cols {
                (row, col) = (row + 1, 0);
                at = self.start + row * self.of_row;
            }
        }
        places
    }
}

const LEFT_OUT: usize = usize::MAX;

/// Turns up to 16 images of `size`, one after the other, to lanes: the pixel at a row and a column of all of them, zero for
/// images that are not there, goes to its place in `out`.
#[inline(always)]
pub(crate) fn to_lanes(images: &[f32], size: [usize; 2], out: &mut [f32], grid: Grid) {
    fetch(images);
    dispatch(ToLanes { images, size, out, grid });
}

/// The inverse of [`to_lanes`]. What has no place is zero.
#[inline(always)]
pub(crate) fn from_lanes(lanes: &[f32], grid: Grid, images: &mut [f32], size: [usize; 2]) {
    dispatch(FromLanes { lanes, grid, images, size });
}

/// Reads a value of each cache line in their order: squares read 16 lines far apart at a time, too many for the processor to see
/// that it could fetch what follows.
fn fetch(values: &[f32]) {
    let sum = values.iter().step_by(16).fold(0u32, |sum, value| sum ^ value.to_bits());
    std::hint::black_box(sum);
}

/// A transposition of squares of `N` by `N`: reads by line, writes by line of the result, from the first to the last.
trait Transpose<const N: usize>: Copy {
    fn run(self, load: impl Fn(usize) -> [f32; N], store: impl FnMut(usize, [f32; N]));
}

/// A loop over squares of `N` by `N`.
trait Squares {
    fn run<const N: usize>(self, transpose: impl Transpose<N>);
}

#[inline(always)]
fn dispatch(work: impl Squares) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(v4) = V4::try_new() {
            return v4.vectorize(
                #[inline(always)]
                || work.run(Sixteen(v4)),
            );
        }
        if let Some(v3) = V3::try_new() {
            return v3.vectorize(
                #[inline(always)]
                || work.run(Eight(v3)),
            );
        }
    }
    work.run(One);
}

struct ToLanes<'a> {
    images: &'a [f32],
    size: [usize; 2],
    out: &'a mut [f32],
    grid: Grid,
}

impl Squares for ToLanes<'_> {
    #[inline(always)]
    fn run<const N: usize>(self, transpose: impl Transpose<N>) {
        let Self { images, size: [rows, cols], out, grid } = self;
        let pixels = rows * cols;
        for first in starts::<N>(pixels) {
            let mut places = grid.places::<N>(first, cols);
            places.iter_mut().skip(pixels - first).for_each(|place| *place = LEFT_OUT);
            for part in (0..WIDTH).step_by(N) {
                let start = part * pixels + first;
                // Whole lines apart from cut ones: of one copy for both the compiler makes a call.
                if start + (N - 1) * pixels + N <= images.len() {
                    let lines = &images[start..];
                    transpose.run(
                        #[inline(always)]
                        |line| block(lines, line * pixels),
                        #[inline(always)]
                        |pixel, lanes| put(out, places[pixel], part, lanes),
                    );
                } else {
                    transpose.run(
                        #[inline(always)]
                        |line| cut_block(images, start + line * pixels),
                        #[inline(always)]
                        |pixel, lanes| put(out, places[pixel], part, lanes),
                    );
                }
            }
        }
    }
}

struct FromLanes<'a> {
    lanes: &'a [f32],
    grid: Grid,
    images: &'a mut [f32],
    size: [usize; 2],
}

impl Squares for FromLanes<'_> {
    #[inline(always)]
    fn run<const N: usize>(self, transpose: impl Transpose<N>) {
        let Self { lanes, grid, images, size: [rows, cols] } = self;
        let pixels = rows * cols;
        for first in starts::<N>(pixels) {
            let mut places = grid.places::<N>(first, cols);
            places.iter_mut().skip(pixels - first).for_each(|place| *place = LEFT_OUT);
            for part in (0..WIDTH).step_by(N) {
                let start = part * pixels + first;
                // A line that is shorter than the square runs into the next one, which is written after it.
                if start + (N - 1) * pixels + N <= images.len() {
                    let lines = &mut images[start..];
                    transpose.run(
                        #[inline(always)]
                        |pixel| get(lanes, places[pixel], part),
                        #[inline(always)]
                        |line, values| lines[line * pixels..line * pixels + N].copy_from_slice(&values),
                    );
                } else {
                    transpose.run(
                        #[inline(always)]
                        |pixel| get(lanes, places[pixel], part),
                        #[inline(always)]
                        |line, values| {
                            let rest = images.get_mut(start + line * pixels..).unwrap_or_default();
                            rest.iter_mut().zip(values).for_each(|(to, from)| *to = from);
                        },
                    );
                }
            }
        }
    }
}

/// Writes a part of a pixel's lanes.
#[inline(always)]
fn put<const N: usize>(out: &mut [f32], place: usize, part: usize, lanes: [f32; N]) {
    if place != LEFT_OUT {
        out[place + part..place + part + N].copy_from_slice(&lanes);
    }
}

/// A part of a pixel's lanes.
#[inline(always)]
fn get<const N: usize>(lanes: &[f32], place: usize, part: usize) -> [f32; N] {
    if place == LEFT_OUT { [0.0; N] } else { block(lanes, place + part) }
}

#[inline(always)]
fn block<const N: usize>(values: &[f32], at: usize) -> [f32; N] {
    let mut block = [0.0; N];
    block.copy_from_slice(&values[at..at + N]);
    block
}

/// What there is of a block; the rest is zero.
#[inline(always)]
fn cut_block<const N: usize>(values: &[f32], at: usize) -> [f32; N] {
    let mut block = [0.0; N];
    let rest = values.get(at..).unwrap_or_default();
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    block
}

/// Where the squares of lines of `pixels` values begin: the last one ends with them, and repeats some of the one before it.
#[inline(always)]
fn starts<const N: usize>(pixels: usize) -> impl Iterator<Item = usize> {
    let last = pixels.saturating_sub(N);
    (0..pixels.div_ceil(N)).map(move |square| (square * N).min(last))
}

/// No shuffles: one value.
#[derive(Clone, Copy)]
struct One;

impl Transpose<1> for One {
    #[inline(always)]
    fn run(self, load: impl Fn(usize) -> [f32; 1], mut store: impl FnMut(usize, [f32; 1])) {
        store(0, load(0));
    }
}

/// Two rounds of shuffles, of single values and of pairs: of rows 4b to 4b + 3, in each quarter (of 16) or half (of 8) h, column
/// 4h + i, as number 4b + i.
#[cfg(target_arch = "x86_64")]
macro_rules! quads {
    ($simd:ident, $load:ident, $single:ty, $double:ty: $low:ident $high:ident $low_pair:ident $high_pair:ident, $($b:literal)+) => {
        [$({
            let rows: [$single; 4] =
                [pulp::cast($load($b)), pulp::cast($load($b + 1)), pulp::cast($load($b + 2)), pulp::cast($load($b + 3))];
            let low: [$double; 2] =
                [pulp::cast($simd.$low(rows[0], rows[1])), pulp::cast($simd.$low(rows[2], rows[3]))];
            let high: [$double; 2] =
                [pulp::cast($simd.$high(rows[0], rows[1])), pulp::cast($simd.$high(rows[2], rows[3]))];
            let quad: [$single; 4] = [
                pulp::cast($simd.$low_pair(low[0], low[1])),
                pulp::cast($simd.$high_pair(low[0], low[1])),
                pulp::cast($simd.$low_pair(high[0], high[1])),
                pulp::cast($simd.$high_pair(high[0], high[1])),
            ];
            quad
        }),+]
    };
}

/// Four rounds of shuffles: [`quads`], and two of quarters.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Sixteen(V4);

#[cfg(target_arch = "x86_64")]
impl Transpose<16> for Sixteen {
    #[inline(always)]
    fn run(self, load: impl Fn(usize) -> [f32; 16], mut store: impl FnMut(usize, [f32; 16])) {
        use std::arch::x86_64::{__m512, __m512d};
        let simd = self.0.avx512f;
        let quads = quads!(
            simd, load, __m512, __m512d:
            _mm512_unpacklo_ps _mm512_unpackhi_ps _mm512_unpacklo_pd _mm512_unpackhi_pd, 0 4 8 12
        );
        // A four by four transposition of quarters, for each i.
        macro_rules! quarters {
            ($($i:literal)+) => {[$({
                let [a, b, c, d] = [quads[0][$i], quads[1][$i], quads[2][$i], quads[3][$i]];
                let even = [simd._mm512_shuffle_f32x4::<0x88>(a, b), simd._mm512_shuffle_f32x4::<0x88>(c, d)];
                let odd = [simd._mm512_shuffle_f32x4::<0xdd>(a, b), simd._mm512_shuffle_f32x4::<0xdd>(c, d)];
                [
                    simd._mm512_shuffle_f32x4::<0x88>(even[0], even[1]),
                    simd._mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]),
                    simd._mm512_shuffle_f32x4::<0xdd>(even[0], even[1]),
                    simd._mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]),
                ]
            }),+]};
        }
        let turned = quarters!(0 1 2 3);
        macro_rules! store_all {
            ($($line:literal)+) => { $(store($line, pulp::cast(turned[$line % 4][$line / 4]));)+ };
        }
        store_all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
}

/// Three rounds of shuffles: [`quads`], and one of halves.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Eight(V3);

#[cfg(target_arch = "x86_64")]
impl Transpose<8> for Eight {
    #[inline(always)]
    fn run(self, load: impl Fn(usize) -> [f32; 8], mut store: impl FnMut(usize, [f32; 8])) {
        use std::arch::x86_64::{__m256, __m256d};
        let simd = self.0.avx;
        let quads = quads!(
            simd, load, __m256, __m256d:
            _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_unpacklo_pd _mm256_unpackhi_pd, 0 4
        );
        macro_rules! store_all {
            ($first:literal, $half:literal, $($i:literal)+) => {
                $(store(
                    $first + $i,
                    pulp::cast(simd._mm256_permute2f128_ps::<$half>(quads[0][$i], quads[1][$i])),
                );)+
            };
        }
        store_all!(0, 0x20, 0 1 2 3);
        store_all!(4, 0x31, 0 1 2 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_value_finds_its_place<const N: usize>(transpose: impl Transpose<N>) {
        for (size, count) in
            [([3, 7], 16), ([4, 4], 16), ([1, 3], 5), ([5, 8], 3), ([2, 2], 16), ([1, 1], 16), ([9, 9], 16)]
        {
            let pixels = size[0] * size[1];
            let images: Vec<f32> = (1..=count * pixels).map(|v| v as f32).collect();
            // A value between pixels, another between rows, and the last row and column left out where there are more.
            let held = size.map(|size| size.max(2) - 1);
            let grid = Grid { start: 2, of_row: size[1] * (WIDTH + 1) + 1, of_col: WIDTH + 1, held };
            let place = |pixel: usize| {
                let (row, col) = (pixel / size[1], pixel % size[1]);
                let has = row < held[0] && col < held[1];
                has.then_some(grid.start + row * grid.of_row + col * grid.of_col)
            };
            let mut lanes = vec![-1.0; grid.start + size[0] * grid.of_row];
            ToLanes { images: &images, size, out: &mut lanes, grid }.run(transpose);
            let mut expected = vec![-1.0; lanes.len()];
            for pixel in 0..pixels {
                if let Some(place) = place(pixel) {
                    for line in 0..WIDTH {
                        expected[place + line] =
                            if line < count { images[line * pixels + pixel] } else { 0.0 };
                    }
                }
            }
            assert_eq!(lanes, expected, "{size:?}");
            let mut back = vec![-1.0; images.len()];
            FromLanes { lanes: &lanes, grid, images: &mut back, size }.run(transpose);
            for (index, value) in back.iter().enumerate() {
                assert_eq!(*value, place(index % pixels).map_or(0.0, |_| images[index]), "{size:?} {index}");
            }
        }
    }

    #[test]
    fn lines_turn_to_lanes_and_back_with_every_instruction_set() {
        each_value_finds_its_place(One);
        #[cfg(target_arch = "x86_64")]
        {
            match V3::try_new() {
                Some(v3) => each_value_finds_its_place(Eight(v3)),
                None => eprintln!("skipped: this processor has no AVX2"),
            }
            match V4::try_new() {
                Some(v4) => each_value_finds_its_place(Sixteen(v4)),
                None => eprintln!("skipped: this processor has no AVX-512"),
            }
        }
    }
}
