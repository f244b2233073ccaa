//! RCF-MNIST (rotated, coloured Fashion-MNIST; Yao et al. 2022): how far was an image turned? Its colour
//! tells the angle in training and misleads in the test.

use std::num::NonZeroUsize;

use mixup_core::{CoreError, checked::UnitInterval, split::random_parts, stream::Streams};
use mixup_data::LabelledImages;
use ndarray::{Array2, Array3, Array4, ArrayView2, ArrayView3, Axis, Ix4, concatenate};
use rand::{RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};

use super::Counts;
use super::prepare::{Parts, Samples};

/// How the images are made; the default is that of the official code.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RotatedColoured {
    /// Share of the training images whose colour says the angle (`rho = y`), and of the test images
    /// whose colour says the opposite (`rho = 1 - y`); the colour of the others is the other way round.
    pub spurious: UnitInterval,
    /// Pixels of a side: each is the mean of a block of the finished image. As they are where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<NonZeroUsize>,
}

impl Default for RotatedColoured {
    fn default() -> Self {
        Self { spurious: UnitInterval::new(0.8).expect("0.8 is a share"), side: None }
    }
}

/// What the colour `rho` of a part says about the label `y`.
#[derive(Clone, Copy)]
enum Colour {
    /// `rho = y` of the larger group, `1 - y` of the other.
    Telling,
    /// `rho = 1 - y` of the larger group, `y` of the other.
    Misleading,
    /// Nothing: `rho` is uniform in [0, 1).
    Random,
}

/// Dark pixels stay dark: of channels up to this brightness the colour changes nothing.
const THRESHOLD: f64 = 5.0 / 255.0;

impl RotatedColoured {
    /// Training, validation and test images, `[samples, 3, side, side]` in [-1, 1], with the angle as a
    /// share of the full turn for a target. Colours tell the angle in training, nothing in validation, and
    /// mislead in the test, whose groups are 0 (the larger, misleading one) and 1.
    ///
    /// Streams read here: `split`, `angles`, `colours`.
    ///
    /// # Errors
    /// Images that are not square and grey, a side that does not divide theirs, or as [`random_parts`].
    pub fn parts(
        &self,
        images: &LabelledImages,
        counts: &Counts,
        streams: &mut Streams,
    ) -> Result<Parts<Ix4>, CoreError> {
        let LabelledImages { channels, height, width, .. } = *images;
        let side = self.side.map_or(height, NonZeroUsize::get);
        if channels != 1 || height != width || !height.is_multiple_of(side) {
            return Err(CoreError::Invalid(format!(
                "rotated and coloured images of {side} x {side} pixels cannot be made of {channels} channels of \
                 {height} x {width}: one channel, square, and a side that divides theirs are needed"
            )));
        }
        let sizes = [counts.train, counts.validation, counts.test];
        let [train, validation, test] = random_parts(images.len(), sizes, streams.get("split"))?;
        Ok(Parts {
            train: self.part(images, &train, Colour::Telling, streams),
            validation: self.part(images, &validation, Colour::Random, streams),
            test: self.part(images, &test, Colour::Misleading, streams),
        })
    }

    fn part(
        &self,
        images: &LabelledImages,
        rows: &[usize],
        colour: Colour,
        streams: &mut Streams,
    ) -> Samples<Ix4> {
        let side = self.side.map_or(images.height, NonZeroUsize::get);
        let groups = self.groups(rows.len(), streams);
        let mut x = Array4::zeros((rows.len(), 3, side, side));
        let mut y = Array2::zeros((rows.len(), 1));
        for (sample, &row) in rows.iter().enumerate() {
            let label: f64 = streams.get("angles").random();
            let says_so = match colour {
                Colour::Telling => groups[sample] == 0,
                Colour::Misleading => groups[sample] == 1,
                Colour::Random => true,
            };
            let rho = if matches!(colour, Colour::Random) { streams.get("colours").random() } else { label };
            let grey = Array2::from_shape_fn((images.height, images.width), |(line, column)| {
                images.image(row)[line * images.width + column]
            });
            let grey = rotate(grey.view(), 360.0 * label).mapv(|pixel| f64::from(pixel) / 255.0);
            let grey = grey.insert_axis(Axis(2));
            let white = concatenate![Axis(2), grey, grey, grey];
            let finished = reduced(color(white.view(), rho, !says_so, THRESHOLD).view(), side);
            x.index_axis_mut(Axis(0), sample).assign(&finished.mapv(|value| 2.0 * value - 1.0));
            y[[sample, 0]] = label;
        }
        let groups = if matches!(colour, Colour::Misleading) { groups } else { Vec::new() };
        Samples { x, y, groups }
    }

    /// 0 for `spurious` of the samples, rounded down, drawn at random; 1 for the others.
    fn groups(&self, samples: usize, streams: &mut Streams) -> Vec<i64> {
        let larger = (self.spurious.get() * samples as f64) as usize;
        let mut groups: Vec<i64> = (0..samples).map(|sample| i64::from(sample >= larger)).collect();
        groups.shuffle(streams.get("colours"));
        groups
    }
}

/// An image `[n, n, 3]` as `[3, side, side]`, each pixel the mean of a block.
fn reduced(image: ArrayView3<'_, f64>, side: usize) -> Array3<f64> {
    let block = image.dim().0 / side;
    let pixels = (block * block) as f64;
    let mut small = Array3::zeros((3, side, side));
    for ((row, column, channel), value) in image.indexed_iter() {
        small[[channel, row / block, column / block]] += value / pixels;
    }
    small
}

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
    use ndarray::{array, s};

    #[test]
    fn a_quarter_turn_is_exact() {
        let image = array![[1, 2], [3, 4]];
        assert_eq!(rotate(image.view(), 90.0), array![[2, 4], [1, 3]]);
        assert_eq!(rotate(image.view(), 0.0), image);
        assert_eq!(rotate(image.view(), 180.0), array![[4, 3], [2, 1]]);
    }

    fn squares(count: usize) -> LabelledImages {
        let (height, width) = (4, 4);
        let pixels = vec![255; count * height * width];
        LabelledImages { channels: 1, height, width, classes: 1, pixels, labels: vec![0; count] }
    }

    fn parts(side: Option<usize>) -> Parts<Ix4> {
        let config = RotatedColoured { side: side.and_then(NonZeroUsize::new), ..RotatedColoured::default() };
        let counts = Counts { train: 50, validation: 20, test: 25 };
        config.parts(&squares(100), &counts, &mut Streams::new("rcf", 0)).unwrap()
    }

    /// The red of the image's centre, which every rotation of a white square leaves inside.
    fn red(part: &Samples<Ix4>, sample: usize) -> f64 {
        (part.x[[sample, 0, 1, 1]] + 1.0) / 2.0
    }

    #[test]
    fn colour_tells_the_angle_in_training_and_misleads_in_the_test() {
        let parts = parts(None);
        let says = |part: &Samples<Ix4>, inverse: bool| {
            let expected = |y: f64| if inverse { 1.0 - y } else { y };
            (0..part.len()).filter(|&i| (red(part, i) - expected(part.y[[i, 0]])).abs() < 1e-12).count()
        };
        assert_eq!((says(&parts.train, false), says(&parts.train, true)), (40, 10));
        assert_eq!((says(&parts.test, false), says(&parts.test, true)), (5, 20));
        assert_eq!((says(&parts.validation, false), says(&parts.validation, true)), (0, 0));
        for (sample, group) in parts.test.groups.iter().enumerate() {
            let misleads = (red(&parts.test, sample) - (1.0 - parts.test.y[[sample, 0]])).abs() < 1e-12;
            assert_eq!(misleads, *group == 0);
        }
        assert!(parts.train.groups.is_empty() && parts.validation.groups.is_empty());
        // Green is gone, and red and blue share the brightness.
        for image in parts.train.x.outer_iter() {
            assert_eq!(image[[1, 1, 1]], -1.0);
            assert!((image[[0, 1, 1]] + image[[2, 1, 1]]).abs() < 1e-12);
        }
    }

    #[test]
    fn small_images_are_means_of_the_large_ones() {
        let (large, small) = (parts(None), parts(Some(2)));
        assert_eq!(small.train.x.dim(), (50, 3, 2, 2));
        assert_eq!((&small.train.y, &small.test.groups), (&large.train.y, &large.test.groups));
        let block = large.train.x.slice(s![7, 2, 2..4, 0..2]).mean().unwrap();
        assert!((small.train.x[[7, 2, 1, 0]] - block).abs() < 1e-12);
    }

    #[test]
    fn images_that_do_not_fit_are_refused() {
        let counts = Counts { train: 5, validation: 2, test: 2 };
        let make = |side, images: &LabelledImages, counts: &Counts| {
            let config = RotatedColoured { side: NonZeroUsize::new(side), ..RotatedColoured::default() };
            config.parts(images, counts, &mut Streams::new("rcf", 0)).map_err(|error| error.to_string())
        };
        assert!(make(3, &squares(10), &counts).unwrap_err().contains("3 x 3"));
        let wide = LabelledImages { width: 8, ..squares(5) };
        assert!(make(4, &LabelledImages { labels: vec![0; 2], ..wide }, &counts).is_err());
        assert!(make(4, &squares(10), &Counts { train: 9, ..counts }).unwrap_err().contains("of 10 samples"));
    }
}
