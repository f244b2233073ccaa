//! Training of every method of the paper's tables on images.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    augment::{AugmentConfig, ImageBatcher, ImageShape, Normalise},
    nn::{ImageNetwork, ImageTask, Mlp, ModelConfig},
    split::evenly_spaced,
    stream::Streams,
    tensor::{one_hot, to_host},
    train::{NoState, Step, Task},
};
use mixup_data::LabelledImages;
use ndarray::Array2;
use rand::Rng;

use crate::measure::Logits;
use crate::method::Method;
use crate::step::{Batch, step_loss};

/// Images of the three parts, all of one shape.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is trained on.
    pub train: LabelledImages,
    /// What the epoch and the temperature are chosen by.
    pub validation: LabelledImages,
    /// What is reported.
    pub test: LabelledImages,
}

/// A network from images to logits.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one network")]
pub enum Classifier {
    /// Fully connected layers on the pixels, row by row.
    Mlp(Mlp),
    /// A network that knows of height and width.
    Image(ImageNetwork),
}

impl Classifier {
    /// A network with PyTorch's default start.
    ///
    /// # Errors
    /// A configuration that cannot be built for images of this size, or images that are not square.
    pub fn new(
        config: &ModelConfig,
        shape: ImageShape,
        classes: usize,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Result<Self, CoreError> {
        match config {
            ModelConfig::Mlp(mlp) => Ok(Self::Mlp(mlp.init(shape.size(), classes, rng, device))),
            _ if shape.height != shape.width => Err(CoreError::Invalid(format!(
                "images of {} x {} pixels: this network needs square ones",
                shape.height, shape.width
            ))),
            _ => {
                let task = ImageTask { channels: shape.channels, size: shape.height, classes };
                Ok(Self::Image(ImageNetwork::new(config, task, rng, device)?))
            }
        }
    }

    /// # Shapes
    /// - `x`: `[batch, channels, height, width]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Mlp(network) => network.forward(x.flatten(1, 3)),
            Self::Image(network) => network.forward(x),
        }
    }
}

/// Classification of images by one method.
#[derive(Debug)]
pub struct Classification {
    parts: Parts,
    batcher: ImageBatcher,
    method: Method,
    epoch: usize,
    device: Device,
}

/// Size of the images of a set.
pub fn shape_of(images: &LabelledImages) -> ImageShape {
    ImageShape { channels: images.channels, height: images.height, width: images.width }
}

impl Classification {
    /// A task on the training and validation parts. `epoch` is the number of samples in an epoch;
    /// from a smaller training part it takes each as often as another, give or take one.
    ///
    /// # Errors
    /// Constants of `normalise` for another number of channels, or a crop wider than the image.
    pub fn new(
        parts: Parts,
        method: Method,
        (augment, normalise): (AugmentConfig, &Normalise),
        epoch: usize,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let shape = shape_of(&parts.train);
        let statistics = normalise.statistics(&parts.train.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, augment)?;
        Ok(Self { parts, batcher, method, epoch, device: device.clone() })
    }

    /// Images and labels of the three parts.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Logits of all images, in evaluation mode and without augmentation, with their labels.
    ///
    /// # Errors
    /// Images of another shape than the training images, or a failing device.
    pub fn logits(&self, model: &Classifier, images: &LabelledImages) -> Result<Logits, CoreError> {
        let (shape, expected) = (shape_of(images), shape_of(&self.parts.train));
        if shape != expected {
            return Err(CoreError::Invalid(format!("images of {shape:?}, expected {expected:?}")));
        }
        let classes = usize::from(self.parts.train.classes);
        let rows: Vec<usize> = (0..images.len()).collect();
        let mut logits = Vec::with_capacity(images.len() * classes);
        for chunk in rows.chunks(EVALUATION_BATCH) {
            let x = self.batcher.plain(&images.pixels, chunk, &self.device);
            logits.extend(to_host(model.forward(x))?);
        }
        let logits = Array2::from_shape_vec((images.len(), classes), logits)
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(Logits { logits, labels: images.labels.iter().copied().map(usize::from).collect() })
    }
}

impl Classification {
    /// The network with running batch-norm statistics of raw images only. In training the mixed copies
    /// go through the network in a pass of their own, after the raw images, and half of what the running
    /// statistics hold is theirs.
    ///
    /// One pass over the training images as they are augmented, of evenly spaced ones where they are more
    /// than 100 batches; no weight changes.
    ///
    /// Streams read here: `augment`.
    pub fn with_raw_statistics(&self, model: &Classifier, batch: usize, streams: &mut Streams) -> Classifier {
        let model = model.clone().train();
        let rows: Vec<usize> = (0..self.parts.train.len()).collect();
        let rows = evenly_spaced(&rows, RENEWAL * batch);
        for batch in rows.chunks(batch.max(1)) {
            let pixels = &self.parts.train.pixels;
            model.forward(self.batcher.augmented(pixels, batch, streams.get("augment"), &self.device));
        }
        model.valid()
    }
}

/// Batches after which 0.9^100 of the old statistics is left.
const RENEWAL: usize = 100;

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
const EVALUATION_BATCH: usize = 512;

impl Task for Classification {
    type Model = Classifier;
    type State = NoState;

    fn samples(&self) -> usize {
        self.epoch
    }

    fn loss(&self, model: &Classifier, _: &mut NoState, step: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let Step { rows: batch, streams, .. } = step;
        let train = &self.parts.train;
        let rows: Vec<usize> = batch.iter().map(|sample| sample % train.len()).collect();
        let x = self.batcher.augmented(&train.pixels, &rows, streams.get("augment"), &self.device);
        let labels: Vec<usize> = rows.iter().map(|&row| usize::from(train.labels[row])).collect();
        let targets = one_hot(&labels, usize::from(train.classes), &self.device)?;
        step_loss(&self.method, Batch { x, targets }, streams, |x| Ok(model.forward(x)))
    }

    /// The error rate: the official code keeps the epoch with the best validation accuracy.
    fn validate(&self, model: &Classifier) -> Result<f64, CoreError> {
        Ok(1.0 - self.logits(model, &self.parts.validation)?.predictions()?.accuracy())
    }
}
