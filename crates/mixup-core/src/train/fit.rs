//! From a task and a start to trained weights.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;

use super::batches::Plan;
use super::checkpoint::{Checkpoint, Standing};
use super::feed::{Feed, Outline, Supply, ahead};
use super::losses::Losses;
use super::{Network, NoState, Shuffle, Step, Task, TrainConfig};
use crate::clock::{Phase, timed, turn_to};
use crate::{CoreError, device, optim::OptimizerConfig, stream::Streams};

/// What runs of experiments take for [`Training::checkpoint_interval`]: shorter ones are as quickly
/// done again.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(2);

/// Steps at the start of a training whose losses are kept: enough that whatever a training depends on has
/// had its say (a momentum needs two), and done in no time.
pub const OPENING: usize = 5;

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
    /// A look at the training instead of all of it: the first, the second, the middle and the last
    /// epoch, of each at most this many steps, at the learning rates that the whole training has in these
    /// epochs and steps. Neither reads nor writes a checkpoint, and has all the patience there is.
    pub glimpse: Option<NonZeroUsize>,
    /// Only the first [`OPENING`] steps, executed as in the whole training. Neither reads nor writes a
    /// checkpoint.
    pub replay: bool,
    /// How many of the last epochs' networks are handed out; 0 or 1 for that of the last epoch alone. Nothing is
    /// written in a checkpoint between the first and the last of them, and patience may end a training before
    /// there are so many.
    pub tail: usize,
}

impl Training<'_> {
    /// The epochs that are executed, if patience does not end them.
    fn epochs(&self) -> Vec<usize> {
        let all = self.config.epochs.get();
        match self.glimpse {
            None => (0..all).collect(),
            Some(_) => {
                let mut epochs = vec![0, 1.min(all - 1), all / 2, all - 1];
                epochs.dedup();
                epochs
            }
        }
    }

    /// Where it goes on from, if anywhere.
    fn checkpoint(&self) -> Option<Checkpoint> {
        let whole = self.glimpse.is_none() && !self.replay;
        self.checkpoints.filter(|_| whole).map(Checkpoint::at)
    }

    /// Whether all is done that was asked for, wherever in an epoch that is.
    fn is_replayed(&self, opening: &[f64]) -> bool {
        self.replay && opening.len() >= OPENING
    }

    /// Whether the network after so many of the executed epochs is of the tail, and not the last one.
    fn is_of_tail(&self, done: usize, all: usize) -> bool {
        done < all && done + self.tail > all
    }

    /// The steps that are executed of the `all` of an epoch.
    fn steps(&self, all: usize) -> usize {
        self.glimpse.map_or(all, |most| all.min(most.get()))
    }
}

/// A trained task.
#[derive(Debug, Clone)]
pub struct Fit<M, S = NoState> {
    /// The network after the last epoch, in evaluation mode; what [`Task::evaluated`] gave.
    pub last: M,
    /// Those of the epochs before it that [`Training::tail`] asked for, the earliest first.
    pub tail: Vec<M>,
    /// The network of the epoch with the lowest validation loss (the later of equals), in evaluation
    /// mode; what [`Task::evaluated`] gave.
    pub best: M,
    /// The state of the task after the last epoch.
    pub state: S,
    /// The best epoch's place in `validation_loss`: that epoch, from 0.
    pub best_epoch: usize,
    /// Training losses of the first [`OPENING`] steps that were executed, of fewer where there are fewer.
    pub opening: Vec<f64>,
    /// Mean training loss per epoch.
    pub train_loss: Vec<f64>,
    /// Validation loss after each epoch.
    pub validation_loss: Vec<f64>,
}

/// Trains `model` on `task`, whose state begins as `state`. The result is a function of the start, the
/// task, the configuration and the streams only: cut off and resumed, it is the same to the bit. Of a
/// [replay](Training::replay), only the opening means anything.
///
/// On another device than the CPU steps are prepared ahead by a thread of their own ([`Feed`]), and losses are read twenty at a
/// time, so that the host does not wait for each: one that is not finite ends the training up to nineteen steps later.
///
/// Streams read here: those of [`Batches`](super::Batches), `shuffle` by default; others by the task.
///
/// # Errors
/// Samples that the task's batches cannot be drawn from, a loss that is not finite (with its epoch and
/// step), a checkpoint that cannot be written or read, or what the task returns.
pub fn fit<T: Task>(
    task: &T,
    model: T::Model,
    state: T::State,
    training: &Training<'_>,
    streams: &mut Streams,
) -> Result<Fit<T::Model, T::State>, CoreError> {
    let waits = model.devices().iter().all(device::is_cpu);
    fit_at(task, model, state, training, streams, waits)
}

/// [`fit`], where the host `waits` for each step or works ahead.
pub(super) fn fit_at<T: Task>(
    task: &T,
    model: T::Model,
    state: T::State,
    training: &Training<'_>,
    streams: &mut Streams,
    waits: bool,
) -> Result<Fit<T::Model, T::State>, CoreError> {
    let config = training.config;
    let plan = Plan::new(task.batches(), task.samples(), config.batch)?;
    let checkpoint = training.checkpoint();
    let patience = config.patience.filter(|_| training.glimpse.is_none());
    let optimizer = model.optimizer(training.optimizer)?;
    let mut standing = Standing::start(model, state, optimizer);
    if let Some(checkpoint) = &checkpoint {
        standing = timed(Phase::Checkpoints, || checkpoint.resume(standing, streams))?;
    }
    let routine = Routine { task, training, plan, waits };
    let epochs = training.epochs();
    turn_to(Phase::Data);
    let mut saved = Instant::now();
    let mut tail = Vec::new();
    while standing.done() < epochs.len() && !standing.course.out_of_patience(patience) {
        standing = routine.epoch(epochs[standing.done()], standing, streams)?;
        if training.is_replayed(&standing.opening) {
            break;
        }
        (training.progress)(standing.done(), epochs.len());
        if training.is_of_tail(standing.done(), epochs.len()) {
            tail.push(task.evaluated(&standing.model, &standing.state));
        }
        if let Some(checkpoint) = &checkpoint
            && tail.is_empty()
            && saved.elapsed() >= training.checkpoint_interval
        {
            timed(Phase::Checkpoints, || checkpoint.save(&standing, streams))?;
            saved = Instant::now();
        }
    }
    turn_to(Phase::Evaluation);
    Ok(Fit {
        last: task.evaluated(&standing.model, &standing.state),
        tail,
        best: standing.best,
        state: standing.state,
        best_epoch: standing.course.best,
        opening: standing.opening,
        train_loss: standing.train_loss,
        validation_loss: standing.course.losses,
    })
}

/// What stays the same from epoch to epoch.
struct Routine<'a, T> {
    task: &'a T,
    training: &'a Training<'a>,
    plan: Plan,
    waits: bool,
}

impl<T: Task> Routine<'_, T> {
    fn epoch(
        &self,
        epoch: usize,
        mut standing: Standing<T::Model, T::State>,
        streams: &mut Streams,
    ) -> Result<Standing<T::Model, T::State>, CoreError> {
        let config = self.training.config;
        if standing.order.is_empty() || config.shuffle == Shuffle::EveryEpoch {
            standing.order = self.plan.draw(streams);
        }
        let order = std::mem::take(&mut standing.order);
        let (plan, epochs) = (&self.plan, config.epochs.get());
        let executed = self.training.steps(plan.steps());
        let outline = Outline { plan, order: &order, epoch, epochs, executed };
        let feed = self.task.feed();
        standing = match self.waits {
            true => self.steps(outline, &Supply::Now(feed), standing, streams)?,
            false => ahead(feed, outline, streams, |supply, streams| {
                self.steps(outline, supply, standing, streams)
            })?,
        };
        standing.order = order;
        if !self.training.is_replayed(&standing.opening) {
            timed(Phase::Evaluation, || self.judge(&mut standing))?;
        }
        Ok(standing)
    }

    /// The steps of an epoch; of a replay, as many as it has.
    fn steps(
        &self,
        outline: Outline<'_>,
        supply: &Supply<'_, T::Feed>,
        mut standing: Standing<T::Model, T::State>,
        streams: &mut Streams,
    ) -> Result<Standing<T::Model, T::State>, CoreError> {
        let mut losses = Losses::new(self.waits);
        for step in 0..outline.executed {
            let mut step = outline.step(step, streams);
            let prepared = supply.take(&mut step)?;
            standing = self.step(standing, prepared, &mut step, &mut losses)?;
            if self.training.is_replayed(&standing.opening) {
                return Ok(standing);
            }
        }
        losses.read(outline.epoch, &mut standing.opening)?;
        standing.train_loss.push(losses.mean());
        Ok(standing)
    }

    /// By value: weights that nobody else holds are written over.
    fn step(
        &self,
        mut standing: Standing<T::Model, T::State>,
        prepared: <T::Feed as Feed>::Prepared,
        step: &mut Step<'_>,
        losses: &mut Losses,
    ) -> Result<Standing<T::Model, T::State>, CoreError> {
        let Training { config, optimizer, .. } = self.training;
        let lr = optimizer.lr_at(&config.schedule, step.clock());
        let loss = timed(Phase::Forward, || {
            let loss = self.task.loss(&standing.model, &mut standing.state, prepared, step)?;
            losses.push(&loss, step, &mut standing.opening)?;
            Ok::<_, CoreError>(loss)
        })?;
        standing.model = standing.model.descended(loss, lr, optimizer.clip(), &mut standing.optimizer);
        let Standing { model, state, .. } = &mut standing;
        timed(Phase::Optimiser, || self.task.after_step(model, state, step))?;
        Ok(standing)
    }

    fn judge(&self, standing: &mut Standing<T::Model, T::State>) -> Result<(), CoreError> {
        // For its effect on running statistics, which a checkpoint must hold up to date whichever
        // network the task evaluates.
        let _ = standing.model.evaluation();
        let evaluated = self.task.evaluated(&standing.model, &standing.state);
        if standing.course.push(self.task.validate(&evaluated)?) {
            standing.best = evaluated;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
