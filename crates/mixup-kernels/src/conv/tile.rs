//! The three linear maps of F(2x2, 3x3) and their transposes, for one tile.
//!
//! `B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]`, `G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]`,
//! `A^T = [1 1 1 0; 0 1 -1 -1]`. Entries are numbered by rows. Loops run over numbers: arrays that are iterated by value
//! go through memory twice.
#![allow(clippy::needless_range_loop, reason = "see above")]

use crate::lanes::{Lanes, WIDTH, add, sub};

const ZERO: Lanes = [0.0; WIDTH];

#[inline(always)]
fn b_transposed([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    [sub(a, c), add(b, c), sub(c, b), sub(b, d)]
}

#[inline(always)]
fn b([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    [a, add(sub(b, c), d), sub(add(b, c), a), sub(ZERO, d)]
}

#[inline(always)]
fn a_transposed([a, b, c, d]: [Lanes; 4]) -> [Lanes; 2] {
    [add(add(a, b), c), sub(sub(b, c), d)]
}

#[inline(always)]
fn a([a, b]: [Lanes; 2]) -> [Lanes; 4] {
    [a, add(a, b), sub(a, b), sub(ZERO, b)]
}

/// Entry `row` of each of four columns.
#[inline(always)]
fn across<const N: usize>(columns: &[[Lanes; N]; 4], row: usize) -> [Lanes; 4] {
    [columns[0][row], columns[1][row], columns[2][row], columns[3][row]]
}

/// `B^T d B`: reads `d` by row and column, writes by entry.
#[inline(always)]
pub(super) fn input(d: impl Fn(usize, usize) -> Lanes, mut v: impl FnMut(usize, Lanes)) {
    let mut half = [[ZERO; 4]; 4];
    for (col, half) in half.iter_mut().enumerate() {
        *half = b_transposed([d(0, col), d(1, col), d(2, col), d(3, col)]);
    }
    for row in 0..4 {
        let entries = b_transposed(across(&half, row));
        for col in 0..4 {
            v(4 * row + col, entries[col]);
        }
    }
}

/// `B v B^T`: reads by entry, writes by row and column.
#[inline(always)]
pub(super) fn input_transposed(v: impl Fn(usize) -> Lanes, mut d: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 4]; 4];
    for (col, half) in half.iter_mut().enumerate() {
        *half = b([v(col), v(4 + col), v(8 + col), v(12 + col)]);
    }
    for row in 0..4 {
        let entries = b(across(&half, row));
        for col in 0..4 {
            d(row, col, entries[col]);
        }
    }
}

/// `A^T m A`: reads by entry, writes by row and column.
#[inline(always)]
pub(super) fn output(m: impl Fn(usize) -> Lanes, mut y: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 2]; 4];
    for (col, half) in half.iter_mut().enumerate() {
        *half = a_transposed([m(col), m(4 + col), m(8 + col), m(12 + col)]);
    }
    for row in 0..2 {
        let [left, right] = a_transposed(across(&half, row));
        y(row, 0, left);
        y(row, 1, right);
    }
}

/// `A y A^T`: reads by row and column, writes by entry.
#[inline(always)]
pub(super) fn output_transposed(y: impl Fn(usize, usize) -> Lanes, mut m: impl FnMut(usize, Lanes)) {
    let (left, right) = (a([y(0, 0), y(1, 0)]), a([y(0, 1), y(1, 1)]));
    for row in 0..4 {
        let entries = a([left[row], right[row]]);
        for col in 0..4 {
            m(4 * row + col, entries[col]);
        }
    }
}

#[inline(always)]
fn g([a, b, c]: [Lanes; 3]) -> [Lanes; 4] {
    let outer = add(a, c);
    [a, half(add(outer, b)), half(sub(outer, b)), c]
}

#[inline(always)]
fn g_transposed([a, b, c, d]: [Lanes; 4]) -> [Lanes; 3] {
    let sum = half(add(b, c));
    [add(a, sum), half(sub(b, c)), add(sum, d)]
}

#[inline(always)]
fn half(lanes: Lanes) -> Lanes {
    lanes.map(
        #[inline(always)]
        |v| 0.5 * v,
    )
}

/// `G w G^T` of 3x3 kernels by rows: writes by entry.
#[inline(always)]
pub(super) fn weights(w: &[Lanes; 9], mut u: impl FnMut(usize, Lanes)) {
    let [left, middle, right] = [0, 1, 2].map(
        #[inline(always)]
        |col| g([w[col], w[3 + col], w[6 + col]]),
    );
    for row in 0..4 {
        let entries = g([left[row], middle[row], right[row]]);
        for col in 0..4 {
            u(4 * row + col, entries[col]);
        }
    }
}

/// `G^T u G`: reads by entry; 3x3 kernels by rows.
#[inline(always)]
pub(super) fn weights_transposed(u: impl Fn(usize) -> Lanes) -> [Lanes; 9] {
    let mut columns = [[ZERO; 3]; 4];
    for (col, column) in columns.iter_mut().enumerate() {
        *column = g_transposed([u(col), u(4 + col), u(8 + col), u(12 + col)]);
    }
    let mut w = [ZERO; 9];
    for row in 0..3 {
        let [a, b, c] = g_transposed(across(&columns, row));
        (w[3 * row], w[3 * row + 1], w[3 * row + 2]) = (a, b, c);
    }
    w
}
