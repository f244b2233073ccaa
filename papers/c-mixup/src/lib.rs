#![doc = include_str!("../README.md")]

mod experiment;
mod golden;
mod method;
mod mixing;
mod pairing;
pub mod prepare;
pub mod rcf;
mod task;

pub use experiment::{Spec, check, run};
pub use method::{
    Counts, Fractions, KdeChoice, Method, PartnerChoice, Place, Scaling, Setting, Split, Windows,
};
pub use mixing::{MixedStep, Regressor, mixed_step};
pub use pairing::{batch_pairs, pair_rates};
pub use task::{Regression, predict};

use mixup_lab::golden::GoldenOp;
use mixup_lab::outcome::{Direction, MetricInfo};
use mixup_lab::registry::{Measured, Paper, RunContext, RunError};

/// C-Mixup as the laboratory knows it.
pub struct CMixup;

impl Paper for CMixup {
    type Method = Method;
    type Setting = Setting;
    const SLUG: &'static str = "c-mixup";

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

    fn check(spec: &Spec) -> Result<(), String> {
        check(spec)
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        run(spec, context)
    }

    fn golden() -> Vec<(&'static str, GoldenOp)> {
        golden::ops()
    }
}
