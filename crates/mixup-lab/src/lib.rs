//! Experiments: specs, claims, runs, statistics, verdicts, reports.

pub mod aggregate;
pub mod compare;
pub mod error;
pub mod experiment;
pub mod golden;
pub mod manifest;
mod nearest;
mod numbers;
pub mod outcome;
pub mod registry;
pub mod stats;
pub mod verdict;
pub mod workspace;
pub mod yaml;

#[cfg(test)]
mod fixtures;
