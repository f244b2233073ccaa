//! What a paper crate hands to the laboratory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mixup_data::Library;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::experiment::{AnyExperiment, AnySpec, Experiment, RunSpec};
use crate::golden::GoldenOp;
use crate::outcome::MetricInfo;
use crate::yaml::{Document, InputError, KeyPath};

/// A paper: how its runs are made, what they measure, which golden ops it knows.
pub trait Paper: Send + Sync + 'static {
    /// Parameters of a method, as `methods:` of an experiment's YAML gives them.
    type Method: DeserializeOwned + Serialize + Clone;
    /// Settings of an experiment that only this paper has, as `setting:` of its YAML gives them.
    type Setting: DeserializeOwned + Serialize + Clone + Default;
    /// Name of the crate's folder.
    const SLUG: &'static str;

    /// Every metric that a run can report.
    fn metrics() -> Vec<MetricInfo>;

    /// Checks what the types cannot say about an experiment (a network that the paper does not
    /// use, a method whose parts do not fit); the message says what would be right.
    ///
    /// # Errors
    /// The message for the user.
    fn check(_spec: &RunSpec<Self::Method, Self::Setting>) -> Result<(), String> {
        Ok(())
    }

    /// Executes one run.
    ///
    /// # Errors
    /// Data that cannot be had, or training that failed (a non-finite loss, say).
    fn run(
        spec: &RunSpec<Self::Method, Self::Setting>,
        context: &RunContext<'_>,
    ) -> Result<Measured, RunError>;

    /// The golden ops that this paper knows, by full name (`c-mixup.kde_rates`).
    fn golden() -> Vec<(&'static str, GoldenOp)>;
}

/// What a run may use.
pub struct RunContext<'a> {
    /// Where data sets are found.
    pub library: &'a Library,
    /// Folder of this run's own for checkpoints; it is empty, or holds the checkpoint of the same
    /// run that was cut off.
    pub checkpoints: Option<PathBuf>,
    /// Called after each epoch with (done, all).
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a run measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Test metrics by name.
    pub metrics: BTreeMap<String, f64>,
    /// One value per epoch, by name.
    pub curves: BTreeMap<String, Vec<f64>>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data set could not be had or read.
    #[error(transparent)]
    Data(#[from] mixup_data::DataError),
    /// The device does not exist here, or training failed.
    #[error(transparent)]
    Core(#[from] mixup_core::CoreError),
    /// The spec asks for what the paper's code cannot do.
    #[error("{0}")]
    Spec(String),
}

/// A paper with its types put away, as the commands handle it.
#[derive(Clone, Copy)]
pub struct PaperEntry {
    /// Name of the crate's folder.
    pub slug: &'static str,
    /// Every metric that a run can report.
    pub metrics: fn() -> Vec<MetricInfo>,
    /// The golden ops that the paper knows.
    pub golden: fn() -> Vec<(&'static str, GoldenOp)>,
    /// Reads an experiment with the paper's own types.
    pub load: fn(&Document) -> Result<AnyExperiment, InputError>,
    /// [`Paper::check`] on JSON.
    pub check: fn(&AnySpec) -> Result<(), String>,
    /// [`Paper::run`] on JSON.
    pub run: fn(&AnySpec, &RunContext<'_>) -> Result<Measured, RunError>,
}

impl PaperEntry {
    /// The entry of a paper.
    pub fn of<P: Paper>() -> Self {
        Self {
            slug: P::SLUG,
            metrics: P::metrics,
            golden: P::golden,
            load: load::<P>,
            check: |spec| P::check(&typed::<P>(spec)?),
            run: |spec, context| P::run(&typed::<P>(spec).map_err(RunError::Spec)?, context),
        }
    }
}

fn load<P: Paper>(document: &Document) -> Result<AnyExperiment, InputError> {
    let typed: Experiment<P::Method, P::Setting> = document.parse()?;
    let put_away = |error: serde_json::Error| document.refuse(&KeyPath::root(), error.to_string());
    let methods =
        typed.methods.iter().map(|(name, method)| Ok((name.clone(), serde_json::to_value(method)?)));
    Ok(AnyExperiment {
        methods: methods.collect::<Result<_, _>>().map_err(put_away)?,
        setting: serde_json::to_value(&typed.setting).map_err(put_away)?,
        experiment: typed.experiment,
        paper: typed.paper,
        title: typed.title,
        data: typed.data,
        model: typed.model,
        optimizer: typed.optimizer,
        train: typed.train,
        seeds: typed.seeds,
        train_samples: typed.train_samples,
        metrics: typed.metrics,
        profiles: typed.profiles,
    })
}

fn typed<P: Paper>(spec: &AnySpec) -> Result<RunSpec<P::Method, P::Setting>, String> {
    fn read<T: DeserializeOwned>(value: &Value, what: &str) -> Result<T, String> {
        T::deserialize(value).map_err(|error| format!("{what}: {error}"))
    }
    Ok(RunSpec {
        parameters: read(&spec.parameters, "parameters")?,
        setting: read(&spec.setting, "setting")?,
        paper: spec.paper.clone(),
        experiment: spec.experiment.clone(),
        method: spec.method.clone(),
        seed: spec.seed,
        data: spec.data.clone(),
        model: spec.model.clone(),
        optimizer: spec.optimizer.clone(),
        train: spec.train.clone(),
        train_samples: spec.train_samples,
        metrics: spec.metrics.clone(),
        device: spec.device.clone(),
    })
}
