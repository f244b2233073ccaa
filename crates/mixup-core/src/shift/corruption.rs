//! Corruptions of images, each in five severities.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use crate::{CoreError, augment::ImageShape};

/// A corruption, `{kind: contrast, severity: 2}`. The images stay bytes, as those of CIFAR-C do.
///
/// Kinds are named after those of Hendrycks and Dietterich (2019); constants are ours and milder, for small grey images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corruption {
    /// Of which kind.
    pub kind: CorruptionKind,
    /// How strong.
    pub severity: Severity,
}

/// What is done to images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorruptionKind {
    /// Normal noise on every value: deviation 0.08, 0.15, 0.2, 0.25, 0.3 of white.
    GaussianNoise,
    /// Values that become black or white: 2, 5, 10, 15, 20 % of them.
    ImpulseNoise,
    /// Values nearer to the image's mean: times 0.8, 0.6, 0.5, 0.4, 0.3.
    Contrast,
    /// Something is added to every value: 0.06, 0.12, 0.18, 0.24, 0.3 of white.
    Brightness,
    /// Means over 3x3 pixels, those at the border repeated: once to five times.
    BoxBlur,
}

/// From 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Severity(u8);

impl TryFrom<u8> for Severity {
    type Error = String;

    fn try_from(severity: u8) -> Result<Self, String> {
        match severity {
            1..=5 => Ok(Self(severity)),
            other => Err(format!("{other} is no severity: 1 to 5")),
        }
    }
}

impl From<Severity> for u8 {
    fn from(severity: Severity) -> Self {
        severity.0
    }
}

impl CorruptionKind {
    /// Its name, as files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GaussianNoise => "gaussian-noise",
            Self::ImpulseNoise => "impulse-noise",
            Self::Contrast => "contrast",
            Self::Brightness => "brightness",
            Self::BoxBlur => "box-blur",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::GaussianNoise, Self::ImpulseNoise, Self::Contrast, Self::Brightness, Self::BoxBlur];

    fn strength(self, severity: Severity) -> f64 {
        let strengths = match self {
            Self::GaussianNoise => [0.08, 0.15, 0.2, 0.25, 0.3],
            Self::ImpulseNoise => [0.02, 0.05, 0.1, 0.15, 0.2],
            Self::Contrast => [0.8, 0.6, 0.5, 0.4, 0.3],
            Self::Brightness => [0.06, 0.12, 0.18, 0.24, 0.3],
            Self::BoxBlur => [1.0, 2.0, 3.0, 4.0, 5.0],
        };
        strengths[usize::from(severity.0) - 1]
    }
}

impl Corruption {
    /// Corrupted images.
    ///
    /// # Shapes
    /// - `pixels`, result: `[images, channels, height, width]`, bytes
    ///
    /// # Errors
    /// Bytes that are no whole images.
    pub fn of(self, pixels: &[u8], shape: ImageShape, rng: &mut impl Rng) -> Result<Vec<u8>, CoreError> {
        if shape.size() == 0 || !pixels.len().is_multiple_of(shape.size()) {
            return Err(CoreError::Invalid(format!("{} bytes are no images of {shape:?}", pixels.len())));
        }
        let strength = self.kind.strength(self.severity);
        let white = f64::from(u8::MAX);
        let byte = |value: f64| value.round().clamp(0.0, white) as u8;
        let each = |change: &mut dyn FnMut(f64) -> f64| {
            pixels.iter().map(|&pixel| byte(change(f64::from(pixel)))).collect::<Vec<u8>>()
        };
        Ok(match self.kind {
            CorruptionKind::GaussianNoise => {
                let noise = Normal::new(0.0, strength * white)
                    .map_err(|error| CoreError::Invalid(format!("noise: {error}")))?;
                each(&mut |value| value + noise.sample(rng))
            }
            CorruptionKind::ImpulseNoise => each(&mut |value| match rng.random::<f64>() {
                draw if draw < 0.5 * strength => 0.0,
                draw if draw < strength => white,
                _ => value,
            }),
            CorruptionKind::Brightness => each(&mut |value| value + strength * white),
            CorruptionKind::Contrast => pixels
                .chunks_exact(shape.size())
                .flat_map(|image| {
                    let mean = image.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / image.len() as f64;
                    image.iter().map(move |&pixel| byte(mean + strength * (f64::from(pixel) - mean)))
                })
                .collect(),
            CorruptionKind::BoxBlur => pixels
                .chunks_exact(shape.height * shape.width)
                .flat_map(|plane| {
                    let plane: Vec<f64> = plane.iter().map(|&pixel| f64::from(pixel)).collect();
                    let passes = 0..strength as usize;
                    let blurred = passes.fold(plane, |plane, _| blurred(&plane, shape.height, shape.width));
                    blurred.into_iter().map(byte).collect::<Vec<u8>>()
                })
                .collect(),
        })
    }
}

/// Means over 3x3 pixels.
fn blurred(plane: &[f64], height: usize, width: usize) -> Vec<f64> {
    let near = |at: usize, length: usize| [at.saturating_sub(1), at, (at + 1).min(length - 1)];
    let mean = |row: usize, column: usize| {
        let rows = near(row, height).into_iter();
        let values = rows.flat_map(|row| near(column, width).map(|column| plane[row * width + column]));
        values.sum::<f64>() / 9.0
    };
    (0..height * width).map(|at| mean(at / width, at % width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 16, width: 16 };

    fn corrupted(kind: CorruptionKind, severity: u8, pixels: &[u8]) -> Vec<u8> {
        let corruption = Corruption { kind, severity: Severity::try_from(severity).unwrap() };
        corruption.of(pixels, SHAPE, Streams::new("corruption", 0).get("noise")).unwrap()
    }

    fn distance(a: &[u8], b: &[u8]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    }

    #[test]
    fn every_severity_is_further_away() {
        // Stripes, two pixels wide: a blur takes something from them.
        let image: Vec<u8> = (0..512).map(|at| if at / 2 % 2 == 0 { 60 } else { 180 }).collect();
        for kind in CorruptionKind::ALL {
            let distances: Vec<f64> =
                (1..=5).map(|severity| distance(&corrupted(kind, severity, &image), &image)).collect();
            assert!(distances.windows(2).all(|pair| pair[0] < pair[1]), "{kind:?}: {distances:?}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn values_by_hand() {
        let flat = [100u8; 256];
        assert_eq!(corrupted(CorruptionKind::Contrast, 3, &flat), flat);
        assert_eq!(corrupted(CorruptionKind::BoxBlur, 5, &flat), flat);
        assert_eq!(corrupted(CorruptionKind::Brightness, 2, &flat), [131; 256]);
        assert_eq!(corrupted(CorruptionKind::Brightness, 5, &[250; 256]), [255; 256]);
        let noisy = corrupted(CorruptionKind::ImpulseNoise, 5, &[100; 2560]);
        let changed = noisy.iter().filter(|&&pixel| pixel != 100).count() as f64 / 2560.0;
        assert!((changed - 0.2).abs() < 0.04, "{changed}");
        let mut dot = [0u8; 256];
        dot[5 * 16 + 5] = 90;
        assert_eq!(
            corrupted(CorruptionKind::BoxBlur, 1, &dot).iter().filter(|&&pixel| pixel == 10).count(),
            9
        );
    }

    #[test]
    fn severities_and_images_are_checked() {
        assert!(serde_json::from_str::<Severity>("6").unwrap_err().to_string().contains("1 to 5"));
        let corruption = Corruption { kind: CorruptionKind::Contrast, severity: Severity(1) };
        assert!(corruption.of(&[0; 255], SHAPE, Streams::new("c", 0).get("noise")).is_err());
    }
}
