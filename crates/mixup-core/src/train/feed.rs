//! What a step needs and no network has a say in, made ahead of the step where a device computes meanwhile.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::{Step, batches::Plan};
use crate::clock::{Phase, timed};
use crate::{CoreError, stream::Streams};

/// Steps that are prepared before they are asked for.
const AHEAD: usize = 4;

/// Makes the data of a step, on the host, from its rows and from streams of its own.
///
/// On the CPU that is part of the step. Where another device computes, a thread of its own prepares a few steps ahead, with
/// streams that it alone reads: numbers are the same to the bit.
pub trait Feed: Sync {
    /// Data on the host: what is put on a device is put there by the step.
    type Prepared: Send;

    /// The data of one step.
    ///
    /// Streams read here must not be read by [`Task::loss`](super::Task::loss) or
    /// [`Task::after_step`](super::Task::after_step); training ends with an error where they are.
    ///
    /// # Errors
    /// Samples that cannot be prepared.
    fn prepare(&self, step: &mut Step<'_>) -> Result<Self::Prepared, CoreError>;
}

/// Of a task that prepares nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoFeed;

impl Feed for NoFeed {
    type Prepared = ();

    fn prepare(&self, _: &mut Step<'_>) -> Result<(), CoreError> {
        Ok(())
    }
}

/// The steps of an epoch that are executed.
#[derive(Clone, Copy)]
pub(super) struct Outline<'a> {
    pub(super) plan: &'a Plan,
    pub(super) order: &'a [usize],
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    pub(super) executed: usize,
}

impl Outline<'_> {
    /// A step of the epoch.
    pub(super) fn step<'a>(&'a self, step: usize, streams: &'a mut Streams) -> Step<'a> {
        let Self { plan, order, epoch, epochs, .. } = *self;
        Step { rows: plan.of_step(order, step), epoch, epochs, step, steps: plan.steps(), streams }
    }

    /// Prepares all steps in turn, until nobody takes them; the streams as they stand then.
    fn send<F: Feed>(
        self,
        feed: &F,
        mut streams: Streams,
        to: &SyncSender<Result<F::Prepared, CoreError>>,
    ) -> Streams {
        for step in 0..self.executed {
            let prepared = feed.prepare(&mut self.step(step, &mut streams));
            let failed = prepared.is_err();
            if to.send(prepared).is_err() || failed {
                break;
            }
        }
        streams
    }
}

/// Where steps get what was prepared for them.
pub(super) enum Supply<'a, F: Feed> {
    /// It is prepared when it is asked for.
    Now(&'a F),
    /// Another thread prepares it.
    Ahead(Receiver<Result<F::Prepared, CoreError>>),
}

impl<F: Feed> Supply<'_, F> {
    /// What was prepared for a step; steps ask in their order.
    pub(super) fn take(&self, step: &mut Step<'_>) -> Result<F::Prepared, CoreError> {
        timed(Phase::Data, || match self {
            Self::Now(feed) => feed.prepare(step),
            Self::Ahead(from) => from
                .recv()
                .unwrap_or_else(|_| Err(CoreError::Invalid("no step was prepared any more".to_owned()))),
        })
    }
}

/// Executes the steps of an epoch while a thread prepares what comes next.
///
/// # Errors
/// What the steps return, or a stream that both sides read.
pub(super) fn ahead<F: Feed, R>(
    feed: &F,
    outline: Outline<'_>,
    streams: &mut Streams,
    execute: impl FnOnce(&Supply<'_, F>, &mut Streams) -> Result<R, CoreError>,
) -> Result<R, CoreError> {
    let before = streams.positions();
    let own = streams.clone();
    let (sender, receiver) = sync_channel(AHEAD);
    thread::scope(|scope| {
        let preparing = scope.spawn(move || outline.send(feed, own, &sender));
        let supply = Supply::Ahead(receiver);
        let executed = execute(&supply, streams);
        // A thread that waits for a taker sees that there is none.
        drop(supply);
        let read = preparing.join().unwrap_or_else(|panic| resume_unwind(panic));
        let executed = executed?;
        streams.join(read, &before).map_err(|purpose| {
            CoreError::Invalid(format!("the stream `{purpose}` is read by the feed and by the step"))
        })?;
        Ok(executed)
    })
}
