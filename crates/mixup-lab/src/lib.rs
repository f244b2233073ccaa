//! Experiments: specs, claims, runs, statistics, verdicts, reports.

pub mod aggregate;
pub mod compare;
pub mod experiment;
pub mod golden;
pub mod manifest;
mod numbers;
pub mod outcome;
pub mod registry;
pub mod report;
pub mod stats;
pub mod verdict;

#[cfg(test)]
mod fixtures;
