//! Parts of images, brought to another size.

use rand::{Rng, RngExt};

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// Tries after which the whole image is taken.
const TRIES: usize = 10;

impl Rectangle {
    /// A part of an image: its area a uniform share from `least` to 1, the logarithm of width over height uniform. The
    /// whole image where none of some tries lies in it.
    pub(super) fn random([height, width]: [usize; 2], least: f64, rng: &mut impl Rng) -> Self {
        let widest = (4.0_f64 / 3.0).ln();
        for _ in 0..TRIES {
            let area = (height * width) as f64 * rng.random_range(least..=1.0);
            let ratio = rng.random_range(-widest..=widest).exp();
            let wide = (area * ratio).sqrt().round() as usize;
            let high = (area / ratio).sqrt().round() as usize;
            if (1..=width).contains(&wide) && (1..=height).contains(&high) {
                // u32, so that a 32-bit machine draws the same.
                let top = rng.random_range(0..=(height - high) as u32) as usize;
                let left = rng.random_range(0..=(width - wide) as u32) as usize;
                return Self { top, left, height: high, width: wide };
            }
        }
        Self { top: 0, left: 0, height, width }
    }

    /// A square of the image's pixels at a random place.
    pub(super) fn square([height, width]: [usize; 2], side: usize, rng: &mut impl Rng) -> Self {
        let top = rng.random_range(0..=(height - side) as u32) as usize;
        let left = rng.random_range(0..=(width - side) as u32) as usize;
        Self { top, left, height: side, width: side }
    }

    /// The square in the image's middle.
    pub(super) fn middle([height, width]: [usize; 2], side: usize) -> Self {
        Self { top: (height - side) / 2, left: (width - side) / 2, height: side, width: side }
    }

    /// The part of a plane of rows of `stride` pixels at another size: bilinear between centres of pixels.
    pub(super) fn enlarged(&self, plane: &[f32], stride: usize, [height, width]: [usize; 2]) -> Vec<f32> {
        let place = |out: usize, size: usize, inside: usize| {
            let centre = (out as f32 + 0.5) * inside as f32 / size as f32 - 0.5;
            let centre = centre.clamp(0.0, (inside - 1) as f32);
            (centre as usize, (centre as usize + 1).min(inside - 1), centre.fract())
        };
        let columns: Vec<_> = (0..width).map(|column| place(column, width, self.width)).collect();
        let mut enlarged = Vec::with_capacity(height * width);
        for row in 0..height {
            let (upper, lower, down) = place(row, height, self.height);
            let line = |row: usize| &plane[(self.top + row) * stride + self.left..];
            let (upper, lower) = (line(upper), line(lower));
            enlarged.extend(columns.iter().map(|&(left, right, over)| {
                let of = |line: &[f32]| line[left] * (1.0 - over) + line[right] * over;
                of(upper) * (1.0 - down) + of(lower) * down
            }));
        }
        enlarged
    }
}
