//! Brightness, contrast, saturation and hue.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::checked::UnitInterval;

/// How strongly colours change (torchvision's `ColorJitter`): each factor is uniform in `1 - s ..= 1 + s`, the hue is
/// turned by up to `s` of the full circle, at most a half. The four come in random order. Grey images have no
/// saturation and no hue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jitter {
    /// Values are multiplied.
    pub brightness: UnitInterval,
    /// Differences from the image's mean grey are multiplied.
    pub contrast: UnitInterval,
    /// Differences from each pixel's own grey are multiplied; not at all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saturation: Option<UnitInterval>,
    /// Hues are turned by up to this share of the circle; not at all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hue: Option<UnitInterval>,
    /// Probability that anything of this happens.
    pub share: UnitInterval,
}

/// One of the four changes, with its factor or turn.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Brightness(f32),
    Contrast(f32),
    Saturation(f32),
    Hue(f32),
}

/// What red, green and blue count for in a grey (ITU-R BT.601, as torchvision has it).
const GREY: [f32; 3] = [0.2989, 0.587, 0.114];

impl Jitter {
    /// Changes an image in place, `[channels, pixels]` from 0 to 1. `rng` gives whether, the factors, and their order.
    pub(in crate::augment) fn apply(&self, image: &mut [f32], channels: usize, rng: &mut impl Rng) {
        if rng.random::<f64>() >= self.share.get() {
            return;
        }
        let mut around = |middle: f64, strength: UnitInterval| {
            rng.random_range(middle - strength.get()..=middle + strength.get()) as f32
        };
        let mut changes = vec![
            Change::Brightness(around(1.0, self.brightness)),
            Change::Contrast(around(1.0, self.contrast)),
        ];
        if channels == 3 {
            changes.extend(self.saturation.map(|strength| Change::Saturation(around(1.0, strength))));
            changes.extend(self.hue.map(|strength| Change::Hue(around(0.0, strength))));
        }
        changes.shuffle(rng);
        changes.into_iter().for_each(|change| change.apply(image, channels));
    }
}

impl Change {
    fn apply(self, image: &mut [f32], channels: usize) {
        match self {
            Self::Brightness(factor) => toward(image, |_| 0.0, factor),
            Self::Contrast(factor) => {
                let greys = greys(image, channels);
                let mean = greys.iter().sum::<f32>() / greys.len() as f32;
                toward(image, |_| mean, factor);
            }
            Self::Saturation(factor) => {
                let greys = greys(image, channels);
                toward(image, |at| greys[at % greys.len()], factor);
            }
            Self::Hue(turn) => turn_hues(image, turn),
        }
    }
}

/// `grey + factor (value - grey)`, kept from 0 to 1; greys by the place of a value in the image.
fn toward(image: &mut [f32], grey: impl Fn(usize) -> f32, factor: f32) {
    for (at, value) in image.iter_mut().enumerate() {
        *value = (grey(at) + factor * (*value - grey(at))).clamp(0.0, 1.0);
    }
}

/// The grey of each pixel.
fn greys(image: &[f32], channels: usize) -> Vec<f32> {
    let plane = image.len() / channels;
    match channels {
        3 => (0..plane)
            .map(|at| (0..3).map(|channel| GREY[channel] * image[channel * plane + at]).sum())
            .collect(),
        _ => image[..plane].to_vec(),
    }
}

/// Every channel becomes the pixel's grey.
pub(super) fn take_out(image: &mut [f32], channels: usize) {
    let greys = greys(image, channels);
    image.chunks_exact_mut(greys.len()).for_each(|plane| plane.copy_from_slice(&greys));
}

/// Turns the hue of each pixel of three channels by a share of the circle; value and saturation stay.
fn turn_hues(image: &mut [f32], turn: f32) {
    let plane = image.len() / 3;
    for at in 0..plane {
        let rgb = [image[at], image[plane + at], image[2 * plane + at]];
        for (channel, value) in turned(rgb, turn).into_iter().enumerate() {
            image[channel * plane + at] = value;
        }
    }
}

fn turned(rgb: [f32; 3], turn: f32) -> [f32; 3] {
    let most = rgb.into_iter().fold(f32::MIN, f32::max);
    let chroma = most - rgb.into_iter().fold(f32::MAX, f32::min);
    if chroma <= 0.0 {
        return rgb;
    }
    let [red, green, blue] = rgb;
    // In sixths of the circle.
    let hue = if most == red {
        (green - blue) / chroma
    } else if most == green {
        2.0 + (blue - red) / chroma
    } else {
        4.0 + (red - green) / chroma
    };
    let hue = hue + 6.0 * turn;
    // Each channel is at the top for two sixths around its own hue, and at the bottom on the other side.
    [0.0, 2.0, 4.0].map(|own: f32| {
        let away = (hue - own + 3.0).rem_euclid(6.0) - 3.0;
        most - chroma * (away.abs() - 1.0).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: [f32; 3], expected: [f32; 3]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}, not {expected:?}");
    }

    #[test]
    fn hues_turn_around_the_circle() {
        close(turned([1.0, 0.0, 0.0], 1.0 / 3.0), [0.0, 1.0, 0.0]);
        close(turned([1.0, 0.0, 0.0], -1.0 / 3.0), [0.0, 0.0, 1.0]);
        close(turned([1.0, 0.0, 0.0], 1.0 / 6.0), [1.0, 1.0, 0.0]);
        close(turned([0.4, 0.4, 0.4], 0.2), [0.4, 0.4, 0.4]);
        for turn in [0.0, 1.0, -1.0] {
            close(turned([0.2, 0.9, 0.5], turn), [0.2, 0.9, 0.5]);
        }
        let back = turned(turned([0.8, 0.3, 0.55], 0.17), -0.17);
        close(back, [0.8, 0.3, 0.55]);
    }

    #[test]
    fn changes_by_hand() {
        let changed = |change: Change, mut image: Vec<f32>, channels| {
            change.apply(&mut image, channels);
            image
        };
        assert_eq!(changed(Change::Brightness(1.5), vec![0.2, 0.8], 1), [0.3, 1.0]);
        assert_eq!(changed(Change::Contrast(0.0), vec![0.25, 0.75], 1), [0.5, 0.5]);
        let grey = changed(Change::Saturation(0.0), vec![1.0, 0.5, 0.2], 3);
        let expected = 0.2989 + 0.5 * 0.587 + 0.2 * 0.114;
        assert!(grey.iter().all(|value| (value - expected).abs() < 1e-6), "{grey:?}");
        let mut same = vec![1.0, 0.5, 0.2];
        take_out(&mut same, 3);
        assert_eq!(same, grey);
    }
}
