//! What a user sees while runs are executed: bars on a terminal, now and then a line elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::pool::Event;

/// Progress of one experiment, on standard error.
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    runs: usize,
    finished: usize,
    /// Share done of the runs under way.
    under_way: HashMap<usize, f64>,
    start: Instant,
    told: Instant,
}

/// Parts of a run that the bar can show.
const PARTS: f64 = 1000.0;

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Progress of `runs` runs that are still to be executed.
    pub fn new(name: &str, runs: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix:>20} {bar:32} {msg} [{elapsed}, {eta} left]");
            let bar = ProgressBar::new((runs as f64 * PARTS) as u64).with_prefix(name.to_owned());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        if let Some(bar) = &bar {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        Self {
            bar,
            name: name.to_owned(),
            runs,
            finished: 0,
            under_way: HashMap::new(),
            start: now,
            told: now,
        }
    }

    /// Takes note of an event.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Epoch { run, done, all } => {
                self.under_way.insert(*run, *done as f64 / (*all).max(1) as f64);
            }
            Event::Finished { run } | Event::Failed { run, .. } => {
                self.under_way.remove(run);
                self.finished += 1;
            }
        }
        let done = self.finished as f64 + self.under_way.values().sum::<f64>();
        match &self.bar {
            Some(bar) => {
                bar.set_position((done * PARTS) as u64);
                bar.set_message(format!("{}/{} runs", self.finished, self.runs));
            }
            None if self.told.elapsed() >= LINE_EVERY => {
                self.told = Instant::now();
                eprintln!("{}: {}/{} runs, {}", self.name, self.finished, self.runs, self.time_left(done));
            }
            None => {}
        }
    }

    /// Says a line without tearing the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// The end: how long it took.
    pub fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let seconds = self.start.elapsed().as_secs_f64();
        eprintln!("{}: {} runs executed in {seconds:.1} s", self.name, self.finished);
    }

    fn time_left(&self, done: f64) -> String {
        if done <= 0.0 {
            return "no estimate yet".to_owned();
        }
        let left = self.start.elapsed().as_secs_f64() * (self.runs as f64 - done) / done;
        format!("about {} left", HumanDuration(Duration::from_secs_f64(left.max(0.0))))
    }
}
