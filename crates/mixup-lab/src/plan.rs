//! From an experiment to its runs, each with the key under which it is stored.

use mixup_data::{DataSet, catalogue};
use sha2::{Digest, Sha256};

use crate::error::LabError;
use crate::experiment::{AnyExperiment, AnySpec, Profile};
use crate::fingerprint::hex;

/// An experiment under a profile, and its runs.
#[derive(Debug, Clone)]
pub struct PlannedExperiment {
    /// The experiment with the profile applied.
    pub experiment: AnyExperiment,
    /// The profile.
    pub profile: Profile,
    /// Its data set.
    pub data: &'static DataSet,
    /// One per (method, seed).
    pub runs: Vec<PlannedRun>,
}

/// A run and its key.
#[derive(Debug, Clone)]
pub struct PlannedRun {
    /// SHA-256 over the resolved spec, the data's checksum and the sources' fingerprint.
    pub key: String,
    /// The resolved spec.
    pub spec: AnySpec,
}

/// Plans an experiment. `seeds` replaces the number of seeds.
///
/// # Errors
/// A data set that is not in the catalogue.
pub fn plan(
    experiment: &AnyExperiment,
    profile: Profile,
    seeds: Option<std::num::NonZeroU32>,
    device: &str,
    fingerprint: &str,
) -> Result<PlannedExperiment, LabError> {
    let mut experiment = experiment.clone().under(profile);
    experiment.seeds = seeds.unwrap_or(experiment.seeds);
    let data = catalogue::find(&experiment.data)?;
    let data_sha256 = data.sha256();
    let run = |spec: AnySpec| PlannedRun { key: key(&spec, &data_sha256, fingerprint), spec };
    let runs = experiment.specs(device).into_iter().map(run).collect();
    Ok(PlannedExperiment { experiment, profile, data, runs })
}

fn key(spec: &AnySpec, data_sha256: &str, fingerprint: &str) -> String {
    // Through `Value`, whose keys are sorted: the order of fields in the source does not matter.
    let canonical = serde_json::to_value(spec).map(|value| value.to_string()).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [&canonical, data_sha256, fingerprint] {
        hash.update(part);
        hash.update([0]);
    }
    hex(&hash.finalize())
}
