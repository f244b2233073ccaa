//! The rows of a table: a loss of two views.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{CoreError, train::Step};
use mixup_paper::{FigureInfo, Json, MetricInfo, Refusal, json};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::memory::{Memory, MemoryPlan};
use super::network::ContrastiveNetwork;
use super::setting::Setting;
use crate::classification::Told;

/// A row: `{loss: {kind: ...}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row<M> {
    /// The method.
    pub loss: M,
    /// Other dimensions of an embedding than the experiment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<NonZeroUsize>,
}

impl<M: Method> Json for Row<M> {
    fn from_json(value: &Value) -> Result<Self, Refusal> {
        json::read(value)
    }

    fn to_json(&self) -> Result<Value, Refusal> {
        json::write(self)
    }
}

/// A batch as a loss may see it.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The network in training.
    pub network: &'a ContrastiveNetwork,
    /// Two views of each sample, each `[batch, channels, height, width]`.
    pub views: [Tensor<4>; 2],
    /// Places of the samples among those of the training part.
    pub rows: &'a [usize],
    /// Their labels, in units of the label; classes as numbers.
    pub targets: Vec<f64>,
    /// Mean and standard deviation of the labels of the training part.
    pub scale: Scale,
}

/// Mean and standard deviation of labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// In units of the label.
    pub mean: f64,
    /// The same; 1 where all are equal.
    pub std: f64,
}

impl Scale {
    /// Of some labels.
    pub fn of(targets: &[f64]) -> Self {
        let count = targets.len().max(1) as f64;
        let mean = targets.iter().sum::<f64>() / count;
        let std = (targets.iter().map(|target| (target - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { mean, std: if std > 0.0 { std } else { 1.0 } }
    }
}

/// Which points of a network a method compares; alignment and uniformity are theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// What the projector gives.
    Embeddings,
    /// What comes before the projector, which is not trained.
    Features,
}

/// Some training samples behind the trained network.
#[derive(Debug)]
pub struct Sample<'a> {
    /// The trained network.
    pub network: &'a ContrastiveNetwork,
    /// Two views of each sample.
    pub views: [Tensor<4>; 2],
    /// Places of the samples among those of the training part.
    pub rows: Vec<usize>,
    /// Their labels.
    pub targets: Vec<f64>,
}

/// How a network is trained by two views.
pub trait Method: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Sync + 'static {
    /// What the types cannot say.
    ///
    /// # Errors
    /// The message for the user.
    fn check(&self, _setting: &Setting) -> Result<(), String> {
        Ok(())
    }

    /// What it remembers beyond a batch, in a network with embeddings of so many dimensions.
    fn memory(&self) -> MemoryPlan {
        MemoryPlan::default()
    }

    /// Which points it compares.
    fn compared(&self) -> Compared {
        Compared::Embeddings
    }

    /// Whether it trains a head that reads a label off features.
    fn has_head(&self) -> bool {
        false
    }

    /// The loss of a batch, `[1]`.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn loss(
        &self,
        batch: &Batch<'_>,
        memory: &mut Memory,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError>;

    /// What it measures beyond the routine's metrics.
    fn metrics() -> Vec<MetricInfo> {
        Vec::new()
    }

    /// Pictures of what it measures.
    fn figures() -> Vec<FigureInfo> {
        Vec::new()
    }

    /// Values and points of these.
    ///
    /// # Errors
    /// A device that failed to answer.
    fn told(&self, _sample: &Sample<'_>, _memory: &Memory) -> Result<Told, CoreError> {
        Ok(Told::default())
    }
}
