//! Convolution by a 3x3 kernel with Winograd's F(2x2, 3x3) (Lavin and Gray 2016, section 4.1).
//!
//! A tile of 2x2 outputs sees 4x4 inputs `d`. With `V = B^T d B` and `U = G w G^T`, both 4x4,
//! `y = A^T (sum over channels of U * V) A`, where `*` is by entry: 16 products instead of 36. Each of the 16
//! entries is a matrix product over channels and tiles. The backward pass is that of the same three linear
//! maps: `dM = A dy A^T`, `dV = U^T dM`, `dU = dM V^T`, `dx = B dV B^T`, `dw = G^T dU G`.

use std::ops::Range;

use super::geometry::Geometry;
use crate::gemm::{Matrix, Write, gemm};
use crate::parallel::{for_pieces, for_pieces2, ranges, sum_pieces, with_buffers};
use crate::simd::simd;

/// Entries of a transformed tile.
const ENTRIES: usize = 16;
/// Tiles of a task: enough for a fast matrix product, few enough to stay in cache.
const TILES: usize = 256;

/// The tiles of an image and the planes that they are cut from.
///
/// A padded input plane is split into its even and its odd columns, so that the four columns of tile
/// `t` are `even[t], odd[t], even[t + 1], odd[t + 1]` and loops over tiles run along memory.
#[derive(Clone, Copy)]
struct Tiles {
    rows: usize,
    cols: usize,
    /// Columns of a half plane.
    half: usize,
    /// Rows of a padded plane.
    height: usize,
}

impl Tiles {
    fn of(geometry: &Geometry) -> Self {
        let (rows, cols) = (geometry.rows.div_ceil(2), geometry.cols.div_ceil(2));
        Self { rows, cols, half: cols + 1, height: 2 * rows + 2 }
    }

    fn count(&self) -> usize {
        self.rows * self.cols
    }

    /// Values of a padded plane, both halves.
    fn plane(&self) -> usize {
        2 * self.half * self.height
    }

    /// The even and the odd columns of a row of a padded plane.
    fn halves<'a>(&self, plane: &'a [f32], row: usize) -> (&'a [f32], &'a [f32]) {
        plane[2 * self.half * row..][..2 * self.half].split_at(self.half)
    }

    fn halves_mut<'a>(&self, plane: &'a mut [f32], row: usize) -> (&'a mut [f32], &'a mut [f32]) {
        plane[2 * self.half * row..][..2 * self.half].split_at_mut(self.half)
    }
}

/// The output. Shapes as of `geometry`, contiguous.
pub(super) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let tiles = Tiles::of(geometry);
    let images = geometry.images_for(TILES, tiles.count());
    let u = transform_weights(geometry, weight);
    let mut y = vec![0.0; geometry.batch * geometry.out_image()];
    for_pieces(&mut y, images * geometry.out_image(), |task, y| {
        let first = task * images;
        let count = y.len() / geometry.out_image() * tiles.count();
        let (channels, outputs) = (geometry.channels, geometry.outputs);
        with_buffers([ENTRIES * channels * count, ENTRIES * outputs * count, tiles.plane()], |[v, m, plane]| {
            let images = first..first + y.len() / geometry.out_image();
            transform_input(geometry, tiles, x, images, v, plane);
            for entry in 0..ENTRIES {
                let u = Matrix::new(&u[entry * outputs * channels..][..outputs * channels], outputs, channels);
                let v = Matrix::new(&v[entry * channels * count..][..channels * count], channels, count);
                gemm(&mut m[entry * outputs * count..][..outputs * count], Write::Replace, u, v);
            }
            transform_output(geometry, tiles, m, count, bias, y);
        });
    });
    y
}

/// Gradients of the input and of the weights, where wanted.
pub(super) fn backward(
    geometry: &Geometry,
    x: &[f32],
    weight: &[f32],
    dy: &[f32],
    [want_dx, want_dw]: [bool; 2],
) -> (Option<Vec<f32>>, Option<Vec<f32>>) {
    let tiles = Tiles::of(geometry);
    let images = geometry.images_for(TILES, tiles.count());
    let du_size = if want_dw { ENTRIES * geometry.outputs * geometry.channels } else { 1 };
    let per_task = geometry.images_per_task(images, du_size);
    let tasks = geometry.batch.div_ceil(per_task);
    let dx_image = if want_dx { geometry.image() } else { 1 };
    let u = if want_dx { transform_weights(geometry, weight) } else { Vec::new() };
    let mut dx = vec![0.0; geometry.batch * dx_image];
    let mut du = vec![0.0; tasks * du_size];
    for_pieces2((&mut dx, per_task * dx_image), (&mut du, du_size), |task, dx, du| {
        let start = task * per_task;
        for block in ranges(dx.len() / dx_image, images) {
            let dx = &mut dx[block.start * dx_image..block.end * dx_image];
            let images = start + block.start..start + block.end;
            let count = images.len() * tiles.count();
            let (channels, outputs) = (geometry.channels, geometry.outputs);
            let sizes = [ENTRIES * channels * count, ENTRIES * outputs * count, tiles.plane()];
            with_buffers(sizes, |[v, dm, plane]| {
                transform_gradient(geometry, tiles, dy, images.clone(), dm);
                if want_dw {
                    transform_input(geometry, tiles, x, images, v, plane);
                    for entry in 0..ENTRIES {
                        let dm = Matrix::new(&dm[entry * outputs * count..][..outputs * count], outputs, count);
                        let v = Matrix::new(&v[entry * channels * count..][..channels * count], channels, count);
                        let size = outputs * channels;
                        gemm(&mut du[entry * size..][..size], Write::Add, dm, v.t());
                    }
                }
                if want_dx {
                    for entry in 0..ENTRIES {
                        let dm = Matrix::new(&dm[entry * outputs * count..][..outputs * count], outputs, count);
                        let u = &u[entry * outputs * channels..][..outputs * channels];
                        let dv = &mut v[entry * channels * count..][..channels * count];
                        gemm(dv, Write::Replace, Matrix::new(u, outputs, channels).t(), dm);
                    }
                    gradient_of_input(geometry, tiles, v, count, dx, plane);
                }
            });
        }
    });
    let dw = want_dw.then(|| gradient_of_weights(geometry, &sum_pieces(du, du_size)));
    (want_dx.then_some(dx), dw)
}

/// `U = G w G^T`, as `[entry][output][channel]`.
fn transform_weights(geometry: &Geometry, weight: &[f32]) -> Vec<f32> {
    let pairs = geometry.outputs * geometry.channels;
    let mut u = vec![0.0; ENTRIES * pairs];
    let g = |[a, b, c]: [f32; 3]| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    for (pair, w) in weight.chunks_exact(9).enumerate() {
        let columns: [[f32; 4]; 3] = std::array::from_fn(|col| g([w[col], w[3 + col], w[6 + col]]));
        for row in 0..4 {
            let entries = g(columns.map(|column| column[row]));
            for (col, value) in entries.into_iter().enumerate() {
                u[(row * 4 + col) * pairs + pair] = value;
            }
        }
    }
    u
}

/// `dw = G^T dU G`.
fn gradient_of_weights(geometry: &Geometry, du: &[f32]) -> Vec<f32> {
    let pairs = geometry.outputs * geometry.channels;
    let mut dw = vec![0.0; geometry.weights()];
    let gt = |[a, b, c, d]: [f32; 4]| [a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d];
    for (pair, dw) in dw.chunks_exact_mut(9).enumerate() {
        let rows: [[f32; 3]; 4] =
            std::array::from_fn(|row| gt(std::array::from_fn(|col| du[(row * 4 + col) * pairs + pair])));
        for col in 0..3 {
            let column = gt(rows.map(|row| row[col]));
            for (row, value) in column.into_iter().enumerate() {
                dw[row * 3 + col] = value;
            }
        }
    }
    dw
}

/// `V = B^T d B` of some images, as `[entry][channel][image, tile]`.
fn transform_input(
    geometry: &Geometry,
    tiles: Tiles,
    x: &[f32],
    images: Range<usize>,
    v: &mut [f32],
    plane: &mut [f32],
) {
    let count = images.len() * tiles.count();
    let stride = geometry.channels * count;
    simd(
        #[inline(always)]
        || {
            plane.fill(0.0);
            for (index, image) in images.enumerate() {
                let x = &x[image * geometry.image()..][..geometry.image()];
                for (channel, input) in x.chunks_exact(geometry.in_plane()).enumerate() {
                    split_columns(geometry, tiles, input, plane);
                    let first = channel * count + index * tiles.count();
                    for tile_row in 0..tiles.rows {
                        let d = std::array::from_fn(|row| tiles.halves(plane, 2 * tile_row + row));
                        transform_tile_row(d, &mut v[first + tile_row * tiles.cols..], stride, tiles.cols);
                    }
                }
            }
        },
    );
}

/// The four rows of `B^T d B` for a row of tiles.
#[inline(always)]
fn transform_tile_row(d: [(&[f32], &[f32]); 4], v: &mut [f32], stride: usize, cols: usize) {
    let vertical = |a: f32, b: f32, c: f32, d: f32, row: usize| match row {
        0 => a - c,
        1 => b + c,
        2 => c - b,
        _ => b - d,
    };
    let [(e0, o0), (e1, o1), (e2, o2), (e3, o3)] = d.map(|(even, odd)| (&even[..cols + 1], &odd[..cols + 1]));
    for row in 0..4 {
        let (_, v) = v.split_at_mut(if row == 0 { 0 } else { 4 * row * stride });
        let (v0, v) = v.split_at_mut(stride);
        let (v1, v) = v.split_at_mut(stride);
        let (v2, v3) = v.split_at_mut(stride);
        let (v0, v1, v2, v3) = (&mut v0[..cols], &mut v1[..cols], &mut v2[..cols], &mut v3[..cols]);
        for t in 0..cols {
            let a = vertical(e0[t], e1[t], e2[t], e3[t], row);
            let b = vertical(o0[t], o1[t], o2[t], o3[t], row);
            let c = vertical(e0[t + 1], e1[t + 1], e2[t + 1], e3[t + 1], row);
            let d = vertical(o0[t + 1], o1[t + 1], o2[t + 1], o3[t + 1], row);
            v0[t] = a - c;
            v1[t] = b + c;
            v2[t] = c - b;
            v3[t] = b - d;
        }
    }
}

/// A plane to its padded form, even and odd columns apart; the padding must be zero already.
#[inline(always)]
fn split_columns(geometry: &Geometry, tiles: Tiles, input: &[f32], plane: &mut [f32]) {
    let [top, left] = geometry.padding;
    for (row, line) in input.chunks_exact(geometry.width).take(tiles.height - top.min(tiles.height)).enumerate() {
        let (even, odd) = tiles.halves_mut(plane, row + top);
        // The first value of an even padded column, and of an odd one.
        let (to_even, to_odd) = if left % 2 == 0 { (line, &line[1.min(line.len())..]) } else { (&line[1.min(line.len())..], line) };
        let (even, odd) = (&mut even[left.div_ceil(2).min(tiles.half)..], &mut odd[(left / 2).min(tiles.half)..]);
        even.iter_mut().zip(to_even.iter().step_by(2)).for_each(|(to, from)| *to = *from);
        odd.iter_mut().zip(to_odd.iter().step_by(2)).for_each(|(to, from)| *to = *from);
    }
}

/// `y = A^T M A` plus the bias, cut where the last tile hangs over.
fn transform_output(
    geometry: &Geometry,
    tiles: Tiles,
    m: &[f32],
    count: usize,
    bias: Option<&[f32]>,
    y: &mut [f32],
) {
    let stride = geometry.outputs * count;
    simd(
        #[inline(always)]
        || {
            for (index, y) in y.chunks_exact_mut(geometry.out_image()).enumerate() {
                for (output, y) in y.chunks_exact_mut(geometry.out_plane()).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[output]);
                    let first = output * count + index * tiles.count();
                    for (tile_row, y) in y.chunks_mut(2 * geometry.cols).enumerate() {
                        let (upper, lower) = y.split_at_mut(geometry.cols);
                        let first = first + tile_row * tiles.cols;
                        let m: [&[f32]; ENTRIES] =
                            std::array::from_fn(|entry| &m[entry * stride + first..][..tiles.cols]);
                        inverse_tile_row(m, bias, upper, lower);
                    }
                }
            }
        },
    );
}

#[inline(always)]
fn inverse_tile_row(m: [&[f32]; ENTRIES], bias: f32, upper: &mut [f32], lower: &mut [f32]) {
    let horizontal = |row: usize, t: usize| {
        let [a, b, c, d] = [m[4 * row][t], m[4 * row + 1][t], m[4 * row + 2][t], m[4 * row + 3][t]];
        (a + b + c, b - c - d)
    };
    let tile = |t: usize| {
        let [a, b, c, d] = [horizontal(0, t), horizontal(1, t), horizontal(2, t), horizontal(3, t)];
        ([a.0 + b.0 + c.0 + bias, a.1 + b.1 + c.1 + bias], [b.0 - c.0 - d.0 + bias, b.1 - c.1 - d.1 + bias])
    };
    let whole = upper.len() / 2;
    if lower.len() == upper.len() {
        for (t, (upper, lower)) in upper.chunks_exact_mut(2).zip(lower.chunks_exact_mut(2)).enumerate() {
            let (above, below) = tile(t);
            upper.copy_from_slice(&above);
            lower.copy_from_slice(&below);
        }
    } else {
        for (t, upper) in upper.chunks_exact_mut(2).enumerate() {
            upper.copy_from_slice(&tile(t).0);
        }
    }
    if upper.len() % 2 == 1 {
        let (above, below) = tile(whole);
        upper[2 * whole] = above[0];
        if let Some(lower) = lower.get_mut(2 * whole) {
            *lower = below[0];
        }
    }
}

/// `dM = A dy A^T` of some images, as `[entry][output][image, tile]`.
fn transform_gradient(geometry: &Geometry, tiles: Tiles, dy: &[f32], images: Range<usize>, dm: &mut [f32]) {
    let count = images.len() * tiles.count();
    let stride = geometry.outputs * count;
    simd(
        #[inline(always)]
        || {
            for (index, image) in images.enumerate() {
                let dy = &dy[image * geometry.out_image()..][..geometry.out_image()];
                for (output, dy) in dy.chunks_exact(geometry.out_plane()).enumerate() {
                    let first = output * count + index * tiles.count();
                    for (tile_row, dy) in dy.chunks(2 * geometry.cols).enumerate() {
                        let (upper, lower) = dy.split_at(geometry.cols);
                        gradient_tile_row(upper, lower, &mut dm[first + tile_row * tiles.cols..], stride, tiles.cols);
                    }
                }
            }
        },
    );
}

#[inline(always)]
fn gradient_tile_row(upper: &[f32], lower: &[f32], dm: &mut [f32], stride: usize, cols: usize) {
    let a = |x: f32, y: f32, row: usize| match row {
        0 => x,
        1 => x + y,
        2 => x - y,
        _ => -y,
    };
    let whole = upper.len() / 2;
    for row in 0..4 {
        let (_, dm) = dm.split_at_mut(4 * row * stride);
        let (m0, dm) = dm.split_at_mut(stride);
        let (m1, dm) = dm.split_at_mut(stride);
        let (m2, m3) = dm.split_at_mut(stride);
        let (m0, m1, m2, m3) = (&mut m0[..cols], &mut m1[..cols], &mut m2[..cols], &mut m3[..cols]);
        let mut put = |t: usize, left: f32, right: f32| {
            m0[t] = left;
            m1[t] = left + right;
            m2[t] = left - right;
            m3[t] = -right;
        };
        if lower.len() == upper.len() {
            for (t, (upper, lower)) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).enumerate() {
                put(t, a(upper[0], lower[0], row), a(upper[1], lower[1], row));
            }
        } else {
            for (t, upper) in upper.chunks_exact(2).enumerate() {
                put(t, a(upper[0], 0.0, row), a(upper[1], 0.0, row));
            }
        }
        if upper.len() % 2 == 1 {
            put(whole, a(upper[2 * whole], lower.get(2 * whole).copied().unwrap_or(0.0), row), 0.0);
        }
    }
}

/// `dx = B dV B^T`, summed where tiles overlap and cut where there is padding.
fn gradient_of_input(
    geometry: &Geometry,
    tiles: Tiles,
    dv: &[f32],
    count: usize,
    dx: &mut [f32],
    plane: &mut [f32],
) {
    let stride = geometry.channels * count;
    simd(
        #[inline(always)]
        || {
            for (index, dx) in dx.chunks_exact_mut(geometry.image()).enumerate() {
                for (channel, dx) in dx.chunks_exact_mut(geometry.in_plane()).enumerate() {
                    plane.fill(0.0);
                    let first = channel * count + index * tiles.count();
                    for tile_row in 0..tiles.rows {
                        let first = first + tile_row * tiles.cols;
                        let dv: [&[f32]; ENTRIES] =
                            std::array::from_fn(|entry| &dv[entry * stride + first..][..tiles.cols]);
                        for row in 0..4 {
                            let (even, odd) = tiles.halves_mut(plane, 2 * tile_row + row);
                            add_tile_row(dv, row, even, odd);
                        }
                    }
                    join_columns(geometry, tiles, plane, dx);
                }
            }
        },
    );
}

/// Adds row `row` of `B dV B^T` to the halves of a padded row.
#[inline(always)]
fn add_tile_row(dv: [&[f32]; ENTRIES], row: usize, even: &mut [f32], odd: &mut [f32]) {
    let cols = dv[0].len();
    let vertical = |col: usize, t: usize| {
        let at = |row: usize| dv[4 * row + col][t];
        match row {
            0 => at(0),
            1 => at(1) - at(2) + at(3),
            2 => at(1) + at(2) - at(0),
            _ => -at(3),
        }
    };
    let (own_even, own_odd) = (&mut even[..cols], &mut odd[..cols]);
    for t in 0..cols {
        let [a, b, c, d] = [vertical(0, t), vertical(1, t), vertical(2, t), vertical(3, t)];
        own_even[t] += a;
        own_odd[t] += b - c + d;
    }
    let (next_even, next_odd) = (&mut even[1..cols + 1], &mut odd[1..cols + 1]);
    for t in 0..cols {
        let [a, b, c, d] = [vertical(0, t), vertical(1, t), vertical(2, t), vertical(3, t)];
        next_even[t] += b + c - a;
        next_odd[t] -= d;
    }
}

/// The inverse of [`split_columns`].
#[inline(always)]
fn join_columns(geometry: &Geometry, tiles: Tiles, plane: &[f32], dx: &mut [f32]) {
    let [top, left] = geometry.padding;
    for (row, line) in dx.chunks_exact_mut(geometry.width).take(tiles.height - top.min(tiles.height)).enumerate() {
        let (even, odd) = tiles.halves(plane, row + top);
        for (col, value) in line.iter_mut().enumerate() {
            let padded = col + left;
            let half = if padded.is_multiple_of(2) { even } else { odd };
            *value = half.get(padded / 2).copied().unwrap_or(0.0);
        }
    }
}
