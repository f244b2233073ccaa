//! What a parent process and its workers say to each other: a job in, events out, as JSON lines.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::Provenance;

/// One run for a worker, given on its standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Key of the run.
    pub key: String,
    /// Slug of the paper.
    pub paper: String,
    /// Method.
    pub method: String,
    /// Seed.
    pub seed: u64,
    /// The resolved spec.
    pub spec: Value,
    /// Folder of the run store.
    pub store: PathBuf,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
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
    /// The run gave up.
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
    /// The run itself: training diverged, a bug, a crash.
    Run,
}
