//! Working ahead of a device: the same numbers to the bit, errors that name their step.

use std::num::NonZeroUsize;

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;

use super::*;
use crate::checked::Positive;
use crate::nn::{Activation, Mlp, MlpConfig};
use crate::optim::AdamConfig;
use crate::train::{Feed, Selection};

/// The sum of two noisy inputs: the feed draws the noise, the loss a factor of its own.
#[derive(Clone, Copy)]
struct Sums {
    /// Stream that the loss draws from.
    of_loss: &'static str,
    /// Number of the step whose loss is none.
    poisoned: usize,
    /// Number of the step that cannot be prepared.
    missing: usize,
}

const SUMS: Sums = Sums { of_loss: "factor", poisoned: usize::MAX, missing: usize::MAX };

impl Feed for Sums {
    type Prepared = TensorData;

    fn prepare(&self, step: &mut Step<'_>) -> Result<TensorData, CoreError> {
        if step.number() == self.missing {
            return Err(CoreError::Invalid("a sample is missing".into()));
        }
        let rng = step.streams.get("noise");
        let values: Vec<f32> =
            step.rows.iter().flat_map(|&row| [row as f32 / 100.0, rng.random_range(-1.0..1.0f32)]).collect();
        Ok(TensorData::new(values, [step.rows.len(), 2]))
    }
}

impl Task for Sums {
    type Model = Mlp;
    type State = NoState;
    type Feed = Self;

    fn samples(&self) -> usize {
        100
    }

    fn feed(&self) -> &Self {
        self
    }

    fn loss(
        &self,
        model: &Mlp,
        _: &mut NoState,
        prepared: TensorData,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let x = Tensor::<2>::from_data(prepared, &Device::flex());
        let mut factor = f64::from(step.streams.get(self.of_loss).random_range(0.5..1.5f32));
        if step.number() == self.poisoned {
            factor = f64::NAN;
        }
        Ok((model.forward(x.clone()) - x.sum_dim(1)).square().mean() * factor)
    }

    fn validate(&self, model: &Mlp) -> Result<f64, CoreError> {
        Ok(f64::from(model.forward(Tensor::<2>::ones([1, 2], &Device::flex())).into_scalar::<f32>()))
    }
}

/// All that a training gives, and where its streams stand; 33 steps an epoch, which is no multiple of the
/// steps between two readings.
fn trained(task: Sums, waits: bool, glimpse: Option<usize>, replay: bool) -> Result<Vec<u64>, CoreError> {
    let mut streams = Streams::new("ahead", 1);
    let hidden = vec![NonZeroUsize::new(8).unwrap()];
    let model =
        MlpConfig { hidden, activation: Activation::Relu }.init(2, 1, streams.get("init"), &Device::flex());
    let config = TrainConfig {
        epochs: NonZeroUsize::new(4).unwrap(),
        batch: NonZeroUsize::new(3).unwrap(),
        select: Selection::Last,
        shuffle: Shuffle::EveryEpoch,
        schedule: crate::optim::Schedule::Constant,
        patience: None,
    };
    let training = Training {
        config: &config,
        optimizer: &OptimizerConfig::Adam(AdamConfig::new(Positive::new(0.01).unwrap())),
        checkpoints: None,
        checkpoint_interval: Duration::ZERO,
        progress: &|_, _| {},
        glimpse: glimpse.and_then(NonZeroUsize::new),
        replay,
        tail: 0,
    };
    let fit = fit_at(&task, model, NoState, &training, &mut streams, waits)?;
    let mut numbers = [fit.opening, fit.train_loss, fit.validation_loss].concat();
    numbers.extend(["noise", "factor", "shuffle"].map(|purpose| streams.get(purpose).random::<f64>()));
    Ok(numbers.into_iter().map(f64::to_bits).collect())
}

#[test]
fn ahead_of_the_device_everything_is_the_same_to_the_bit() {
    for (glimpse, replay) in [(None, false), (Some(7), false), (Some(100), false)] {
        let waiting = trained(SUMS, true, glimpse, replay).unwrap();
        assert_eq!(trained(SUMS, false, glimpse, replay).unwrap(), waiting, "{glimpse:?}");
        assert_eq!(waiting.len(), OPENING + 4 + 4 + 3);
    }
    // Of a replay only the opening means anything: its feed was some steps further.
    let opening = |waits| trained(SUMS, waits, None, true).unwrap()[..OPENING].to_vec();
    assert_eq!(opening(false), opening(true));
}

#[test]
fn a_loss_that_is_read_late_still_names_its_step() {
    for waits in [true, false] {
        for (number, epoch, step) in [(0, 1, 1), (3, 1, 4), (32, 1, 33), (47, 2, 15)] {
            let error = trained(Sums { poisoned: number, ..SUMS }, waits, None, false).unwrap_err();
            let CoreError::NonFinite { epoch: found, step: place, .. } = error else {
                panic!("{error}");
            };
            assert_eq!((found, place), (epoch, step), "{waits}");
        }
    }
}

#[test]
fn what_cannot_be_prepared_ends_the_training() {
    for waits in [true, false] {
        let error = trained(Sums { missing: 40, ..SUMS }, waits, None, false).unwrap_err().to_string();
        assert!(error.contains("a sample is missing"), "{error}");
    }
}

#[test]
fn a_stream_that_both_sides_read_is_refused() {
    let error = trained(Sums { of_loss: "noise", ..SUMS }, false, None, false).unwrap_err().to_string();
    assert!(error.contains("`noise` is read by the feed and by the step"), "{error}");
}
