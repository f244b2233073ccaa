//! How strongly: one ratio for the batch, one per sample, or a mask.

use ndarray::{Array2, Array3, ArrayView2, Axis};

use crate::CoreError;

/// Share of the own sample in a mixture, not folded to `max(lambda, 1 - lambda)`.
#[derive(Debug, Clone, PartialEq)]
pub enum Ratio {
    /// One lambda for the whole batch (mixup).
    Batch(f64),
    /// One lambda per sample.
    Sample(Vec<f64>),
    /// One lambda per pixel (CutMix, FMix and their kin).
    Mask(Mask),
}

/// Share of the own image, pixel by pixel: 1 keeps the own pixel, 0 takes the partner's.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// `[1, height, width]` where all samples share it, else `[samples, height, width]`.
    values: Array3<f64>,
    /// What the own label gets where that is not the mask's area.
    label: Option<f64>,
}

impl Ratio {
    /// What the ratio gives to the own label, one per sample: lambda, or the area of a mask unless it says
    /// otherwise ([`Mask::labelled`]).
    ///
    /// # Errors
    /// Values for another number of samples, or one that is not finite.
    pub fn shares(&self, samples: usize) -> Result<Vec<f64>, CoreError> {
        let shares = match self {
            Self::Batch(lambda) => vec![*lambda; samples],
            Self::Sample(lambdas) => lambdas.clone(),
            Self::Mask(mask) => match (mask.label, mask.areas()) {
                (Some(label), areas) if mask.is_shared() || areas.len() == samples => vec![label; samples],
                (_, areas) if mask.is_shared() => vec![areas[0]; samples],
                (_, areas) => areas,
            },
        };
        if shares.len() != samples {
            return Err(CoreError::Invalid(format!("ratios of {} samples for {samples}", shares.len())));
        }
        if let Some(bad) = shares.iter().find(|share| !share.is_finite()) {
            return Err(CoreError::Invalid(format!("a mixing ratio of {bad}")));
        }
        Ok(shares)
    }
}

impl Mask {
    /// One mask for all samples, `[height, width]`.
    ///
    /// # Errors
    /// A mask without a pixel, or a value that is not from 0 to 1.
    pub fn shared(values: Array2<f64>) -> Result<Self, CoreError> {
        Self::checked(values.insert_axis(Axis(0)))
    }

    /// A mask for each sample, `[samples, height, width]`.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub fn per_sample(values: Array3<f64>) -> Result<Self, CoreError> {
        Self::checked(values)
    }

    fn checked(values: Array3<f64>) -> Result<Self, CoreError> {
        if values.is_empty() {
            return Err(CoreError::Invalid(format!("a mask of shape {:?}", values.shape())));
        }
        if let Some(bad) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(CoreError::Invalid(format!(
                "a mask with the value {bad}: it is a share, from 0 to 1"
            )));
        }
        Ok(Self { values, label: None })
    }

    /// The same mask where own labels get another share than its area: that which its area was meant to be,
    /// say, before it was rounded to pixels.
    #[must_use]
    pub fn labelled(self, share: f64) -> Self {
        Self { label: Some(share), ..self }
    }

    /// `[1, height, width]` where all samples share it, else `[samples, height, width]`.
    pub fn values(&self) -> &Array3<f64> {
        &self.values
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        let (_, height, width) = self.values.dim();
        [height, width]
    }

    /// Whether one mask stands for any number of samples.
    fn is_shared(&self) -> bool {
        self.values.len_of(Axis(0)) == 1
    }

    /// Mean of each mask.
    fn areas(&self) -> Vec<f64> {
        self.values.outer_iter().map(|mask| mask.sum() / mask.len() as f64).collect()
    }

    /// The mask at another resolution: each new pixel is the mean of what it covers, where a pixel that it
    /// covers in part counts in part. The area stays the same.
    ///
    /// # Errors
    /// A height or width of 0.
    pub fn resized(&self, [height, width]: [usize; 2]) -> Result<Self, CoreError> {
        let [old_height, old_width] = self.size();
        let (rows, columns) = (covering(old_height, height), covering(old_width, width));
        let resize = |mask: ArrayView2<'_, f64>| rows.dot(&mask).dot(&columns.t());
        let mut values = Array3::zeros((self.values.len_of(Axis(0)), height, width));
        for (mut new, old) in values.outer_iter_mut().zip(self.values.outer_iter()) {
            // A sum of shares that is 1 may round to a little more.
            new.assign(&resize(old).mapv(|value| value.min(1.0)));
        }
        Ok(Self { label: self.label, ..Self::checked(values)? })
    }
}

/// `[new, old]`: which part of each new pixel, along one axis, each old pixel covers.
fn covering(old: usize, new: usize) -> Array2<f64> {
    // In units of 1 / (old new) of the whole, a new pixel is `old` long and an old one `new`.
    Array2::from_shape_fn((new, old), |(i, j)| {
        let (start, end) = ((i * old).max(j * new), ((i + 1) * old).min((j + 1) * new));
        end.saturating_sub(start) as f64 / old as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn a_mask_shrinks_and_grows_by_area() {
        let mask = Mask::shared(array![[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]).unwrap();
        let whole = mask.resized([1, 1]).unwrap();
        assert!((whole.values()[[0, 0, 0]] - 4.0 / 9.0).abs() < 1e-15);
        let halves = Mask::shared(array![[1.0, 0.0, 0.0]]).unwrap().resized([1, 2]).unwrap();
        assert!((halves.values()[[0, 0, 0]] - 2.0 / 3.0).abs() < 1e-15, "{halves:?}");
        assert_eq!(halves.values()[[0, 0, 1]], 0.0);
        let doubled = Mask::shared(array![[1.0, 0.25]]).unwrap().resized([2, 4]).unwrap();
        assert_eq!(doubled.values(), array![[[1.0, 1.0, 0.25, 0.25], [1.0, 1.0, 0.25, 0.25]]]);
    }

    #[test]
    fn a_mask_may_say_what_labels_get() {
        let mask = Mask::shared(array![[1.0, 0.0, 1.0]]).unwrap().labelled(0.6);
        assert_eq!(Ratio::Mask(mask.resized([1, 2]).unwrap()).shares(2).unwrap(), [0.6, 0.6]);
        assert!(Ratio::Mask(mask.labelled(f64::NAN)).shares(2).is_err());
        let each = Mask::per_sample(Array3::ones((2, 1, 1))).unwrap().labelled(0.6);
        assert!(Ratio::Mask(each.clone()).shares(3).is_err());
        assert_eq!(Ratio::Mask(each).shares(2).unwrap(), [0.6, 0.6]);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert!(Mask::shared(array![[1.5]]).is_err());
        assert!(Mask::shared(array![[f64::NAN]]).is_err());
        assert!(Mask::per_sample(Array3::zeros((0, 2, 2))).is_err());
        assert!(Mask::shared(array![[1.0]]).unwrap().resized([0, 3]).is_err());
        assert!(Ratio::Batch(f64::NAN).shares(2).is_err());
        let message = Ratio::Sample(vec![0.5; 3]).shares(2).unwrap_err().to_string();
        assert!(message.contains("3 samples for 2"), "{message}");
    }

    proptest! {
        #[test]
        fn resizing_keeps_the_area(
            (height, width) in (1usize..9, 1usize..9), new in [1usize..12, 1usize..12],
            values in prop::collection::vec(0.0f64..=1.0, 2 * 8 * 8),
        ) {
            let values = Array3::from_shape_fn((2, height, width), |(n, i, j)| values[(n * 8 + i) * 8 + j]);
            let mask = Mask::per_sample(values).unwrap();
            for (before, after) in mask.areas().iter().zip(mask.resized(new).unwrap().areas()) {
                prop_assert!((before - after).abs() < 1e-12, "{before} {after}");
            }
        }
    }
}
