//! Optimisers, gradient clipping and learning-rate schedules, as the experiments name them.

mod clip;
mod config;
mod groups;
mod schedule;
mod step;

pub use clip::Clip;
pub use config::{AdamConfig, AdamWConfig, OptimizerConfig, SgdConfig};
pub use groups::Group;
pub use schedule::{Clock, Length, Per, Schedule};

#[cfg(test)]
mod tests;
