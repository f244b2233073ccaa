//! Mean and spread of each channel.

use serde::{Deserialize, Serialize};

use super::ImageShape;
use crate::{
    CoreError,
    checked::{Positive, UnitInterval},
};

/// What images are centred and scaled by, as `normalise:` of an experiment names it:
/// `training-set`, `unit-interval` or `{given: {mean: [...], std: [...]}}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// Mean and standard deviation of the training images.
    #[default]
    TrainingSet,
    /// Nothing: bytes divided by 255, from 0 to 1, as attacks on images want them.
    UnitInterval,
    /// Constants, one of each per channel, for bytes divided by 255.
    Given(GivenStatistics),
}

/// Constants of [`Normalise::Given`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenStatistics {
    /// Subtracted.
    pub mean: Vec<UnitInterval>,
    /// Divided by.
    pub std: Vec<Positive>,
}

/// Mean and standard deviation of each channel, for bytes divided by 255.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    /// `[channels]`
    pub mean: Vec<f64>,
    /// `[channels]`, above 0.
    pub std: Vec<f64>,
}

impl Normalise {
    /// Whether images are left from 0 to 1.
    pub fn is_identity(&self) -> bool {
        match self {
            Self::TrainingSet => false,
            Self::UnitInterval => true,
            Self::Given(GivenStatistics { mean, std }) => {
                mean.iter().all(|mean| mean.get() == 0.0) && std.iter().all(|std| std.get() == 1.0)
            }
        }
    }

    /// The constants, or else the statistics of the training images.
    ///
    /// # Shapes
    /// - `pixels`: `[images, channels, height, width]`, bytes
    ///
    /// # Errors
    /// Constants for another number of channels, or as [`ChannelStatistics::of`].
    pub fn statistics(&self, pixels: &[u8], shape: ImageShape) -> Result<ChannelStatistics, CoreError> {
        let GivenStatistics { mean, std } = match self {
            Self::TrainingSet => return ChannelStatistics::of(pixels, shape),
            Self::UnitInterval => {
                let channels = shape.channels;
                return Ok(ChannelStatistics { mean: vec![0.0; channels], std: vec![1.0; channels] });
            }
            Self::Given(given) => given,
        };
        if mean.len() != shape.channels || std.len() != shape.channels {
            return Err(CoreError::Invalid(format!(
                "normalise: {} means and {} standard deviations for images of {} channels",
                mean.len(),
                std.len(),
                shape.channels
            )));
        }
        Ok(ChannelStatistics {
            mean: mean.iter().map(|mean| mean.get()).collect(),
            std: std.iter().map(|std| std.get()).collect(),
        })
    }
}

impl ChannelStatistics {
    /// Mean and population standard deviation over all images and places. A channel without spread has
    /// standard deviation 1, so that it is only centred.
    ///
    /// # Shapes
    /// - `pixels`: `[images, channels, height, width]`, bytes
    ///
    /// # Errors
    /// No image, or bytes that are not whole images.
    pub fn of(pixels: &[u8], shape: ImageShape) -> Result<Self, CoreError> {
        if pixels.is_empty() || !pixels.len().is_multiple_of(shape.size()) {
            return Err(CoreError::Invalid(format!(
                "statistics of {} bytes: expected images of {} bytes, at least one",
                pixels.len(),
                shape.size()
            )));
        }
        let plane = shape.height * shape.width;
        let count = (pixels.len() / shape.channels) as f64;
        let mut statistics = Self { mean: Vec::new(), std: Vec::new() };
        for channel in 0..shape.channels {
            // Sums of whole numbers are exact, whatever their order.
            let (mut sum, mut squares) = (0_u64, 0_u64);
            for bytes in pixels.chunks_exact(plane).skip(channel).step_by(shape.channels) {
                sum += bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
                squares += bytes.iter().map(|&byte| u64::from(byte).pow(2)).sum::<u64>();
            }
            let mean = sum as f64 / count;
            let std = (squares as f64 / count - mean * mean).max(0.0).sqrt();
            statistics.mean.push(mean / 255.0);
            statistics.std.push(if std > 0.0 { std / 255.0 } else { 1.0 });
        }
        Ok(statistics)
    }

    /// What each byte becomes: `(byte / 255 - mean) / std`, in f32 as torchvision computes it.
    pub(super) fn tables(&self) -> Vec<[f32; 256]> {
        let table = |(&mean, &std): (&f64, &f64)| {
            std::array::from_fn(|byte| (byte as f32 / 255.0 - mean as f32) / std as f32)
        };
        self.mean.iter().zip(&self.std).map(table).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 2, height: 1, width: 2 };

    #[test]
    fn statistics_by_channel() {
        // Two images; channel 0 holds 0, 255, 255, 0 and channel 1 holds 51 everywhere.
        let found = ChannelStatistics::of(&[0, 255, 51, 51, 255, 0, 51, 51], SHAPE).unwrap();
        assert_eq!((found.mean, found.std), (vec![0.5, 0.2], vec![0.5, 1.0]));
    }

    #[test]
    fn given_constants_are_read_and_checked() {
        let read = serde_json::from_str::<Normalise>;
        assert_eq!(read(r#""training-set""#).unwrap(), Normalise::TrainingSet);
        let given = read(r#"{"given": {"mean": [0.5, 0.25], "std": [0.5, 2]}}"#).unwrap();
        let found = given.statistics(&[], SHAPE).unwrap();
        assert_eq!((found.mean, found.std), (vec![0.5, 0.25], vec![0.5, 2.0]));
        assert!(read(r#"{"given": {"mean": [0.5], "std": [0]}}"#).is_err());
        let grey = ImageShape { channels: 1, ..SHAPE };
        let error = given.statistics(&[], grey).unwrap_err().to_string();
        assert!(error.contains("2 means and 2 standard deviations for images of 1 channels"), "{error}");
    }

    #[test]
    fn bytes_that_are_not_whole_images_are_refused() {
        for bytes in [&[][..], &[1, 2, 3]] {
            assert!(ChannelStatistics::of(bytes, SHAPE).is_err());
        }
    }
}
