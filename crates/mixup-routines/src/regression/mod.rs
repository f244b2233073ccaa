//! Regression on tables, series and images: training by any method, errors on the test part and on its
//! worst domain.

mod method;
mod network;
pub mod prepare;
pub mod rcf;
mod setting;
mod task;

pub use method::{Method, Mixup, Partners, Place, RandomPartner, effective_partners};
pub use network::{MixedStep, Regressor, mixed_step};
pub use setting::{Counts, Fractions, Scaling, Setting, Split, Windows};
pub use task::{RegressionTraining, predict};

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use burn::tensor::Device;
use mixup_core::{
    augment::ImageShape,
    device,
    metrics::regression,
    nn::{ImageNetwork, LstnetConfig, MlpConfig, ModelConfig},
    split::evenly_spaced,
    stream::Streams,
    train::{NoState, Selection, fit},
};
use mixup_data::{load_images, load_table};
use mixup_paper::{
    Direction, Measured, MetricInfo, Predictions, Routine, RunContext, RunError, RunSpec, as_json, required,
};
use ndarray::{ArrayView2, RemoveAxis};

use prepare::{Parts, Roles, Samples};
use rcf::RotatedColoured;

as_json!(Setting);

/// The routine, with the methods `M` of a paper.
pub struct Regression<M = Mixup>(PhantomData<M>);

/// A resolved run.
pub type Spec<M> = RunSpec<M, Setting>;

/// What is kept of the test part: its targets and domains, and what the networks of both epochs predict.
const TARGETS: &str = "test/targets";
const GROUPS: &str = "test/groups";
const BEST: &str = "best-validation/test/outputs";
const LAST: &str = "last/test/outputs";

const NETWORK_AND_SPLIT: &str = "an `mlp` goes with `split: {random: ...}` or `{domains: ...}`, an `lstnet` with \
                                 `{time: ...}`, a network for images with `{random: ...}` and `setting.images`";

/// See [`effective_partners`].
const EFFECTIVE_PARTNERS: &str = "effective-partners";

/// What a run is made of.
enum Kind<'a> {
    Table(&'a MlpConfig, &'a Split),
    Series(&'a LstnetConfig, &'a Windows),
    Images(&'a ModelConfig, &'a Counts, &'a RotatedColoured),
}

impl<'a> Kind<'a> {
    /// What network and setting say, if they go together.
    fn of<M>(spec: &'a Spec<M>) -> Result<Self, String> {
        let model =
            spec.model.as_ref().ok_or("`model` is missing: an `mlp`, an `lstnet`, a `convnet` ...")?;
        let split =
            spec.setting.split.as_ref().ok_or("`setting.split` is missing: random, domains or time")?;
        match (model, split, &spec.setting.images) {
            (ModelConfig::Lstnet(network), Split::Time(windows), None) => Ok(Self::Series(network, windows)),
            (ModelConfig::Mlp(network), Split::Random(_) | Split::Domains(_), None) => {
                Ok(Self::Table(network, split))
            }
            (ModelConfig::Lstnet(_), _, Some(_)) => Err(NETWORK_AND_SPLIT.into()),
            (network, Split::Random(counts), Some(images)) => Ok(Self::Images(network, counts, images)),
            _ => Err(NETWORK_AND_SPLIT.into()),
        }
    }
}

impl<M: Method> Routine for Regression<M> {
    type Method = M;
    type Setting = Setting;
    const NAME: &'static str = "regression";

    fn metrics() -> Vec<MetricInfo> {
        let info = MetricInfo::new;
        let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
        vec![
            info("rmse", "RMSE", lower, 4),
            info("mape", "MAPE (%)", lower, 3),
            info("r", "Pearson r", higher, 4),
            info("r2", "R2", higher, 4),
            info("worst-rmse", "worst-domain RMSE", lower, 4),
            info("worst-r", "worst-domain r", higher, 4),
            info(EFFECTIVE_PARTNERS, "effective partners", None, 1),
        ]
    }

    fn check(spec: &Spec<M>) -> Result<(), String> {
        Kind::of(spec)?;
        if spec.train.is_none() || spec.optimizer.is_none() {
            return Err("`train` and `optimizer` are needed".into());
        }
        spec.parameters.check()
    }

    /// Of random splits of a table. Domains and time are cut the same way for every seed, and images are drawn
    /// from many more, rotated and coloured anew.
    fn overlap(spec: &Spec<M>) -> Option<f64> {
        match Kind::of(spec) {
            Ok(Kind::Table(_, Split::Random(counts))) => {
                let part = |all: usize, most: Option<NonZeroUsize>| {
                    most.map_or(all, |most| all.min(most.get())) as f64
                };
                Some(part(counts.test, spec.test_samples) / part(counts.train, spec.train_samples))
            }
            _ => None,
        }
    }

    fn constants(_: &Spec<M>) -> Vec<f64> {
        vec![task::EVALUATION_BATCH as f64]
    }

    fn run(spec: &Spec<M>, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        match Kind::of(spec).map_err(RunError::Spec)? {
            Kind::Series(network, windows) => {
                let table = load_table(context.library, &spec.data)?;
                let raw = ArrayView2::from_shape((table.rows(), table.columns.len()), &table.cells)
                    .map_err(|error| RunError::Spec(error.to_string()))?;
                let (series, _) = prepare::scale_series(raw);
                let parts = prepare::windows(series.view(), windows)?;
                let model = network.init(parts.train.y.ncols(), streams.get("init"), &device);
                train_and_test(spec, context, parts, model, &device, &mut streams)
            }
            Kind::Table(network, split) => {
                let table = load_table(context.library, &spec.data)?;
                let roles = Roles::of(&spec.data, table.columns.len());
                let samples = prepare::samples(&table, &roles, spec.setting.inputs);
                let parts = prepare::parts(&samples, split, &mut streams)?;
                let model = network.init(parts.train.x.ncols(), 1, streams.get("init"), &device);
                train_and_test(spec, context, parts, model, &device, &mut streams)
            }
            Kind::Images(network, counts, images) => {
                // Its authors cut the training images in three and leave the test images alone.
                let set = load_images(context.library, &spec.data)?.train;
                let parts = images.parts(&set, counts, &mut streams)?;
                let (_, channels, height, width) = parts.train.x.dim();
                let shape = ImageShape { channels, height, width };
                let model = ImageNetwork::for_images(network, shape, 1, streams.get("init"), &device)?;
                train_and_test(spec, context, parts, model, &device, &mut streams)
            }
        }
    }

    fn from_predictions(
        spec: &Spec<M>,
        predictions: &Predictions,
    ) -> Result<BTreeMap<String, f64>, RunError> {
        from_predictions(predictions, required(spec.train.as_ref(), "train")?.select)
    }
}

fn train_and_test<const D: usize, I: RemoveAxis, N: Regressor<D>, M: Method>(
    spec: &Spec<M>,
    context: &RunContext<'_>,
    mut parts: Parts<I>,
    model: N,
    device: &Device,
    streams: &mut Streams,
) -> Result<Measured, RunError> {
    if let Some(samples) = spec.train_samples {
        parts.train = thinned(&parts.train, samples.get());
    }
    if let Some(samples) = spec.test_samples {
        parts.test = thinned(&parts.test, samples.get());
    }
    if let Some(glimpse) = context.glimpse {
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        parts.train = thinned(&parts.train, glimpse.train_samples(batch));
        for part in [&mut parts.validation, &mut parts.test] {
            *part = thinned(part, glimpse.samples.get());
        }
    }
    let training = context.training(spec)?;
    let test = parts.test.clone();
    let task = RegressionTraining::new(parts, &spec.parameters, device)?;
    let batch = training.config.batch.get();
    let partners = if spec.wants(EFFECTIVE_PARTNERS) { task.effective_partners(batch) } else { None };
    let fit = fit(&task, model, NoState, &training, streams)?;
    if context.replay {
        return Ok(Measured { opening: fit.opening, ..Measured::default() });
    }
    let mut predictions = Predictions::default();
    predictions.add_values(TARGETS, test.y.view());
    predictions.add_groups(GROUPS, &test.groups);
    predictions.add_outputs(BEST, predict(&fit.best, &test, device)?.view());
    predictions.add_outputs(LAST, predict(&fit.last, &test, device)?.view());
    context.keep_weights(training.config.select.of(&fit.best, &fit.last))?;
    let curves = [("train-loss", fit.train_loss), ("validation-loss", fit.validation_loss)];
    let mut metrics = from_predictions(&predictions, training.config.select)?;
    metrics.extend(partners.map(|partners| (EFFECTIVE_PARTNERS.to_owned(), partners)));
    Ok(Measured {
        metrics,
        curves: curves.map(|(name, curve)| (name.to_owned(), curve)).into(),
        opening: fit.opening,
        predictions: Some(predictions),
        ..Measured::default()
    })
}

/// `samples` of a part, evenly spaced, so that a thinned series still spans all of its time.
fn thinned<I: RemoveAxis>(part: &Samples<I>, samples: usize) -> Samples<I> {
    let rows: Vec<usize> = (0..part.len()).collect();
    part.select(&evenly_spaced(&rows, samples))
}

/// Every metric that predictions for the test samples tell, of the best and the last epoch.
fn from_predictions(predictions: &Predictions, select: Selection) -> Result<BTreeMap<String, f64>, RunError> {
    let values = |name: &str| {
        let none = || RunError::Spec(format!("the predictions have no `{name}`"));
        predictions.values(name).ok_or_else(none)
    };
    let (target, groups) = (values(TARGETS)?, predictions.groups(GROUPS).unwrap_or_default());
    let of_epoch = |name: &str| metrics(values(name)?.view(), target.view(), &groups);
    Ok(select.named(&of_epoch(BEST)?, &of_epoch(LAST)?))
}

fn metrics(
    prediction: ArrayView2<'_, f64>,
    target: ArrayView2<'_, f64>,
    groups: &[i64],
) -> Result<BTreeMap<String, f64>, RunError> {
    let mut metrics = vec![
        ("rmse", regression::rmse(prediction, target)?),
        ("mape", regression::mape(prediction, target)?),
        ("r", regression::pearson(prediction, target)?),
        ("r2", regression::r2(prediction, target)?),
    ];
    if !groups.is_empty() {
        metrics.push(("worst-rmse", regression::worst_group_rmse(prediction, target, groups)?));
        metrics.push(("worst-r", regression::worst_group_pearson(prediction, target, groups)?));
    }
    Ok(metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests;
