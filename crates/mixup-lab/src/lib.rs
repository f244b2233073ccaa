//! Experiments: specs, claims, runs, statistics, verdicts, reports.
//!
//! A paper crate implements [`registry::Paper`]; a binary hands its papers to [`cli::main`].

pub mod aggregate;
pub mod cli;
mod commands;
pub mod compare;
pub mod error;
pub mod experiment;
pub mod fingerprint;
pub mod golden;
pub mod host;
pub mod load;
pub mod manifest;
mod nearest;
mod numbers;
pub mod outcome;
pub mod plan;
pub mod pool;
mod progress;
pub mod registry;
pub mod report;
pub mod results;
pub mod session;
pub mod stats;
pub mod store;
pub mod verdict;
mod worker;
pub mod workspace;
pub mod yaml;

#[cfg(test)]
mod fixtures;
