//! Experiments: specs, claims, runs, statistics, verdicts, reports.

pub mod experiment;
pub mod golden;
pub mod manifest;
pub mod outcome;
pub mod registry;
