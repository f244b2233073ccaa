//! What a routine is: how a kind of experiment is trained and measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mixup_core::{
    CoreError,
    train::{CHECKPOINT_INTERVAL, Network, Training},
};
use mixup_data::Library;

use crate::glimpse::Glimpse;
use crate::{FigureInfo, Json, MetricInfo, Predictions, RunSpec};

/// A resolved run of routine `R`.
pub type Spec<R> = RunSpec<<R as Routine>::Method, <R as Routine>::Setting>;

/// A kind of experiment: how its runs are made and what they measure. A paper names the routines that
/// its experiments may use; `routine:` of a YAML says which.
pub trait Routine: 'static {
    /// Parameters of a method, as `methods:` of an experiment's YAML gives them.
    type Method: Json + Clone;
    /// Settings of an experiment, as `setting:` of its YAML gives them.
    type Setting: Json + Clone + Default;
    /// What `routine:` of a YAML says.
    const NAME: &'static str;

    /// Every metric that a run can report.
    fn metrics() -> Vec<MetricInfo>;

    /// Every picture of its own that an experiment can show.
    fn figures() -> Vec<FigureInfo> {
        Vec::new()
    }

    /// Every data set that a run reads, by its name in the catalogue; the experiment's own first.
    fn data(spec: &Spec<Self>) -> Vec<String> {
        vec![spec.data.clone()]
    }

    /// Checks what the types cannot say (a network that does not suit, a seed that stands for nothing);
    /// called for every run before any runs. The message says what would be right.
    ///
    /// # Errors
    /// The message for the user.
    fn check(_spec: &Spec<Self>) -> Result<(), String> {
        Ok(())
    }

    /// Test samples over training samples, where each seed is a random split of one data set; `None` where
    /// seeds share no data, or all of it. Splits of one data set overlap, so that their spread is smaller than that
    /// of new data (Nadeau and Bengio 2003).
    fn overlap(_spec: &Spec<Self>) -> Option<f64> {
        None
    }

    /// Trained starts that several runs share: each is executed once and handed to the runs that name it.
    fn stages(_spec: &Spec<Self>) -> Vec<Stage<Spec<Self>>> {
        Vec::new()
    }

    /// Numbers in this routine's code that a [`Glimpse`] is too small to reach (a cap on how many samples
    /// are measured, say), in a fixed order: they are part of the identity of its runs. Those of something that a
    /// run does not have are left out, so that records of other runs outlive a new one.
    fn constants(_spec: &Spec<Self>) -> Vec<f64> {
        Vec::new()
    }

    /// Executes one run, or a stage.
    ///
    /// # Errors
    /// Data that cannot be had, or training that failed (a non-finite loss, say).
    fn run(spec: &Spec<Self>, context: &RunContext<'_>) -> Result<Measured, RunError>;

    /// The metrics that come from what a run predicted ([`Measured::predictions`]) and nothing else, to the
    /// bit those that the run itself measures: what is new among them, or another one now, is had without
    /// training. None of a routine that keeps no predictions.
    ///
    /// # Errors
    /// Predictions that are not this routine's, or that cannot be measured.
    fn from_predictions(
        _spec: &Spec<Self>,
        _predictions: &Predictions,
    ) -> Result<BTreeMap<String, f64>, RunError> {
        Ok(BTreeMap::new())
    }
}

/// Training that several runs share: a base network that methods start from, a teacher.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage<S> {
    /// What the runs that need it call it.
    pub name: &'static str,
    /// Its own spec: a run of the same routine, whose weights are kept.
    pub spec: S,
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
    /// Weights of the stages that the run named ([`Routine::stages`]), by their names.
    pub stages: BTreeMap<String, PathBuf>,
    /// Where this run leaves its weights, if it is a stage itself.
    pub weights: Option<PathBuf>,
    /// Only a look at how a run behaves, for its identity: few steps on few samples.
    pub glimpse: Option<Glimpse>,
    /// Only the first steps of the training, exactly as the run executes them: it then gives
    /// [`Measured::opening`] and need not give anything else.
    pub replay: bool,
}

impl<'a> RunContext<'a> {
    /// A context without checkpoints, stages or progress.
    pub fn plain(library: &'a Library) -> Self {
        Self {
            library,
            checkpoints: None,
            progress: &|_, _| {},
            stages: BTreeMap::new(),
            weights: None,
            glimpse: None,
            replay: false,
        }
    }

    /// The training that a spec asks for, with this run's checkpoints and progress.
    ///
    /// # Errors
    /// [`RunError::Spec`] where the spec has no `train` or no `optimizer`.
    pub fn training<'s, M, S>(&'s self, spec: &'s RunSpec<M, S>) -> Result<Training<'s>, RunError> {
        Ok(Training {
            config: required(spec.train.as_ref(), "train")?,
            optimizer: required(spec.optimizer.as_ref(), "optimizer")?,
            checkpoints: self.checkpoints.as_deref(),
            checkpoint_interval: CHECKPOINT_INTERVAL,
            progress: &self.progress,
            glimpse: self.glimpse.map(|glimpse| glimpse.steps),
            replay: self.replay,
            tail: 0,
        })
    }

    /// `network` with the weights of a stage.
    ///
    /// # Errors
    /// [`RunError::Spec`] where the run was not given this stage, or its weights are of another network.
    pub fn start_from<N: Network>(&self, stage: &str, network: N) -> Result<N, RunError> {
        let file = self.stages.get(stage);
        let file = file.ok_or_else(|| RunError::Spec(format!("the stage `{stage}` was not trained")))?;
        let broken = |why: String| RunError::Spec(format!("weights of the stage `{stage}`: {why}"));
        let bytes = mixup_core::files::read(file).map_err(|error| broken(error.to_string()))?;
        network.with_bytes(&bytes).map_err(broken)
    }

    /// Leaves weights where this run is a stage; does nothing where it is not.
    ///
    /// # Errors
    /// [`RunError::Core`] where they cannot be written.
    pub fn keep_weights(&self, network: &impl Network) -> Result<(), RunError> {
        let Some(file) = &self.weights else { return Ok(()) };
        let refused = |problem: String| RunError::Core(CoreError::Checkpoint { path: file.clone(), problem });
        let bytes = network.to_bytes().map_err(refused)?;
        std::fs::write(file, &bytes[..]).map_err(|error| refused(error.to_string()))
    }

    /// At most so many samples where this is only a [`Glimpse`]; all where it is a run.
    pub fn at_most(&self, samples: usize) -> usize {
        self.glimpse.map_or(samples, |glimpse| samples.min(glimpse.samples.get()))
    }
}

/// What a run measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Test metrics by name.
    pub metrics: BTreeMap<String, f64>,
    /// One value per epoch, by name.
    pub curves: BTreeMap<String, Vec<f64>>,
    /// Points of the routine's own pictures, by the picture's name ([`Routine::figures`]); kept in the
    /// run's record whether an experiment shows them or not.
    pub points: BTreeMap<String, Vec<[f64; 2]>>,
    /// Training losses of the first steps ([`mixup_core::train::OPENING`]), by which a committed number can
    /// be told to be of this code without training to the end; none where nothing is trained. No part of a
    /// run's identity.
    pub opening: Vec<f64>,
    /// What was predicted for test samples, and whatever else a metric may need: kept beside the run's
    /// record ([`Routine::from_predictions`]).
    pub predictions: Option<Predictions>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data set could not be had or read.
    #[error(transparent)]
    Data(#[from] mixup_data::DataError),
    /// The device does not exist here, or training failed.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The spec asks for what the code cannot do.
    #[error("{0}")]
    Spec(String),
}

/// A part of a spec that a routine cannot do without.
///
/// # Errors
/// [`RunError::Spec`] with its key.
pub fn required<'a, T>(part: Option<&'a T>, key: &str) -> Result<&'a T, RunError> {
    part.ok_or_else(|| RunError::Spec(format!("`{key}` is missing")))
}
