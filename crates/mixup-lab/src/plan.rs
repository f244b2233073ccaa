//! The runs of an experiment and the keys they are kept under.

use mixup_data::catalogue;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::error::LabError;
use crate::fingerprint::{Fingerprint, hex};
use crate::resolve::{Resolved, ResolvedRun};

/// An experiment with the key of each of its runs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The experiment.
    pub experiment: Resolved,
    /// SHA-256 over the data set's files, by the catalogue.
    pub data_sha256: String,
    /// Keys, in the order of the experiment's runs.
    pub keys: Vec<String>,
}

impl Plan {
    /// Keys every run. `threads` per run counts, because sums over several threads may be taken in
    /// another order.
    ///
    /// # Errors
    /// A data set that the catalogue does not have.
    pub fn new(experiment: Resolved, sources: &Fingerprint, threads: usize) -> Result<Self, LabError> {
        let data_sha256 = catalogue::find(&experiment.data)?.sha256();
        let keys = experiment.runs.iter().map(|run| key(run, &data_sha256, sources, threads)).collect();
        Ok(Self { experiment, data_sha256, keys })
    }

    /// Runs with their keys.
    pub fn runs(&self) -> impl Iterator<Item = (&ResolvedRun, &str)> {
        self.experiment.runs.iter().zip(self.keys.iter().map(String::as_str))
    }
}

/// SHA-256 in hexadecimal over everything that a run's numbers depend on.
fn key(run: &ResolvedRun, data_sha256: &str, sources: &Fingerprint, threads: usize) -> String {
    let mut material = json!({
        "spec": run.spec,
        "data": data_sha256,
        "sources": sources.to_string(),
        "threads": threads,
    });
    material.sort_all_objects();
    hex(&Sha256::digest(material.to_string()))
}
