//! RegMix: the mixture of training data as a regression problem.

mod draws;
mod error;
mod gbdt;
mod linear;
mod metrics;
mod mixture;
mod numpy_legacy;
pub mod pile;
mod select;

pub use draws::Draws;
pub use error::{RegmixError, Result};
pub use gbdt::{EarlyStopping, Gbdt, GbdtConfig};
pub use linear::LinearModel;
pub use metrics::{mse, pearson, spearman};
pub use mixture::{MixtureRules, MixtureSampler, Processed, temper_prior};
pub use numpy_legacy::NumpyLegacy;
pub use select::{BEST, SIMULATED, best_mixture, simulate};
