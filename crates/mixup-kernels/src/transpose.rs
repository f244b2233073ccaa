//! Lines of values turned to lanes and back, a square at a time by the machine's shuffles: 16 by 16 with AVX-512, 8 by 8
//! with AVX2, value by value elsewhere. Nothing is computed, so the results are the same to the bit.

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

use crate::lanes::{Lanes, WIDTH};

/// Turns up to 16 images of `size`, one after the other, to lanes: the pixel at a row and a column of all of them, zero for
/// images that are not there, goes to where `at` says in `out`; `None` leaves it out.
#[inline(always)]
pub(crate) fn to_lanes(
    images: &[f32],
    size: [usize; 2],
    out: &mut [f32],
    at: impl Fn(usize, usize) -> Option<usize>,
) {
    dispatch(ToLanes { images, size, out, at });
}

/// The inverse of [`to_lanes`], with a bias added to each lane where there is one. What `at` leaves out is zero.
#[inline(always)]
pub(crate) fn from_lanes(
    lanes: &[f32],
    at: impl Fn(usize, usize) -> Option<usize>,
    bias: Option<Lanes>,
    images: &mut [f32],
    size: [usize; 2],
) {
    dispatch(FromLanes { lanes, at, bias, images, size });
}

/// A loop over squares of `N` by `N`.
trait Squares {
    fn run<const N: usize>(self, transpose: impl Fn(&mut [[f32; N]; N]));
}

#[inline(always)]
fn dispatch(work: impl Squares) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(v4) = V4::try_new() {
            return v4.vectorize(
                #[inline(always)]
                || {
                    work.run::<16>(
                        #[inline(always)]
                        |square| transpose16(v4, square),
                    );
                },
            );
        }
        if let Some(v3) = V3::try_new() {
            return v3.vectorize(
                #[inline(always)]
                || {
                    work.run::<8>(
                        #[inline(always)]
                        |square| transpose8(v3, square),
                    );
                },
            );
        }
    }
    work.run::<1>(|_| ());
}

struct ToLanes<'a, At> {
    images: &'a [f32],
    size: [usize; 2],
    out: &'a mut [f32],
    at: At,
}

impl<At: Fn(usize, usize) -> Option<usize>> Squares for ToLanes<'_, At> {
    #[inline(always)]
    fn run<const N: usize>(self, transpose: impl Fn(&mut [[f32; N]; N])) {
        let pixels = self.size[0] * self.size[1];
        for first in starts::<N>(pixels) {
            for part in (0..WIDTH).step_by(N) {
                let mut square = [[0.0; N]; N];
                // Whole lines apart from cut ones: of one copy for both the compiler makes a call.
                let start = |line: usize| (part + line) * pixels + first;
                if start(N - 1) + N <= self.images.len() {
                    for (line, values) in square.iter_mut().enumerate() {
                        values.copy_from_slice(&self.images[start(line)..start(line) + N]);
                    }
                } else {
                    for (line, values) in square.iter_mut().enumerate() {
                        let rest = self.images.get(start(line)..).unwrap_or_default();
                        values.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    }
                }
                transpose(&mut square);
                let mut place = Place::of(first, self.size[1]);
                for lanes in square.iter().take(pixels - first) {
                    if let Some(at) = (self.at)(place.row, place.col) {
                        self.out[at + part..at + part + N].copy_from_slice(lanes);
                    }
                    place.step();
                }
            }
        }
    }
}

struct FromLanes<'a, At> {
    lanes: &'a [f32],
    at: At,
    bias: Option<Lanes>,
    images: &'a mut [f32],
    size: [usize; 2],
}

impl<At: Fn(usize, usize) -> Option<usize>> Squares for FromLanes<'_, At> {
    #[inline(always)]
    fn run<const N: usize>(self, transpose: impl Fn(&mut [[f32; N]; N])) {
        let pixels = self.size[0] * self.size[1];
        for first in starts::<N>(pixels) {
            for part in (0..WIDTH).step_by(N) {
                let mut square = [[0.0; N]; N];
                let mut place = Place::of(first, self.size[1]);
                for lanes in square.iter_mut().take(pixels - first) {
                    if let Some(at) = (self.at)(place.row, place.col) {
                        lanes.copy_from_slice(&self.lanes[at + part..at + part + N]);
                    }
                    if let Some(bias) = &self.bias {
                        lanes.iter_mut().zip(&bias[part..]).for_each(|(value, bias)| *value += bias);
                    }
                    place.step();
                }
                transpose(&mut square);
                // A line that is shorter than the square runs into the next one, which is written after it.
                let start = |line: usize| (part + line) * pixels + first;
                if start(N - 1) + N <= self.images.len() {
                    for (line, values) in square.iter().enumerate() {
                        self.images[start(line)..start(line) + N].copy_from_slice(values);
                    }
                } else {
                    for (line, values) in square.iter().enumerate() {
                        let rest = self.images.get_mut(start(line)..).unwrap_or_default();
                        rest.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }
}

/// Where the squares of lines of `pixels` values begin: the last one ends with them, and repeats some of the one before it.
#[inline(always)]
fn starts<const N: usize>(pixels: usize) -> impl Iterator<Item = usize> {
    let last = pixels.saturating_sub(N);
    (0..pixels.div_ceil(N)).map(move |square| (square * N).min(last))
}

/// A pixel, counted by rows.
struct Place {
    row: usize,
    col: usize,
    cols: usize,
}

impl Place {
    #[inline(always)]
    fn of(pixel: usize, cols: usize) -> Self {
        Self { row: pixel / cols, col: pixel % cols, cols }
    }

    #[inline(always)]
    fn step(&mut self) {
        self.col += 1;
        if self.col == self.cols {
            (self.row, self.col) = (self.row + 1, 0);
        }
    }
}

/// Two rounds of shuffles, of single values and of pairs: of rows 4b to 4b + 3, in each quarter (of 16) or half (of 8) h, column
/// 4h + i, as number 4b + i.
#[cfg(target_arch = "x86_64")]
macro_rules! quads {
    ($simd:ident, $square:ident, $size:literal, $single:ty, $double:ty: $low:ident $high:ident $low_pair:ident $high_pair:ident) => {{
        let mut rows: [$single; $size] = [pulp::cast([0f32; $size]); $size];
        for (row, values) in rows.iter_mut().zip(&*$square) {
            *row = pulp::cast(*values);
        }
        let mut quads = rows;
        for b in (0..$size).step_by(4) {
            let low: [$double; 2] = [
                pulp::cast($simd.$low(rows[b], rows[b + 1])),
                pulp::cast($simd.$low(rows[b + 2], rows[b + 3])),
            ];
            let high: [$double; 2] = [
                pulp::cast($simd.$high(rows[b], rows[b + 1])),
                pulp::cast($simd.$high(rows[b + 2], rows[b + 3])),
            ];
            quads[b] = pulp::cast($simd.$low_pair(low[0], low[1]));
            quads[b + 1] = pulp::cast($simd.$high_pair(low[0], low[1]));
            quads[b + 2] = pulp::cast($simd.$low_pair(high[0], high[1]));
            quads[b + 3] = pulp::cast($simd.$high_pair(high[0], high[1]));
        }
        quads
    }};
}

/// Four rounds of shuffles: [`quads`], and two of quarters.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose16(v4: V4, square: &mut [[f32; 16]; 16]) {
    use std::arch::x86_64::{__m512, __m512d};
    let simd = v4.avx512f;
    let quads = quads!(
        simd, square, 16, __m512, __m512d:
        _mm512_unpacklo_ps _mm512_unpackhi_ps _mm512_unpacklo_pd _mm512_unpackhi_pd
    );
    // A four by four transposition of quarters, for each i.
    for i in 0..4 {
        let [a, b, c, d] = [quads[i], quads[4 + i], quads[8 + i], quads[12 + i]];
        let even = [simd._mm512_shuffle_f32x4::<0x88>(a, b), simd._mm512_shuffle_f32x4::<0x88>(c, d)];
        let odd = [simd._mm512_shuffle_f32x4::<0xdd>(a, b), simd._mm512_shuffle_f32x4::<0xdd>(c, d)];
        square[i] = pulp::cast(simd._mm512_shuffle_f32x4::<0x88>(even[0], even[1]));
        square[4 + i] = pulp::cast(simd._mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]));
        square[8 + i] = pulp::cast(simd._mm512_shuffle_f32x4::<0xdd>(even[0], even[1]));
        square[12 + i] = pulp::cast(simd._mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]));
    }
}

/// Three rounds of shuffles: [`quads`], and one of halves.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose8(v3: V3, square: &mut [[f32; 8]; 8]) {
    use std::arch::x86_64::{__m256, __m256d};
    let simd = v3.avx;
    let quads = quads!(
        simd, square, 8, __m256, __m256d:
        _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_unpacklo_pd _mm256_unpackhi_pd
    );
    for i in 0..4 {
        square[i] = pulp::cast(simd._mm256_permute2f128_ps::<0x20>(quads[i], quads[4 + i]));
        square[4 + i] = pulp::cast(simd._mm256_permute2f128_ps::<0x31>(quads[i], quads[4 + i]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_value_finds_its_place<const N: usize>(transpose: impl Fn(&mut [[f32; N]; N]) + Copy) {
        for (size, count) in
            [([3, 7], 16), ([4, 4], 16), ([1, 3], 5), ([5, 8], 3), ([2, 2], 16), ([1, 1], 16)]
        {
            let pixels = size[0] * size[1];
            let images: Vec<f32> = (1..=count * pixels).map(|v| v as f32).collect();
            // Every pixel with one of distance, the one at row 1 and column 0 left out.
            let at = |row: usize, col: usize| {
                ((row, col) != (1, 0)).then_some((row * size[1] + col) * (WIDTH + 1))
            };
            let mut lanes = vec![-1.0; pixels * (WIDTH + 1)];
            ToLanes { images: &images, size, out: &mut lanes, at }.run(transpose);
            for (pixel, lanes) in lanes.chunks_exact(WIDTH + 1).enumerate() {
                let expected = |line: usize| match () {
                    () if pixel == size[1] => -1.0,
                    () if line < count => images[line * pixels + pixel],
                    () => 0.0,
                };
                assert_eq!(lanes[..WIDTH], std::array::from_fn::<_, WIDTH, _>(expected), "{size:?} {pixel}");
                assert_eq!(lanes[WIDTH], -1.0, "nothing is written between");
            }
            for bias in [None, Some(std::array::from_fn(|lane| 0.5 * lane as f32))] {
                let mut back = vec![-1.0; images.len()];
                FromLanes { lanes: &lanes, at, bias, images: &mut back, size }.run(transpose);
                for (index, value) in back.iter().enumerate() {
                    let kept = if index % pixels == size[1] && size[0] > 1 { 0.0 } else { images[index] };
                    assert_eq!(
                        *value,
                        kept + bias.map_or(0.0, |bias| bias[index / pixels]),
                        "{size:?} {index}"
                    );
                }
            }
        }
    }

    #[test]
    fn lines_turn_to_lanes_and_back_with_every_instruction_set() {
        each_value_finds_its_place::<1>(|_| ());
        #[cfg(target_arch = "x86_64")]
        {
            match V3::try_new() {
                Some(v3) => each_value_finds_its_place::<8>(|square| transpose8(v3, square)),
                None => eprintln!("skipped: this processor has no AVX2"),
            }
            match V4::try_new() {
                Some(v4) => each_value_finds_its_place::<16>(|square| transpose16(v4, square)),
                None => eprintln!("skipped: this processor has no AVX-512"),
            }
        }
    }
}
