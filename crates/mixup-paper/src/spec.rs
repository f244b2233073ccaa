//! The spec of a run: everything that decides over its numbers beside data and code.

use std::num::NonZeroUsize;

use mixup_core::{nn::ModelConfig, optim::OptimizerConfig, train::TrainConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Json, Refusal, json};

/// One run, resolved: with its data and the code, the reason of all its numbers. `M` and `S` are the
/// routine's: the parameters of a method and the settings of the experiment ([`crate::Routine`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec<M, S> {
    /// Slug of the paper.
    pub paper: String,
    /// Name of the experiment; part of the name of every random stream.
    pub experiment: String,
    /// Name of the routine.
    pub routine: String,
    /// Name of the method, the row of the table.
    pub method: String,
    /// Parameters of the method.
    pub parameters: M,
    /// The routine's settings.
    pub setting: S,
    /// The seed; methods with one seed share split, start and shuffles.
    pub seed: u64,
    /// Name of a data set in the catalogue.
    pub data: String,
    /// Network.
    pub model: Option<ModelConfig>,
    /// Optimiser.
    pub optimizer: Option<OptimizerConfig>,
    /// Training.
    pub train: Option<TrainConfig>,
    /// Training samples: so many of the training part, evenly spaced; all where absent.
    pub train_samples: Option<NonZeroUsize>,
    /// Test samples: so many of the test part, evenly spaced; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_samples: Option<NonZeroUsize>,
    /// Metrics that the table shows. They are no part of a run's identity: a run measures what it can,
    /// and what costs extra only where it is asked for.
    pub metrics: Vec<String>,
    /// Device, `flex` unless told otherwise.
    pub device: String,
}

impl<M, S> RunSpec<M, S> {
    /// Whether the table shows this metric.
    pub fn wants(&self, metric: &str) -> bool {
        self.metrics.iter().any(|name| name == metric)
    }
}

impl<M, S> RunSpec<M, S> {
    /// The same run with other parameters and settings: of another routine, say, that trains a network for this one.
    pub fn with<N, T>(self, parameters: N, setting: T) -> RunSpec<N, T> {
        RunSpec {
            paper: self.paper,
            experiment: self.experiment,
            routine: self.routine,
            method: self.method,
            parameters,
            setting,
            seed: self.seed,
            data: self.data,
            model: self.model,
            optimizer: self.optimizer,
            train: self.train,
            train_samples: self.train_samples,
            test_samples: self.test_samples,
            metrics: self.metrics,
            device: self.device,
        }
    }

    /// The same run with parameters and settings in another form.
    fn convert<N, T>(
        self,
        parameters: impl FnOnce(&M) -> Result<N, Refusal>,
        setting: impl FnOnce(&S) -> Result<T, Refusal>,
    ) -> Result<RunSpec<N, T>, Refusal> {
        let (parameters, setting) = (parameters(&self.parameters)?, setting(&self.setting)?);
        Ok(self.with(parameters, setting))
    }
}

/// By way of a spec with untyped parameters and settings, whose serde is compiled here.
impl<M: Json + Clone, S: Json + Clone> Json for RunSpec<M, S> {
    fn from_json(value: &Value) -> Result<Self, Refusal> {
        untyped(value)?.convert(M::from_json, S::from_json)
    }

    fn to_json(&self) -> Result<Value, Refusal> {
        written(&self.clone().convert(M::to_json, S::to_json)?)
    }
}

fn untyped(value: &Value) -> Result<RunSpec<Value, Value>, Refusal> {
    json::read(value)
}

fn written(spec: &RunSpec<Value, Value>) -> Result<Value, Refusal> {
    json::write(spec)
}
