//! The rows of a table: a loss, and what a paper adds to it.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{CoreError, train::Step};
use mixup_paper::{FigureInfo, Json, MetricInfo, Refusal, json};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Embedded, EmbeddingNetwork, MetricLoss};
use crate::classification::Told;
use crate::size;

/// A row: `{loss: {kind: contrastive}}` is the clean loss, with `mixing:` what the paper makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row<M> {
    /// The loss.
    pub loss: MetricLoss,
    /// How many times as many epochs as the experiment says, with the schedule stretched over them: a control with
    /// as much computing as another row.
    #[serde(default = "once")]
    pub longer: NonZeroUsize,
    /// What the paper adds.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub mixing: Option<M>,
}

impl<M: Mixing> Json for Row<M> {
    fn from_json(value: &Value) -> Result<Self, Refusal> {
        json::read(value)
    }

    fn to_json(&self) -> Result<Value, Refusal> {
        json::write(self)
    }
}

fn once() -> NonZeroUsize {
    size(1)
}

fn none<M>() -> Option<M> {
    None
}

/// A batch as a loss may see it.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The network in training.
    pub network: &'a EmbeddingNetwork,
    /// Images after augmentation, `[batch, channels, height, width]`.
    pub images: &'a Tensor<4>,
    /// The backbone's last maps, `[batch, channels, rows, columns]`.
    pub maps: &'a Tensor<4>,
    /// What the head makes of them.
    pub embedded: &'a Embedded,
}

/// What a paper adds to a loss: a second one, of mixed samples.
pub trait Mixing: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Sync + 'static {
    /// What the types cannot say about it and the loss that it is added to.
    ///
    /// # Errors
    /// The message for the user.
    fn check(&self, loss: &MetricLoss) -> Result<(), String>;

    /// What is added to the loss of a batch, `[1]`.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn loss(&self, loss: &MetricLoss, batch: &Batch<'_>, step: &mut Step<'_>)
    -> Result<Tensor<1>, CoreError>;

    /// What it measures of every trained network beyond the routine's metrics.
    fn metrics() -> Vec<MetricInfo> {
        Vec::new()
    }

    /// Pictures of what it measures.
    fn figures() -> Vec<FigureInfo> {
        Vec::new()
    }

    /// Values and points of these, from some training images behind the trained network: as many of each class
    /// as a batch has.
    ///
    /// # Errors
    /// A device that failed to answer.
    fn told(_loss: &MetricLoss, _sample: &Embedded) -> Result<Told, CoreError> {
        Ok(Told::default())
    }
}

/// Of a paper that only needs the losses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NoMixing {}

impl Mixing for NoMixing {
    fn check(&self, _: &MetricLoss) -> Result<(), String> {
        match *self {}
    }

    fn loss(&self, _: &MetricLoss, _: &Batch<'_>, _: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        match *self {}
    }
}
