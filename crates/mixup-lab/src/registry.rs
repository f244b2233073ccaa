//! What a paper crate hands to the laboratory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mixup_core::train::{CHECKPOINT_INTERVAL, Training};
use mixup_data::Library;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::experiment::{Profile, RunSpec};
use crate::figure::FigureInfo;
use crate::golden::GoldenOp;
use crate::outcome::MetricInfo;
use crate::resolve::{Overrides, Resolved, resolve};
use crate::yaml::{Document, InputError};

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

    /// Every picture of its own that an experiment can show.
    fn figures() -> Vec<FigureInfo> {
        Vec::new()
    }

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

impl RunContext<'_> {
    /// The training that a spec asks for, with this run's checkpoints and progress.
    ///
    /// # Errors
    /// [`RunError::Spec`] where the spec has no `train` or no `optimizer`.
    pub fn training<'a, M, S>(&'a self, spec: &'a RunSpec<M, S>) -> Result<Training<'a>, RunError> {
        Ok(Training {
            config: required(spec.train.as_ref(), "train")?,
            optimizer: required(spec.optimizer.as_ref(), "optimizer")?,
            checkpoints: self.checkpoints.as_deref(),
            checkpoint_interval: CHECKPOINT_INTERVAL,
            progress: &self.progress,
            glimpse: None,
        })
    }
}

/// What a run measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Test metrics by name.
    pub metrics: BTreeMap<String, f64>,
    /// One value per epoch, by name.
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Points of the paper's own pictures, by the picture's name ([`Paper::figures`]); kept in the
    /// run's record whether an experiment shows them or not.
    pub points: BTreeMap<String, Vec<[f64; 2]>>,
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

/// A part of a spec that a paper cannot do without.
///
/// # Errors
/// [`RunError::Spec`] with its key.
pub fn required<'a, T>(part: Option<&'a T>, key: &str) -> Result<&'a T, RunError> {
    part.ok_or_else(|| RunError::Spec(format!("`{key}` is missing")))
}

/// A paper without its types: what the commands work with.
#[derive(Clone, Copy)]
pub struct PaperEntry {
    /// Name of the crate's folder.
    pub slug: &'static str,
    /// See [`Paper::golden`].
    pub golden: fn() -> Vec<(&'static str, GoldenOp)>,
    resolve: Resolve,
    run: Run,
}

type Resolve = fn(&Document, Profile, &Overrides) -> Result<Resolved, InputError>;
type Run = fn(&Value, &RunContext<'_>) -> Result<Measured, RunError>;

impl PaperEntry {
    /// The entry of a paper.
    pub fn of<P: Paper>() -> Self {
        Self { slug: P::SLUG, golden: P::golden, resolve: resolve::<P>, run: run::<P> }
    }

    /// Checks an experiment's file and makes its runs under a profile.
    ///
    /// # Errors
    /// Whatever is wrong with the file, with its place.
    pub fn resolve(
        &self,
        document: &Document,
        profile: Profile,
        overrides: &Overrides,
    ) -> Result<Resolved, InputError> {
        (self.resolve)(document, profile, overrides)
    }

    /// Executes one run, given as [`Resolved`] has it.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(&self, spec: &Value, context: &RunContext<'_>) -> Result<Measured, RunError> {
        (self.run)(spec, context)
    }
}

fn run<P: Paper>(spec: &Value, context: &RunContext<'_>) -> Result<Measured, RunError> {
    let spec: RunSpec<P::Method, P::Setting> =
        serde_json::from_value(spec.clone()).map_err(|error| RunError::Spec(error.to_string()))?;
    let measured = P::run(&spec, context)?;
    match spec.metrics.iter().find(|&metric| !measured.metrics.contains_key(metric)) {
        None => Ok(measured),
        Some(metric) => Err(RunError::Spec(format!("the run did not measure `{metric}`"))),
    }
}
