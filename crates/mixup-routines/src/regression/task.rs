//! Training of a regression by any method.

use std::marker::PhantomData;

use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    loss::mse,
    metrics::regression,
    mix::{Drawn, Mixing},
    nn::Dropout,
    tensor::{rows_to_device, to_host},
    train::{NoFeed, NoState, Step, Task},
};
use ndarray::{Array2, RemoveAxis};

use super::network::{Regressor, mixed_step};
use super::prepare::{Parts, Samples};
use super::{Method, Place, effective_partners};

/// Regression by a network `N` on samples of shape `I`; `D` axes with the batch.
pub struct RegressionTraining<const D: usize, I: RemoveAxis, N> {
    parts: Parts<I>,
    mixing: Option<(Mixing, Place)>,
    device: Device,
    network: PhantomData<N>,
}

impl<const D: usize, I: RemoveAxis, N: Regressor<D>> RegressionTraining<D, I, N> {
    /// A task on the training and validation parts.
    ///
    /// # Errors
    /// As [`Method::mixing`].
    pub fn new(parts: Parts<I>, method: &impl Method, device: &Device) -> Result<Self, CoreError> {
        let mixing = method.mixing(parts.train.y.view())?;
        Ok(Self { parts, mixing, device: device.clone(), network: PhantomData })
    }

    /// See [`effective_partners`].
    pub fn effective_partners(&self, batch: usize) -> Option<f64> {
        effective_partners(self.mixing.as_ref().map(|(mixing, _)| mixing), self.parts.train.len(), batch)
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<D>, Tensor<2>) {
        let Samples { x, y, .. } = &self.parts.train;
        (rows_to_device(x.view(), rows, &self.device), rows_to_device(y.view(), rows, &self.device))
    }
}

impl<const D: usize, I: RemoveAxis, N: Regressor<D>> Task for RegressionTraining<D, I, N> {
    type Model = N;
    type State = NoState;
    type Feed = NoFeed;

    fn samples(&self) -> usize {
        self.parts.train.len()
    }

    fn feed(&self) -> &NoFeed {
        &NoFeed
    }

    fn loss(&self, model: &N, _: &mut NoState, (): (), step: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let Step { rows, streams, .. } = step;
        let Some((mixing, place)) = &self.mixing else {
            let (x, y) = self.batch(rows);
            let prediction = model.predict(x, &mut model.dropout(streams.get("dropout")))?;
            return mse(prediction, y);
        };
        let Drawn { samples, mixture } = mixing.draw(rows, streams)?;
        let mut dropout = model.dropout(streams.get("dropout"));
        Ok(mixed_step(model, self.batch(&samples), &mixture, *place, &mut dropout)?.loss)
    }

    fn validate(&self, model: &N) -> Result<f64, CoreError> {
        let validation = &self.parts.validation;
        regression::mse(predict(model, validation, &self.device)?.view(), validation.y.view())
    }
}

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
pub(super) const EVALUATION_BATCH: usize = 512;

/// Predictions for all samples, in evaluation mode, `[samples, outputs]`.
///
/// # Errors
/// An input that the network cannot take.
pub fn predict<const D: usize, I: RemoveAxis>(
    model: &impl Regressor<D>,
    samples: &Samples<I>,
    device: &Device,
) -> Result<Array2<f64>, CoreError> {
    let rows: Vec<usize> = (0..samples.len()).collect();
    let mut predictions = Vec::with_capacity(samples.y.len());
    for chunk in rows.chunks(EVALUATION_BATCH) {
        let x = rows_to_device(samples.x.view(), chunk, device);
        predictions.extend(to_host(model.predict(x, &mut Dropout::Off)?)?);
    }
    Array2::from_shape_vec(samples.y.dim(), predictions)
        .map_err(|error| CoreError::Invalid(error.to_string()))
}
