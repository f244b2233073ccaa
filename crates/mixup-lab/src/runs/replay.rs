//! Replays: the first training losses of runs, trained again and compared by a check; nothing is trained to
//! its end and nothing is kept.

use std::ops::ControlFlow;

use crate::error::LabError;
use crate::runs::job::Task;
use crate::runs::plan::Plan;
use crate::runs::pool::{Ended, Failure, Notice};
use crate::runs::progress::Progress;
use crate::runs::session::Session;

/// The first losses of a run; none of what is not trained.
pub type Opening = Result<Vec<f64>, Failure>;

/// Runs for which a worker reads the data once. What takes longest is to read it, and a crash costs no more
/// than so many.
const TOGETHER: usize = 16;

/// Runs that a worker replays.
struct Batch {
    experiment: usize,
    /// Their numbers among the wanted ones of the experiment.
    numbers: Vec<usize>,
}

impl Session<'_> {
    /// Replays runs of some plans, given by their numbers, and gives the opening of each in their order. The
    /// data must be at hand.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn replay(&self, wanted: &[(&Plan, Vec<usize>)]) -> Result<Vec<Vec<Opening>>, LabError> {
        let batches = self.batches(wanted);
        let job = |batch: &Batch| {
            let (plan, runs) = &wanted[batch.experiment];
            let specs = batch.numbers.iter().map(|number| plan.runs[runs[*number]].spec.clone()).collect();
            self.job(plan, Task::Replay { specs })
        };
        let jobs: Vec<_> = batches.iter().map(job).collect();
        let mut openings: Vec<Vec<Option<Opening>>> =
            wanted.iter().map(|(_, runs)| vec![None; runs.len()]).collect();
        let bars = wanted.iter().map(|(plan, runs)| (plan.experiment.experiment.clone(), runs.len(), 0));
        let mut progress = Progress::new(bars);
        let ended = self.pool().execute(&jobs, |job, notice| {
            let Batch { experiment, numbers } = &batches[job];
            let openings = &mut openings[*experiment];
            let told: Vec<(usize, Opening)> = match notice {
                Notice::Replayed(index, opening) => vec![(numbers[index], opening)],
                // A crash: of those that were not told before, nothing is known.
                Notice::Failed(failure) => {
                    let rest = numbers.iter().filter(|number| openings[**number].is_none());
                    rest.map(|number| (*number, Err(failure.clone()))).collect()
                }
                Notice::Started | Notice::Epoch { .. } | Notice::Finished | Notice::Identified(..) => {
                    Vec::new()
                }
            };
            for (number, opening) in told {
                progress.observe(*experiment, number, &Notice::Finished);
                openings[number] = Some(opening);
            }
            ControlFlow::Continue(())
        });
        progress.end();
        if ended != Ended::All {
            return Err(LabError::ReplayInterrupted);
        }
        // Every job has told of each of its runs or failed.
        Ok(openings.into_iter().map(|openings| openings.into_iter().flatten().collect()).collect())
    }

    fn batches(&self, wanted: &[(&Plan, Vec<usize>)]) -> Vec<Batch> {
        let mut batches = Vec::new();
        for (experiment, (_, runs)) in wanted.iter().enumerate() {
            let together = runs.len().div_ceil(self.jobs().get()).clamp(1, TOGETHER);
            let numbers: Vec<usize> = (0..runs.len()).collect();
            batches.extend(numbers.chunks(together).map(|part| Batch { experiment, numbers: part.to_vec() }));
        }
        batches
    }
}
