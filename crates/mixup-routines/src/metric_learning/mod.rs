//! Metric learning: embeddings of images whose classes were not seen in training, judged by retrieval.
//!
//! Classes of a few groups (alphabets) are trained on, in class-balanced batches; images of all others are queries
//! and gallery at once. The last epoch is measured: official codes of the field keep the epoch with the best Recall@1
//! on the test classes.

mod data;
mod loss;
mod measure;
mod method;
mod network;
mod setting;
mod task;

pub use data::Parts;
pub use loss::{
    BinomialDeviance, Contrastive, ContrastiveSimilarity, Embedded, LiftedStructure, MetricLoss,
    MultiSimilarity, NtXent, ProxyAnchor, Triplet,
};
pub use method::{Batch, Mixing, NoMixing, Row};
pub use network::EmbeddingNetwork;
pub use setting::{Order, Setting};

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use mixup_core::{
    device,
    nn::ModelConfig,
    stream::Streams,
    train::{NoState, Selection, TrainConfig, Training, fit},
};
use mixup_data::LabelledImages;
use mixup_paper::{
    FigureInfo, FigureKind, Measured, MetricInfo, Predictions, Routine, RunContext, RunError, RunSpec,
    as_json, required,
};

use crate::classification::shape_of;
use crate::initial;
use measure::{GALLERY, Part, TEST, TRAIN};
use task::MetricTraining;

as_json!(Setting);

/// The routine, with the mixing `M` of a paper.
pub struct MetricLearning<M = NoMixing>(PhantomData<M>);

/// A resolved run.
pub type Spec<M> = RunSpec<Row<M>, Setting>;

/// The picture of Recall@1 over the epochs.
const COURSE: &str = "recall-course";

/// The picture of distances between test and training samples.
const COVERAGE: &str = "utilization-course";

impl<M: Mixing> Routine for MetricLearning<M> {
    type Method = Row<M>;
    type Setting = Setting;
    const NAME: &'static str = "metric-learning";

    fn metrics() -> Vec<MetricInfo> {
        [measure::metrics(), M::metrics()].concat()
    }

    fn figures() -> Vec<FigureInfo> {
        let lines = |name: &str, title: &str, caption: &str, metric: &str, x: &str, y: &str| FigureInfo {
            name: name.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            metric: Some(metric.to_owned()),
            kind: FigureKind::Lines { x_label: x.to_owned(), log_x: false, y_label: y.to_owned() },
        };
        let course = lines(
            COURSE,
            "Recall@1 over the epochs",
            "Recall@1 among a few images of each test class after each epoch, mean over the seeds. With fewer images of \
             a class it is lower than that of the table. No epoch is chosen by it.",
            "recall-1",
            "epoch",
            "R@1 of a few images (%)",
        );
        let coverage = lines(
            COVERAGE,
            "How far test samples are from training samples",
            "Of each share of the test samples the squared distance to the nearest training sample that they do not \
             exceed; utilization is the mean. Lower: training samples cover the space where test samples lie.",
            "utilization",
            "test samples (%)",
            "squared distance",
        );
        [vec![course, coverage], M::figures()].concat()
    }

    fn data(spec: &Spec<M>) -> Vec<String> {
        [Some(&spec.data), spec.setting.initial_weights.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn check(spec: &Spec<M>) -> Result<(), String> {
        match &spec.model {
            None => return Err("`model` is missing: `convnet`, `resnet` ...".into()),
            Some(ModelConfig::Mlp(_) | ModelConfig::Lstnet(_)) => {
                return Err(
                    "this network has no feature maps; use `convnet`, `lenet`, `resnet` or `vit`".into()
                );
            }
            Some(_) => {}
        }
        let (Some(train), Some(_)) = (&spec.train, &spec.optimizer) else {
            return Err("`train` and `optimizer` are needed".into());
        };
        if train.select != Selection::Last || train.patience.is_some() {
            return Err(
                "train: only `select: last` without patience, for nothing is held out to choose by".into()
            );
        }
        if !train.batch.get().is_multiple_of(spec.setting.per_class.get()) {
            let (batch, per_class) = (train.batch, spec.setting.per_class);
            return Err(format!(
                "train.batch is {batch}; it must be a multiple of setting.per_class, {per_class}"
            ));
        }
        if let Some(model) = &spec.model {
            initial::check(spec.setting.initial_weights.as_ref(), model)?;
        }
        spec.parameters.mixing.as_ref().map_or(Ok(()), |mixing| mixing.check(&spec.parameters.loss))
    }

    /// Seeds are random splits of one set of groups, about as many of them on each side.
    fn overlap(spec: &Spec<M>) -> Option<f64> {
        (spec.setting.order == Order::Random).then_some(1.0)
    }

    fn constants(_: &Spec<M>) -> Vec<f64> {
        [task::EVALUATION_BATCH, task::SAMPLED_CLASSES].map(|count| count as f64).into()
    }

    fn run(spec: &Spec<M>, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let parts = Parts::of(spec, context, &mut streams)?;
        let Row { loss, longer, .. } = &spec.parameters;
        let config = required(spec.model.as_ref(), "model")?;
        let proxies = loss.has_proxies().then_some(usize::from(parts.train.classes));
        let dimensions = spec.setting.dimensions.get();
        let shape = spec.setting.augment.seen(shape_of(&parts.train));
        let mut model = EmbeddingNetwork::new(config, shape, dimensions, proxies, &mut streams, &device)?;
        model.backbone = initial::started(model.backbone, spec.setting.initial_weights.as_ref(), context)?;
        let task = MetricTraining::new(parts, &spec.parameters, &spec.setting, &device)?;
        let training = context.training(spec)?;
        let stretched = stretched(training.config, *longer);
        let training = Training { config: &stretched, ..training };
        let fit = fit(&task, model, NoState, &training, &mut streams)?;
        if context.replay {
            return Ok(Measured { opening: fit.opening, ..Measured::default() });
        }
        let part = |images: &LabelledImages| -> Result<Part, RunError> {
            let embeddings = task.embeddings(&fit.last, images)?;
            Ok(Part { embeddings, classes: images.labels.iter().copied().map(usize::from).collect() })
        };
        let (train, test) = (part(&task.parts().train)?, part(&task.parts().test)?);
        let mut predictions = Predictions::default();
        train.add(&mut predictions, TRAIN);
        test.add(&mut predictions, TEST);
        if let Some(gallery) = &task.parts().gallery {
            part(gallery)?.add(&mut predictions, GALLERY);
        }
        let mut metrics = Self::from_predictions(spec, &predictions)?;
        let mut told = M::told(loss, &task.sample(&fit.last)?)?;
        metrics.extend(told.metrics);
        let course: Vec<f64> = fit.validation_loss.iter().map(|error| 100.0 * (1.0 - error)).collect();
        let points = course.iter().enumerate().map(|(epoch, recall)| [(epoch + 1) as f64, *recall]);
        told.points.insert(COURSE.to_owned(), points.collect());
        told.points.insert(COVERAGE.to_owned(), measure::quantiles(&test, &train)?);
        let curves = [("train-loss", fit.train_loss), ("recall-1-of-few", course)];
        context.keep_weights(&fit.last)?;
        Ok(Measured {
            metrics,
            curves: curves.map(|(name, curve)| (name.to_owned(), curve)).into(),
            points: told.points,
            opening: fit.opening,
            predictions: Some(predictions),
        })
    }

    fn from_predictions(
        spec: &Spec<M>,
        predictions: &Predictions,
    ) -> Result<BTreeMap<String, f64>, RunError> {
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        measure::measure(predictions, &|name| spec.wants(name), &mut streams)
    }
}

/// The same training with so many times as many epochs.
fn stretched(config: &TrainConfig, longer: NonZeroUsize) -> TrainConfig {
    TrainConfig { epochs: config.epochs.saturating_mul(longer), ..config.clone() }
}

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;
