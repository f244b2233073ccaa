//! How far the runs are: a bar per experiment on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::runs::pool::Notice;

/// Steps of a bar per run, so that epochs move it.
const STEPS: u64 = 1000;
/// Longest silence where there are no bars.
const SILENCE: Duration = Duration::from_secs(20);

/// The progress of several experiments.
pub(crate) struct Progress {
    experiments: Vec<Experiment>,
    bars: Option<MultiProgress>,
}

/// One experiment's progress.
struct Experiment {
    name: String,
    all: usize,
    done: usize,
    failed: usize,
    /// Per run that is under way: its number, epochs done and epochs in all.
    under_way: Vec<(usize, usize, usize)>,
    bar: ProgressBar,
    started: Option<Instant>,
    /// When a line was last written.
    told: Instant,
}

impl Progress {
    /// Experiments by name, with their runs in all and those that are in the store already.
    pub(crate) fn new(experiments: impl IntoIterator<Item = (String, usize, usize)>) -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        let experiments = experiments
            .into_iter()
            .map(|(name, all, done)| {
                let bar = ProgressBar::hidden();
                bar.set_length(all as u64 * STEPS);
                let bar = match &bars {
                    Some(bars) => bars.add(bar),
                    None => bar,
                };
                Experiment::new(name, all, done, bar)
            })
            .collect();
        Self { experiments, bars }
    }

    /// Takes note of what happened to a run of an experiment.
    pub(crate) fn observe(&mut self, experiment: usize, run: usize, notice: &Notice) {
        let Some(experiment) = self.experiments.get_mut(experiment) else { return };
        experiment.take(run, notice);
        if self.bars.is_none() {
            experiment.tell_now_and_then();
        }
    }

    /// Writes a line above the bars.
    pub(crate) fn say(&self, line: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Leaves the bars as they stand.
    pub(crate) fn end(self) {
        for experiment in &self.experiments {
            experiment.bar.abandon();
        }
    }
}

impl Experiment {
    fn new(name: String, all: usize, done: usize, bar: ProgressBar) -> Self {
        // The template is our own and well formed.
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:24}] {msg} {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(format!("{name:<20}"));
        let experiment = Self {
            name,
            all,
            done,
            failed: 0,
            under_way: Vec::new(),
            bar,
            started: None,
            told: Instant::now(),
        };
        experiment.show();
        experiment.bar.reset_eta();
        experiment
    }

    fn take(&mut self, run: usize, notice: &Notice) {
        match notice {
            Notice::Started => {
                self.started.get_or_insert_with(Instant::now);
                self.under_way.push((run, 0, 0));
            }
            Notice::Epoch { done, all } => {
                for under_way in self.under_way.iter_mut().filter(|under_way| under_way.0 == run) {
                    *under_way = (run, *done, *all);
                }
            }
            Notice::Identified(..) | Notice::Replayed(..) => {}
            Notice::Finished | Notice::Failed(_) => {
                self.under_way.retain(|under_way| under_way.0 != run);
                self.done += 1;
                self.failed += usize::from(matches!(notice, Notice::Failed(_)));
            }
        }
        self.show();
    }

    fn show(&self) {
        let parts = self.under_way.iter().map(|(_, done, all)| STEPS * *done as u64 / (*all).max(1) as u64);
        self.bar.set_position(self.done as u64 * STEPS + parts.sum::<u64>());
        self.bar.set_message(self.state());
    }

    /// `12/40 runs, 1 failed, epochs 13/100 87/100`
    fn state(&self) -> String {
        let mut state = format!("{}/{} runs", self.done, self.all);
        if self.failed > 0 {
            state += &format!(", {} failed", self.failed);
        }
        let epochs: Vec<String> =
            self.under_way.iter().filter(|run| run.2 > 0).map(|run| format!("{}/{}", run.1, run.2)).collect();
        if !epochs.is_empty() {
            state += &format!(", epochs {}", epochs.join(" "));
        }
        state
    }

    /// A line at the end, and after a silence.
    fn tell_now_and_then(&mut self) {
        if self.done < self.all && self.told.elapsed() < SILENCE {
            return;
        }
        self.told = Instant::now();
        let seconds = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
        eprintln!("{}: {} after {seconds:.0} s", self.name, self.state());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_runs_and_epochs() {
        let mut experiment = Experiment::new("airfoil".to_owned(), 4, 1, ProgressBar::hidden());
        experiment.bar.set_length(4 * STEPS);
        assert_eq!(experiment.bar.position(), STEPS);
        experiment.take(7, &Notice::Started);
        experiment.take(7, &Notice::Epoch { done: 25, all: 100 });
        assert_eq!(experiment.bar.position(), STEPS + STEPS / 4);
        assert_eq!(experiment.state(), "1/4 runs, epochs 25/100");
        experiment.take(7, &Notice::Finished);
        assert_eq!((experiment.bar.position(), experiment.state().as_str()), (2 * STEPS, "2/4 runs"));
    }
}
