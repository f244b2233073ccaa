//! Training of a network by two views.

use burn::tensor::{Device, Tensor, TensorData};
use mixup_core::{
    CoreError,
    augment::Views,
    checked::Positive,
    metrics::embedding::unit,
    metrics::neighbours::{share_among_first, weighted_votes},
    probe::Ridge,
    tensor::to_host,
    train::{Feed, Step, Task},
};
use ndarray::{Array2, ArrayView1, Axis};

use super::data::{Parts, Samples};
use super::memory::Memory;
use super::method::{Batch, Compared, Method, Row, Scale};
use super::network::ContrastiveNetwork;
use super::setting::Setting;

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
pub(super) const EVALUATION_BATCH: usize = 500;

/// The penalty of the ridge probe in the course over the epochs.
pub(super) const COURSE_PENALTY: f64 = 0.01;

/// Contrastive training by one row.
#[derive(Debug)]
pub(super) struct ContrastiveTraining<'a, M> {
    pub(super) parts: Parts,
    course: [Samples; 2],
    pub(super) views: Views,
    row: &'a Row<M>,
    setting: &'a Setting,
    scale: Scale,
    pub(super) device: Device,
}

impl<'a, M: Method> ContrastiveTraining<'a, M> {
    pub(super) fn new(
        parts: Parts,
        row: &'a Row<M>,
        setting: &'a Setting,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let views = Views::new(parts.shape, &parts.statistics(&setting.normalise)?, setting.views)?;
        let course = [&parts.train, &parts.validation].map(|part| part.some(setting.course.get()));
        let scale = Scale::of(&parts.train.targets);
        Ok(Self { parts, course, views, row, setting, scale, device: device.clone() })
    }

    /// Mean and standard deviation of the labels of the training part.
    pub(super) fn scale(&self) -> Scale {
        self.scale
    }

    /// What a network gives for samples as they are, `[samples, outputs]`.
    pub(super) fn outputs(
        &self,
        samples: &Samples,
        network: impl Fn(Tensor<4>) -> Result<Tensor<2>, CoreError>,
    ) -> Result<Array2<f64>, CoreError> {
        let rows: Vec<usize> = (0..samples.len()).collect();
        let mut values = Vec::new();
        for chunk in rows.chunks(EVALUATION_BATCH) {
            values.extend(to_host(network(self.views.plain(&samples.values, chunk, &self.device))?)?);
        }
        let columns = values.len().checked_div(samples.len()).unwrap_or(0);
        Array2::from_shape_vec((samples.len(), columns), values)
            .map_err(|error| CoreError::Invalid(error.to_string()))
    }

    /// The points that the method compares, of length 1.
    pub(super) fn compared(
        &self,
        network: &ContrastiveNetwork,
        view: Tensor<4>,
    ) -> Result<Array2<f64>, CoreError> {
        let points = match self.row.loss.compared() {
            Compared::Embeddings => network.embeddings(view)?,
            Compared::Features => network.features(view)?,
        };
        let [samples, dimensions] = points.dims();
        let points = Array2::from_shape_vec((samples, dimensions), to_host(points)?)
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(unit(points.view()))
    }
}

impl<M: Method> Feed for ContrastiveTraining<'_, M> {
    type Prepared = [TensorData; 2];

    /// Streams read here: `views`, the first views of all samples before the second.
    fn prepare(&self, step: &mut Step<'_>) -> Result<[TensorData; 2], CoreError> {
        let values = &self.parts.train.values;
        let mut view = || self.views.random_data(values, step.rows, step.streams.get("views"));
        Ok([view(), view()])
    }
}

impl<M: Method> Task for ContrastiveTraining<'_, M> {
    type Model = ContrastiveNetwork;
    type State = Memory;
    type Feed = Self;

    fn samples(&self) -> usize {
        self.parts.train.len()
    }

    fn feed(&self) -> &Self {
        self
    }

    /// Streams read here: those of the method.
    fn loss(
        &self,
        network: &ContrastiveNetwork,
        memory: &mut Memory,
        views: [TensorData; 2],
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let train = &self.parts.train;
        let views = views.map(|view| Tensor::from_data(view, &self.device));
        let targets = step.rows.iter().map(|row| train.targets[*row]).collect();
        let batch = Batch { network, views, rows: step.rows, targets, scale: self.scale };
        self.row.loss.loss(&batch, memory, step)
    }

    fn after_step(
        &self,
        network: &mut ContrastiveNetwork,
        memory: &mut Memory,
        _: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        memory.follow(network, self.row.loss.memory().decay)
    }

    /// Of classes the share of validation samples that a k-NN probe gets wrong, of numbers the mean absolute error of
    /// a ridge probe over the labels' standard deviation; both from some training samples to some validation samples.
    fn validate(&self, network: &ContrastiveNetwork) -> Result<f64, CoreError> {
        let [bank, asked] = &self.course;
        let features = |samples: &Samples| self.outputs(samples, |x| network.features(x));
        let (known, features) = (features(bank)?, features(asked)?);
        match self.parts.classes {
            Some(classes) => {
                let (known, features) = (unit(known.view()), unit(features.view()));
                let (k, temperature) = (self.setting.neighbours, self.setting.temperature());
                let votes =
                    weighted_votes(known.view(), &bank.classes(), features.view(), k, temperature, classes)?;
                Ok(1.0 - share_among_first(votes.view(), &asked.classes(), std::num::NonZeroUsize::MIN)?)
            }
            None => {
                let targets = ArrayView1::from(&bank.targets[..]).insert_axis(Axis(1));
                let penalty =
                    Positive::new(COURSE_PENALTY).map_err(|error| CoreError::Invalid(error.to_string()))?;
                let found = Ridge::fit(known.view(), targets, penalty)?.predict(features.view());
                let errors = found.iter().zip(&asked.targets).map(|(found, target)| (found - target).abs());
                Ok(errors.sum::<f64>() / (asked.len() as f64 * self.scale.std))
            }
        }
    }
}
