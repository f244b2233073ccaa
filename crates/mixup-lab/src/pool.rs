//! Worker processes: as many at once as there are jobs, one run each.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use crate::plan::PlannedRun;
use crate::worker::{Job, Message};

/// How runs are executed.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Worker processes at once.
    pub jobs: usize,
    /// Folder of the run store.
    pub store: PathBuf,
    /// `--data-dir` or `MIXUP_DATA_DIR`, for the workers.
    pub data_dir: Option<PathBuf>,
}

/// What happens while runs are executed. `run` is its place in the list that was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An epoch is done: (done, all).
    Epoch {
        /// The run.
        run: usize,
        /// Epochs done.
        done: usize,
        /// Epochs of the run.
        all: usize,
    },
    /// The run is in the store.
    Finished {
        /// The run.
        run: usize,
    },
    /// The run failed.
    Failed {
        /// The run.
        run: usize,
        /// Why.
        reason: String,
    },
}

/// Set by Ctrl-C: no further run is started, and failures of workers that got the same signal say
/// nothing.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C or SIGTERM was seen.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Makes Ctrl-C end the pool in good order. Workers get the signal too, and a second one ends this
/// process at once.
pub fn watch_for_interrupts() {
    let seen = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C still leaves the store whole; only the message is lost.
    let _ = ctrlc::set_handler(seen);
}

impl Pool {
    /// Executes the runs in order and calls `watch` for what happens, on this thread. Returns when
    /// all have ended, or after an interrupt.
    pub fn execute(&self, runs: &[&PlannedRun], mut watch: impl FnMut(Event)) {
        let queue: Mutex<VecDeque<usize>> = Mutex::new((0..runs.len()).collect());
        let (events, inbox) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.min(runs.len()) {
                let events = events.clone();
                let queue = &queue;
                scope.spawn(move || {
                    while let Some(run) = next(queue) {
                        let event = match self.run_one(run, runs[run], &events) {
                            Ok(()) => Event::Finished { run },
                            Err(reason) => Event::Failed { run, reason },
                        };
                        let _ = events.send(event);
                    }
                });
            }
            drop(events);
            inbox.iter().for_each(&mut watch);
        });
    }

    fn run_one(&self, place: usize, run: &PlannedRun, events: &mpsc::Sender<Event>) -> Result<(), String> {
        let job = Job {
            key: run.key.clone(),
            spec: run.spec.clone(),
            store: self.store.clone(),
            data_dir: self.data_dir.clone(),
        };
        let line = serde_json::to_string(&job).map_err(|error| error.to_string())?;
        let binary = std::env::current_exe().map_err(|error| format!("this binary is gone: {error}"))?;
        let mut worker = spawn(&binary).map_err(|error| format!("cannot start a worker: {error}"))?;
        // Standard input stays open for the worker's life: its end tells it that we died.
        let mut stdin = worker.stdin.take().ok_or("a worker without standard input")?;
        writeln!(stdin, "{line}").map_err(|error| format!("the worker took no job: {error}"))?;
        let mut stderr = worker.stderr.take().ok_or("a worker without standard error")?;
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut failure = None;
        for line in BufReader::new(worker.stdout.take().ok_or("a worker without standard output")?).lines() {
            match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
                Some(Message::Epoch(done, all)) => {
                    let _ = events.send(Event::Epoch { run: place, done, all });
                }
                Some(Message::Failed(message)) => failure = Some(message),
                Some(Message::Done) | None => {}
            }
        }
        let status = worker.wait().map_err(|error| error.to_string())?;
        drop(stdin);
        if status.success() {
            return Ok(());
        }
        let complaints = complaints.join().unwrap_or_default();
        Err(failure.unwrap_or_else(|| format!("the worker ended with {status}\n{}", tail(&complaints))))
    }
}

fn next(queue: &Mutex<VecDeque<usize>>) -> Option<usize> {
    if interrupted() {
        return None;
    }
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn spawn(binary: &Path) -> std::io::Result<std::process::Child> {
    Command::new(binary)
        .arg("worker")
        // One thread a worker: small networks are fastest so, and no number depends on --jobs.
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// The last lines of what a worker complained about.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
