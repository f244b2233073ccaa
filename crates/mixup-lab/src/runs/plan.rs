//! The runs of an experiment, the stages they need, and the keys they are kept under.
//!
//! A key says what was asked for: spec, data, threads. What the code does with it is the run's identity
//! ([`crate::runs::standing`]), which the record keeps.

use std::collections::BTreeMap;

use mixup_data::catalogue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::LabError;
use crate::files::resolve::Resolved;

/// An experiment with its runs and stages.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The experiment.
    pub experiment: Resolved,
    /// SHA-256 over the files of each data set that the runs read, by the catalogue.
    pub data_sha256: BTreeMap<String, String>,
    /// The runs, in the order of the experiment's.
    pub runs: Vec<Planned>,
    /// Trained starts that runs share, each once; needed before the runs that name them.
    pub stages: Vec<Planned>,
}

/// A run or a stage with its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// SHA-256 over everything that was asked for.
    pub key: String,
    /// The row of the table, or the stage's name.
    pub method: String,
    /// Seed.
    pub seed: u64,
    /// Its spec.
    pub spec: Value,
    /// Keys of the stages that it needs, by their names.
    pub stages: BTreeMap<String, String>,
    /// What it shares its identity with: the same run with the first seed.
    pub group: String,
    /// The spec of that run.
    pub group_spec: Value,
}

impl Plan {
    /// Keys every run. `threads` per run counts, because sums over several threads may be taken in
    /// another order.
    ///
    /// # Errors
    /// A data set that the catalogue does not have.
    pub fn new(experiment: Resolved, threads: usize) -> Result<Self, LabError> {
        let mut data_sha256 = BTreeMap::new();
        for name in &experiment.all_data {
            data_sha256.insert(name.clone(), catalogue::find(name)?.sha256());
        }
        let key = |spec: &Value| key(spec, &data_sha256, threads);
        let first_of = |method: &str| experiment.runs.iter().find(|run| run.method == method);
        let (mut runs, mut stages) = (Vec::new(), Vec::<Planned>::new());
        for run in &experiment.runs {
            let first = first_of(&run.method).unwrap_or(run);
            let mut needed = BTreeMap::new();
            for ((name, spec), (_, group_spec)) in run.stages.iter().zip(&first.stages) {
                let stage = Planned::new((*name).to_owned(), run.seed, spec, group_spec, key);
                needed.insert((*name).to_owned(), stage.key.clone());
                if stages.iter().all(|known| known.key != stage.key) {
                    stages.push(stage);
                }
            }
            let planned = Planned::new(run.method.clone(), run.seed, &run.spec, &first.spec, key);
            runs.push(Planned { stages: needed, ..planned });
        }
        Ok(Self { data_sha256, runs, stages, experiment })
    }
}

impl Planned {
    fn new(
        method: String,
        seed: u64,
        spec: &Value,
        group_spec: &Value,
        key: impl Fn(&Value) -> String,
    ) -> Self {
        Self {
            key: key(spec),
            method,
            seed,
            spec: spec.clone(),
            stages: BTreeMap::new(),
            group: key(group_spec),
            group_spec: group_spec.clone(),
        }
    }
}

/// SHA-256 in hexadecimal over what was asked for. The metrics of the table are no part of it: to show
/// another one that the record holds executes nothing.
fn key(spec: &Value, data_sha256: &BTreeMap<String, String>, threads: usize) -> String {
    let mut spec = spec.clone();
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("metrics");
    }
    let mut material = json!({"spec": spec, "data": data_sha256, "threads": threads});
    material.sort_all_objects();
    hex::encode(Sha256::digest(material.to_string()))
}
