//! Experiments: specs, claims, runs, statistics, verdicts, reports.

pub mod aggregate;
mod atomic;
mod bench;
pub mod cli;
mod commands;
pub mod compare;
pub mod error;
pub mod experiment;
pub mod figure;
pub mod fingerprint;
pub mod golden;
pub mod host;
mod interrupt;
pub mod job;
pub mod manifest;
mod nearest;
mod numbers;
pub mod outcome;
pub mod paper_files;
pub mod plan;
pub mod pool;
mod pretty;
mod progress;
pub mod registry;
pub mod report;
pub mod resolve;
pub mod results;
pub mod session;
pub mod stats;
pub mod store;
pub mod verdict;
pub mod worker;
pub mod workspace;
pub mod yaml;

#[cfg(test)]
mod fixtures;
