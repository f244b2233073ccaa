//! What runs leave behind: the record of one run, and the outcome of an experiment.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use mixup_paper::{MetricInfo, null_is_nan};

use crate::outcomes::figure::Figure;

/// What one finished run measured and where. Kept in the run store as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Key of the run: SHA-256 over its resolved spec and its data's checksums, in hexadecimal.
    pub key: String,
    /// The method, as the experiment names it.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// Test metrics by name; NaN, `null` in JSON, for one that is not defined.
    #[serde(deserialize_with = "null_is_nan::by_name")]
    pub metrics: BTreeMap<String, f64>,
    /// One value per epoch, by name (`train-loss`, `validation-loss`).
    #[serde(deserialize_with = "null_is_nan::lists_by_name")]
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Points of the routine's own pictures, by the picture's name.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_is_nan::points_by_name"
    )]
    pub points: BTreeMap<String, Vec<[f64; 2]>>,
    /// Training losses of the first steps ([`mixup_paper::Measured::opening`]); none of what is not trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opening: Vec<f64>,
    /// SHA-256 over the file with what it predicted ([`Store::predictions`](crate::runs::store::Store::predictions));
    /// empty where none is kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub predictions: String,
    /// Seconds of wall time in the worker.
    pub wall_seconds: f64,
    /// Seconds that processors spent on it; absent where the system does not tell, and in records of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor_seconds: Option<f64>,
    /// Seconds of the worker by what it did ([`mixup_core::clock::Phase`]), and before any of it `start`; absent in records
    /// of before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<String, f64>,
    /// Peak resident memory of the worker in MiB; 0 where the system does not tell.
    pub peak_memory_mib: f64,
    /// What the code did, as a hash ([`mixup_paper::Glimpse`]), on the machine it was made on.
    pub identity: String,
    /// SHA-256 over the sources that made it.
    pub made_by: String,
    /// SHA-256 over other sources that were seen to do the same.
    #[serde(default)]
    pub confirmed_by: Vec<String>,
    /// Where it ran.
    pub provenance: Provenance,
}

impl RunRecord {
    /// Seconds of a core that it took: processor time, which other work on the machine does not lengthen, or wall time where
    /// that is all that is known.
    pub fn core_seconds(&self) -> f64 {
        self.processor_seconds.unwrap_or(self.wall_seconds)
    }
}

/// The circumstances of a run or an outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Processor model, cores and operating system, for example `Intel Xeon, 2 cores, linux`.
    pub host: String,
    /// Version of mixup-lab.
    pub version: String,
    /// Device the tensors were on, for example `flex`.
    pub device: String,
    /// SHA-256 over the files of the experiment's own data set.
    pub data_sha256: String,
    /// The same of the other data sets that the runs read, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_data: BTreeMap<String, String>,
    /// The commit that was checked out, with `-dirty` where files differed from it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
}

/// What the two values of a pair share; `pairs:` of an experiment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// The seed: split, weights, batches. Every seed is a repetition.
    #[default]
    Seeds,
    /// Seed 0 is the sample as it is, every other seed a resample of it. However many there are, there is
    /// one sample; they show how much it could have differed.
    Bootstrap,
}

impl Pairs {
    // serde hands out a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn are_seeds(&self) -> bool {
        *self == Self::Seeds
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

/// One experiment under one profile: every method over every seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Version of this format, 1.
    pub schema: u32,
    /// Slug of the paper.
    pub paper: String,
    /// Name of the experiment.
    pub experiment: String,
    /// One line for headings, from the experiment's `title`.
    pub title: String,
    /// What the numbers at the end of the methods' names are, from the experiment's `sweep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<String>,
    /// `smoke`, `desk`, `gpu` or `paper`.
    pub profile: String,
    /// Name of the data set in the catalogue.
    pub data: String,
    /// The seeds, in the order of every `values` below.
    pub seeds: Vec<u64>,
    /// What the two values of a pair share.
    #[serde(default, skip_serializing_if = "Pairs::are_seeds")]
    pub pairs: Pairs,
    /// Whether the claims had a say in how many seeds ran.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sequential: bool,
    /// Test samples over training samples, where each seed splits one data set anew: seeds share
    /// samples then, and vary less than new data would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
    /// The metrics in the order of the experiment's YAML.
    pub metrics: Vec<MetricInfo>,
    /// Per method, in the order of the experiment's YAML.
    pub methods: IndexMap<String, MethodOutcome>,
    /// The routine's own pictures, in the order of the experiment's YAML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// Where and with what it ran; not compared by `check`.
    pub provenance: Provenance,
    /// Seconds of a core ([`RunRecord::core_seconds`]) summed over runs; not compared by `check`.
    pub core_seconds: f64,
    /// Largest peak memory of a worker in MiB; not compared by `check`.
    pub peak_memory_mib: f64,
}

/// One row of the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodOutcome {
    /// Per metric, one value per seed; NaN, `null` in JSON, for a run that failed.
    #[serde(deserialize_with = "null_is_nan::lists_by_name")]
    pub values: BTreeMap<String, Vec<f64>>,
    /// Per curve (`train-loss`, `validation-loss`), the mean over seeds at each epoch; a seed that
    /// stopped early no longer counts after its last epoch.
    #[serde(deserialize_with = "null_is_nan::lists_by_name")]
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Per seed, the training losses of the first steps; an empty list of a run that failed, and no lists at
    /// all of what is not trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub openings: Vec<Vec<f64>>,
    /// What the code did in the runs of this row, as a hash; not compared by `check`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identity: String,
}
