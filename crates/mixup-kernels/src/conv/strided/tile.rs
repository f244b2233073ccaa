//! The linear maps of two outputs of a 3-tap kernel with stride 2, by rows and by columns of one tile, and their transposes.
//!
//! Outputs `y0 = g0 x0 + g1 x1 + g2 x2` and `y1 = g0 x2 + g1 x3 + g2 x4` are sums of three:
//! `m0 = g0 (x0 - x2) + g1 x1`, `m1 = (g0 + g2) x2`, `m2 = g2 (x4 - x2) + g1 x3`, `y0 = m0 + m1`, `y1 = m1 + m2`: five
//! products instead of six, 25 instead of 36 of a tile.

use crate::lanes::{Lanes, WIDTH, add, sub};

const ZERO: Lanes = [0.0; WIDTH];

/// Products of a tile.
pub(super) const PRODUCTS: usize = 25;

/// The sums of a tile.
pub(super) const SUMS: usize = 9;

/// The sum that each product along an axis belongs to, and its number there.
const PLACES: [(usize, usize); 5] = [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)];

/// Products of each sum along an axis.
const OF_AXIS: [usize; 3] = [2, 1, 2];

/// Products of each sum.
pub(super) const OF_SUM: [usize; SUMS] = {
    let mut all = [0; SUMS];
    let mut sum = 0;
    while sum < SUMS {
        all[sum] = OF_AXIS[sum / 3] * OF_AXIS[sum % 3];
        sum += 1;
    }
    all
};

/// Products of the sums before each one.
pub(super) const BEFORE: [usize; SUMS] = {
    let mut all = [0; SUMS];
    let mut sum = 1;
    while sum < SUMS {
        all[sum] = all[sum - 1] + OF_SUM[sum - 1];
        sum += 1;
    }
    all
};

/// A product of a tile: the sum it belongs to, and its number among all.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    pub sum: usize,
    pub number: usize,
}

/// The product of two along the axes.
const fn factor(row: usize, col: usize) -> Factor {
    let ((sum_row, of_row), (sum_col, of_col)) = (PLACES[row], PLACES[col]);
    let sum = 3 * sum_row + sum_col;
    Factor { sum, number: BEFORE[sum] + of_row * OF_AXIS[sum_col] + of_col }
}

#[inline(always)]
fn of_inputs(x: [Lanes; 5]) -> [Lanes; 5] {
    [sub(x[0], x[2]), x[1], x[2], sub(x[4], x[2]), x[3]]
}

#[inline(always)]
fn to_inputs(v: [Lanes; 5]) -> [Lanes; 5] {
    [v[0], v[1], sub(sub(v[2], v[0]), v[3]), v[4], v[3]]
}

#[inline(always)]
fn of_weights(g: [Lanes; 3]) -> [Lanes; 5] {
    [g[0], g[1], add(g[0], g[2]), g[2], g[1]]
}

#[inline(always)]
fn to_weights(u: [Lanes; 5]) -> [Lanes; 3] {
    [add(u[0], u[2]), add(u[1], u[4]), add(u[2], u[3])]
}

/// Entry `row` of each of five columns.
#[inline(always)]
fn across<const N: usize>(columns: &[[Lanes; N]; 5], row: usize) -> [Lanes; 5] {
    [columns[0][row], columns[1][row], columns[2][row], columns[3][row], columns[4][row]]
}

/// What inputs are multiplied as: reads 5x5 by row and column, writes by product.
#[inline(always)]
pub(super) fn input(x: impl Fn(usize, usize) -> Lanes, mut v: impl FnMut(Factor, Lanes)) {
    let mut half = [[ZERO; 5]; 5];
    each!(COL in 0 1 2 3 4 => {
        half[COL] = of_inputs([x(0, COL), x(1, COL), x(2, COL), x(3, COL), x(4, COL)]);
    });
    each!(ROW in 0 1 2 3 4 => {
        let values = of_inputs(across(&half, ROW));
        each!(COL in 0 1 2 3 4 => { v(const { factor(ROW, COL) }, values[COL]) });
    });
}

/// The transpose of [`input`].
#[inline(always)]
pub(super) fn input_transposed(v: impl Fn(Factor) -> Lanes, mut x: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 5]; 5];
    each!(COL in 0 1 2 3 4 => {
        let mut of_col = [ZERO; 5];
        each!(ROW in 0 1 2 3 4 => { of_col[ROW] = v(const { factor(ROW, COL) }) });
        half[COL] = to_inputs(of_col);
    });
    each!(ROW in 0 1 2 3 4 => {
        let values = to_inputs(across(&half, ROW));
        each!(COL in 0 1 2 3 4 => { x(ROW, COL, values[COL]) });
    });
}

/// 2x2 outputs: reads by sum, writes by row and column.
#[inline(always)]
pub(super) fn output(m: impl Fn(usize) -> Lanes, mut y: impl FnMut(usize, usize, Lanes)) {
    let mut half = [[ZERO; 2]; 3];
    each!(COL in 0 1 2 => {
        let middle = m(3 + COL);
        half[COL] = [add(m(COL), middle), add(middle, m(6 + COL))];
    });
    each!(ROW in 0 1 => {
        y(ROW, 0, add(half[0][ROW], half[1][ROW]));
        y(ROW, 1, add(half[1][ROW], half[2][ROW]));
    });
}

/// The transpose of [`output`].
#[inline(always)]
pub(super) fn output_transposed(y: impl Fn(usize, usize) -> Lanes, mut m: impl FnMut(usize, Lanes)) {
    let (left, right) = ([y(0, 0), y(1, 0)], [y(0, 1), y(1, 1)]);
    let both = [add(left[0], right[0]), add(left[1], right[1])];
    each!(COL in 0 1 2 => {
        let [top, bottom] = [left, both, right][COL];
        m(COL, top);
        m(3 + COL, add(top, bottom));
        m(6 + COL, bottom);
    });
}

/// What 3x3 kernels, by rows, are multiplied as: writes by product.
#[inline(always)]
pub(super) fn weights(w: &[Lanes; 9], mut u: impl FnMut(Factor, Lanes)) {
    let mut half = [[ZERO; 5]; 3];
    each!(COL in 0 1 2 => {
        half[COL] = of_weights([w[COL], w[3 + COL], w[6 + COL]]);
    });
    each!(ROW in 0 1 2 3 4 => {
        let values = of_weights([half[0][ROW], half[1][ROW], half[2][ROW]]);
        each!(COL in 0 1 2 3 4 => { u(const { factor(ROW, COL) }, values[COL]) });
    });
}

/// The transpose of [`weights`].
#[inline(always)]
pub(super) fn weights_transposed(u: impl Fn(Factor) -> Lanes) -> [Lanes; 9] {
    let mut half = [[ZERO; 3]; 5];
    each!(COL in 0 1 2 3 4 => {
        let mut of_col = [ZERO; 5];
        each!(ROW in 0 1 2 3 4 => { of_col[ROW] = u(const { factor(ROW, COL) }) });
        half[COL] = to_weights(of_col);
    });
    let mut w = [ZERO; 9];
    each!(ROW in 0 1 2 => {
        let values = to_weights(across(&half, ROW));
        each!(COL in 0 1 2 => { w[3 * ROW + COL] = values[COL] });
    });
    w
}
