//! Sums of products that stay in registers: some neighbours by one or two blocks of 16 lanes.
//!
//! A sum adds its products one by one, each by a fused multiplication and addition where the machine has one, and begins anew
//! every [`chunk`] products, as those of the `gemm` crate do: the results are the same to the bit.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::lanes::WIDTH;

/// Work on one or two blocks of lanes.
pub(super) trait Blocks {
    /// Work on the `B` blocks from `block` on, which take `V` registers for each neighbour.
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize);
}

/// Work on some neighbours.
pub(super) trait Tile {
    /// Work on the `P` neighbours from `first` on.
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize);
}

/// Does the work on all of `blocks`, as many at a time as suit the machine's registers.
#[inline(always)]
pub(super) fn in_blocks<S: Simd>(simd: S, blocks: usize, work: &mut impl Blocks) {
    // A plain loop: what an iterator's adaptor calls may not be compiled for the instruction set.
    let mut block = 0;
    while block < blocks {
        match S::F32_LANES {
            16 if block + 1 < blocks => {
                work.blocks::<S, 2, 2>(simd, block);
                block += 1;
            }
            16 => work.blocks::<S, 1, 1>(simd, block),
            8 => work.blocks::<S, 2, 1>(simd, block),
            4 => work.blocks::<S, 4, 1>(simd, block),
            _ => work.blocks::<S, WIDTH, 1>(simd, block),
        }
        block += 1;
    }
}

/// Calls a tile of as many neighbours as the number says, of those that are listed.
macro_rules! tile_of {
    ($work:ident, $simd:ident, $first:ident, $count:ident: $($size:literal)+) => {
        match $count {
            $($size => $work.tile::<S, $size, V, B>($simd, $first),)+
            _ => unreachable!("tiles are cut to at most as many"),
        }
    };
}

/// Does the work on all neighbours, in tiles that fit the machine's registers: 32 of 16 lanes, 16 of 8, 32 of 4.
#[inline(always)]
pub(super) fn in_tiles<S: Simd, const V: usize, const B: usize>(
    simd: S,
    neighbours: usize,
    work: &mut impl Tile,
) {
    match S::F32_LANES {
        16 => {
            // Twice 14 sums, 2 operands and a neighbour's value fill the registers; 16 is what a block has.
            for (first, count) in even_cuts(neighbours, if V == 1 { 16 } else { 14 }) {
                tile_of!(work, simd, first, count: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
            }
        }
        4 | 8 => {
            for (first, count) in even_cuts(neighbours, 6) {
                tile_of!(work, simd, first, count: 1 2 3 4 5 6);
            }
        }
        _ => {
            for first in 0..neighbours {
                work.tile::<S, 1, V, B>(simd, first);
            }
        }
    }
}

/// First and number of as few runs of at most `most` as cover `0..all`, none longer than another by more than one.
fn even_cuts(all: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let cuts = all.div_ceil(most);
    (0..cuts).map(move |cut| {
        let start = |cut: usize| cut * all / cuts;
        (start(cut), start(cut + 1) - start(cut))
    })
}

/// Products that a sum takes before it begins anew, of `all`: the blocks of the `gemm` crate are of at most 512.
pub(super) fn chunk(all: usize) -> usize {
    all.div_ceil(all.div_ceil(512).max(1)).max(1)
}

/// What is multiplied: `left[k left_k + p left_p]` of each neighbour `p` by the lanes from `right[k right_k]` on of each block,
/// for `k` below `count`.
pub(super) struct Products<'a, const B: usize> {
    pub count: usize,
    pub left: &'a [f32],
    pub left_k: usize,
    pub left_p: usize,
    pub right: [&'a [f32]; B],
    pub right_k: usize,
}

/// Hands to `take` each neighbour's number and its sums of the products of all `parts`, one after the other.
#[inline(always)]
pub(super) fn sums<'a, S: Simd, const P: usize, const V: usize, const B: usize>(
    simd: S,
    parts: Range<usize>,
    part: impl Fn(usize) -> Products<'a, B>,
    mut take: impl FnMut(usize, &[S::f32s; V]),
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; P];
    for number in parts {
        let Products { count, left, left_k, left_p, right, right_k } = part(number);
        for k in 0..count {
            let left = &left[k * left_k..][..(P - 1) * left_p + 1];
            let mut lanes = [simd.splat_f32s(0.0); V];
            for block in 0..B {
                let (registers, _) = S::as_simd_f32s(&right[block][k * right_k..][..WIDTH]);
                for v in 0..V / B {
                    lanes[block * (V / B) + v] = registers[v];
                }
            }
            for p in 0..P {
                let value = simd.splat_f32s(left[p * left_p]);
                for v in 0..V {
                    sums[p][v] = fused(simd, value, lanes[v], sums[p][v]);
                }
            }
        }
    }
    // A copy, whose place in memory is known to `take` alone: the sums themselves have none.
    let done = sums;
    for (p, sums) in done.iter().enumerate() {
        take(p, sums);
    }
}

/// `a b + c`; in two steps where there is no instruction for it, which a function would take the place of.
#[inline(always)]
fn fused<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES >= 4 { simd.mul_add_f32s(a, b, c) } else { simd.add_f32s(simd.mul_f32s(a, b), c) }
}

/// Whether sums take the place of what was there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Replace,
    Add,
}

/// Puts the sums of a neighbour, of one block, to 16 values.
#[inline(always)]
pub(super) fn put<S: Simd, const V: usize, const B: usize>(
    simd: S,
    sums: &[S::f32s; V],
    block: usize,
    values: &mut [f32],
    put: Put,
) {
    let (registers, _) = S::as_mut_simd_f32s(&mut values[..WIDTH]);
    for v in 0..V / B {
        let sum = sums[block * (V / B) + v];
        registers[v] = match put {
            Put::Replace => sum,
            Put::Add => simd.add_f32s(registers[v], sum),
        };
    }
}

/// `out[p out_p + block out_block ..] (+)= sum over parts and k of left[part left_part + k LEFT_K + p LEFT_P] times the 16 values from
/// right[part right_part + k right_k + block right_block] on`: a matrix product whose operands stand as they are.
///
/// Distances of `left` are the compiler's to know: the neighbours' places would take a register each.
pub(super) struct Product<'a, const LEFT_K: usize, const LEFT_P: usize> {
    pub neighbours: usize,
    pub blocks: usize,
    pub parts: usize,
    /// Products of a part.
    pub count: usize,
    pub left: &'a [f32],
    pub left_part: usize,
    pub right: &'a [f32],
    pub right_part: usize,
    pub right_k: usize,
    pub right_block: usize,
    pub out: &'a mut [f32],
    pub out_p: usize,
    pub out_block: usize,
    pub put: Put,
}

impl<const LEFT_K: usize, const LEFT_P: usize> WithSimd for Product<'_, LEFT_K, LEFT_P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        in_blocks(simd, self.blocks, &mut self);
    }
}

impl<const LEFT_K: usize, const LEFT_P: usize> Blocks for Product<'_, LEFT_K, LEFT_P> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize, const B: usize>(&mut self, simd: S, block: usize) {
        let right = &self.right[block * self.right_block..];
        let out = &mut self.out[block * self.out_block..];
        let mut blocks = Product::<LEFT_K, LEFT_P> { right, out, ..*self };
        in_tiles::<S, V, B>(simd, self.neighbours, &mut blocks);
    }
}

impl<const LEFT_K: usize, const LEFT_P: usize> Tile for Product<'_, LEFT_K, LEFT_P> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize, const B: usize>(&mut self, simd: S, first: usize) {
        sums::<S, P, V, B>(
            simd,
            0..self.parts,
            #[inline(always)]
            |part| {
                let mut right = [self.right; B];
                for (b, right) in right.iter_mut().enumerate() {
                    *right = &self.right[part * self.right_part + b * self.right_block..];
                }
                let left = &self.left[part * self.left_part + first * LEFT_P..];
                let (left_k, left_p, right_k) = (LEFT_K, LEFT_P, self.right_k);
                Products { count: self.count, left, left_k, left_p, right, right_k }
            },
            #[inline(always)]
            |p, sums| {
                for b in 0..B {
                    let at = (first + p) * self.out_p + b * self.out_block;
                    put::<S, V, B>(simd, sums, b, &mut self.out[at..], self.put);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_all_and_are_about_as_long() {
        for all in 0..60 {
            let cuts: Vec<_> = even_cuts(all, 14).collect();
            assert_eq!(cuts.iter().map(|(_, count)| count).sum::<usize>(), all);
            assert!(cuts.iter().zip(cuts.iter().skip(1)).all(|((a, n), (b, _))| a + n == *b));
            let (least, most) = cuts.iter().fold((14, 0), |(l, m), (_, n)| (l.min(*n), m.max(*n)));
            assert!(cuts.is_empty() || (most <= 14 && most - least <= 1), "{cuts:?}");
        }
        assert_eq!(even_cuts(28, 14).collect::<Vec<_>>(), [(0, 14), (14, 14)]);
    }

    fn products_are_right(simd: impl Simd) {
        const DEPTH: usize = 6;
        for (neighbours, blocks) in (1..=31).zip([1, 2, 3, 5].into_iter().cycle()) {
            let values = |count: usize, step: usize| -> Vec<f32> {
                (0..count).map(|i| (i * step % 17) as f32 - 8.0).collect()
            };
            let (left, right) = (values(neighbours * DEPTH, 5), values(blocks * DEPTH * WIDTH, 3));
            let mut out = vec![0.5; blocks * neighbours * WIDTH];
            let (left, right) = (&left[..], &right[..]);
            let product = Product::<1, DEPTH> {
                neighbours,
                blocks,
                parts: 2,
                count: DEPTH / 2,
                left,
                left_part: DEPTH / 2,
                right,
                right_part: DEPTH / 2 * WIDTH,
                right_k: WIDTH,
                right_block: DEPTH * WIDTH,
                out: &mut out,
                out_p: WIDTH,
                out_block: neighbours * WIDTH,
                put: Put::Add,
            };
            product.with_simd(simd);
            for (index, found) in out.iter().enumerate() {
                let (block, p, lane) =
                    (index / WIDTH / neighbours, index / WIDTH % neighbours, index % WIDTH);
                let product = |k| left[p * DEPTH + k] * right[(block * DEPTH + k) * WIDTH + lane];
                // Small integers: every order of the sum is exact.
                assert_eq!(
                    *found,
                    0.5 + (0..DEPTH).map(product).sum::<f32>(),
                    "{neighbours} {blocks} {index}"
                );
            }
        }
    }

    #[test]
    fn every_instruction_set_sums_the_same_products() {
        products_are_right(pulp::Scalar);
        products_are_right(pulp::Scalar128b);
        #[cfg(target_arch = "x86_64")]
        {
            match pulp::x86::V3::try_new() {
                Some(v3) => products_are_right(v3),
                None => eprintln!("skipped: this processor has no AVX2"),
            }
            match pulp::x86::V4::try_new() {
                Some(v4) => products_are_right(v4),
                None => eprintln!("skipped: this processor has no AVX-512"),
            }
        }
    }

    #[test]
    fn sums_begin_anew_as_the_products_of_gemm_do() {
        let chunks = [(1, 1), (512, 512), (513, 257), (576, 288), (1024, 512), (1025, 342), (0, 1)];
        assert!(chunks.into_iter().all(|(all, expected)| chunk(all) == expected));
    }
}
