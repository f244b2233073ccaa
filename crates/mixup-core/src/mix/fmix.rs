//! FMix's masks: a threshold on an image of low frequencies (Harris et al. 2020), in one, two and three dimensions.

use ndarray::{ArrayD, Axis, Ix2};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Mask;
use super::spectrum::{Complex, inverse_real};
use crate::CoreError;

/// Which spectrum an image of low frequencies is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spectrum {
    /// The official code's, whose real and imaginary parts are the entries 0 and 1 of the first *frequency* axis; what
    /// should have told them apart is an axis of the image. The image then has low frequencies along its rows and
    /// only the first one along its columns.
    #[default]
    Official,
    /// The paper's.
    Intended,
}

/// Magnitudes of the frequencies of an image, of one to three sides, as the official `fftfreqnd` has them: the second side
/// has half of its frequencies, of an odd one a negative one too many, and the third side's stand in the middle.
///
/// # Errors
/// Another number of sides, or one of 0.
pub fn frequencies(shape: &[usize]) -> Result<ArrayD<f64>, CoreError> {
    let signed = |length: usize, place: usize| {
        let negative = place >= length.div_ceil(2);
        (place as f64 - if negative { length as f64 } else { 0.0 }) / length as f64
    };
    if shape.contains(&0) {
        return Err(CoreError::Invalid(format!("an image of {shape:?}")));
    }
    let half = |width: usize| (width / 2 + 1 + width % 2).min(width);
    let norm = |parts: &[f64]| parts.iter().map(|part| part * part).sum::<f64>().sqrt();
    Ok(match *shape {
        [height] => ArrayD::from_shape_fn(vec![height], |at| signed(height, at[0]).abs()),
        [height, width] => ArrayD::from_shape_fn(vec![height, half(width)], |at| {
            norm(&[signed(width, at[1]), signed(height, at[0])])
        }),
        [height, width, depth] => ArrayD::from_shape_fn(vec![height, depth, half(width)], |at| {
            norm(&[signed(width, at[2]), signed(height, at[0]), signed(depth, at[1])])
        }),
        _ => return Err(CoreError::Invalid(format!("an image of {} sides: one to three", shape.len()))),
    })
}

/// Two standard normal numbers for each of [`frequencies`], in a last axis of two.
///
/// # Errors
/// As [`frequencies`].
pub fn normal_draws(shape: &[usize], rng: &mut impl Rng) -> Result<ArrayD<f64>, CoreError> {
    let mut drawn = frequencies(shape)?.shape().to_vec();
    drawn.push(2);
    Ok(ArrayD::from_shape_simple_fn(drawn, || StandardNormal.sample(rng)))
}

/// An image of low frequencies, from 0 to 1; of one value, 0.
///
/// # Shapes
/// - `draws`: [`normal_draws`]
/// - returns `shape`
///
/// # Errors
/// Draws of another shape, or a first side of 1 with the official spectrum, on which the official code fails.
pub fn low_frequency_image(
    shape: &[usize],
    draws: &ArrayD<f64>,
    decay: f64,
    spectrum: Spectrum,
) -> Result<ArrayD<f64>, CoreError> {
    let frequencies = frequencies(shape)?;
    let sides = shape.len();
    if draws.shape().split_last() != Some((&2, frequencies.shape())) {
        return Err(CoreError::Invalid(format!(
            "draws of shape {:?} for an image of {shape:?}",
            draws.shape()
        )));
    }
    let floor = 1.0 / shape.iter().copied().max().unwrap_or(1) as f64;
    let scale = frequencies.mapv(|frequency| frequency.max(floor).powf(decay).recip());
    let scaled = draws * &scale.insert_axis(Axis(sides));
    let (complex_axis, image) = match spectrum {
        Spectrum::Official if shape[0] < 2 => {
            return Err(CoreError::Invalid(format!("FMix's official code has no masks of {shape:?}")));
        }
        Spectrum::Official => (0, shape.to_vec()),
        // The half axis, of the width, comes last.
        Spectrum::Intended if sides == 3 => (sides, vec![shape[0], shape[2], shape[1]]),
        Spectrum::Intended => (sides, shape.to_vec()),
    };
    let [re, im] = [0, 1].map(|part| scaled.index_axis(Axis(complex_axis), part).to_owned());
    let mut image = inverse_real(Complex { re, im }, &image)?;
    if sides == 3 && spectrum == Spectrum::Intended {
        image.swap_axes(1, 2);
    }
    let smallest = image.fold(f64::INFINITY, |a, &b| a.min(b));
    image -= smallest;
    let largest = image.fold(0.0, |a: f64, &b| a.max(b));
    if largest > 0.0 {
        image /= largest;
    }
    Ok(image)
}

/// How an image becomes a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Share of the mask's largest values that become 1.
    pub lambda: f64,
    /// Whether `lambda` of the pixels is rounded up.
    pub up: bool,
    /// Share of the pixels on either side of the threshold that get values in between.
    pub max_soft: f64,
}

impl Threshold {
    /// A threshold that is rounded either way by a fair coin.
    pub fn draw(lambda: f64, rng: &mut impl Rng) -> Self {
        Self { lambda, up: rng.random(), max_soft: 0.0 }
    }

    /// The mask of an image. Its mean is lambda, up to a pixel.
    pub fn of(&self, image: &ArrayD<f64>) -> ArrayD<f64> {
        let (pixels, lambda) = (image.len(), self.lambda);
        let values: Vec<f64> = image.iter().copied().collect();
        let mut order: Vec<usize> = (0..pixels).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let exact = lambda * pixels as f64;
        let ones = if self.up { exact.ceil() } else { exact.floor() } as usize;
        let too_soft = self.max_soft > lambda || self.max_soft > 1.0 - lambda;
        let soft = if too_soft { lambda.min(1.0 - lambda) } else { self.max_soft };
        let soft = (pixels as f64 * soft) as usize;
        let (low, high) = (ones.saturating_sub(soft), (ones + soft).min(pixels));
        let mut mask = vec![0.0; pixels];
        order[..low].iter().for_each(|&pixel| mask[pixel] = 1.0);
        let steps = (high - low).saturating_sub(1).max(1) as f64;
        for (step, &pixel) in order[low..high].iter().enumerate() {
            mask[pixel] = 1.0 - step as f64 / steps;
        }
        let mut of_image = ArrayD::zeros(image.raw_dim());
        of_image.iter_mut().zip(mask).for_each(|(pixel, value)| *pixel = value);
        of_image
    }
}

/// What FMix draws for images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FMix {
    /// Power by which frequencies are damped.
    pub decay: f64,
    /// Whose spectrum.
    pub spectrum: Spectrum,
}

impl FMix {
    /// The mask of a lambda, for all samples. Labels get lambda itself, from which the area differs by less than a
    /// pixel.
    ///
    /// # Errors
    /// As [`low_frequency_image`].
    pub fn draw(&self, lambda: f64, size: [usize; 2], rng: &mut impl Rng) -> Result<Mask, CoreError> {
        let draws = normal_draws(&size, rng)?;
        let image = low_frequency_image(&size, &draws, self.decay, self.spectrum)?;
        let mask = Threshold::draw(lambda, rng).of(&image);
        let mask =
            mask.into_dimensionality::<Ix2>().map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(Mask::shared(mask)?.labelled(lambda))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Ratio;
    use crate::stream::Streams;
    use proptest::prelude::*;

    fn any_image(shape: &[usize], spectrum: Spectrum, seed: u64) -> ArrayD<f64> {
        let draws = normal_draws(shape, Streams::new("fmix", seed).get("box")).unwrap();
        low_frequency_image(shape, &draws, 3.0, spectrum).unwrap()
    }

    /// Energy of the frequencies from 2 on along one axis, over all but the constant.
    fn high(image: &ArrayD<f64>, axis: usize) -> f64 {
        let [mut above, mut all] = [0.0; 2];
        for lane in image.lanes(Axis(axis)) {
            let length = lane.len();
            for frequency in 1..=length / 2 {
                let part = |of: fn(f64) -> f64| -> f64 {
                    let wave = |(at, value): (usize, &f64)| {
                        value * of(std::f64::consts::TAU * (at * frequency) as f64 / length as f64)
                    };
                    lane.iter().enumerate().map(wave).sum()
                };
                let energy = part(f64::cos).powi(2) + part(f64::sin).powi(2);
                all += energy;
                above += if frequency >= 2 { energy } else { 0.0 };
            }
        }
        above / all
    }

    #[test]
    fn official_columns_have_one_frequency_and_intended_ones_more() {
        for seed in 0..5 {
            assert!(high(&any_image(&[16, 16], Spectrum::Official, seed), 1) < 1e-20);
            assert!(high(&any_image(&[16, 16], Spectrum::Official, seed), 0) > 1e-4);
            assert!(high(&any_image(&[16, 16], Spectrum::Intended, seed), 1) > 1e-4);
        }
    }

    #[test]
    fn an_official_mask_of_one_dimension_is_one_interval() {
        for seed in 0..20 {
            let mask = Threshold { lambda: 0.4, up: true, max_soft: 0.0 }.of(&any_image(
                &[30],
                Spectrum::Official,
                seed,
            ));
            let mask: Vec<f64> = mask.iter().copied().collect();
            let changes = (0..30).filter(|&at| mask[at] != mask[(at + 1) % 30]).count();
            assert_eq!(changes, 2, "{mask:?}");
        }
    }

    #[test]
    fn sizes_from_one_on_and_what_is_refused() {
        let rng = &mut Streams::new("fmix", 0);
        let mut draw = |spectrum, size| FMix { decay: 3.0, spectrum }.draw(0.5, size, rng.get("box"));
        assert!(draw(Spectrum::Intended, [1, 1]).is_ok() && draw(Spectrum::Official, [2, 1]).is_ok());
        assert!(draw(Spectrum::Official, [1, 5]).unwrap_err().to_string().contains("[1, 5]"));
        assert!(draw(Spectrum::Intended, [0, 5]).is_err());
        assert!(frequencies(&[2, 2, 2, 2]).is_err());
        assert!(low_frequency_image(&[4], &ArrayD::zeros(vec![3, 2]), 3.0, Spectrum::Intended).is_err());
        let flat = low_frequency_image(&[4], &ArrayD::zeros(vec![4, 2]), 3.0, Spectrum::Intended).unwrap();
        assert_eq!(flat, ArrayD::<f64>::zeros(vec![4]));
    }

    proptest! {
        #[test]
        fn masks_have_lambda_of_the_pixels(
            sides in prop::collection::vec(2usize..8, 1..4), lambda in 0.0f64..=1.0, up: bool, soft in 0.0f64..0.6,
            official: bool, seed: u64,
        ) {
            let spectrum = if official { Spectrum::Official } else { Spectrum::Intended };
            let image = any_image(&sides, spectrum, seed);
            prop_assert_eq!(image.shape(), &sides[..]);
            let pixels = image.len() as f64;
            let hard = Threshold { lambda, up, max_soft: 0.0 }.of(&image);
            prop_assert!(hard.iter().all(|&value| value == 0.0 || value == 1.0));
            prop_assert!((hard.sum() - lambda * pixels).abs() < 1.0);
            let soft = Threshold { lambda, up, max_soft: soft }.of(&image);
            prop_assert!((soft.sum() - hard.sum()).abs() < 1e-9, "the ramp is even");
            prop_assert!(soft.iter().all(|value| (0.0..=1.0).contains(value)));
        }

        #[test]
        fn labels_get_lambda(lambda in 0.0f64..=1.0, seed: u64) {
            let fmix = FMix { decay: 3.0, spectrum: Spectrum::Official };
            let mask = fmix.draw(lambda, [6, 5], Streams::new("fmix", seed).get("box")).unwrap();
            let area = mask.values().sum() / 30.0;
            prop_assert!((area - lambda).abs() < 1.0 / 30.0);
            prop_assert_eq!(Ratio::Mask(mask).shares(3).unwrap(), [lambda; 3]);
        }
    }
}
