//! What a parent process and its workers say to each other: a job in, events out, as JSON lines.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcomes::outcome::Provenance;

/// Work for a worker, given on its standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Slug of the paper.
    pub paper: String,
    /// Name of the routine.
    pub routine: String,
    /// Folder of the run store.
    pub store: PathBuf,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// What is to be done with the spec.
    pub task: Task,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// Look at what the code does with some specs.
    Identify {
        /// The resolved specs.
        specs: Vec<Value>,
    },
    /// Train the first steps of some runs, and keep nothing.
    Replay {
        /// The resolved specs.
        specs: Vec<Value>,
    },
    /// Execute a run and keep the record.
    Run(Box<RunTask>),
    /// Measure what a finished run predicted, and put that into its record.
    Measure(MeasureTask),
}

/// A finished run that is to be measured anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureTask {
    /// The resolved spec.
    pub spec: Value,
    /// Key of the run.
    pub key: String,
    /// What the code does with it, for the record.
    pub identity: String,
    /// The sources, for the record.
    pub sources: String,
}

/// A run or a stage to be executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunTask {
    /// The resolved spec.
    pub spec: Value,
    /// Key of the run.
    pub key: String,
    /// Method.
    pub method: String,
    /// Seed.
    pub seed: u64,
    /// Keys of the stages that it needs, by their names.
    pub stages: BTreeMap<String, String>,
    /// Whether it is a stage itself, whose weights are kept.
    pub is_stage: bool,
    /// What the code does with it, for the record.
    pub identity: String,
    /// The sources, for the record.
    pub sources: String,
    /// For the record.
    pub provenance: Provenance,
}

/// What a worker says on its standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// An epoch is done.
    Epoch {
        /// Epochs done.
        done: usize,
        /// Epochs in all.
        all: usize,
    },
    /// The record is in the store.
    Recorded,
    /// What the code does with one of the specs.
    Identified {
        /// Which of them.
        index: usize,
        /// As a hash.
        identity: String,
    },
    /// What the code does with one of the specs could not be told.
    Unidentified {
        /// Which of them.
        index: usize,
        /// Who can mend it.
        kind: FailureKind,
        /// Why.
        message: String,
    },
    /// The first training losses of one of the specs.
    Replayed {
        /// Which of them.
        index: usize,
        /// The losses.
        opening: Vec<f64>,
    },
    /// One of the specs could not be replayed.
    Unreplayed {
        /// Which of them.
        index: usize,
        /// Who can mend it.
        kind: FailureKind,
        /// Why.
        message: String,
    },
    /// Something was told of every spec.
    AllTold,
    /// The job was given up.
    Failed {
        /// Who can mend it.
        kind: FailureKind,
        /// Why.
        message: String,
    },
}

/// Who can mend a failed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The user: data or device.
    Environment,
    /// The user, before anything else is tried: records or checkpoints cannot be kept.
    Store,
    /// The run itself: training diverged, a bug, a crash.
    Run,
}
