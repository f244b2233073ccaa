//! RCF-MNIST (rotated, coloured Fashion-MNIST): how its images are made.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};

/// Colours one image by its label: `R *= rho`, `G = 0`, `B *= 1 - rho` where a channel's own old
/// value is above `threshold`; `rho = y`, or `1 - y` if `inverse`.
///
/// # Shapes
/// - `image`: `[height, width, 3]` in [0, 1]
/// - `y`: in [0, 1]
pub fn color(image: ArrayView3<'_, f64>, y: f64, inverse: bool, threshold: f64) -> Array3<f64> {
    let rho = if inverse { 1.0 - y } else { y };
    let factors = [rho, 0.0, 1.0 - rho];
    let mut colored = image.to_owned();
    for ((_, _, channel), value) in colored.indexed_iter_mut() {
        if *value > threshold {
            *value *= factors[channel];
        }
    }
    colored
}

/// Rotates a square image counter-clockwise about its centre, nearest neighbour, zero outside, in
/// the 16.16 fixed point that the official code's imaging library (Pillow) uses; plain floating
/// point differs by some pixels.
///
/// # Shapes
/// - `image`: `[n, n]`
pub fn rotate(image: ArrayView2<'_, u8>, degrees: f64) -> Array2<u8> {
    let side = image.nrows();
    let radians = -degrees.to_radians();
    let (cos, sin) = (round15(radians.cos()), round15(radians.sin()));
    let centre = side as f64 / 2.0;
    let column = Axis16::new([cos, sin], -cos * centre - sin * centre + centre);
    let row = Axis16::new([-sin, cos], sin * centre - cos * centre + centre);
    Array2::from_shape_fn((side, side), |(y, x)| {
        let inside = |index: i64| usize::try_from(index).ok().filter(|index| *index < side);
        let source = inside(row.source(x, y)).zip(inside(column.source(x, y)));
        source.map_or(0, |at| image[at])
    })
}

/// One coordinate of the source pixel as an affine function of the target pixel.
struct Axis16 {
    start: i64,
    per_x: i64,
    per_y: i64,
}

impl Axis16 {
    fn new([per_x, per_y]: [f64; 2], offset: f64) -> Self {
        // Half a pixel further: the source of a pixel's centre.
        let start = fixed(offset + per_x / 2.0 + per_y / 2.0);
        Self { start, per_x: fixed(per_x), per_y: fixed(per_y) }
    }

    fn source(&self, x: usize, y: usize) -> i64 {
        (self.start + x as i64 * self.per_x + y as i64 * self.per_y) >> 16
    }
}

fn fixed(value: f64) -> i64 {
    (65536.0 * value + 0.5).floor() as i64
}

fn round15(value: f64) -> f64 {
    (value * 1e15).round() / 1e15
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_quarter_turn_is_exact() {
        let image = array![[1, 2], [3, 4]];
        assert_eq!(rotate(image.view(), 90.0), array![[2, 4], [1, 3]]);
        assert_eq!(rotate(image.view(), 0.0), image);
        assert_eq!(rotate(image.view(), 180.0), array![[4, 3], [2, 1]]);
    }
}
