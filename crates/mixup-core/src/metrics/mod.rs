//! Metrics, computed on the host in f64.

pub mod classification;
pub mod collapse;
pub mod detection;
pub mod ece;
pub mod embedding;
pub mod neighbours;
pub mod netcal;
pub mod rank;
pub mod regression;
pub mod reliability;
pub mod retrieval;
pub mod sampling;
pub mod shots;
