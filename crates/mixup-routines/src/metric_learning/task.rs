//! Training of a network on class-balanced batches.

use burn::tensor::{Device, Tensor, TensorData};
use mixup_core::{
    CoreError,
    augment::ImageBatcher,
    metrics::retrieval::{Gallery, Queries, retrieval},
    split::evenly_spaced,
    tensor::to_host,
    train::{Batches, Feed, NoState, Step, Task},
};
use mixup_data::LabelledImages;
use ndarray::Array2;

use super::{Batch, Embedded, EmbeddingNetwork, Mixing, Parts, Row, Setting};
use crate::classification::shape_of;

/// Images in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
pub(super) const EVALUATION_BATCH: usize = 512;

/// Classes in the sample that a paper's own measurements are made of.
pub(super) const SAMPLED_CLASSES: usize = 20;

/// Metric learning by one row.
#[derive(Debug)]
pub(super) struct MetricTraining<'a, M> {
    parts: Parts,
    course: LabelledImages,
    batcher: ImageBatcher,
    row: &'a Row<M>,
    setting: &'a Setting,
    device: Device,
}

impl<'a, M: Mixing> MetricTraining<'a, M> {
    pub(super) fn new(
        parts: Parts,
        row: &'a Row<M>,
        setting: &'a Setting,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let shape = shape_of(&parts.train);
        let statistics = setting.normalise.statistics(&parts.train.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, setting.augment)?;
        let course = parts.test.select(&of_each_class(&parts.test, setting.course.get()));
        Ok(Self { parts, course, batcher, row, setting, device: device.clone() })
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Embeddings of images, in evaluation mode and without augmentation, `[images, dimensions]`.
    pub(super) fn embeddings(
        &self,
        network: &EmbeddingNetwork,
        images: &LabelledImages,
    ) -> Result<Array2<f64>, CoreError> {
        let rows: Vec<usize> = (0..images.len()).collect();
        let mut values = Vec::new();
        for chunk in rows.chunks(EVALUATION_BATCH) {
            let x = self.batcher.plain(&images.pixels, chunk, &self.device);
            values.extend(to_host(network.embeddings(x))?);
        }
        Array2::from_shape_vec((images.len(), self.setting.dimensions.get()), values)
            .map_err(|error| CoreError::Invalid(error.to_string()))
    }

    /// A balanced sample of the training images behind a network: evenly spaced ones of evenly spaced classes.
    pub(super) fn sample(&self, network: &EmbeddingNetwork) -> Result<Embedded, CoreError> {
        let train = &self.parts.train;
        let classes: Vec<usize> = (0..usize::from(train.classes)).collect();
        let classes = evenly_spaced(&classes, SAMPLED_CLASSES);
        let rows = of_each_class(train, self.setting.per_class.get());
        let rows: Vec<usize> =
            rows.into_iter().filter(|row| classes.contains(&usize::from(train.labels[*row]))).collect();
        let x = self.batcher.plain(&train.pixels, &rows, &self.device);
        Ok(self.embedded(network, network.embeddings(x), &rows))
    }

    fn embedded(&self, network: &EmbeddingNetwork, embeddings: Tensor<2>, rows: &[usize]) -> Embedded {
        let train = &self.parts.train;
        Embedded {
            embeddings,
            proxies: network.proxies.as_ref().map(|proxies| proxies.val()),
            classes: rows.iter().map(|row| usize::from(train.labels[*row])).collect(),
            all: usize::from(train.classes),
        }
    }
}

/// Rows of so many evenly spaced images of each class.
fn of_each_class(images: &LabelledImages, count: usize) -> Vec<usize> {
    let of =
        |class: u16| -> Vec<usize> { (0..images.len()).filter(|row| images.labels[*row] == class).collect() };
    (0..images.classes).flat_map(|class| evenly_spaced(&of(class), count)).collect()
}

impl<M: Mixing> Feed for MetricTraining<'_, M> {
    type Prepared = TensorData;

    /// Streams read here: `augment`.
    fn prepare(&self, step: &mut Step<'_>) -> Result<TensorData, CoreError> {
        let pixels = &self.parts.train.pixels;
        Ok(self.batcher.augmented_data(pixels, step.rows, step.streams.get("augment")))
    }
}

impl<M: Mixing> Task for MetricTraining<'_, M> {
    type Model = EmbeddingNetwork;
    type State = NoState;
    type Feed = Self;

    fn samples(&self) -> usize {
        self.parts.train.len()
    }

    fn feed(&self) -> &Self {
        self
    }

    fn batches(&self) -> Batches {
        let labels = self.parts.train.labels.iter().copied().map(usize::from).collect();
        Batches::Balanced { labels, per_class: self.setting.per_class }
    }

    /// Streams read here: those of the row's mixing.
    fn loss(
        &self,
        network: &EmbeddingNetwork,
        _: &mut NoState,
        images: TensorData,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let images = Tensor::from_data(images, &self.device);
        let maps = network.backbone.feature_maps(images.clone())?;
        let embedded = self.embedded(network, network.of_maps(maps.clone())?, step.rows);
        let Row { loss, mixing, .. } = self.row;
        let clean = loss.of_batch(&embedded)?;
        match mixing {
            None => Ok(clean),
            Some(mixing) => {
                let batch = Batch { network, images: &images, maps: &maps, embedded: &embedded };
                Ok(clean + mixing.loss(loss, &batch, step)?)
            }
        }
    }

    /// `1 - Recall@1` of a few images of each test class: a course to look at. Nothing is chosen by it; the last
    /// epoch is measured.
    fn validate(&self, network: &EmbeddingNetwork) -> Result<f64, CoreError> {
        let embeddings = self.embeddings(network, &self.course)?;
        let labels: Vec<usize> = self.course.labels.iter().copied().map(usize::from).collect();
        let gallery = Gallery { embeddings: embeddings.view(), labels: &labels };
        Ok(1.0 - retrieval(gallery, Queries::Gallery, &[1])?.recall[0])
    }
}
