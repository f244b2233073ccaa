//! Metrics, computed on the host in f64.

pub mod regression;
