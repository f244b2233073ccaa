//! The training loss of every method of the paper's tables.

use std::marker::PhantomData;

use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    loss::mse,
    metrics::regression,
    mix::{Kde, Lambda, Partner},
    nn::Dropout,
    tensor::{rows_to_device, to_host},
    train::{NoState, Step, Task},
};
use ndarray::{Array2, RemoveAxis};

use crate::method::{Method, PartnerChoice, Place};
use crate::mixing::{Regressor, mixed_step};
use crate::prepare::{Parts, Samples};

/// Regression by a network `N` on samples of shape `I`; `D` axes with the batch.
pub struct Regression<const D: usize, I: RemoveAxis, N> {
    parts: Parts<I>,
    mixing: Option<Mixing>,
    device: Device,
    network: PhantomData<N>,
}

/// What a method mixes, how strongly and with whom; absent for ERM.
struct Mixing {
    lambda: Lambda,
    partner: Partner,
    place: Place,
}

impl<const D: usize, I: RemoveAxis, N: Regressor<D>> Regression<D, I, N> {
    /// A task on the training and validation parts.
    ///
    /// # Errors
    /// A label that is not finite, or an alpha without a Beta distribution.
    pub fn new(parts: Parts<I>, method: &Method, device: &Device) -> Result<Self, CoreError> {
        let mixing = match method.alpha {
            None => None,
            Some(alpha) => Some(Mixing {
                lambda: Lambda::beta(alpha)?,
                partner: partner(&method.partner, &parts.train)?,
                place: method.place,
            }),
        };
        Ok(Self { parts, mixing, device: device.clone(), network: PhantomData })
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<D>, Tensor<2>) {
        let Samples { x, y, .. } = &self.parts.train;
        (rows_to_device(x.view(), rows, &self.device), rows_to_device(y.view(), rows, &self.device))
    }
}

fn partner<I: RemoveAxis>(choice: &PartnerChoice, train: &Samples<I>) -> Result<Partner, CoreError> {
    Ok(match choice {
        PartnerChoice::Uniform => Partner::Uniform { samples: train.len() },
        PartnerChoice::Permutation => Partner::Permutation,
        PartnerChoice::Kde(kde) => {
            // The official code rounds labels to f32 and evaluates the density in f64.
            let labels = train.y.mapv(|label| f64::from(label as f32));
            Partner::Kde(Kde::new(labels.view(), kde.bandwidth, kde.kernel)?)
        }
    })
}

impl<const D: usize, I: RemoveAxis, N: Regressor<D>> Task for Regression<D, I, N> {
    type Model = N;
    type State = NoState;

    fn samples(&self) -> usize {
        self.parts.train.len()
    }

    fn loss(&self, model: &N, _: &mut NoState, step: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let Step { rows: batch, streams, .. } = step;
        let (x, y) = self.batch(batch);
        let Some(Mixing { lambda, partner, place }) = &self.mixing else {
            let prediction = model.predict(x, &mut model.dropout(streams.get("dropout")))?;
            return mse(prediction, y);
        };
        let lambda = lambda.draw(streams.get("lambda"));
        let partners = self.batch(&partner.draw(batch, streams.get("pairs")));
        let mut dropout = model.dropout(streams.get("dropout"));
        Ok(mixed_step(model, (x, y), partners, lambda, *place, &mut dropout)?.loss)
    }

    fn validate(&self, model: &N) -> Result<f64, CoreError> {
        let validation = &self.parts.validation;
        regression::mse(predict(model, validation, &self.device)?.view(), validation.y.view())
    }
}

/// Samples in one forward pass of an evaluation: bounds memory, changes no number but in rounding.
const EVALUATION_BATCH: usize = 512;

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
