//! What a run fits, and what it measures.
//!
//! A run fits one regression to each of the 13 validation domains ([`TARGETS`]) and measures the mean over
//! them, as the notebook's table has them; or it fits the one that `setting.target` names. Seed 0 is the
//! sample that the authors published, every other seed a bootstrap resample of it (`pairs: bootstrap`): the
//! proxy runs and the scored mixtures are what was drawn at random, the domains were not.

use std::num::NonZeroUsize;

use mixup_core::metrics::regression;
use mixup_data::{RegMix, regmix};
use mixup_paper::{Direction, FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec};
use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::figures::{self, MIXTURE_FIGURE, domains_figure, mixture_points, predicted_figure};
use crate::pile::{DOMAINS, HEADLINE, TARGETS, simulation_prior};
use crate::sample::Sample;
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
    /// The first so many of the 512 proxy runs, or of their resample; all where absent. More are refused.
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
    /// The one validation domain that is fitted; where absent, each of the 13, and metrics are means over
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
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

mixup_paper::as_json!(Method, Setting);

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
        let targets = targets(spec).map_err(|error| error.to_string())?;
        if targets.len() > 1 && spec.metrics.iter().any(|name| name.starts_with(WEIGHT)) {
            return Err("a mixture is recommended for one domain: `setting.target` must name it".into());
        }
        spec.setting.trees.check().map_err(|error| format!("setting.trees: {error}"))
    }

    fn constants(_: &Spec) -> Vec<f64> {
        vec![SIMULATED as f64]
    }

    /// Fits to the 1M runs and tests at each scale; simulates the best mixture where a metric asks for the
    /// weight of a domain. Of the sample as it is there are points of pictures, too.
    ///
    /// A glimpse looks at three domains only, and at a resample beside the sample.
    fn run(spec: &Spec, context: &RunContext<'_>) -> Outcome<Measured> {
        let data = regmix(context.library)?;
        let mut targets = targets(spec)?;
        if context.glimpse.is_some() && targets.len() > GLIMPSE.len() {
            targets = GLIMPSE.to_vec();
        }
        let mut measured = measure(spec, &data, &targets)?;
        if context.glimpse.is_some() {
            let resample = measure(&Spec { seed: spec.seed + 1, ..spec.clone() }, &data, &targets)?;
            let renamed = |(name, value)| (format!("{name} of a resample"), value);
            measured.metrics.extend(resample.metrics.into_iter().map(renamed));
        }
        (context.progress)(1, 1);
        Ok(measured)
    }
}

/// What a glimpse looks at of the 13 domains: two neighbours, for the order, and the one of the pictures.
const GLIMPSE: [&str; 3] = [TARGETS[0], TARGETS[1], HEADLINE];

fn measure(spec: &Spec, data: &RegMix, targets: &[&'static str]) -> Outcome<Measured> {
    let sample = Sample::of(spec, data)?;
    let mut measured = Measured::default();
    let Measured { metrics, points, .. } = &mut measured;
    for (place, &target) in targets.iter().enumerate() {
        let model = Model::fit(spec, target, &sample)?;
        for (scale, runs) in SCALES.into_iter().zip(&sample.tests) {
            let (predicted, actual) = (model.predict(runs.mixtures.view())?, runs.losses(target)?);
            let rank = 100.0 * spearman(&predicted, &actual)?;
            let pairs = actual.iter().zip(&predicted).map(|(&actual, &predicted)| [actual, predicted]);
            if target == HEADLINE {
                points.insert(predicted_figure(scale), pairs.collect());
            }
            points.entry(domains_figure(scale)).or_default().push([place as f64, rank]);
            let [predicted, actual] = [&predicted, &actual].map(|l| ArrayView1::from(l).insert_axis(Axis(1)));
            let error = regression::mse(predicted, actual)?;
            for (name, value) in [("spearman", rank), ("mse", error)] {
                *metrics.entry(format!("{name}-{scale}")).or_default() += value / targets.len() as f64;
            }
        }
        if targets.len() == 1 && spec.metrics.iter().any(|name| name.starts_with(WEIGHT)) {
            let mixtures =
                simulate(&simulation_prior(), SIMULATED, &mut NumpyLegacy::seeded(SIMULATION_SEED))?;
            let mixture = best_mixture(mixtures.view(), &model.predict(mixtures.view())?, BEST)?;
            if target == HEADLINE {
                points.insert(MIXTURE_FIGURE.to_owned(), mixture_points(&mixture));
            }
            metrics.extend(DOMAINS.iter().map(|domain| weight_metric(domain.name)).zip(mixture));
        }
    }
    if targets.len() < TARGETS.len() {
        SCALES.into_iter().for_each(|scale| drop(points.remove(&domains_figure(scale))));
    }
    if spec.seed > 0 {
        points.clear();
    }
    Ok(measured)
}

/// The metric with the weight that the recommended mixture gives to a domain.
pub fn weight_metric(domain: &str) -> String {
    format!("{WEIGHT}{}", domain.replace('_', "-"))
}

const WEIGHT: &str = "weight-";

/// The validation domain that the spec names, or all.
fn targets(spec: &Spec) -> Outcome<Vec<&'static str>> {
    let Some(name) = &spec.setting.target else { return Ok(TARGETS.to_vec()) };
    let known = TARGETS.into_iter().find(|target| target == name);
    known.map(|target| vec![target]).ok_or_else(|| {
        RunError::Spec(format!("setting.target is `{name}`; it must be one of {}", TARGETS.join(", ")))
    })
}

enum Model {
    Linear(LinearModel),
    Trees(Gbdt),
}

impl Model {
    fn fit(spec: &Spec, target: &str, sample: &Sample) -> Outcome<Self> {
        let Sample { train, tests: [held_out, ..] } = sample;
        let (mixtures, losses) = (train.mixtures.view(), train.losses(target)?);
        Ok(match (spec.parameters.regression, spec.parameters.stop_on_test) {
            (Regression::Linear, _) => Self::Linear(LinearModel::fit(mixtures, &losses)?),
            (Regression::Trees, None) => Self::Trees(Gbdt::fit(mixtures, &losses, &spec.setting.trees)?),
            (Regression::Trees, Some(patience)) => {
                let stopping = EarlyStopping {
                    mixtures: held_out.mixtures.view(),
                    losses: &held_out.losses(target)?,
                    patience: patience.get(),
                };
                Self::Trees(Gbdt::fit_until(mixtures, &losses, &spec.setting.trees, &stopping)?)
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
