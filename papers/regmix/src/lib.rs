#![doc = include_str!("../README.md")]

mod draws;
mod error;
mod experiment;
mod figures;
mod gbdt;
mod golden;
mod linear;
mod metrics;
mod mixture;
mod numpy_legacy;
pub mod pile;
mod select;

pub use draws::Draws;
pub use error::{RegmixError, Result};
pub use experiment::{Method, Regression, SCALES, Setting, Spec, check, run, weight_metric};
pub use figures::{MIXTURE_FIGURE, predicted_figure};
pub use gbdt::{EarlyStopping, Gbdt, GbdtConfig};
pub use linear::LinearModel;
pub use metrics::spearman;
pub use mixture::{MixtureRules, MixtureSampler, Processed, temper_prior};
pub use numpy_legacy::NumpyLegacy;
pub use select::{BEST, SIMULATED, best_mixture, simulate};

use mixup_lab::figure::FigureInfo;
use mixup_lab::golden::GoldenOp;
use mixup_lab::outcome::{Direction, MetricInfo};
use mixup_lab::registry::{Measured, Paper, RunContext, RunError};

/// RegMix as the laboratory knows it.
pub struct RegMix;

impl Paper for RegMix {
    type Method = Method;
    type Setting = Setting;
    const SLUG: &'static str = "regmix";

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
        let weight = pile::DOMAINS
            .iter()
            .map(|domain| info(weight_metric(domain.name), format!("weight of {}", domain.name), None, 4));
        rank.chain(error).chain(weight).collect()
    }

    fn figures() -> Vec<FigureInfo> {
        figures::figures()
    }

    fn check(spec: &Spec) -> std::result::Result<(), String> {
        check(spec)
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> std::result::Result<Measured, RunError> {
        run(spec, context)
    }

    fn golden() -> Vec<(&'static str, GoldenOp)> {
        golden::ops()
    }
}
