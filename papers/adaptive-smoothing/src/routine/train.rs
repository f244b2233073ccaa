//! Training of the network that chooses alpha.

use burn::tensor::{Device, Tensor, activation::sigmoid};
use mixup_core::{
    CoreError,
    augment::{AugmentConfig, ImageBatcher, Normalise},
    loss::soft_cross_entropy,
    split::evenly_spaced,
    tensor::{one_hot, to_host},
    train::{Network, NoFeed, NoState, Step, Task},
};
use mixup_data::LabelledImages;
use mixup_routines::classification::{Parts, shape_of};

use super::{Adaptive, Bases};
use crate::gate::Gate;
use crate::loss::composite;
use crate::mixing::mixed_by;

/// Validation images that the epoch is chosen by.
pub(super) const VALIDATION: usize = 500;

/// Images as they are beside attacked ones, half and half; only the network that chooses is trained.
pub(super) struct GateTraining<'a> {
    parts: &'a Parts,
    bases: &'a Bases,
    adaptive: &'a Adaptive,
    batcher: ImageBatcher,
    device: Device,
}

impl<'a> GateTraining<'a> {
    /// # Errors
    /// Images without a pixel.
    pub(super) fn new(
        parts: &'a Parts,
        bases: &'a Bases,
        adaptive: &'a Adaptive,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let shape = shape_of(&parts.train);
        let statistics = Normalise::UnitInterval.statistics(&parts.train.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, AugmentConfig::default())?;
        Ok(Self { parts, bases, adaptive, batcher, device: device.clone() })
    }

    fn images(&self, images: &LabelledImages, rows: &[usize]) -> Result<(Tensor<4>, Tensor<2>), CoreError> {
        let labels: Vec<usize> = rows.iter().map(|&row| usize::from(images.labels[row])).collect();
        let targets = one_hot(&labels, usize::from(images.classes), &self.device)?;
        Ok((self.batcher.plain(&images.pixels, rows, &self.device), targets))
    }

    /// A batch with its attacked copy behind it: images, targets, and 1 where attacked, `[2 batch, 1]`.
    fn beside_attacked(
        &self,
        gate: &Gate,
        x: Tensor<4>,
        targets: Tensor<2>,
        start: Tensor<4>,
    ) -> Result<(Tensor<4>, [Tensor<2>; 2]), CoreError> {
        let attacked = self.adaptive.attack.attack(x.clone(), start, |x| {
            soft_cross_entropy(self.bases.chosen(x, gate, &self.adaptive.choice)?, targets.clone())
        })?;
        let rows = x.dims()[0];
        let none = Tensor::<2>::zeros([rows, 1], &self.device);
        let choices = Tensor::cat(vec![none.clone(), none.ones_like()], 0);
        Ok((Tensor::cat(vec![x, attacked], 0), [Tensor::cat(vec![targets.clone(), targets], 0), choices]))
    }
}

impl Task for GateTraining<'_> {
    type Model = Gate;
    type State = NoState;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        self.parts.train.len()
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    /// Streams read here: `attack`.
    fn loss(
        &self,
        model: &Gate,
        _: &mut NoState,
        (): (),
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let (x, targets) = self.images(&self.parts.train, step.rows)?;
        let start = self.adaptive.attack.random_start(x.clone(), step.streams.get("attack"));
        let (x, [targets, choices]) = self.beside_attacked(&model.evaluation(), x, targets, start)?;
        let (features, [standard, robust]) = self.bases.seen(x);
        let gammas = model.train_gammas(features, &self.adaptive.choice)?;
        let outputs = mixed_by(standard, robust, sigmoid(gammas.clone()))?;
        Ok(composite(outputs, targets, gammas, choices, self.adaptive.weights)?.mean())
    }

    /// Cross-entropy of the whole after training, over images and attacked images.
    fn validate(&self, model: &Gate) -> Result<f64, CoreError> {
        let images = &self.parts.validation;
        let all: Vec<usize> = (0..images.len()).collect();
        let (x, targets) = self.images(images, &evenly_spaced(&all, VALIDATION))?;
        let (x, [targets, _]) = self.beside_attacked(model, x.clone(), targets, x)?;
        let loss = soft_cross_entropy(self.bases.chosen(x, model, &self.adaptive.choice)?, targets)?;
        Ok(to_host(loss)?.iter().sum())
    }
}
