//! Samples of the simulation as a network is trained on them.

use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    nn::ImageNetwork,
    stream::Streams,
    tensor::{one_hot, rows_to_device, to_host},
    train::{NoFeed, NoState, Step, Task},
};
use mixup_paper::RunContext;
use mixup_routines::classification::{Batch, Kind, Logits, Method as _};
use ndarray::{Array2, Array4};

use crate::simulation::{Setting, Spec};
use crate::{Gaussians, Labelled, Method};

/// Samples of the three parts.
pub(crate) struct Parts {
    pub(crate) train: Labelled,
    pub(crate) held_out: Labelled,
    pub(crate) test: Labelled,
}

impl Parts {
    /// As the official code cuts them: of `n` samples the last `n / 5` are tested, of the others the last tenth is
    /// held out. All are independent, so that which they are does not matter.
    pub(crate) fn draw(
        gaussians: &Gaussians,
        spec: &Spec,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, CoreError> {
        let Setting { samples, shape, .. } = &spec.setting;
        let coordinates = shape.iter().map(|side| side.get()).product();
        let all = samples.get();
        let (rest, test) = gaussians.draw(all, coordinates, streams.get("samples"))?.cut(all - all / 5);
        let others = rest.len();
        let (train, held_out) = rest.cut(others - others / 10);
        let Some(glimpse) = context.glimpse else { return Ok(Self { train, held_out, test }) };
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        let [train, held_out, test] = [
            train.cut(glimpse.train_samples(batch)).0,
            held_out.cut(glimpse.samples.get()).0,
            test.cut(glimpse.samples.get()).0,
        ];
        Ok(Self { train, held_out, test })
    }
}

/// A part as images.
pub(crate) struct Images {
    /// `[samples, channels, rows, columns]`
    x: Array4<f64>,
    labels: Vec<usize>,
    classes: usize,
}

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
pub(crate) const EVALUATION_BATCH: usize = 512;

impl Images {
    fn new(part: Labelled, [channels, rows, columns]: [usize; 3], classes: usize) -> Result<Self, CoreError> {
        let x = part.x.into_shape_with_order((part.labels.len(), channels, rows, columns));
        let x = x.map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(Self { x, labels: part.labels, classes })
    }

    /// Inputs and one-hot targets of some samples.
    fn batch(&self, rows: &[usize], device: &Device) -> Result<Batch<4>, CoreError> {
        let labels: Vec<usize> = rows.iter().map(|&row| self.labels[row]).collect();
        let targets = one_hot(&labels, self.classes, device)?;
        Ok(Batch { x: rows_to_device(self.x.view(), rows, device), targets })
    }

    /// Logits of all samples, in evaluation mode, with their labels.
    pub(crate) fn logits(&self, model: &ImageNetwork, device: &Device) -> Result<Logits, CoreError> {
        let rows: Vec<usize> = (0..self.labels.len()).collect();
        let mut logits = Vec::with_capacity(rows.len() * self.classes);
        for chunk in rows.chunks(EVALUATION_BATCH) {
            logits.extend(to_host(model.forward(rows_to_device(self.x.view(), chunk, device)))?);
        }
        let logits = Array2::from_shape_vec((rows.len(), self.classes), logits)
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(Logits { logits, labels: self.labels.clone() })
    }
}

/// Classification of Gaussians by one method.
pub(crate) struct GaussianTraining {
    train: Images,
    pub(crate) held_out: Images,
    pub(crate) test: Images,
    method: Kind<Method>,
    device: Device,
}

impl GaussianTraining {
    pub(crate) fn new(
        parts: Parts,
        shape: [usize; 3],
        spec: &Spec,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let images = |part| Images::new(part, shape, spec.setting.means.len());
        Ok(Self {
            train: images(parts.train)?,
            held_out: images(parts.held_out)?,
            test: images(parts.test)?,
            method: spec.parameters.method.clone(),
            device: device.clone(),
        })
    }
}

impl Task for GaussianTraining {
    type Model = ImageNetwork;
    type State = NoState;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        self.train.labels.len()
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    fn loss(
        &self,
        model: &ImageNetwork,
        state: &mut NoState,
        (): (),
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let batch = self.train.batch(step.rows, &self.device)?;
        match &self.method {
            Kind::Baseline(baseline) => baseline.loss(model, batch, step),
            Kind::Own(method) => method.loss(model, batch, state, step),
        }
    }

    /// The error rate.
    fn validate(&self, model: &ImageNetwork) -> Result<f64, CoreError> {
        Ok(1.0 - self.held_out.logits(model, &self.device)?.predictions()?.accuracy())
    }
}
