//! Regression on tables and series: training by any method, errors on the test part and on its worst
//! domain.

mod method;
mod network;
pub mod prepare;
mod setting;
mod task;

pub use method::{Method, Mixup, Partners, Place, RandomPartner};
pub use network::{MixedStep, Regressor, mixed_step};
pub use setting::{Counts, Fractions, Scaling, Setting, Split, Windows};
pub use task::{RegressionTraining, predict};

use std::collections::BTreeMap;
use std::marker::PhantomData;

use burn::tensor::Device;
use mixup_core::{
    device,
    metrics::regression,
    nn::ModelConfig,
    split::evenly_spaced,
    stream::Streams,
    train::{NoState, fit},
};
use mixup_data::load_table;
use mixup_paper::{Direction, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec, required};
use ndarray::{Array2, ArrayView2, RemoveAxis};

use prepare::{Parts, Roles, Samples};

/// The routine, with the methods `M` of a paper.
pub struct Regression<M = Mixup>(PhantomData<M>);

/// A resolved run.
pub type Spec<M> = RunSpec<M, Setting>;

const NETWORK_AND_SPLIT: &str =
    "an `mlp` goes with `split: {random: ...}` or `{domains: ...}`, an `lstnet` with `{time: ...}`";

impl<M: Method> Routine for Regression<M> {
    type Method = M;
    type Setting = Setting;
    const NAME: &'static str = "regression";

    fn metrics() -> Vec<MetricInfo> {
        let info = |name: &str, label: &str, better, decimals| MetricInfo {
            name: name.into(),
            label: label.into(),
            better: Some(better),
            decimals,
        };
        vec![
            info("rmse", "RMSE", Direction::Lower, 4),
            info("mape", "MAPE (%)", Direction::Lower, 3),
            info("r", "Pearson r", Direction::Higher, 4),
            info("r2", "R2", Direction::Higher, 4),
            info("worst-rmse", "worst-domain RMSE", Direction::Lower, 4),
            info("worst-r", "worst-domain r", Direction::Higher, 4),
        ]
    }

    fn check(spec: &Spec<M>) -> Result<(), String> {
        let split =
            spec.setting.split.as_ref().ok_or("`setting.split` is missing: random, domains or time")?;
        match (&spec.model, split) {
            (None, _) => return Err("`model` is missing: an `mlp` or an `lstnet`".into()),
            (Some(ModelConfig::Mlp(_)), Split::Random(_) | Split::Domains(_))
            | (Some(ModelConfig::Lstnet(_)), Split::Time(_)) => {}
            _ => return Err(NETWORK_AND_SPLIT.into()),
        }
        if spec.train.is_none() || spec.optimizer.is_none() {
            return Err("`train` and `optimizer` are needed".into());
        }
        spec.parameters.check()
    }

    fn constants() -> Vec<f64> {
        vec![task::EVALUATION_BATCH as f64]
    }

    fn run(spec: &Spec<M>, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let table = load_table(context.library, &spec.data)?;
        let split = required(spec.setting.split.as_ref(), "setting.split")?;
        match (required(spec.model.as_ref(), "model")?, split) {
            (ModelConfig::Lstnet(network), Split::Time(windows)) => {
                let raw = ArrayView2::from_shape((table.rows(), table.columns.len()), &table.cells)
                    .map_err(|error| RunError::Spec(error.to_string()))?;
                let (series, _) = prepare::scale_series(raw);
                let parts = prepare::windows(series.view(), windows)?;
                let model = network.init(parts.train.y.ncols(), streams.get("init"), &device);
                train_and_test(spec, context, parts, model, &device, &mut streams)
            }
            (ModelConfig::Mlp(network), Split::Random(_) | Split::Domains(_)) => {
                let roles = Roles::of(&spec.data, table.columns.len());
                let samples = prepare::samples(&table, &roles, spec.setting.inputs);
                let parts = prepare::parts(&samples, split, &mut streams)?;
                let model = network.init(parts.train.x.ncols(), 1, streams.get("init"), &device);
                train_and_test(spec, context, parts, model, &device, &mut streams)
            }
            _ => Err(RunError::Spec(NETWORK_AND_SPLIT.into())),
        }
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
    let fit = fit(&task, model, NoState, &training, streams)?;
    let best = metrics(&predict(&fit.best, &test, device)?, &test)?;
    let last = metrics(&predict(&fit.last, &test, device)?, &test)?;
    context.keep_weights(training.config.select.of(&fit.best, &fit.last))?;
    let curves = [("train-loss", fit.train_loss), ("validation-loss", fit.validation_loss)];
    Ok(Measured {
        metrics: training.config.select.named(&best, &last),
        curves: curves.map(|(name, curve)| (name.to_owned(), curve)).into(),
        ..Measured::default()
    })
}

/// `samples` of a part, evenly spaced, so that a thinned series still spans all of its time.
fn thinned<I: RemoveAxis>(part: &Samples<I>, samples: usize) -> Samples<I> {
    let rows: Vec<usize> = (0..part.len()).collect();
    part.select(&evenly_spaced(&rows, samples))
}

fn metrics<I: RemoveAxis>(
    prediction: &Array2<f64>,
    test: &Samples<I>,
) -> Result<BTreeMap<String, f64>, RunError> {
    let (prediction, target) = (prediction.view(), test.y.view());
    let mut metrics = vec![
        ("rmse", regression::rmse(prediction, target)?),
        ("mape", regression::mape(prediction, target)?),
        ("r", regression::pearson(prediction, target)?),
        ("r2", regression::r2(prediction, target)?),
    ];
    if !test.groups.is_empty() {
        metrics.push(("worst-rmse", regression::worst_group_rmse(prediction, target, &test.groups)?));
        metrics.push(("worst-r", regression::worst_group_pearson(prediction, target, &test.groups)?));
    }
    Ok(metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests;
