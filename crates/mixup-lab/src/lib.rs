//! Experiments: specs, claims, runs, statistics, verdicts, reports.

pub mod error;
pub mod experiment;
pub mod golden;
pub mod manifest;
mod nearest;
pub mod outcome;
pub mod registry;
pub mod workspace;
pub mod yaml;
