//! How a run fits one regression to one validation domain, and what it measures.
//!
//! A run is fitted to the losses of one of the 13 validation domains: seed `i` stands for domain `i`
//! of [`TARGETS`]. Nothing in a run is random, so the pairs of a claim are the domains.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::metrics::regression;
use mixup_data::{ProxyRuns, Table, regmix};
use mixup_paper::{Direction, FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec};
use ndarray::{ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::figures::{self, MIXTURE_FIGURE, mixture_points, predicted_figure};
use crate::pile::{DOMAINS, HEADLINE, TARGETS, simulation_prior};
use crate::{
    BEST, EarlyStopping, Gbdt, GbdtConfig, LinearModel, NumpyLegacy, SIMULATED, best_mixture, simulate,
    spearman,
};

/// A resolved run of this paper.
pub type Spec = RunSpec<Method, Setting>;

type Outcome<T> = Result<T, RunError>;

/// One row of the paper's tables.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// What predicts the loss of a mixture.
    pub regression: Regression,
    /// Trees only: stop after so many rounds without improvement on the 1M test runs. That is what the
    /// notebook does (3), although it then scores the same runs; absent, all rounds are trained.
    #[serde(default)]
    pub stop_on_test: Option<NonZeroUsize>,
    /// The first so many of the 512 proxy runs; all where absent.
    #[serde(default)]
    pub proxies: Option<NonZeroUsize>,
}

/// What predicts the loss of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regression {
    /// [`LinearModel`].
    Linear,
    /// [`Gbdt`].
    Trees,
}

/// Settings of an experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setting {
    /// The one validation domain that is fitted; where absent, the seed says which.
    pub target: Option<String>,
    /// Parameters of the trees; the notebook's where absent.
    pub trees: GbdtConfig,
}

/// The scales on which a fit is tested, as metrics name them.
pub const SCALES: [&str; 3] = ["1m", "60m", "1b"];

/// Seed of the official simulation.
const SIMULATION_SEED: u32 = 42;

/// The routine of this paper: a regression from mixtures to losses, fitted to proxy runs that others
/// trained.
pub struct ProxyRegression;

impl Routine for ProxyRegression {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "regmix";

    fn metrics() -> Vec<MetricInfo> {
        let info =
            |name: String, label: String, better, decimals| MetricInfo { name, label, better, decimals };
        let scales = SCALES.map(|scale| (scale, scale.to_uppercase()));
        let rank = scales.iter().map(|(scale, size)| {
            info(format!("spearman-{scale}"), format!("Spearman x100, {size}"), Some(Direction::Higher), 2)
        });
        let error = scales.iter().map(|(scale, size)| {
            info(format!("mse-{scale}"), format!("MSE (nats^2), {size}"), Some(Direction::Lower), 4)
        });
        let weight = DOMAINS
            .iter()
            .map(|domain| info(weight_metric(domain.name), format!("weight of {}", domain.name), None, 4));
        rank.chain(error).chain(weight).collect()
    }

    fn figures() -> Vec<FigureInfo> {
        figures::figures()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        if spec.data != "regmix" {
            return Err(format!("`data` is `{}`; this paper's runs are made on `regmix`", spec.data));
        }
        if spec.model.is_some() || spec.optimizer.is_some() || spec.train.is_some() {
            return Err("`model`, `optimizer` and `train` have no meaning here: leave them out".into());
        }
        if spec.test_samples.is_some() {
            return Err(
                "`test_samples` has no meaning here: the mixtures that a fit is tested on are few".into()
            );
        }
        if spec.parameters.regression == Regression::Linear && spec.parameters.stop_on_test.is_some() {
            return Err("`stop_on_test` is for `regression: trees`".into());
        }
        target(spec).map_err(|error| error.to_string())?;
        spec.setting.trees.check().map_err(|error| format!("setting.trees: {error}"))
    }

    fn constants() -> Vec<f64> {
        vec![SIMULATED as f64]
    }

    /// Fits to the 1M runs and tests at each scale; simulates the best mixture where a metric asks for
    /// the weight of a domain. Gives points of pictures for [`HEADLINE`] only, as these speak of it.
    fn run(spec: &Spec, context: &RunContext<'_>) -> Outcome<Measured> {
        let data = regmix(context.library)?;
        let target = target(spec)?;
        let tests = [&data.test_1m, &data.test_60m, &data.test_1b];
        let model = Model::fit(spec, target, &data.train_1m, &data.test_1m)?;
        let (mut metrics, mut points) = (BTreeMap::new(), BTreeMap::new());
        for (scale, runs) in SCALES.into_iter().zip(tests) {
            let (predicted, actual) = (model.predict(matrix(&runs.mixtures)?)?, losses(runs, target)?);
            metrics.insert(format!("spearman-{scale}"), 100.0 * spearman(&predicted, &actual)?);
            let pairs = actual.iter().zip(&predicted).map(|(&actual, &predicted)| [actual, predicted]);
            points.insert(predicted_figure(scale), pairs.collect());
            let [predicted, actual] = [&predicted, &actual].map(|l| ArrayView1::from(l).insert_axis(Axis(1)));
            metrics.insert(format!("mse-{scale}"), regression::mse(predicted, actual)?);
        }
        if spec.metrics.iter().any(|name| name.starts_with(WEIGHT)) {
            let mixtures =
                simulate(&simulation_prior(), SIMULATED, &mut NumpyLegacy::seeded(SIMULATION_SEED))?;
            let mixture = best_mixture(mixtures.view(), &model.predict(mixtures.view())?, BEST)?;
            points.insert(MIXTURE_FIGURE.to_owned(), mixture_points(&mixture));
            metrics.extend(DOMAINS.iter().map(|domain| weight_metric(domain.name)).zip(mixture));
        }
        if target != HEADLINE {
            points.clear();
        }
        (context.progress)(1, 1);
        Ok(Measured { metrics, points, ..Measured::default() })
    }
}

/// The metric with the weight that the recommended mixture gives to a domain.
pub fn weight_metric(domain: &str) -> String {
    format!("{WEIGHT}{}", domain.replace('_', "-"))
}

const WEIGHT: &str = "weight-";

/// The validation domain that the spec names, or that its seed stands for.
fn target(spec: &Spec) -> Outcome<&'static str> {
    let count = TARGETS.len();
    let seed = usize::try_from(spec.seed).unwrap_or(usize::MAX);
    match &spec.setting.target {
        None => TARGETS.get(seed).copied().ok_or_else(|| {
            format!(
                "`seeds` must be at most {count}: a seed stands for a validation domain, and there is no domain \
                 {seed}"
            )
        }),
        Some(_) if seed > 0 => Err("`seeds` must be 1 with `setting.target`: nothing in a run is random".into()),
        Some(name) => TARGETS.into_iter().find(|target| target == name).ok_or_else(|| {
            format!("setting.target is `{name}`; it must be one of {}", TARGETS.join(", "))
        }),
    }
    .map_err(RunError::Spec)
}

enum Model {
    Linear(LinearModel),
    Trees(Gbdt),
}

impl Model {
    fn fit(spec: &Spec, target: &str, train: &ProxyRuns, test: &ProxyRuns) -> Outcome<Self> {
        let method = &spec.parameters;
        let limits = [method.proxies, spec.train_samples];
        let count =
            limits.into_iter().flatten().map(NonZeroUsize::get).fold(train.mixtures.rows(), usize::min);
        let mixtures = matrix(&train.mixtures)?.slice_move(s![..count, ..]);
        let losses_of_train = losses(train, target)?;
        let fitted = &losses_of_train[..count];
        Ok(match (method.regression, method.stop_on_test) {
            (Regression::Linear, _) => Self::Linear(LinearModel::fit(mixtures, fitted)?),
            (Regression::Trees, None) => Self::Trees(Gbdt::fit(mixtures, fitted, &spec.setting.trees)?),
            (Regression::Trees, Some(patience)) => {
                let losses = losses(test, target)?;
                let patience = patience.get();
                let stopping = EarlyStopping { mixtures: matrix(&test.mixtures)?, losses: &losses, patience };
                Self::Trees(Gbdt::fit_until(mixtures, fitted, &spec.setting.trees, &stopping)?)
            }
        })
    }

    fn predict(&self, mixtures: ArrayView2<'_, f64>) -> crate::Result<Vec<f64>> {
        match self {
            Self::Linear(model) => model.predict(mixtures),
            Self::Trees(model) => model.predict(mixtures),
        }
    }
}

/// The table's cells, `[rows, columns]`.
fn matrix(table: &Table) -> Outcome<ArrayView2<'_, f64>> {
    ArrayView2::from_shape((table.rows(), table.columns.len()), &table.cells)
        .map_err(|error| RunError::Spec(error.to_string()))
}

fn losses(runs: &ProxyRuns, target: &str) -> Outcome<Vec<f64>> {
    let column = runs.losses.position(target);
    column
        .map(|column| runs.losses.column(column))
        .ok_or_else(|| RunError::Spec(format!("the proxy runs have no losses of the domain `{target}`")))
}
