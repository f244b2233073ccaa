//! Random views of samples, as contrastive methods compare them: a part of the image, moved, mirrored, in other
//! colours, with noise.

mod colour;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

pub use colour::Jitter;

use super::part::Rectangle;
use super::{ChannelStatistics, ImageShape};
use crate::CoreError;
use crate::checked::{Positive, UnitInterval};
use crate::clock::{Phase, timed};

/// What makes a view, as `views:` of an experiment names it, in the order of its fields; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewConfig {
    /// A random part of the image, as large as the image afterwards: of so large a share of its area, at least, with
    /// sides in a proportion of 3:4 to 4:3 (torchvision's `RandomResizedCrop`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop_from: Option<UnitInterval>,
    /// Moved by up to so many pixels down or up, and right or left; black comes in.
    #[serde(skip_serializing_if = "is_zero")]
    pub shift: usize,
    /// Left and right exchanged, with probability 1/2.
    #[serde(skip_serializing_if = "is_false")]
    pub flip: bool,
    /// Other brightness, contrast and colours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Jitter>,
    /// Probability that colours are taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grey: Option<UnitInterval>,
    /// Standard deviation of normal noise on every value, in units after normalisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Positive>,
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Makes f32 batches `[batch, channels, height, width]` of random views.
#[derive(Debug, Clone)]
pub struct Views {
    shape: ImageShape,
    /// Mean and standard deviation of each channel.
    statistics: Vec<(f32, f32)>,
    config: ViewConfig,
}

impl Views {
    /// Views of images of one shape.
    ///
    /// # Errors
    /// Statistics of another number of channels, a crop from no area at all, a shift that is not smaller than the
    /// image.
    pub fn new(
        shape: ImageShape,
        statistics: &ChannelStatistics,
        config: ViewConfig,
    ) -> Result<Self, CoreError> {
        let refused = |why: String| Err(CoreError::Invalid(why));
        if statistics.mean.len() != shape.channels || statistics.std.len() != shape.channels {
            let (given, channels) = (statistics.mean.len(), shape.channels);
            return refused(format!("statistics of {given} channels for images of {channels}"));
        }
        if config.crop_from.is_some_and(|share| share.get() == 0.0) {
            return refused("views.crop_from: a part of the image needs an area above 0".into());
        }
        if config.shift > 0 && config.shift >= shape.height.min(shape.width) {
            let (shift, ImageShape { height, width, .. }) = (config.shift, shape);
            return refused(format!("views.shift: {shift} pixels, for images of {height} x {width}"));
        }
        let pair = |(mean, std): (&f64, &f64)| (*mean as f32, *std as f32);
        let statistics = statistics.mean.iter().zip(&statistics.std).map(pair).collect();
        Ok(Self { shape, statistics, config })
    }

    /// A random view of each of some samples. For each in turn `rng` gives, as far as they are asked for, its part, its
    /// shift, its flip, its colours and its noise.
    ///
    /// # Shapes
    /// - `values`: `[samples, channels, height, width]`, from 0 to 1
    /// - `rows`: `[batch]`, indices of samples
    /// - returns `[batch, channels, height, width]`
    ///
    /// # Panics
    /// When an index is not a sample.
    pub fn random(&self, values: &[f32], rows: &[usize], rng: &mut impl Rng, device: &Device) -> Tensor<4> {
        timed(Phase::Data, || Tensor::from_data(self.random_data(values, rows, rng), device))
    }

    /// What [`Self::random`] puts on a device, still on the host.
    ///
    /// # Panics
    /// When an index is not a sample.
    pub fn random_data(&self, values: &[f32], rows: &[usize], rng: &mut impl Rng) -> TensorData {
        self.batch(values, rows, |image| self.view(image, rng))
    }

    /// Samples as they are, normalised.
    ///
    /// # Shapes
    /// As [`Self::random`].
    ///
    /// # Panics
    /// When an index is not a sample.
    pub fn plain(&self, values: &[f32], rows: &[usize], device: &Device) -> Tensor<4> {
        let data = |image: &[f32]| self.normalised(image.to_vec());
        timed(Phase::Data, || Tensor::from_data(self.batch(values, rows, data), device))
    }

    fn batch(&self, values: &[f32], rows: &[usize], mut made: impl FnMut(&[f32]) -> Vec<f32>) -> TensorData {
        let (size, ImageShape { channels, height, width }) = (self.shape.size(), self.shape);
        let batch: Vec<f32> =
            rows.iter().flat_map(|row| made(&values[row * size..(row + 1) * size])).collect();
        TensorData::new(batch, [rows.len(), channels, height, width])
    }

    fn view(&self, image: &[f32], rng: &mut impl Rng) -> Vec<f32> {
        let ViewConfig { crop_from, shift, flip, jitter, grey, noise } = self.config;
        let mut view = image.to_vec();
        if let Some(least) = crop_from {
            let ImageShape { height, width, .. } = self.shape;
            let part = Rectangle::random([height, width], least.get(), rng);
            view = self.by_planes(&view, |plane| part.enlarged(plane, width, [height, width]));
        }
        if shift > 0 {
            // u32, so that a 32-bit machine draws the same.
            let mut step = || rng.random_range(0..=2 * shift as u32) as isize - shift as isize;
            let (down, right) = (step(), step());
            view = self.by_planes(&view, |plane| self.moved(plane, down, right));
        }
        if flip && rng.random() {
            view.chunks_exact_mut(self.shape.width).for_each(<[f32]>::reverse);
        }
        if let Some(jitter) = jitter {
            jitter.apply(&mut view, self.shape.channels, rng);
        }
        if grey.is_some_and(|share| rng.random::<f64>() < share.get()) {
            colour::take_out(&mut view, self.shape.channels);
        }
        let mut view = self.normalised(view);
        if let Some(deviation) = noise {
            let deviation = deviation.get() as f32;
            for value in &mut view {
                let drawn: f32 = StandardNormal.sample(rng);
                *value += deviation * drawn;
            }
        }
        view
    }

    fn by_planes(&self, image: &[f32], change: impl Fn(&[f32]) -> Vec<f32>) -> Vec<f32> {
        image.chunks_exact(self.shape.height * self.shape.width).flat_map(change).collect()
    }

    fn normalised(&self, mut image: Vec<f32>) -> Vec<f32> {
        let planes = image.chunks_exact_mut(self.shape.height * self.shape.width);
        for (plane, (mean, std)) in planes.zip(&self.statistics) {
            plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
        }
        image
    }

    /// A plane seen through a window that stands `down` and `right`.
    fn moved(&self, plane: &[f32], down: isize, right: isize) -> Vec<f32> {
        let ImageShape { height, width, .. } = self.shape;
        let inside = |position: isize, size: usize| usize::try_from(position).ok().filter(|at| *at < size);
        let mut moved = vec![0.0; plane.len()];
        for (row, out) in moved.chunks_exact_mut(width).enumerate() {
            let Some(source) = inside(row as isize + down, height) else { continue };
            for (column, value) in out.iter_mut().enumerate() {
                if let Some(from) = inside(column as isize + right, width) {
                    *value = plane[source * width + from];
                }
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests;
