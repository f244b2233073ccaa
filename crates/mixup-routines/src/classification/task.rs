//! Training of a network on images by any method.

use std::ops::Range;

use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    mix::Mixture,
    nn::ImageNetwork,
    split::evenly_spaced,
    stream::Streams,
    tensor::{one_hot, to_array, to_host},
    train::{Network, Step, Task},
};
use mixup_data::LabelledImages;
use ndarray::{Array2, Ix2};
use rand::Rng;

use super::feed::{ImageFeed, Prepared};
use super::{Batch, Kind, Logits, Method, Parts, Spec, Start, Told, epoch, shape_of};

/// Classification of images by one method.
#[derive(Debug)]
pub struct ImageTraining<M> {
    feed: ImageFeed,
    method: Kind<M>,
    epoch: usize,
    device: Device,
}

impl<M: Method> ImageTraining<M> {
    /// A task on the training and validation parts. An epoch larger than the training part takes each
    /// image as often as another, give or take one.
    ///
    /// # Errors
    /// Constants of `normalise` for another number of channels, or a crop wider than the image.
    pub fn new(parts: Parts, spec: &Spec<M>, device: &Device) -> Result<Self, CoreError> {
        let epoch = epoch(spec, parts.train.len());
        let method = spec.parameters.method.clone();
        Ok(Self { feed: ImageFeed::new(parts, spec)?, method, epoch, device: device.clone() })
    }

    /// The mixture that the method would make of images before the last step, as a step draws it; none of a method
    /// that does not mix images.
    ///
    /// # Errors
    /// As [`Method::mixture`].
    pub fn mixture(
        &self,
        x: &Tensor<4>,
        state: &Option<M::State>,
        step: &mut Step<'_>,
    ) -> Result<Option<Mixture>, CoreError> {
        match (&self.method, state) {
            (Kind::Own(method), Some(state)) => method.mixture(x, state, step),
            (Kind::Own(_), None) => Ok(None),
            (Kind::Baseline(baseline), _) => baseline.mixture(x, step),
        }
    }

    /// Images and labels of the three parts.
    pub fn parts(&self) -> &Parts {
        &self.feed.parts
    }

    /// What the method keeps beside the network's weights, before the first step.
    ///
    /// # Errors
    /// As [`Method::state`].
    pub fn state(
        &self,
        network: &ImageNetwork,
        teacher: Option<&ImageNetwork>,
        batch: usize,
        streams: &mut Streams,
    ) -> Result<Option<M::State>, CoreError> {
        let (parts, device) = (self.parts(), &self.device);
        match &self.method {
            Kind::Baseline(_) => Ok(None),
            Kind::Own(method) => {
                method.state(&mut Start { network, teacher, parts, batch, streams, device }).map(Some)
            }
        }
    }

    /// The network that the method trains, of one that classifies.
    ///
    /// # Errors
    /// As [`Method::trained`].
    pub fn trained(&self, network: ImageNetwork, streams: &mut Streams) -> Result<ImageNetwork, CoreError> {
        match &self.method {
            Kind::Baseline(_) => Ok(network),
            Kind::Own(method) => method.trained(network, streams),
        }
    }

    /// What the method tells after the last step.
    ///
    /// # Errors
    /// As [`Method::told`].
    pub fn told(&self, state: &Option<M::State>) -> Result<Told, CoreError> {
        match (&self.method, state) {
            (Kind::Own(method), Some(state)) => method.told(state),
            _ => Ok(Told::default()),
        }
    }

    /// Logits of all images, in evaluation mode and without augmentation, with their labels.
    ///
    /// # Errors
    /// Images of another shape than the training images, or a failing device.
    pub fn logits(&self, model: &ImageNetwork, images: &LabelledImages) -> Result<Logits, CoreError> {
        let (shape, expected) = (shape_of(images), shape_of(&self.parts().train));
        if shape != expected {
            return Err(CoreError::Invalid(format!("images of {shape:?}, expected {expected:?}")));
        }
        let logits =
            self.logits_of(model, images.len(), |rows| Ok(self.plain(images, &rows.collect::<Vec<_>>())))?;
        Ok(Logits { logits, labels: images.labels.iter().copied().map(usize::from).collect() })
    }

    /// Logits of `rows` rows of inputs that are made piece by piece, `[rows, classes]`.
    pub(super) fn logits_of(
        &self,
        model: &ImageNetwork,
        rows: usize,
        inputs: impl Fn(Range<usize>) -> Result<Tensor<4>, CoreError>,
    ) -> Result<Array2<f64>, CoreError> {
        let classes = usize::from(self.parts().train.classes);
        let mut logits = Vec::with_capacity(rows * classes);
        for start in (0..rows).step_by(EVALUATION_BATCH) {
            let x = inputs(start..rows.min(start + EVALUATION_BATCH))?;
            // Further outputs behind the classes are the method's own.
            logits.extend(to_host(model.forward(x).slice_dim(1, 0..classes))?);
        }
        Array2::from_shape_vec((rows, classes), logits).map_err(|error| CoreError::Invalid(error.to_string()))
    }

    /// Images as a step sees them, `[rows, channels, height, width]`, augmented by draws of a stream.
    pub(super) fn augmented(&self, images: &LabelledImages, rows: &[usize], rng: &mut impl Rng) -> Tensor<4> {
        self.feed.batcher.augmented(&images.pixels, rows, rng, &self.device)
    }

    /// Images as they are, normalised: `[rows, channels, height, width]`.
    pub(super) fn plain(&self, images: &LabelledImages, rows: &[usize]) -> Tensor<4> {
        self.feed.batcher.plain(&images.pixels, rows, &self.device)
    }

    /// What the head sees of images, or of a mixture of them, in evaluation mode and without augmentation;
    /// all of them in one pass.
    ///
    /// # Shapes
    /// - returns `[images, features]`, or as many rows as the mixture has
    ///
    /// # Errors
    /// A partner that is no image, or a failing device.
    pub fn features(
        &self,
        model: &ImageNetwork,
        images: &LabelledImages,
        mixture: Option<&Mixture>,
    ) -> Result<Array2<f64>, CoreError> {
        let rows: Vec<usize> = (0..images.len()).collect();
        let x = self.feed.batcher.plain(&images.pixels, &rows, &self.device);
        let x = match mixture {
            Some(mixture) => mixture.inputs(x)?,
            None => x,
        };
        let features = to_array(model.features(x))?.into_dimensionality::<Ix2>();
        features.map_err(|error| CoreError::Invalid(error.to_string()))
    }

    /// The network with running batch-norm statistics of raw images only. In training the mixed copies
    /// go through the network in a pass of their own, after the raw images, and half of what the running
    /// statistics hold is theirs.
    ///
    /// One pass over the training images as they are augmented, of evenly spaced ones where they are more
    /// than 100 batches; no weight changes.
    ///
    /// Streams read here: `augment`.
    pub fn with_raw_statistics(
        &self,
        model: &ImageNetwork,
        batch: usize,
        streams: &mut Streams,
    ) -> ImageNetwork {
        let model = model.clone().into_training();
        let rows: Vec<usize> = (0..self.parts().train.len()).collect();
        let rows = evenly_spaced(&rows, RENEWAL * batch);
        for batch in rows.chunks(batch.max(1)) {
            model.forward(self.augmented(&self.parts().train, batch, streams.get("augment")));
        }
        model.evaluation()
    }
}

/// Batches after which 0.9^100 of the old statistics is left.
pub(super) const RENEWAL: usize = 100;

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
pub(super) const EVALUATION_BATCH: usize = 512;

impl<M: Method> Task for ImageTraining<M> {
    type Model = ImageNetwork;
    type State = Option<M::State>;
    type Feed = ImageFeed;

    fn samples(&self) -> usize {
        self.epoch
    }

    fn feed(&self) -> &ImageFeed {
        &self.feed
    }

    fn loss(
        &self,
        model: &ImageNetwork,
        state: &mut Option<M::State>,
        prepared: Prepared,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let x = Tensor::from_data(prepared.images, &self.device);
        let targets = one_hot(&prepared.labels, usize::from(self.parts().train.classes), &self.device)?;
        let batch = Batch { x, targets };
        match (&self.method, state) {
            (Kind::Own(method), Some(state)) => match prepared.outliers {
                Some(outliers) => {
                    let outliers = Tensor::from_data(outliers, &self.device);
                    method.loss_beside(model, batch, outliers, state, step)
                }
                None => method.loss(model, batch, state, step),
            },
            (Kind::Own(_), None) => Err(CoreError::Invalid("a method without its state".into())),
            (Kind::Baseline(baseline), _) => baseline.loss(model, batch, step),
        }
    }

    fn after_step(
        &self,
        model: &mut ImageNetwork,
        state: &mut Option<M::State>,
        step: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        match (&self.method, state) {
            (Kind::Own(method), Some(state)) => method.after_step(model, state, step),
            _ => Ok(()),
        }
    }

    fn evaluated(&self, model: &ImageNetwork, state: &Option<M::State>) -> ImageNetwork {
        match (&self.method, state) {
            (Kind::Own(method), Some(state)) => method.evaluated(model, state),
            _ => model.evaluation(),
        }
    }

    /// The error rate: official codes keep the epoch with the best validation accuracy. Of complementary labels
    /// `C - 1` times the share that is predicted, which needs no true label: where all wrong classes are
    /// named equally often, its expectation is the error rate.
    fn validate(&self, model: &ImageNetwork) -> Result<f64, CoreError> {
        let mut logits = self.logits(model, &self.parts().validation)?;
        match &self.parts().complementary {
            None => Ok(1.0 - logits.predictions()?.accuracy()),
            Some(labels) => {
                logits.labels = labels.validation.iter().copied().map(usize::from).collect();
                let others = self.parts().train.classes.saturating_sub(1);
                Ok(f64::from(others) * logits.predictions()?.accuracy())
            }
        }
    }
}
