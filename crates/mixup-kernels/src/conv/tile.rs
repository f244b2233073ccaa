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
    for (col, half) in half.iter_mut().enumerate() {
        *half = b_transposed([d(0, col), d(1, col), d(2, col), d(3, col)]);
    }
    for row in 0..4 {
        let entries = b_transposed(across(&half, row));
        for (col, lanes) in entries.into_iter().enumerate() {
            v(4 * row + col, lanes);
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
        for (col, lanes) in entries.into_iter().enumerate() {
            d(row, col, lanes);
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
        for (col, lanes) in a([left[row], right[row]]).into_iter().enumerate() {
            m(4 * row + col, lanes);
        }
    }
}

/// An entry of `G w G^T` of one 3x3 kernel.
#[inline(always)]
pub(super) fn weight_entry(w: &[f32], entry: usize) -> f32 {
    let g = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0f32]];
    let (row, col) = (g[entry / 4], g[entry % 4]);
    let across = [0, 1, 2].map(|i| w[3 * i] * col[0] + w[3 * i + 1] * col[1] + w[3 * i + 2] * col[2]);
    row[0] * across[0] + row[1] * across[1] + row[2] * across[2]
}

/// `G^T u G`.
#[inline(always)]
pub(super) fn weights_transposed(u: [f32; 16]) -> [f32; 9] {
    let gt = |[a, b, c, d]: [f32; 4]| [a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d];
    let rows: [[f32; 3]; 4] =
        std::array::from_fn(|row| gt([u[4 * row], u[4 * row + 1], u[4 * row + 2], u[4 * row + 3]]));
    let columns: [[f32; 3]; 3] = std::array::from_fn(|col| gt(rows.map(|row| row[col])));
    std::array::from_fn(|entry| columns[entry % 3][entry / 3])
}
