//! From a task and a start to trained weights.

use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use rand::seq::SliceRandom;

use super::checkpoint::{Checkpoint, State};
use super::{Shuffle, TrainConfig};
use crate::{
    CoreError,
    optim::{Clip, OptimizerConfig},
    stream::Streams,
};

/// What is trained: a paper supplies the loss of a step and the validation loss.
pub trait Task {
    /// The network.
    type Model: Module;

    /// Number of training samples.
    fn samples(&self) -> usize;

    /// Training loss of one step, `[1]`. `batch` indexes the training samples; randomness comes
    /// from named streams only, so that a resumed run draws the same.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn loss(
        &self,
        model: &Self::Model,
        batch: &[usize],
        streams: &mut Streams,
    ) -> Result<Tensor<1>, CoreError>;

    /// Validation loss, lower is better. `model` is in evaluation mode.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn validate(&self, model: &Self::Model) -> Result<f64, CoreError>;
}

/// What runs of experiments take for [`Training::checkpoint_interval`]: shorter ones are as quickly
/// done again.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(2);

/// How a task is trained.
pub struct Training<'a> {
    /// Length, batches, selection.
    pub config: &'a TrainConfig,
    /// Optimiser.
    pub optimizer: &'a OptimizerConfig,
    /// Folder for the checkpoint; training goes on from the one that is there.
    pub checkpoints: Option<&'a Path>,
    /// Shortest time between two checkpoints: runs of a second need none. Zero: every epoch.
    pub checkpoint_interval: Duration,
    /// Called after each epoch with (done, all).
    pub progress: &'a dyn Fn(usize, usize),
}

/// A trained task.
#[derive(Debug, Clone)]
pub struct Fit<M> {
    /// Weights after the last epoch, in evaluation mode.
    pub last: M,
    /// Weights of the epoch with the lowest validation loss (the later of equals), in evaluation
    /// mode.
    pub best: M,
    /// That epoch, from 0.
    pub best_epoch: usize,
    /// Mean training loss per epoch.
    pub train_loss: Vec<f64>,
    /// Validation loss after each epoch.
    pub validation_loss: Vec<f64>,
}

/// Trains `model` on `task`. The result is a function of the start, the task, the configuration
/// and the streams only: cut off and resumed, it is the same to the bit.
///
/// Streams read here: `shuffle`; others by the task.
///
/// # Errors
/// Fewer samples than a batch, a loss that is not finite (with its epoch and step), a checkpoint
/// that cannot be written or read, or what the task returns.
pub fn fit<T: Task>(
    task: &T,
    model: T::Model,
    training: &Training<'_>,
    streams: &mut Streams,
) -> Result<Fit<T::Model>, CoreError> {
    let config = training.config;
    if task.samples() < config.batch.get() {
        return Err(CoreError::Invalid(format!(
            "a batch of {} from {} training samples: use a smaller `batch`",
            config.batch,
            task.samples()
        )));
    }
    let checkpoint = training.checkpoints.map(Checkpoint::at);
    let mut state = State::start(model, training.optimizer.init());
    if let Some(checkpoint) = &checkpoint {
        state = checkpoint.resume(state, streams)?;
    }
    let mut saved = Instant::now();
    while state.epoch < config.epochs.get() && !out_of_patience(&state, config) {
        train_epoch(task, &mut state, training, streams)?;
        (training.progress)(state.epoch, config.epochs.get());
        if let Some(checkpoint) = &checkpoint
            && saved.elapsed() >= training.checkpoint_interval
        {
            checkpoint.save(&state, streams)?;
            saved = Instant::now();
        }
    }
    Ok(Fit {
        last: state.model.valid(),
        best: state.best,
        best_epoch: state.best_epoch,
        train_loss: state.train_loss,
        validation_loss: state.validation_loss,
    })
}

fn out_of_patience<M>(state: &State<M>, config: &TrainConfig) -> bool {
    config.patience.is_some_and(|patience| state.epoch > state.best_epoch + patience.get())
}

fn train_epoch<T: Task>(
    task: &T,
    state: &mut State<T::Model>,
    training: &Training<'_>,
    streams: &mut Streams,
) -> Result<(), CoreError> {
    let config = training.config;
    let lr = training.optimizer.lr() * config.schedule.factor(state.epoch, config.epochs.get());
    if state.order.is_empty() || config.shuffle == Shuffle::EveryEpoch {
        state.order = (0..task.samples()).collect();
        state.order.shuffle(streams.get("shuffle"));
    }
    let mut total = 0.0;
    let order = std::mem::take(&mut state.order);
    for (step, batch) in order.chunks_exact(config.batch.get()).enumerate() {
        let loss = task.loss(&state.model, batch, streams)?;
        let value = loss.clone().into_scalar::<f32>();
        if !value.is_finite() {
            return Err(CoreError::NonFinite { epoch: state.epoch + 1, step: step + 1, loss: value });
        }
        total += f64::from(value);
        descend(state, loss, lr, training.optimizer.clip());
    }
    state.train_loss.push(total / (order.len() / config.batch.get()) as f64);
    state.order = order;
    judge(task, state)?;
    state.epoch += 1;
    Ok(())
}

/// One step of the optimiser.
fn descend<M: Module>(state: &mut State<M>, loss: Tensor<1>, lr: f64, clip: Option<Clip>) {
    let mut gradients = GradientsParams::from_grads(loss.backward(), &state.model);
    if let Some(clip) = clip {
        clip.apply(&state.model, &mut gradients);
    }
    let optimizer: &mut ModuleOptimizer = &mut state.optimizer;
    // `step` takes the module by value; the clone shares its tensors until they are replaced.
    state.model = optimizer.step(lr, state.model.clone(), gradients);
}

fn judge<T: Task>(task: &T, state: &mut State<T::Model>) -> Result<(), CoreError> {
    let snapshot = state.model.valid();
    let loss = task.validate(&snapshot)?;
    let best = state.validation_loss.get(state.best_epoch).copied();
    state.validation_loss.push(loss);
    if best.is_none_or(|best| loss <= best) {
        state.best = snapshot;
        state.best_epoch = state.epoch;
    }
    Ok(())
}
