#![doc = include_str!("../README.md")]

mod draws;
mod experiment;
mod figures;
mod golden;
mod linear;
mod metrics;
mod mixture;
mod numpy_legacy;
pub mod pile;
mod sample;
mod select;
#[cfg(test)]
mod tests;

pub use draws::Draws;
pub use experiment::{Method, ProxyRegression, Regression, SCALES, Setting, Spec, weight_metric};
pub use figures::{MIXTURE_FIGURE, domains_figure, predicted_figure};
pub use linear::LinearModel;
pub use metrics::spearman;
pub use mixture::{MixtureRules, MixtureSampler, Processed, temper_prior};
pub use mixup_routines::proxies::{EarlyStopping, Gbdt, GbdtConfig, ProxyError as RegmixError, Result};
pub use numpy_legacy::NumpyLegacy;
pub use select::{BEST, SIMULATED, best_mixture, simulate};

use mixup_paper::{Paper, RoutineEntry};

/// RegMix as the laboratory knows it.
pub fn paper() -> Paper {
    Paper { slug: "regmix", routines: vec![RoutineEntry::of::<ProxyRegression>()], golden: golden::ops() }
}
