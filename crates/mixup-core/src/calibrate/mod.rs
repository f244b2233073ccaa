//! Calibration after training.

mod temperature;

pub use temperature::{Criterion, TemperatureGrid, nll_temperature};
