//! What a method of image classification is, and the rows of a table.

use std::fmt::Debug;
use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    mix::Mixture,
    nn::{ImageNetwork, ModelConfig},
    stream::Streams,
    train::{Network, NoState, Step},
};
use mixup_paper::{FigureInfo, Json, MetricInfo, Refusal, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Baseline, Setting, Start, Told};

/// Inputs or logits with their targets.
#[derive(Debug, Clone)]
pub struct Batch<const D: usize> {
    /// Images after augmentation, `[rows, channels, height, width]`; or logits, `[rows, classes]`.
    pub x: Tensor<D>,
    /// One-hot or mixed labels, `[rows, classes]`.
    pub targets: Tensor<2>,
}

impl<const D: usize> Batch<D> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.x.dims()[0]
    }
}

/// What a method may ask a network. Calls of its own are passes of their own: batch normalisation sees
/// them apart.
pub trait Classifier {
    /// # Shapes
    /// - `x`: `[rows, channels, height, width]`
    /// - returns `[rows, classes]`
    ///
    /// # Errors
    /// Images that the network cannot take.
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError>;

    /// Logits in evaluation mode, where running statistics are used and not moved. Gradients reach the images and
    /// no weight: for attacks on the images. Of what has no modes, [`Self::logits`].
    ///
    /// # Errors
    /// As [`Self::logits`].
    fn evaluated_logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        self.logits(x)
    }

    /// Logits of a batch that is mixed after a stage of the network; stage 0 mixes the images.
    ///
    /// # Errors
    /// A stage that is not there, or partners that are no rows.
    fn mixed_logits(&self, x: Tensor<4>, stage: usize, mixture: &Mixture) -> Result<Tensor<2>, CoreError>;
}

impl Classifier for ImageNetwork {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(self.forward(x))
    }

    fn evaluated_logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(self.evaluation().forward(x))
    }

    fn mixed_logits(&self, x: Tensor<4>, stage: usize, mixture: &Mixture) -> Result<Tensor<2>, CoreError> {
        self.forward_mixed(x, stage, mixture)
    }
}

/// A paper's own rows: parameters, as `methods:` of a YAML gives them under a `kind:`, and what a step
/// computes.
pub trait Method: Serialize + DeserializeOwned + Clone + Debug + PartialEq + 'static {
    /// Every `kind:` of it.
    const KINDS: &'static [&'static str];
    /// Tensors that are no parameters (an EMA teacher, a queue); [`NoState`] for none. Kept in checkpoints.
    type State: Module;

    /// The state before the first step.
    ///
    /// # Errors
    /// What the method cannot work with.
    fn state(&self, start: &mut Start<'_>) -> Result<Self::State, CoreError>;

    /// What the types cannot say about the method and the network it trains.
    ///
    /// # Errors
    /// The message for the user.
    fn check(&self, _model: &ModelConfig) -> Result<(), String> {
        Ok(())
    }

    /// What the types cannot say about the method and the experiment's settings.
    ///
    /// # Errors
    /// The message for the user.
    fn check_setting(&self, _setting: &Setting) -> Result<(), String> {
        Ok(())
    }

    /// The network of [`Setting::teachers`] that it learns from.
    fn teacher(&self) -> Option<&str> {
        None
    }

    /// What it measures of its training beyond the routine's metrics. Rows that do not tell one have no value
    /// of it.
    fn metrics() -> Vec<MetricInfo> {
        Vec::new()
    }

    /// Pictures of what it tells.
    fn figures() -> Vec<FigureInfo> {
        Vec::new()
    }

    /// Values and points of these, after the last step.
    ///
    /// # Errors
    /// A device that failed to answer.
    fn told(&self, _state: &Self::State) -> Result<Told, CoreError> {
        Ok(Told::default())
    }

    /// The mixture of a batch of images, for a method that mixes them: what a picture shows of it. Nothing of this is
    /// trained on.
    ///
    /// # Errors
    /// Images that it cannot mix.
    fn mixture(
        &self,
        _x: &Tensor<4>,
        _state: &Self::State,
        _step: &mut Step<'_>,
    ) -> Result<Option<Mixture>, CoreError> {
        Ok(None)
    }

    /// Loss of one training step, `[1]`. The targets of `batch` are one-hot.
    ///
    /// # Errors
    /// Shapes that do not agree, or what the network refuses.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        state: &mut Self::State,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError>;

    /// Auxiliary outliers ([`Setting::outliers`]) that a step needs for each of its samples; none where absent.
    fn outliers(&self) -> Option<NonZeroUsize> {
        None
    }

    /// Loss of one training step of a method that asks for outliers, `[1]`, instead of [`Self::loss`]. They are
    /// augmented and normalised as the samples are, `[outliers, channels, height, width]`.
    ///
    /// # Errors
    /// As [`Self::loss`].
    fn loss_beside(
        &self,
        _network: &dyn Classifier,
        _batch: Batch<4>,
        _outliers: Tensor<4>,
        _state: &mut Self::State,
        _step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        Err(CoreError::Invalid("this method has no use for outliers".into()))
    }

    /// The network that is trained, from the one that classifies: with further outputs behind the classes, say. Only
    /// the classes are measured.
    ///
    /// # Errors
    /// A network that it cannot be made of.
    fn trained(&self, network: ImageNetwork, _streams: &mut Streams) -> Result<ImageNetwork, CoreError> {
        Ok(network)
    }

    /// The network that is validated and measured, in evaluation mode. Of a method that predicts by its
    /// teacher, the teacher.
    fn evaluated(&self, network: &ImageNetwork, _state: &Self::State) -> ImageNetwork {
        network.evaluation()
    }

    /// After the optimiser's step: an EMA follows, a queue takes embeddings in.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn after_step(
        &self,
        _network: &mut ImageNetwork,
        _state: &mut Self::State,
        _step: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        Ok(())
    }
}

/// For a paper whose tables have the routine's baselines only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NoOwn {}

impl Method for NoOwn {
    const KINDS: &'static [&'static str] = &[];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        match *self {}
    }

    fn loss(
        &self,
        _: &dyn Classifier,
        _: Batch<4>,
        _: &mut NoState,
        _: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        match *self {}
    }
}

/// A row of a table, `{kind: mixup, alpha: 0.2}`: a baseline of the routine or a method of the paper, and
/// where sizes are compared, its number of training images or of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<M> {
    /// The method with its parameters.
    pub method: Kind<M>,
    /// Training images, instead of what the experiment's `hold_out` says.
    pub train: Option<NonZeroUsize>,
    /// Classes, instead of what the experiment's `setting.classes` says.
    pub classes: Option<NonZeroUsize>,
}

/// Whose method it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind<M> {
    /// One that several papers' tables share.
    Baseline(Baseline),
    /// The paper's own.
    Own(M),
}

/// By hand: `kind` decides whose method it is, so that the message about a misspelt key or kind is the one of that
/// method and not "no variant matched".
impl<M: Method> Json for Row<M> {
    fn from_json(value: &Value) -> Result<Self, Refusal> {
        let (sizes, row) = Sizes::split(value)?;
        let kind = row.get("kind").and_then(Value::as_str);
        let kinds = || Baseline::KINDS.iter().chain(M::KINDS);
        let method = match kind {
            None => {
                let all: Vec<_> = kinds().map(|kind| format!("`{kind}`")).collect();
                return Err(Refusal::new(format!("`kind` is missing, one of {}", all.join(", "))));
            }
            Some(kind) if M::KINDS.contains(&kind) => {
                Kind::Own(serde_json::from_value(Value::Object(row)).map_err(Refusal::new)?)
            }
            Some(kind) if Baseline::KINDS.contains(&kind) => {
                Kind::Baseline(Baseline::from_json(&Value::Object(row))?)
            }
            Some(kind) => return Err(Refusal::new(unknown_kind(kind, kinds()))),
        };
        Ok(Self { method, train: sizes.train, classes: sizes.classes })
    }

    fn to_json(&self) -> Result<Value, Refusal> {
        let method = match &self.method {
            Kind::Baseline(baseline) => baseline.to_json()?,
            Kind::Own(method) => json::write(method)?,
        };
        Sizes { train: self.train, classes: self.classes }.join(method)
    }
}

/// What a row has beside its method.
#[derive(Serialize, Deserialize)]
struct Sizes {
    #[serde(skip_serializing_if = "Option::is_none")]
    train: Option<NonZeroUsize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<NonZeroUsize>,
}

impl Sizes {
    /// Sizes, and what is left of the row.
    fn split(row: &Value) -> Result<(Self, Map<String, Value>), Refusal> {
        let Value::Object(row) = row else { return Err(Refusal::new("not a method: `{kind: ce}`, say")) };
        let sizes = Self::deserialize(row).map_err(Refusal::new)?;
        let is_size = |key: &str| ["train", "classes"].contains(&key);
        let rest = row.iter().filter(|(key, _)| !is_size(key));
        Ok((sizes, rest.map(|(key, value)| (key.clone(), value.clone())).collect()))
    }

    /// A method's parameters with the sizes.
    fn join(self, mut method: Value) -> Result<Value, Refusal> {
        if let (Value::Object(row), Value::Object(sizes)) = (&mut method, json::write(&self)?) {
            row.extend(sizes);
        }
        Ok(method)
    }
}

/// serde's words for a `kind:` that nobody knows.
pub(super) fn unknown_kind<'a>(kind: &str, known: impl IntoIterator<Item = &'a &'a str>) -> String {
    let known: Vec<_> = known.into_iter().map(|kind| format!("`{kind}`")).collect();
    format!("unknown variant `{kind}`, expected one of {}", known.join(", "))
}

impl<M: Method> Row<M> {
    /// A baseline with all training images.
    pub fn baseline(method: Baseline) -> Self {
        Self { method: Kind::Baseline(method), train: None, classes: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Result<Row<NoOwn>, String> {
        Row::from_json(&serde_json::from_str(json).unwrap()).map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_row_is_a_method_and_perhaps_a_size() {
        let mixup = row(r#"{"kind": "mixup", "alpha": 5, "train": 1000}"#).unwrap();
        assert!(matches!(&mixup.method, Kind::Baseline(Baseline::Mixup(mixup)) if mixup.alpha.get() == 5.0));
        assert_eq!(mixup.train.map(NonZeroUsize::get), Some(1000));
        assert_eq!(row(r#"{"kind": "ce"}"#), Ok(Row::baseline(Baseline::Ce {})));
        let written = mixup.to_json().unwrap().to_string();
        assert_eq!(row(&written), Ok(mixup), "{written}");
    }

    #[test]
    fn what_a_row_does_not_have_is_refused() {
        for (json, named) in [
            (r#"{"kind": "ce", "alpha": 1}"#, "alpha"),
            (r#"{"kind": "mixup", "tain": 1000}"#, "tain"),
            (r#"{"kind": "ce", "train": 0}"#, "nonzero"),
            (r#"{"train": 1000}"#, "`kind` is missing, one of `ce`, "),
            (r#"{"kind": "crl"}"#, "unknown variant `crl`, expected one of `ce`, "),
            (r#"{"kind": "label-smoothing", "smoothing": 1.5}"#, "1.5"),
        ] {
            let error = row(json).unwrap_err();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
