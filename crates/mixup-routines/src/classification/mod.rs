//! Classification of images: training by any method, accuracy, calibration, detection of another set.

mod adversarial;
mod baselines;
mod complementary;
mod detection;
mod drawers;
mod evaluation;
mod feed;
mod image_mixing;
mod images;
mod measure;
mod method;
mod mixtures;
mod outliers;
mod picture;
mod setting;
mod start;
mod task;
mod teacher;

pub use adversarial::{Adversarial, AdversarialTraining};
pub use baselines::{
    Alternate, Baseline, Ecp, Focal, LabelSmoothing, ManifoldMixup, Mbls, Mixup, Mmce, Regmixup,
};
pub use complementary::{Complementary, ComplementaryLabels, transition};
pub use drawers::Drawers;
pub use feed::{ImageFeed, Prepared};
pub use image_mixing::{Cutmix, Fmix, Gridmix, ImageMixing, Resizemix, Saliencymix, Smoothmix};
pub use images::{Parts, load, resized, shape_of};
pub use measure::{
    BINS, Logits, few_steps, is_raw, measure, measure_raw, metrics as measured_metrics, temperatures,
};
pub use method::{Batch, Classifier, Kind, Method, NoOwn, Row};
pub use outliers::Outliers;
pub use setting::{Base, Setting};
pub use start::{Start, Told};
pub use task::ImageTraining;
pub use teacher::Teacher;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use mixup_core::{
    device,
    nn::{ImageNetwork, ModelConfig},
    stream::Streams,
    train::fit,
};
use mixup_data::is_album;
use mixup_paper::{
    Direction, FigureInfo, FigureKind, Measured, MetricInfo, Predictions, Routine, RunContext, RunError,
    RunSpec, Stage, as_json, required,
};

use crate::initial;
use evaluation::Evaluation;

as_json!(Baseline, Setting);

/// The routine, with the methods `M` of a paper beside its baselines.
pub struct Classification<M = NoOwn>(PhantomData<M>);

/// A resolved run.
pub type Spec<M> = RunSpec<Row<M>, Setting>;

/// Error on test images of the rarer half of the classes, in percent; of a long-tailed training part only,
/// whose classes become rarer from the first to the last.
const TAIL_ERROR: &str = "tail-error";

/// Accuracy on the training images, in percent, without augmentation; of more than [`TRAIN_IMAGES`]
/// on so many evenly spaced ones.
const TRAIN_ACCURACY: &str = "train-accuracy";

/// Enough for a standard error of half a percent, and cheap beside the training.
const TRAIN_IMAGES: usize = 10_000;

/// Median of the accuracies of the last epochs, in percent; where `setting.last_epochs` says of how many.
const MEDIAN_ACCURACY: &str = "accuracy-median";

/// The picture of accuracy over confidence.
const RELIABILITY_FIGURE: &str = "reliability";

/// Name of the stage of [`Setting::base`].
const BASE: &str = "base";

impl<M: Method> Routine for Classification<M> {
    type Method = Row<M>;
    type Setting = Setting;
    const NAME: &'static str = "classification";

    fn metrics() -> Vec<MetricInfo> {
        let share = |name, label, better| MetricInfo::new(name, label, better, 2);
        let mut metrics = measure::metrics();
        metrics.push(share(TRAIN_ACCURACY, "training accuracy (%)", None));
        metrics.push(share(TAIL_ERROR, "error on rare classes (%)", Some(Direction::Lower)));
        let median = "accuracy (%), median of the last epochs";
        metrics.push(share(MEDIAN_ACCURACY, median, Some(Direction::Higher)));
        metrics.extend(detection::metrics());
        metrics.extend(mixtures::metrics());
        metrics.extend(teacher::metrics());
        metrics.extend(M::metrics());
        metrics
    }

    fn figures() -> Vec<FigureInfo> {
        let reliability = FigureInfo {
            name: RELIABILITY_FIGURE.to_owned(),
            title: "Reliability".to_owned(),
            caption: format!(
                "Test images of one run in {BINS} bins of equal width by confidence: mean confidence and accuracy of each \
                 bin that has images, however few. Below the dashed line a network is over-confident, above it \
                 under-confident."
            ),
            metric: Some("ece".to_owned()),
            kind: FigureKind::Scatter {
                x_label: "confidence".to_owned(),
                y_label: "accuracy".to_owned(),
                diagonal: true,
                joined: true,
            },
        };
        [vec![reliability, picture::figure(), detection::figure()], M::figures()].concat()
    }

    fn data(spec: &Spec<M>) -> Vec<String> {
        let Setting { ood, outliers, initial_weights, .. } = &spec.setting;
        [Some(&spec.data), ood.as_ref(), outliers.as_ref(), initial_weights.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn check(spec: &Spec<M>) -> Result<(), String> {
        let model = match &spec.model {
            None => return Err("`model` is missing: `resnet`, `convnet`, `lenet`, `mlp` ...".into()),
            Some(ModelConfig::Lstnet(_)) => return Err("an `lstnet` is not for images".into()),
            Some(model) => model,
        };
        if spec.train.is_none() || spec.optimizer.is_none() {
            return Err("`train` and `optimizer` are needed".into());
        }
        initial::check(spec.setting.initial_weights.as_ref(), model)?;
        if is_album(&spec.data) && spec.setting.resize.is_none() {
            return Err(format!(
                "`{}` are photographs of any size: `{}` is needed",
                spec.data,
                images::RESIZE
            ));
        }
        match (&spec.setting.drawers, spec.setting.hold_out) {
            (Some(drawers), _) => drawers.check(spec)?,
            (None, Some(_)) => {}
            (None, None) => {
                return Err("`setting.hold_out` is missing: `{validation: 1000, train: 5000}`, say".into());
            }
        }
        if spec.wants(TAIL_ERROR) && !is_long_tailed(spec) {
            return Err(format!("the metric `{TAIL_ERROR}` needs `setting.hold_out.imbalance`"));
        }
        check_last_epochs(spec)?;
        if spec.setting.mixtures.is_none() && spec.metrics.iter().any(|name| mixtures::is_of_mixtures(name)) {
            return Err(format!("the metric `{}` needs `setting.mixtures`, how many", mixtures::TOP2));
        }
        detection::check(spec)?;
        teacher::check(spec)?;
        match &spec.parameters.method {
            Kind::Baseline(_) if spec.setting.complementary.is_some() => Err(
                "`setting.complementary`: a baseline would take complementary labels for true ones; use a method \
                 for complementary labels"
                    .into(),
            ),
            Kind::Baseline(baseline) => baseline.check(),
            Kind::Own(method) => method.check(model).and_then(|()| method.check_setting(&spec.setting)),
        }
    }

    fn stages(spec: &Spec<M>) -> Vec<Stage<Spec<M>>> {
        let Row { train, classes, .. } = spec.parameters;
        let stage = |base: &Base| Stage {
            name: BASE,
            spec: RunSpec {
                method: BASE.to_owned(),
                parameters: Row { method: Kind::Baseline(base.method.clone()), train, classes },
                setting: spec.setting.of_stage(),
                optimizer: base.optimizer.clone().or_else(|| spec.optimizer.clone()),
                train: Some(base.train.clone()),
                metrics: Vec::new(),
                ..spec.clone()
            },
        };
        spec.setting.base.iter().map(stage).chain(teacher::stage(spec)).collect()
    }

    fn constants(spec: &Spec<M>) -> Vec<f64> {
        let mut constants = vec![TRAIN_IMAGES, task::RENEWAL, task::EVALUATION_BATCH];
        if spec.setting.outliers.is_some() {
            constants.extend([outliers::MOST, outliers::MIXED]);
        }
        constants.into_iter().map(|count| count as f64).collect()
    }

    fn run(spec: &Spec<M>, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let parts = match &spec.setting.drawers {
            Some(drawers) => drawers.parts(spec, context, &mut streams)?,
            None => Parts::of(spec, load(context.library, &spec.data)?, context, &mut streams)?,
        };
        let shape = shape_of(&parts.train);
        let other = match &spec.setting.ood {
            Some(name) if !context.replay => Some(images::others(name, shape, spec, context)?),
            _ => None,
        };
        let classes = usize::from(parts.train.classes);
        let config = required(spec.model.as_ref(), "model")?;
        let seen = spec.setting.augment.seen(shape);
        let fresh = ImageNetwork::for_images(config, seen, classes, streams.get("init"), &device)?;
        let model = if spec.setting.base.is_some() {
            // What follows a stage must not draw again what the stage drew.
            streams = Streams::new(&format!("{} after {BASE}", spec.experiment), spec.seed);
            context.start_from(BASE, fresh)?
        } else {
            let weights = spec.setting.initial_weights.as_ref();
            let ImageNetwork { backbone, head } = fresh;
            ImageNetwork { backbone: initial::started(backbone, weights, context)?, head }
        };
        let task = ImageTraining::new(parts, spec, &device)?;
        let model = task.trained(model, &mut streams)?;
        let mut training = context.training(spec)?;
        training.tail = spec.setting.last_epochs.map_or(0, NonZeroUsize::get);
        let teacher = teacher::load(spec, seen, classes, context)?;
        let state = task.state(&model, teacher.as_ref(), training.config.batch.get(), &mut streams)?;
        let fit = fit(&task, model, state, &training, &mut streams)?;
        if context.replay {
            return Ok(Measured { opening: fit.opening, ..Measured::default() });
        }
        let select = training.config.select;
        let renewal = spec.metrics.iter().any(|name| is_raw(name));
        let mixtures = context.at_most(spec.setting.mixtures.map_or(0, NonZeroUsize::get));
        let mixtures = mixtures::pairs(&task.parts().test.labels, mixtures, streams.get("mixtures"));
        let evaluation = Evaluation {
            task: &task,
            other: other.as_ref(),
            renewal: renewal.then_some(training.config.batch.get()),
            teacher: teacher.as_ref(),
            tail: &fit.tail,
            mixtures,
        };
        let best = (fit.best_epoch + 1 != fit.train_loss.len()).then_some(&fit.best);
        let (predictions, accuracies) = evaluation.of(&fit.last, best, select, &mut streams)?;
        context.keep_weights(select.of(&fit.best, &fit.last))?;
        let mut metrics = Self::from_predictions(spec, &predictions)?;
        metrics.extend(accuracies);
        let mut told = task.told(&fit.state)?;
        metrics.extend(told.metrics);
        for own in M::metrics().into_iter().chain(teacher::metrics()).map(|metric| metric.name) {
            if spec.metrics.contains(&own) {
                metrics.entry(own).or_insert(f64::NAN);
            }
        }
        told.points.insert(RELIABILITY_FIGURE.to_owned(), evaluation::reliability(&predictions, select)?);
        if spec.setting.picture {
            told.points.insert(picture::NAME.to_owned(), picture::points(&task, &fit.state, spec.seed)?);
        }
        let confidences = evaluation::mixtures_with_outliers(&predictions, select);
        told.points.extend(confidences.map(|points| (detection::FIGURE.to_owned(), points)));
        let curves = [("train-loss", fit.train_loss), ("validation-error", fit.validation_loss)];
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
        let select = required(spec.train.as_ref(), "train")?.select;
        evaluation::metrics(predictions, select, is_long_tailed(spec))
    }
}

fn check_last_epochs<M>(spec: &Spec<M>) -> Result<(), String> {
    let patient = spec.train.as_ref().is_some_and(|train| train.patience.is_some());
    match spec.setting.last_epochs.map(NonZeroUsize::get) {
        None if spec.wants(MEDIAN_ACCURACY) => {
            Err(format!("the metric `{MEDIAN_ACCURACY}` needs `setting.last_epochs`, 10 say"))
        }
        Some(1) => Err("`setting.last_epochs` is 1: a median of one epoch is that epoch".into()),
        Some(_) if patient => Err("`setting.last_epochs`: patience does not know which are the last".into()),
        _ => Ok(()),
    }
}

fn is_long_tailed<M>(spec: &Spec<M>) -> bool {
    spec.setting.hold_out.is_some_and(|hold_out| hold_out.imbalance.is_some())
}

/// Classes that are told apart; all of the set where absent.
fn classes_of<M>(spec: &Spec<M>) -> Option<NonZeroUsize> {
    spec.parameters.classes.or(spec.setting.classes)
}

/// Samples of an epoch: a thinned run is meant to be short, so its epochs are no longer than what it was
/// thinned to.
fn epoch<M>(spec: &Spec<M>, train: usize) -> usize {
    let limits = [spec.train_samples, spec.setting.epoch].into_iter().flatten();
    limits.min().map_or(train, NonZeroUsize::get)
}

#[cfg(test)]
mod tests;
