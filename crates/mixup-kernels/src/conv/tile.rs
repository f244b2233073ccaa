//! The three linear maps of F(2x2, 3x3) and their transposes, for one tile.
//!
//! `B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1]`, `G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1]`,
//! `A^T = [1 1 1 0; 0 1 -1 -1]`. Entries are numbered by rows.

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
    each!(COL in 0 1 2 3 => { half[COL] = b_transposed([d(0, COL), d(1, COL), d(2, COL), d(3, COL)]) });
    each!(ROW in 0 1 2 3 => {
        let entries = b_transposed(across(&half, ROW));
        each!(COL in 0 1 2 3 => { v(4 * ROW + COL, entries[COL]) });
    });
}

/// `B v B^T`: reads by entry, writes by row and column.
#[inline(always)]
pub(super) fn input_transposed(v: impl Fn(usize) -> Lanes, mut d: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 4]; 4];
    each!(COL in 0 1 2 3 => { half[COL] = b([v(COL), v(4 + COL), v(8 + COL), v(12 + COL)]) });
    each!(ROW in 0 1 2 3 => {
        let entries = b(across(&half, ROW));
        each!(COL in 0 1 2 3 => { d(ROW, COL, entries[COL]) });
    });
}

/// `A^T m A`: reads by entry, writes by row and column.
#[inline(always)]
pub(super) fn output(m: impl Fn(usize) -> Lanes, mut y: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 2]; 4];
    each!(COL in 0 1 2 3 => { half[COL] = a_transposed([m(COL), m(4 + COL), m(8 + COL), m(12 + COL)]) });
    each!(ROW in 0 1 => {
        let [left, right] = a_transposed(across(&half, ROW));
        y(ROW, 0, left);
        y(ROW, 1, right);
    });
}

/// `A y A^T`: reads by row and column, writes by entry.
#[inline(always)]
pub(super) fn output_transposed(y: impl Fn(usize, usize) -> Lanes, mut m: impl FnMut(usize, Lanes)) {
    let (left, right) = (a([y(0, 0), y(1, 0)]), a([y(0, 1), y(1, 1)]));
    each!(ROW in 0 1 2 3 => {
        let entries = a([left[ROW], right[ROW]]);
        each!(COL in 0 1 2 3 => { m(4 * ROW + COL, entries[COL]) });
    });
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
    let mut columns = [[ZERO; 4]; 3];
    each!(COL in 0 1 2 => { columns[COL] = g([w[COL], w[3 + COL], w[6 + COL]]) });
    each!(ROW in 0 1 2 3 => {
        let entries = g([columns[0][ROW], columns[1][ROW], columns[2][ROW]]);
        each!(COL in 0 1 2 3 => { u(4 * ROW + COL, entries[COL]) });
    });
}

/// `G^T u G`: reads by entry; 3x3 kernels by rows.
#[inline(always)]
pub(super) fn weights_transposed(u: impl Fn(usize) -> Lanes) -> [Lanes; 9] {
    let mut columns = [[ZERO; 3]; 4];
    each!(COL in 0 1 2 3 => { columns[COL] = g_transposed([u(COL), u(4 + COL), u(8 + COL), u(12 + COL)]) });
    let mut w = [ZERO; 9];
    each!(ROW in 0 1 2 => {
        let values = g_transposed(across(&columns, ROW));
        each!(COL in 0 1 2 => { w[3 * ROW + COL] = values[COL] });
    });
    w
}
