//! How a run is trained and measured.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::{
    augment::{AugmentConfig, ImageShape, Normalise},
    device,
    metrics::detection::{Ties, auroc, max_probability},
    metrics::ece::{ece, top_label},
    nn::ModelConfig,
    split::{HoldOut, evenly_spaced},
    stream::Streams,
    train::{NoState, fit},
};
use mixup_data::{ImageSet, LabelledImages, catalogue, load_images};
use mixup_lab::experiment::RunSpec;
use mixup_lab::figure::{FigureInfo, FigureKind};
use mixup_lab::outcome::{Direction, MetricInfo};
use mixup_lab::registry::{Measured, RunContext, RunError, required};
use serde::{Deserialize, Serialize};

use crate::measure::{self, BINS, measure};
use crate::method::Method;
use crate::ood::{other_images, resized};
use crate::task::{Classification, Classifier, Parts, shape_of};

/// A resolved run of this paper.
pub type Spec = RunSpec<Row, Setting>;

/// A row of a table: a method, and where sizes are compared, its number of training images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The method with its parameters.
    #[serde(flatten)]
    pub method: Method,
    /// Training images, instead of what the experiment's `hold_out` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<NonZeroUsize>,
}

/// Settings of an experiment that only this paper has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What is held out of the training images. Required.
    #[serde(default)]
    pub hold_out: Option<HoldOut>,
    /// What is done to training images at random.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// What images are centred and scaled by.
    #[serde(default)]
    pub normalise: Normalise,
    /// Pixels of a side that images are resized to; as they are where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<NonZeroUsize>,
    /// Samples per epoch, taken from the training images over and over, so that rows with training
    /// parts of several sizes have equally many steps; the size of the training part where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<NonZeroUsize>,
    /// An image set whose test images the network has to tell apart by its confidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ood: Option<String>,
}

/// Area under the ROC curve for telling test images from those of another set, in percent.
const OOD_AUROC: &str = "ood-auroc";

/// Accuracy on the training images, in percent, without augmentation; of more than [`TRAIN_IMAGES`]
/// on so many evenly spaced ones.
const TRAIN_ACCURACY: &str = "train-accuracy";

/// Enough for a standard error of half a percent, and cheap beside the training.
const TRAIN_IMAGES: usize = 10_000;

/// ECE and signed gap on the test images, in percent, with batch-norm statistics of raw images
/// ([`Classification::with_raw_statistics`]).
const RAW_STATISTICS: [&str; 2] = ["ece-raw-statistics", "gap-raw-statistics"];

/// The picture of accuracy over confidence.
pub const RELIABILITY_FIGURE: &str = "reliability";

/// Trains one method with one seed and measures it on the test part.
///
/// # Errors
/// Data that cannot be had, a split or network that does not fit it, training that diverged.
pub fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
    let device = device::open(&spec.device)?;
    let mut streams = Streams::new(&spec.experiment, spec.seed);
    let parts = parts(spec, load_images(context.library, &spec.data)?, &mut streams)?;
    let shape = shape_of(&parts.train);
    let other = match &spec.setting.ood {
        Some(name) => Some(resized(&other_images(context.library, name)?, shape)),
        None => None,
    };
    let classes = usize::from(parts.train.classes);
    let config = required(spec.model.as_ref(), "model")?;
    let model = Classifier::new(config, shape, classes, streams.get("init"), &device)?;
    let Setting { augment, normalise, epoch, .. } = &spec.setting;
    // A thinned run is meant to be short, so its epochs are what was asked for.
    let epoch = spec.train_samples.or(*epoch).map_or(parts.train.len(), NonZeroUsize::get);
    let task = Classification::new(parts, spec.parameters.method, (*augment, normalise), epoch, &device)?;
    let training = context.training(spec)?;
    let fit = fit(&task, model, NoState, &training, &mut streams)?;
    let wanted = RAW_STATISTICS.iter().any(|name| spec.metrics.iter().any(|metric| metric == name));
    let mut test = |model: &Classifier| {
        let mut tested = tested(&task, model, other.as_ref())?;
        if wanted {
            let renewed = task.with_raw_statistics(model, training.config.batch.get(), &mut streams);
            tested.metrics.extend(raw_statistics(&task, &renewed)?);
        }
        Ok::<_, RunError>(tested)
    };
    let last = test(&fit.last)?;
    let best = if fit.best_epoch + 1 == fit.train_loss.len() { last.clone() } else { test(&fit.best)? };
    let selected = training.config.select.of(&best, &last);
    let points = BTreeMap::from([(RELIABILITY_FIGURE.to_owned(), selected.reliability.clone())]);
    let curves = [("train-loss", fit.train_loss), ("validation-error", fit.validation_loss)];
    Ok(Measured {
        metrics: training.config.select.named(&best.metrics, &last.metrics),
        curves: curves.map(|(name, curve)| (name.to_owned(), curve)).into(),
        points,
    })
}

/// The metrics of [`RAW_STATISTICS`].
fn raw_statistics(task: &Classification, renewed: &Classifier) -> Result<[(String, f64); 2], RunError> {
    let predictions = task.logits(renewed, &task.parts().test)?.predictions()?;
    let [error, gap] = RAW_STATISTICS.map(str::to_owned);
    Ok([(error, 100.0 * ece(&predictions, BINS)), (gap, 100.0 * predictions.confidence_gap())])
}

/// Draws the parts on the stream `split`.
fn parts(spec: &Spec, set: ImageSet, streams: &mut Streams) -> Result<Parts, RunError> {
    let hold_out = *required(spec.setting.hold_out.as_ref(), "setting.hold_out")?;
    let hold_out = HoldOut { train: spec.parameters.train.or(hold_out.train), ..hold_out };
    let mut drawn = hold_out.draw(&set.train.labels, streams.get("split"))?;
    if let Some(samples) = spec.train_samples {
        drawn.train = evenly_spaced(&drawn.train, samples.get());
    }
    let [train, validation] = [&drawn.train, &drawn.validation].map(|rows| set.train.select(rows));
    let sized = |images: LabelledImages| match spec.setting.resize.map(NonZeroUsize::get) {
        Some(side) => resized(&images, ImageShape { channels: images.channels, height: side, width: side }),
        None => images,
    };
    Ok(Parts { train: sized(train), validation: sized(validation), test: sized(set.test) })
}

/// What the weights of one epoch give.
#[derive(Clone)]
struct Tested {
    metrics: BTreeMap<String, f64>,
    /// Mean confidence and accuracy of every bin that has samples.
    reliability: Vec<[f64; 2]>,
}

fn tested(
    task: &Classification,
    model: &Classifier,
    other: Option<&LabelledImages>,
) -> Result<Tested, RunError> {
    let Parts { train, validation, test } = task.parts();
    let test = task.logits(model, test)?;
    let mut metrics = measure(&test, &task.logits(model, validation)?)?;
    let rows: Vec<usize> = (0..train.len()).collect();
    let train = task.logits(model, &train.select(&evenly_spaced(&rows, TRAIN_IMAGES)))?;
    metrics.insert(TRAIN_ACCURACY.to_owned(), 100.0 * train.predictions()?.accuracy());
    let predictions = test.predictions()?;
    if let Some(other) = other {
        let mut outside = task.logits(model, other)?;
        // Their classes are of another set, and a confidence needs none.
        outside.labels.fill(0);
        let outside = max_probability(outside.predictions()?.probabilities());
        let inside = max_probability(predictions.probabilities());
        metrics.insert(OOD_AUROC.to_owned(), 100.0 * auroc(&inside, &outside, Ties::Half)?);
    }
    let bins = top_label(&predictions, BINS);
    let filled = bins.iter().filter(|bin| bin.count > 0);
    Ok(Tested { metrics, reliability: filled.map(|bin| [bin.confidence, bin.accuracy]).collect() })
}

/// What the types of a spec cannot say.
///
/// # Errors
/// The message for the user.
pub fn check(spec: &Spec) -> Result<(), String> {
    match &spec.model {
        None => return Err("`model` is missing: `resnet`, `convnet`, `lenet`, `mlp` ...".into()),
        Some(ModelConfig::Lstnet(_)) => return Err("an `lstnet` is not for images".into()),
        Some(_) => {}
    }
    if spec.train.is_none() || spec.optimizer.is_none() {
        return Err("`train` and `optimizer` are needed".into());
    }
    if spec.setting.hold_out.is_none() {
        return Err("`setting.hold_out` is missing: `{validation: 1000, train: 5000}`, say".into());
    }
    match &spec.setting.ood {
        Some(name) => {
            catalogue::find(name).map_err(|error| format!("setting.ood: {error}"))?;
        }
        None if spec.metrics.iter().any(|metric| metric == OOD_AUROC) => {
            return Err(format!(
                "the metric `{OOD_AUROC}` needs `setting.ood`, the name of another image set"
            ));
        }
        None => {}
    }
    Ok(())
}

/// Every metric that a run can report.
pub fn metrics() -> Vec<MetricInfo> {
    let share = |name: &str, label: &str, better| MetricInfo {
        name: name.to_owned(),
        label: label.to_owned(),
        better,
        decimals: 2,
    };
    let mut metrics = measure::metrics();
    metrics.push(share(TRAIN_ACCURACY, "training accuracy (%)", None));
    metrics.push(share(RAW_STATISTICS[0], "ECE (%), statistics of raw images", Some(Direction::Lower)));
    metrics.push(share(RAW_STATISTICS[1], "confidence - accuracy (%), statistics of raw images", None));
    metrics.push(share(OOD_AUROC, "AUROC of the other set (%)", Some(Direction::Higher)));
    metrics
}

/// Every picture that an experiment can show.
pub fn figures() -> Vec<FigureInfo> {
    vec![FigureInfo {
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
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Result<Row, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_row_is_a_method_and_perhaps_a_size() {
        let mrl = row(r#"{"kind": "mrl", "margin": 5, "train": 1000}"#).unwrap();
        assert!(matches!(mrl.method, Method::Mrl(mrl) if mrl.margin.get() == 5.0));
        assert_eq!(mrl.train.map(NonZeroUsize::get), Some(1000));
        assert_eq!(row(r#"{"kind": "ce"}"#), Ok(Row { method: Method::Ce {}, train: None }));
        let written = serde_json::to_string(&mrl).unwrap();
        assert_eq!(row(&written), Ok(mrl), "{written}");
    }

    #[test]
    fn what_a_row_does_not_have_is_refused() {
        for (json, named) in [
            (r#"{"kind": "ce", "alpha": 1}"#, "alpha"),
            (r#"{"kind": "mrl", "tain": 1000}"#, "tain"),
            (r#"{"kind": "ce", "train": 0}"#, "nonzero"),
            (r#"{"train": 1000}"#, "kind"),
        ] {
            let error = row(json).unwrap_err();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
