//! The paper's simulation: networks trained on Gaussian classes that overlap, beside the best that is possible.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    augment::ImageShape,
    calibrate::nll_and_slope,
    checked::Positive,
    device,
    nn::{ImageNetwork, ModelConfig},
    stream::Streams,
    train::{NoState, fit},
};
use mixup_data::catalogue::SIMULATED;
use mixup_paper::{
    Direction, FigureInfo, FigureKind, Measured, MetricInfo, Predictions, Routine, RunContext, RunError,
    RunSpec, required,
};
use mixup_routines::classification::{self, Kind, Logits, Method as _, Row};
use mixup_routines::{parameters, positive};

use crate::training::{EVALUATION_BATCH, GaussianTraining, Parts};
use crate::{Gaussians, Method};

/// A resolved run.
pub type Spec = RunSpec<Row<Method>, Setting>;

parameters!(
    /// Settings of an experiment; the official ones where absent. The last fifth of the samples is the test part,
    /// the last tenth of the others is held out for the temperature.
    Setting {
        /// Samples in all.
        samples: NonZeroUsize = const { NonZeroUsize::new(5000).unwrap() },
        /// Mean of each class, in every coordinate.
        means: Vec<f64> = vec![0.0, 0.25],
        /// Standard deviation of each coordinate.
        std: Positive = positive(1.0),
        /// Coordinates as an image, for networks that need one: channels, rows, columns.
        shape: [NonZeroUsize; 3] = IMAGE,
    }
);

/// 300 coordinates.
const IMAGE: [NonZeroUsize; 3] = const {
    let [three, ten] = [NonZeroUsize::new(3).unwrap(), NonZeroUsize::new(10).unwrap()];
    [three, ten, ten]
};

/// The routine of the paper's own data.
pub struct Simulation;

/// Epochs and parts, and what the posterior says of the test part, as predictions name them.
const LAST: &str = "last";
const BEST: &str = "best-validation";
const TEST: &str = "test";
const HELD_OUT: &str = "held-out";
const BAYES: &str = "bayes/test/logits";

/// The picture of NLL over the temperature.
const TEMPERATURE_FIGURE: &str = "nll-over-temperature";

mixup_paper::as_json!(Setting);

impl Routine for Simulation {
    type Method = Row<Method>;
    type Setting = Setting;
    const NAME: &'static str = "overlapping-gaussians";

    fn metrics() -> Vec<MetricInfo> {
        let info = MetricInfo::new;
        let mut metrics = classification::measured_metrics();
        metrics.retain(|metric| !classification::is_raw(&metric.name));
        metrics.extend([
            info("bayes-accuracy", "accuracy (%) of the posterior", None, 2),
            info("bayes-nll", "NLL of the posterior", None, 4),
            info("bayes-netcal-ece", "ECE (%), netcal, of the posterior", None, 2),
            info("bayes-netcal-ace", "ACE (%), netcal, of the posterior", None, 2),
            info("regret", "NLL above the posterior's", Some(Direction::Lower), 4),
            info("regret-ts-nll", "NLL above the posterior's after TS by NLL", Some(Direction::Lower), 4),
        ]);
        metrics
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: TEMPERATURE_FIGURE.to_owned(),
            title: "NLL over the temperature".to_owned(),
            caption: "Negative log-likelihood of the test samples of one run over the logarithm (base 10) of the \
                      temperature that logits are divided by: 0 is the network as it was trained, 0.04 is where \
                      the official fit stops (T = 1.1)."
                .to_owned(),
            metric: Some("nll-ts-nll".to_owned()),
            kind: FigureKind::Scatter {
                x_label: "log10 T".to_owned(),
                y_label: "NLL (nats)".to_owned(),
                diagonal: false,
                joined: true,
            },
        }]
    }

    /// None: the samples are drawn.
    fn data(_: &Spec) -> Vec<String> {
        Vec::new()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        if spec.data != SIMULATED {
            return Err(format!("`data` is `{}`; samples are drawn here: `data: {SIMULATED}`", spec.data));
        }
        let model = match &spec.model {
            None => return Err("`model` is missing: `mlp`, `resnet` ...".into()),
            Some(ModelConfig::Lstnet(_)) => return Err("an `lstnet` is not for images".into()),
            Some(model) => model,
        };
        if spec.train.is_none() || spec.optimizer.is_none() {
            return Err("`train` and `optimizer` are needed".into());
        }
        if spec.train_samples.is_some() || spec.test_samples.is_some() || spec.parameters.train.is_some() {
            return Err(
                "parts have the sizes that `setting.samples` gives them: leave `train`, `train_samples` and \
                        `test_samples` out"
                    .into(),
            );
        }
        let Setting { means, samples, .. } = &spec.setting;
        if means.len() < 2 || means.iter().any(|mean| !mean.is_finite()) {
            return Err("`setting.means` needs a finite mean for each of two classes or more".into());
        }
        if samples.get() < 13 {
            return Err("`setting.samples` is too small: the part for the temperature would be empty".into());
        }
        match &spec.parameters.method {
            Kind::Baseline(baseline) => baseline.check(),
            Kind::Own(method) => method.check(model),
        }
    }

    fn constants(_: &Spec) -> Vec<f64> {
        vec![EVALUATION_BATCH as f64]
    }

    /// Streams read here: `samples`, `init`, and those of training.
    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let Setting { means, std, shape, .. } = &spec.setting;
        let gaussians = Gaussians { means: means.clone(), std: *std };
        let shape = shape.map(NonZeroUsize::get);
        let parts = Parts::draw(&gaussians, spec, context, &mut streams)?;
        let bayes = gaussians.posterior_logits(parts.test.x.view());
        let image = ImageShape { channels: shape[0], height: shape[1], width: shape[2] };
        let config = required(spec.model.as_ref(), "model")?;
        let model = ImageNetwork::for_images(config, image, means.len(), streams.get("init"), &device)?;
        let task = GaussianTraining::new(parts, shape, spec, &device)?;
        let training = context.training(spec)?;
        let fit = fit(&task, model, NoState, &training, &mut streams)?;
        if context.replay {
            return Ok(Measured { opening: fit.opening, ..Measured::default() });
        }
        let mut predictions = Predictions::default();
        predictions.add_values(BAYES, bayes.view());
        for (epoch, model) in [(LAST, &fit.last), (BEST, &fit.best)] {
            keep(&mut predictions, epoch, TEST, &task.test.logits(model, &device)?);
            keep(&mut predictions, epoch, HELD_OUT, &task.held_out.logits(model, &device)?);
        }
        let select = training.config.select;
        context.keep_weights(select.of(&fit.best, &fit.last))?;
        let shown = logits(&predictions, select.of::<&str>(&BEST, &LAST), TEST)?;
        let curves = [("train-loss", fit.train_loss), ("validation-error", fit.validation_loss)];
        Ok(Measured {
            metrics: Self::from_predictions(spec, &predictions)?,
            curves: curves.map(|(name, curve)| (name.to_owned(), curve)).into(),
            points: [(TEMPERATURE_FIGURE.to_owned(), over_temperatures(&shown)?)].into(),
            opening: fit.opening,
            predictions: Some(predictions),
        })
    }

    fn from_predictions(spec: &Spec, predictions: &Predictions) -> Result<BTreeMap<String, f64>, RunError> {
        let select = required(spec.train.as_ref(), "train")?.select;
        let of_epoch = |epoch| -> Result<BTreeMap<String, f64>, RunError> {
            let [test, held_out] = [TEST, HELD_OUT].map(|part| logits(predictions, epoch, part));
            Ok(classification::measure(&test?, &held_out?)?)
        };
        let mut metrics = select.named(&of_epoch(BEST)?, &of_epoch(LAST)?);
        let labels = logits(predictions, LAST, TEST)?.labels;
        let posterior = predictions.values(BAYES);
        let posterior =
            posterior.ok_or_else(|| RunError::Spec(format!("the predictions have no `{BAYES}`")))?;
        let posterior = Logits { logits: posterior, labels };
        let best = classification::measure(&posterior, &posterior)?;
        for name in ["accuracy", "nll", "netcal-ece", "netcal-ace"] {
            metrics.insert(format!("bayes-{name}"), best[name]);
        }
        for (regret, nll) in [("regret", "nll"), ("regret-ts-nll", "nll-ts-nll")] {
            metrics.insert(regret.to_owned(), metrics[nll] - best["nll"]);
        }
        Ok(metrics)
    }
}

/// Puts down what the network of an epoch said of a part.
fn keep(predictions: &mut Predictions, epoch: &str, part: &str, said: &Logits) {
    predictions.add_outputs(&format!("{epoch}/{part}/logits"), said.logits.view());
    predictions.add_classes(&format!("{part}/labels"), &said.labels);
}

/// What [`keep`] put down.
fn logits(predictions: &Predictions, epoch: &str, part: &str) -> Result<Logits, RunError> {
    let (name, labels) = (format!("{epoch}/{part}/logits"), format!("{part}/labels"));
    match (predictions.values(&name), predictions.classes(&labels)) {
        (Some(logits), Some(labels)) => Ok(Logits { logits, labels }),
        _ => Err(RunError::Spec(format!("the predictions have no `{name}` with `{labels}`"))),
    }
}

/// NLL under temperatures from 1/2 to 100, evenly spaced by their logarithms.
fn over_temperatures(shown: &Logits) -> Result<Vec<[f64; 2]>, CoreError> {
    let point = |step: i32| {
        let log = 0.05 * f64::from(step);
        Ok([log, nll_and_slope(shown.logits.view(), &shown.labels, 10_f64.powf(log))?.0])
    };
    (-6..=40).map(point).collect()
}

#[cfg(test)]
mod tests;
