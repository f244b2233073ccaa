//! How a run is trained and measured.

use std::collections::BTreeMap;

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
use mixup_lab::experiment::RunSpec;
use mixup_lab::registry::{Measured, RunContext, RunError, required};
use ndarray::{Array2, ArrayView2, RemoveAxis};

use crate::method::{Method, Setting, Split};
use crate::mixing::Regressor;
use crate::prepare::{self, Parts, Roles, Samples};
use crate::task::{Regression, predict};

/// A resolved run of this paper.
pub type Spec = RunSpec<Method, Setting>;

/// Trains one method with one seed and measures it on the test part.
///
/// # Errors
/// Data that cannot be had, a split or network that does not fit it, training that diverged.
pub fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
    let device = device::open(&spec.device)?;
    let mut streams = Streams::new(&spec.experiment, spec.seed);
    let table = load_table(context.library, &spec.data)?;
    match (required(spec.model.as_ref(), "model")?, required(spec.setting.split.as_ref(), "setting.split")?) {
        (ModelConfig::Lstnet(network), Split::Time(windows)) => {
            let raw = ArrayView2::from_shape((table.rows(), table.columns.len()), &table.cells)
                .map_err(|error| RunError::Spec(error.to_string()))?;
            let (series, _) = prepare::scale_series(raw);
            let parts = prepare::windows(series.view(), windows)?;
            let model = network.init(parts.train.y.ncols(), streams.get("init"), &device);
            train_and_test(spec, context, parts, model, &device, &mut streams)
        }
        (ModelConfig::Mlp(network), split @ (Split::Random(_) | Split::Domains(_))) => {
            let roles = Roles::of(&spec.data, table.columns.len());
            let samples = prepare::samples(&table, &roles, spec.setting.inputs);
            let parts = match split {
                Split::Domains(marks) => prepare::domain_split(&samples, marks)?,
                Split::Random(counts) => prepare::random_split(&samples, counts, streams.get("split"))?,
                Split::Time(_) => unreachable!("matched above"),
            };
            let model = network.init(parts.train.x.ncols(), 1, streams.get("init"), &device);
            train_and_test(spec, context, parts, model, &device, &mut streams)
        }
        _ => Err(RunError::Spec(NETWORK_AND_SPLIT.into())),
    }
}

const NETWORK_AND_SPLIT: &str =
    "an `mlp` goes with `split: {random: ...}` or `{domains: ...}`, an `lstnet` with `{time: ...}`";

/// What the types of a spec cannot say.
///
/// # Errors
/// The message for the user.
pub fn check(spec: &Spec) -> Result<(), String> {
    let split = spec.setting.split.as_ref().ok_or("`setting.split` is missing: random, domains or time")?;
    match (&spec.model, split) {
        (None, _) => return Err("`model` is missing: an `mlp` or an `lstnet`".into()),
        (Some(ModelConfig::Mlp(_)), Split::Random(_) | Split::Domains(_))
        | (Some(ModelConfig::Lstnet(_)), Split::Time(_)) => {}
        _ => return Err(NETWORK_AND_SPLIT.into()),
    }
    if spec.train.is_none() || spec.optimizer.is_none() {
        return Err("`train` and `optimizer` are needed".into());
    }
    let method = spec.parameters;
    if method.alpha.is_none() && method != Method::default() {
        return Err("a method that mixes needs `alpha` (`{}` is ERM)".into());
    }
    Ok(())
}

fn train_and_test<const D: usize, I: RemoveAxis, N: Regressor<D>>(
    spec: &Spec,
    context: &RunContext<'_>,
    mut parts: Parts<I>,
    model: N,
    device: &Device,
    streams: &mut Streams,
) -> Result<Measured, RunError> {
    if let Some(samples) = spec.train_samples {
        parts.train = thinned(&parts.train, samples.get());
    }
    let training = context.training(spec)?;
    let test = parts.test.clone();
    let task = Regression::new(parts, &spec.parameters, device)?;
    let fit = fit(&task, model, NoState, &training, streams)?;
    let best = metrics(&predict(&fit.best, &test, device)?, &test)?;
    let last = metrics(&predict(&fit.last, &test, device)?, &test)?;
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
