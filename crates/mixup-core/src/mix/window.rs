//! Boxes of an image.

use std::ops::Range;

use ndarray::{Array2, s};
use rand::{Rng, RngExt};

use super::Mask;
use crate::CoreError;

/// A box of an image, in pixels. It may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// From the top.
    pub rows: Range<usize>,
    /// From the left.
    pub columns: Range<usize>,
}

impl Window {
    /// A box of so many pixels round a centre, without what would be outside of the image. On either side of the
    /// centre it has half of its length, rounded down: an odd length loses a pixel, as in CutMix's official code.
    pub fn around(centre: [usize; 2], length: [usize; 2], size: [usize; 2]) -> Self {
        let along = |axis: usize| {
            let half = length[axis] / 2;
            let (start, end) = (centre[axis].saturating_sub(half), centre[axis] + half);
            start.min(size[axis])..end.min(size[axis])
        };
        Self { rows: along(0), columns: along(1) }
    }

    /// The box of CutMix (Yun et al. 2019): each side is `sqrt(1 - lambda)` of the image's, so that the box has
    /// `1 - lambda` of its area if nothing is outside.
    pub fn of_cutmix(lambda: f64, centre: [usize; 2], size: [usize; 2]) -> Self {
        let part = (1.0 - lambda).max(0.0).sqrt();
        Self::around(centre, size.map(|side| (side as f64 * part) as usize), size)
    }

    /// Pixels of the box.
    pub fn area(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The share of an image that is outside of the box.
    pub fn outside(&self, [height, width]: [usize; 2]) -> f64 {
        1.0 - self.area() as f64 / (height * width) as f64
    }

    /// The mask that pastes the partner's pixels into the box, for all samples.
    ///
    /// # Errors
    /// A box that is not inside of the image, or an image without a pixel.
    pub fn mask(&self, [height, width]: [usize; 2]) -> Result<Mask, CoreError> {
        let mut values = Array2::ones((height, width));
        if self.rows.end > height || self.columns.end > width {
            return Err(CoreError::Invalid(format!("the box {self:?} in images of {height} x {width}")));
        }
        values.slice_mut(s![self.rows.clone(), self.columns.clone()]).fill(0.0);
        Mask::shared(values)
    }
}

/// A pixel of an image, each as likely as another.
///
/// # Errors
/// An image without a pixel.
pub fn centre([height, width]: [usize; 2], rng: &mut impl Rng) -> Result<[usize; 2], CoreError> {
    if height == 0 || width == 0 {
        return Err(CoreError::Invalid(format!("an image of {height} x {width} pixels")));
    }
    Ok([rng.random_range(0..height), rng.random_range(0..width)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boxes_by_hand() {
        let window = Window::of_cutmix(0.75, [5, 2], [10, 9]);
        assert_eq!(window, Window { rows: 3..7, columns: 0..4 });
        assert_eq!(window.outside([10, 9]), 1.0 - 16.0 / 90.0);
        // A box of one pixel on either side is lost.
        assert_eq!(Window::of_cutmix(0.99, [5, 5], [10, 10]).area(), 0);
        assert!(Window { rows: 0..3, columns: 0..1 }.mask([2, 2]).is_err());
        assert!(centre([3, 0], &mut crate::stream::Streams::new("box", 0).get("box")).is_err());
    }

    proptest! {
        #[test]
        fn a_box_is_in_the_image_and_its_mask_has_its_area(
            (height, width) in (1usize..40, 1usize..40), lambda in 0.0f64..=1.0, at in [0usize..40, 0usize..40],
        ) {
            let size = [height, width];
            let window = Window::of_cutmix(lambda, [at[0] % height, at[1] % width], size);
            let mask = window.mask(size).unwrap();
            prop_assert!(mask.values().iter().all(|&value| value == 0.0 || value == 1.0));
            let mean = mask.values().sum() / (height * width) as f64;
            prop_assert!((mean - window.outside(size)).abs() < 1e-12);
            // Clipping and rounding only lose pixels.
            prop_assert!(mean >= lambda - 1e-12, "{mean} {lambda}");
        }

        #[test]
        fn lambda_one_keeps_the_image_and_zero_half_of_it_at_least(size in [1usize..40, 1usize..40]) {
            let centre = [size[0] / 2, size[1] / 2];
            prop_assert_eq!(Window::of_cutmix(1.0, centre, size).area(), 0);
            let whole = Window::of_cutmix(0.0, centre, size).area();
            prop_assert_eq!(whole, size.map(|side| side / 2 * 2).iter().product::<usize>());
        }
    }
}
