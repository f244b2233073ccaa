//! The worker process: one run, from a job on standard input to a record in the store.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mixup_data::{Library, catalogue};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::experiment::AnySpec;
use crate::host;
use crate::outcome::{Provenance, RunRecord};
use crate::registry::{PaperEntry, RunContext, RunError};
use crate::store::Store;

/// What a worker is told: one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) key: String,
    pub(crate) spec: AnySpec,
    pub(crate) store: PathBuf,
    pub(crate) data_dir: Option<PathBuf>,
}

/// What a worker says: lines of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    /// Epochs done and to do.
    Epoch(usize, usize),
    /// The record is in the store.
    Done,
    /// The run failed.
    Failed(String),
}

/// How often a worker tells its progress at most.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Does the job on standard input. Exit status 0 with a record in the store, else 1 with a
/// [`Message::Failed`].
pub(crate) fn main(papers: &[PaperEntry]) -> ExitCode {
    let outcome = read_job().and_then(|job| {
        exit_with_parent();
        work(papers, &job)
    });
    match outcome {
        Ok(()) => {
            tell(&Message::Done);
            ExitCode::SUCCESS
        }
        Err(message) => {
            tell(&Message::Failed(message));
            ExitCode::FAILURE
        }
    }
}

fn read_job() -> Result<Job, String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| format!("no job on standard input: {error}"))?;
    serde_json::from_str(&line).map_err(|error| format!("not a job on standard input: {error}"))
}

/// Standard input ends when the parent does, however it died. An orphan would write checkpoints
/// beside the rerun that follows.
fn exit_with_parent() {
    std::thread::spawn(|| {
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(3);
    });
}

fn work(papers: &[PaperEntry], job: &Job) -> Result<(), String> {
    let spec = &job.spec;
    let paper =
        papers.iter().find(|paper| paper.slug == spec.paper).ok_or("the paper is not in this binary")?;
    let store = Store::at(&job.store);
    let checkpoints = store.checkpoints(&job.key);
    let lock = lock(&checkpoints).map_err(|error| error.to_string())?;
    if store.get(&job.key).is_some() {
        return Ok(());
    }
    let start = Instant::now();
    let told = Mutex::new(Instant::now());
    let progress = |done, all| {
        let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            tell(&Message::Epoch(done, all));
        }
    };
    let library = Library::from_env(job.data_dir.clone());
    let context = RunContext { library: &library, checkpoints: Some(checkpoints), progress: &progress };
    let measured = (paper.run)(spec, &context).map_err(|error: RunError| error.to_string())?;
    let data = catalogue::find(&spec.data).map_err(|error| error.to_string())?;
    let record = RunRecord {
        key: job.key.clone(),
        method: spec.method.clone(),
        seed: spec.seed,
        metrics: measured.metrics,
        curves: measured.curves,
        wall_seconds: start.elapsed().as_secs_f64(),
        peak_memory_mib: host::peak_memory_mib(),
        provenance: Provenance {
            host: host::describe(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: spec.device.clone(),
            data_sha256: data.sha256(),
        },
    };
    store.put(&record).map_err(|error| error.to_string())?;
    drop(lock);
    Ok(())
}

/// Holds the folder of a run's checkpoints: two processes must not train the same run at once.
fn lock(checkpoints: &std::path::Path) -> Result<std::fs::File, LabError> {
    let path = checkpoints.with_extension("lock");
    let take = || {
        std::fs::create_dir_all(checkpoints)?;
        let file = std::fs::File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    take().map_err(LabError::io("cannot be locked", &path))
}

fn tell(message: &Message) {
    if let Ok(line) = serde_json::to_string(message) {
        let mut out = io::stdout().lock();
        // A parent that is gone hears nothing; `exit_with_parent` ends this process.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
