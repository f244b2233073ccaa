//! Optimisers, gradient clipping and learning-rate schedules, as the experiments name them; and plain descent
//! of one tensor.

mod clip;
mod config;
mod descent;
mod groups;
mod optimizer;
mod rule;
mod schedule;

pub use clip::Clip;
pub use config::{AdamConfig, AdamWConfig, OptimizerConfig, SgdConfig};
pub use descent::{Descent, descend};
pub use groups::Group;
pub use optimizer::Optimizer;
pub use schedule::{Clock, Length, Per, Schedule};

#[cfg(test)]
mod tests;
