//! Images of a step, prepared on the host.

use std::num::NonZeroUsize;

use burn::tensor::TensorData;
use mixup_core::{
    CoreError,
    augment::ImageBatcher,
    train::{Feed, Step},
};

use super::{Kind, Method, Parts, Spec, shape_of};

/// The parts of a data set with what makes batches of their images.
#[derive(Debug)]
pub struct ImageFeed {
    pub(super) parts: Parts,
    pub(super) batcher: ImageBatcher,
    /// Outliers beside each image, of a method that wants some.
    outliers: Option<NonZeroUsize>,
}

/// What a step of [`ImageTraining`](super::ImageTraining) starts from.
#[derive(Debug)]
pub struct Prepared {
    /// `[batch, channels, height, width]`, augmented and normalised.
    pub(super) images: TensorData,
    /// Their classes, as the method sees them.
    pub(super) labels: Vec<usize>,
    /// `[outliers, channels, height, width]`, of a method that wants some.
    pub(super) outliers: Option<TensorData>,
}

impl ImageFeed {
    /// # Errors
    /// Constants of `normalise` for another number of channels, or a crop wider than the image.
    pub(super) fn new<M: Method>(parts: Parts, spec: &Spec<M>) -> Result<Self, CoreError> {
        let shape = shape_of(&parts.train);
        let statistics = spec.setting.normalise.statistics(&parts.train.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, spec.setting.augment)?;
        let outliers = match &spec.parameters.method {
            Kind::Own(method) => method.outliers(),
            Kind::Baseline(_) => None,
        };
        Ok(Self { parts, batcher, outliers })
    }

    fn outliers(&self, count: usize, step: &mut Step<'_>) -> Result<TensorData, CoreError> {
        let Some(outliers) = &self.parts.outliers else {
            return Err(CoreError::Invalid("the method needs `setting.outliers`".into()));
        };
        let rows = outliers.of_step(step.number(), count);
        let rng = step.streams.get("outlier-augment");
        Ok(self.batcher.augmented_data(&outliers.images.pixels, &rows, rng))
    }
}

impl Feed for ImageFeed {
    type Prepared = Prepared;

    /// Streams read here: `augment`, and `outlier-augment` where there are outliers.
    fn prepare(&self, step: &mut Step<'_>) -> Result<Prepared, CoreError> {
        let train = &self.parts.train;
        let rows: Vec<usize> = step.rows.iter().map(|sample| sample % train.len()).collect();
        let images = self.batcher.augmented_data(&train.pixels, &rows, step.streams.get("augment"));
        let seen = self.parts.seen_labels();
        let labels = rows.iter().map(|&row| usize::from(seen[row])).collect();
        let outliers = self.outliers.map(|each| self.outliers(each.get() * rows.len(), step)).transpose()?;
        Ok(Prepared { images, labels, outliers })
    }
}
