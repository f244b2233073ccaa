//! Where the time of a run goes: every moment of it belongs to one [`Phase`], so that their times add up to the run's.
//!
//! A clock runs in the thread that [`start`]ed it, until [`stop`]. Without one, [`timed`] only does the work.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a run does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Whatever comes before training: data sets are read, networks are built.
    Preparation,
    /// Samples of a step are drawn, augmented and made tensors; the training loop itself.
    Data,
    /// What to mix is drawn, inputs and targets are mixed.
    Mixing,
    /// The network's outputs and the loss.
    Forward,
    /// Gradients.
    Backward,
    /// The optimiser's step, and what a task does after it.
    Optimiser,
    /// Validation after each epoch, and whatever comes after training.
    Evaluation,
    /// Checkpoints are written and read.
    Checkpoints,
}

impl Phase {
    /// All of them, in a run's order.
    pub const ALL: [Self; 8] = [
        Self::Preparation,
        Self::Data,
        Self::Mixing,
        Self::Forward,
        Self::Backward,
        Self::Optimiser,
        Self::Evaluation,
        Self::Checkpoints,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparation => "preparation",
            Self::Data => "data",
            Self::Mixing => "mixing",
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Optimiser => "optimiser",
            Self::Evaluation => "evaluation",
            Self::Checkpoints => "checkpoints",
        }
    }

    /// Whether its parts are not told apart: an evaluation has data and passes of the network of its own.
    fn is_whole(self) -> bool {
        matches!(self, Self::Preparation | Self::Evaluation | Self::Checkpoints)
    }
}

struct Clock {
    phase: Phase,
    since: Instant,
    spent: BTreeMap<Phase, Duration>,
}

impl Clock {
    /// From now on it is another phase; the one before.
    fn turn(&mut self, phase: Phase) -> Phase {
        let now = Instant::now();
        *self.spent.entry(self.phase).or_default() += now - self.since;
        self.since = now;
        std::mem::replace(&mut self.phase, phase)
    }
}

thread_local! {
    static CLOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

fn with<T>(work: impl FnOnce(&mut Clock) -> T) -> Option<T> {
    CLOCK.with_borrow_mut(|clock| clock.as_mut().map(work))
}

/// Starts the clock of this thread, in [`Phase::Preparation`].
pub fn start() {
    let clock = Clock { phase: Phase::Preparation, since: Instant::now(), spent: BTreeMap::new() };
    CLOCK.set(Some(clock));
}

/// Stops the clock of this thread: the time in each phase; nothing where none ran.
pub fn stop() -> BTreeMap<Phase, Duration> {
    let Some(mut clock) = CLOCK.take() else { return BTreeMap::new() };
    clock.turn(clock.phase);
    clock.spent
}

/// From now on, and until something else is said, it is this phase.
pub(crate) fn turn_to(phase: Phase) {
    with(|clock| clock.turn(phase));
}

/// Does some work in a phase, and returns to the one before. Within an evaluation, a checkpoint or the preparation it is
/// part of that.
pub fn timed<T>(phase: Phase, work: impl FnOnce() -> T) -> T {
    let before = with(|clock| (!clock.phase.is_whole()).then(|| clock.turn(phase))).flatten();
    let done = work();
    if let Some(before) = before {
        turn_to(before);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait() {
        std::thread::sleep(Duration::from_millis(20));
    }

    #[test]
    fn times_add_up_and_an_inner_phase_is_taken_from_the_outer() {
        let begun = Instant::now();
        start();
        timed(Phase::Data, wait);
        turn_to(Phase::Data);
        timed(Phase::Forward, || {
            timed(Phase::Mixing, wait);
            wait();
        });
        timed(Phase::Backward, || ());
        turn_to(Phase::Evaluation);
        timed(Phase::Forward, wait);
        let spent = stop();
        let all = begun.elapsed();
        let of = |phase| spent.get(&phase).copied().unwrap_or_default();
        let least = Duration::from_millis(20);
        for phase in [Phase::Preparation, Phase::Mixing, Phase::Forward, Phase::Evaluation] {
            assert!(of(phase) >= least, "{phase:?}: {spent:?}");
        }
        let sum: Duration = spent.values().sum();
        assert!(sum <= all && sum + Duration::from_millis(5) >= all, "{sum:?} of {all:?}");
    }

    #[test]
    fn without_a_clock_work_is_done_and_nothing_is_told() {
        assert_eq!(timed(Phase::Data, || 7), 7);
        assert!(stop().is_empty());
        // A clock is of its thread.
        start();
        std::thread::spawn(|| timed(Phase::Data, wait)).join().unwrap();
        assert!(!stop().contains_key(&Phase::Data));
    }
}
