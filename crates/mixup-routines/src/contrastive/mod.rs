//! Contrastive training: features of which two random views of a sample agree, judged by what simple probes read off
//! them.
//!
//! A method sees two views of each sample of a batch, with the labels or without, and may keep an average network and a
//! queue of embeddings. Probes (k-NN and a linear layer for classes; ridge, k-NN and kernel ridge for numbers) read
//! frozen features of samples as they are; what they choose they choose by validation samples. The last epoch is measured.

mod data;
mod measure;
mod memory;
mod method;
mod network;
mod picture;
mod setting;
mod task;

pub use data::{Parts, Samples};
pub use measure::effective_rank;
pub use memory::{Memory, MemoryPlan, Origin};
pub use method::{Batch, Compared, Method, Row, Sample, Scale};
pub use network::{ContrastiveNetwork, Plan, Projector};
pub use setting::{Labels, Projection, Rotation, Setting, Shots};

use std::collections::BTreeMap;
use std::marker::PhantomData;

use mixup_core::{
    CoreError, device,
    nn::ModelConfig,
    stream::Streams,
    train::{Fit, Selection, fit},
};
use mixup_paper::{
    FigureInfo, FigureKind, Measured, MetricInfo, Picture, Predictions, Routine, RunContext, RunError,
    RunSpec, as_json, required,
};
use ndarray::Array2;

use measure::{BEST, OWN, PARTS, VIEWED, VIEWS};
use task::ContrastiveTraining;

as_json!(Setting);

/// The routine, with the methods `M` of a paper.
pub struct Contrastive<M>(PhantomData<M>);

/// A resolved run.
pub type Spec<M> = RunSpec<Row<M>, Setting>;

/// The picture of a probe's error over the epochs.
const COURSE: &str = "probe-course";

/// The picture of the plane of largest variance.
const PLANE: &str = "plane";

/// Training samples that a method measures itself by.
const SAMPLED: usize = 500;

impl<M: Method> Routine for Contrastive<M> {
    type Method = Row<M>;
    type Setting = Setting;
    const NAME: &'static str = "contrastive";

    fn metrics() -> Vec<MetricInfo> {
        [measure::metrics(), M::metrics()].concat()
    }

    fn figures() -> Vec<FigureInfo> {
        let course = FigureInfo {
            name: COURSE.to_owned(),
            title: "A probe over the epochs".to_owned(),
            caption: "What a probe gets wrong of some validation samples after each epoch, mean over the seeds: of classes \
                      the share that k-NN gets wrong, in percent; of numbers the mean absolute error of ridge regression, \
                      in percent of the labels' standard deviation. The probe knows some training samples only, so that it \
                      is worse than that of the table."
                .to_owned(),
            metric: None,
            kind: FigureKind::Lines {
                x_label: "epoch".to_owned(),
                log_x: false,
                y_label: "error (%)".to_owned(),
            },
        };
        let plane = FigureInfo {
            name: PLANE.to_owned(),
            title: "Features in the plane of largest variance".to_owned(),
            caption: "Features of the test samples of one run by their two largest principal components, from blue, the smallest \
                      label or the first class, to yellow, the largest. Below each the share of the variance that is in the \
                      plane."
                .to_owned(),
            metric: None,
            kind: FigureKind::Images { scale: true },
        };
        [vec![course, plane], M::figures()].concat()
    }

    fn check(spec: &Spec<M>) -> Result<(), String> {
        let model = spec.model.as_ref().ok_or("`model` is missing: `convnet`, `mlp` ...")?;
        let vectors = matches!(model, ModelConfig::Mlp(_));
        if matches!(model, ModelConfig::Lstnet(_)) || (vectors && spec.setting.features.is_some()) {
            return Err(
                "setting.features needs a network with feature maps: `convnet`, `lenet`, `resnet`".into()
            );
        }
        if matches!(spec.setting.labels, Labels::Table(_)) && !vectors {
            return Err("a table goes with an `mlp`".into());
        }
        let (Some(train), Some(_)) = (&spec.train, &spec.optimizer) else {
            return Err("`train` and `optimizer` are needed".into());
        };
        if train.select != Selection::Last || train.patience.is_some() {
            return Err(
                "train: only `select: last` without patience; the best epoch has metrics of its own".into()
            );
        }
        if spec.train_samples.is_some() || spec.test_samples.is_some() {
            return Err("setting.counts says how many samples there are".into());
        }
        spec.parameters.loss.check(&spec.setting)
    }

    fn overlap(spec: &Spec<M>) -> Option<f64> {
        let counts = &spec.setting.counts;
        matches!(spec.setting.labels, Labels::Table(_)).then(|| counts.test as f64 / counts.train as f64)
    }

    fn constants(_: &Spec<M>) -> Vec<f64> {
        let counts = [
            task::EVALUATION_BATCH,
            VIEWED,
            SAMPLED,
            measure::ORDERED,
            measure::KERNEL_SAMPLES,
            picture::SIDE,
        ];
        let counts = counts.map(|count| count as f64);
        let others = [measure::PENALTY, task::COURSE_PENALTY, mixup_core::probe::ITERATIONS as f64];
        [&counts[..], &measure::PENALTIES, &others].concat()
    }

    fn run(spec: &Spec<M>, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let parts = Parts::of(spec, context, &mut streams)?;
        let Row { loss, dimensions } = &spec.parameters;
        let mut projector = spec.setting.projector.clone();
        projector.dimensions = dimensions.unwrap_or(projector.dimensions);
        let plan = Plan {
            model: required(spec.model.as_ref(), "model")?,
            features: spec.setting.features.map(|width| width.get()),
            projector: &projector,
            head: loss.has_head(),
        };
        let network = ContrastiveNetwork::new(plan, parts.shape, &mut streams, &device)?;
        let memory = Memory::new(loss.memory(), &network, projector.dimensions.get(), &device)?;
        let task = ContrastiveTraining::new(parts, &spec.parameters, &spec.setting, &device)?;
        let fit = fit(&task, network, memory, &context.training(spec)?, &mut streams)?;
        if context.replay {
            return Ok(Measured { opening: fit.opening, ..Measured::default() });
        }
        let predictions = predicted(&task, &fit, loss, &mut streams)?;
        let mut metrics = Self::from_predictions(spec, &predictions)?;
        let mut told = told(&task, &fit, loss, &mut streams)?;
        metrics.extend(told.metrics);
        let course: Vec<f64> = fit.validation_loss.iter().map(|error| 100.0 * error).collect();
        let points = course.iter().enumerate().map(|(epoch, error)| [(epoch + 1) as f64, *error]);
        told.points.insert(COURSE.to_owned(), points.collect());
        let features = predictions.values(PARTS[2]).unwrap_or_default();
        let plane = picture::projected(features.view(), &task.parts.test.targets);
        told.points.insert(PLANE.to_owned(), Picture::to_points(&[plane]));
        let curves = [("train-loss", fit.train_loss), ("probe-error", course)];
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
        measure::measure(predictions, &spec.setting)
    }
}

/// Features of all parts, two views of some test samples (stream `test-views`), and what a head says.
fn predicted<M: Method>(
    task: &ContrastiveTraining<'_, M>,
    fit: &Fit<ContrastiveNetwork, Memory>,
    loss: &M,
    streams: &mut Streams,
) -> Result<Predictions, CoreError> {
    let mut predictions = Predictions::default();
    let Parts { train, validation, test, classes, .. } = &task.parts;
    measure::keep_classes(&mut predictions, *classes);
    for (name, samples) in PARTS.into_iter().zip([train, validation, test]) {
        let features = task.outputs(samples, |x| fit.last.features(x))?;
        measure::keep(&mut predictions, "", name, features.view(), samples);
        if classes.is_some() {
            let features = task.outputs(samples, |x| fit.best.features(x))?;
            measure::keep(&mut predictions, BEST, name, features.view(), samples);
        }
    }
    let some = test.some(VIEWED);
    let rows: Vec<usize> = (0..some.len()).collect();
    for name in VIEWS {
        let view = task.views.random(&some.values, &rows, streams.get("test-views"), &task.device);
        predictions.add_outputs(name, task.compared(&fit.last, view)?.view());
    }
    if loss.has_head() {
        let scale = task.scale();
        let own: Array2<f64> = task.outputs(test, |x| fit.last.labels(fit.last.features(x)?))?;
        predictions.add_outputs(OWN, (own * scale.std + scale.mean).view());
    }
    Ok(predictions)
}

/// What the method tells, by some training samples (stream `sampled-views`).
fn told<M: Method>(
    task: &ContrastiveTraining<'_, M>,
    fit: &Fit<ContrastiveNetwork, Memory>,
    loss: &M,
    streams: &mut Streams,
) -> Result<crate::classification::Told, CoreError> {
    let train = &task.parts.train;
    let all: Vec<usize> = (0..train.len()).collect();
    let rows = mixup_core::split::evenly_spaced(&all, SAMPLED);
    let mut view = || task.views.random(&train.values, &rows, streams.get("sampled-views"), &task.device);
    let views = [view(), view()];
    let targets = rows.iter().map(|row| train.targets[*row]).collect();
    loss.told(&Sample { network: &fit.last, views, rows, targets }, &fit.state)
}

#[cfg(test)]
mod tests;
