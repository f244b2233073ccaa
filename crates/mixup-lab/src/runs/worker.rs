//! The worker: a process of this same binary that does one [`Job`].
//!
//! It reads the job from standard input, reports [`Event`]s on standard output and puts the record of a
//! run into the store itself. Its parent keeps standard input open: when that ends, the parent
//! is gone or wants to stop, and the worker ends at once, so that no orphan writes a checkpoint
//! beside a rerun.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use mixup_core::{CoreError, clock};
use mixup_data::Library;
use mixup_paper::{Paper, RoutineEntry, RunContext, RunError, same_predictions};
use serde_json::Value;

use crate::error::LabError;
use crate::outcomes::outcome::{Provenance, RunRecord};
use crate::runs::host;
use crate::runs::job::{Event, FailureKind, Job, MeasureTask, RunTask, Task};
use crate::runs::store::{Found, Store};

/// Executes the run that standard input asks for.
pub fn main(papers: &[Paper]) -> ExitCode {
    let event = match read_job() {
        Ok(job) => {
            end_with_standard_input();
            report_panics();
            execute(papers, &job)
        }
        Err(message) => Err(Failure { kind: FailureKind::Run, message }),
    };
    match event {
        Ok(event) => {
            say(&event);
            ExitCode::SUCCESS
        }
        Err(Failure { kind, message }) => {
            say(&Event::Failed { kind, message });
            ExitCode::FAILURE
        }
    }
}

struct Failure {
    kind: FailureKind,
    message: String,
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let kind = match &error {
            LabError::Io { .. } => FailureKind::Store,
            _ => FailureKind::Environment,
        };
        Self { kind, message: error.to_string() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let kind = match &error {
            RunError::Data(_) | RunError::Core(CoreError::Device(_)) => FailureKind::Environment,
            RunError::Core(CoreError::Checkpoint { .. }) => FailureKind::Store,
            RunError::Core(_) | RunError::Spec(_) => FailureKind::Run,
        };
        Self { kind, message: error.to_string() }
    }
}

fn read_job() -> Result<Job, String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| format!("no job on standard input: {error}"))?;
    serde_json::from_str(&line).map_err(|error| format!("no job on standard input: {error}"))
}

/// Ends this process as soon as standard input does.
fn end_with_standard_input() {
    thread::spawn(|| {
        let mut rest = [0; 64];
        while matches!(io::stdin().read(&mut rest), Ok(read) if read > 0) {}
        std::process::exit(3);
    });
}

/// Makes a panic an event, so that its message is not lost above a backtrace.
fn report_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.to_string().replace('\n', " ");
        say(&Event::Failed { kind: FailureKind::Run, message });
        print(panic);
    }));
}

fn execute(papers: &[Paper], job: &Job) -> Result<Event, Failure> {
    let unknown = || LabError::Usage(format!("the worker does not know {} of {}", job.routine, job.paper));
    let paper = papers.iter().find(|paper| paper.slug == job.paper).ok_or_else(unknown)?;
    let routine = paper.routine(&job.routine).ok_or_else(unknown)?;
    let library = Library::from_env(job.data_dir.clone());
    match &job.task {
        Task::Identify { specs } => {
            let library = library.remembering();
            for (index, spec) in specs.iter().enumerate() {
                say(&match routine.identity(spec, &library).map_err(Failure::from) {
                    Ok(identity) => Event::Identified { index, identity },
                    Err(Failure { kind, message }) => Event::Unidentified { index, kind, message },
                });
            }
            Ok(Event::AllTold)
        }
        Task::Replay { specs } => {
            let library = library.remembering();
            for (index, spec) in specs.iter().enumerate() {
                say(&match routine.replay(spec, &library).map_err(Failure::from) {
                    Ok(opening) => Event::Replayed { index, opening },
                    Err(Failure { kind, message }) => Event::Unreplayed { index, kind, message },
                });
            }
            Ok(Event::AllTold)
        }
        Task::Run(task) => run(routine, &library, job, task).map(|()| Event::Recorded),
        Task::Measure(task) => measure(routine, job, task).map(|()| Event::Recorded),
    }
}

/// Name of the time before a run begins: the process starts and reads its job.
pub(crate) const START: &str = "start";

fn run(routine: &RoutineEntry, library: &Library, job: &Job, task: &RunTask) -> Result<(), Failure> {
    let store = Store::new(&job.store);
    let _lock = store.lock_run(&task.key)?;
    // Another command may have finished the run while this worker waited.
    if let Found::Record(record) = store.find(&task.key)
        && record.identity == task.identity
        && asked_for(&task.spec).all(|metric| record.metrics.contains_key(metric))
        && (!task.is_stage || store.weights(&task.key).is_file())
    {
        return Ok(());
    }
    let (started, spent) = (Instant::now(), host::processor_seconds());
    let draft = if task.is_stage { Some(store.draft_weights(&task.key)?) } else { None };
    let context = RunContext {
        library,
        checkpoints: Some(store.checkpoint_folder(&task.key, &task.identity)?),
        progress: &|done, all| say(&Event::Epoch { done, all }),
        stages: task.stages.iter().map(|(name, key)| (name.clone(), store.weights(key))).collect(),
        weights: draft.as_deref().map(Path::to_owned),
        glimpse: None,
        replay: false,
    };
    clock::start();
    let measured = routine.run(&task.spec, &context)?;
    let mut phases: BTreeMap<String, f64> = clock::stop()
        .into_iter()
        .map(|(phase, time)| (phase.name().to_owned(), time.as_secs_f64()))
        .collect();
    phases.extend(spent.map(|spent| (START.to_owned(), spent)));
    if let Some(draft) = &draft {
        store.keep_weights(&task.key, draft)?;
    }
    let predictions = store.keep_predictions(&task.key, measured.predictions.as_ref())?;
    store.keep(&RunRecord {
        key: task.key.clone(),
        method: task.method.clone(),
        seed: task.seed,
        metrics: measured.metrics,
        curves: measured.curves,
        points: measured.points,
        opening: measured.opening,
        predictions,
        wall_seconds: started.elapsed().as_secs_f64(),
        processor_seconds: host::processor_seconds(),
        phases,
        peak_memory_mib: host::peak_memory_mib(),
        identity: task.identity.clone(),
        made_by: task.sources.clone(),
        confirmed_by: Vec::new(),
        // Of the machine that ran it: a sweep is submitted on another one.
        provenance: Provenance {
            host: host::description_on(&task.provenance.device),
            ..task.provenance.clone()
        },
    })?;
    Ok(store.forget_checkpoint(&task.key)?)
}

/// The metrics that the table shows.
fn asked_for(spec: &Value) -> impl Iterator<Item = &str> {
    spec["metrics"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Puts the metrics that come from a run's predictions into its record, as this code has them.
fn measure(routine: &RoutineEntry, job: &Job, task: &MeasureTask) -> Result<(), Failure> {
    let store = Store::new(&job.store);
    let _lock = store.lock_run(&task.key)?;
    let cannot = |message: String| Failure { kind: FailureKind::Run, message };
    // Another command may have made it anew since.
    let record = match store.find(&task.key) {
        Found::Record(record) if same_predictions(&record.identity, &task.identity) => record,
        _ => return Err(cannot(format!("the record of run {} is another one now", task.key))),
    };
    let mut record = *record;
    let predictions = store.predictions(&record).map_err(cannot)?;
    record.metrics.extend(routine.from_predictions(&task.spec, &predictions)?);
    record.identity.clone_from(&task.identity);
    record.confirmed_by.push(task.sources.clone());
    Ok(store.keep(&record)?)
}

/// One line to the parent. If it is gone, the end of standard input ends this process.
fn say(event: &Event) {
    if let Ok(mut line) = serde_json::to_vec(event) {
        line.push(b'\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}
