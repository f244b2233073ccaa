//! Calibration after training.

mod lbfgs;
mod temperature;

pub use lbfgs::{Lbfgs, lbfgs_temperature};
pub use temperature::{Criterion, TemperatureGrid, nll_and_slope, nll_temperature};
