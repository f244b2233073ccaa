//! Runs: what is to be executed, by whom, and where it is kept.

mod autopsy;
pub(crate) mod devices;
pub mod execute;
mod executor;
pub mod host;
pub(crate) mod interrupt;
pub mod job;
pub mod journal;
pub mod plan;
pub mod pool;
pub(crate) mod progress;
mod remeasure;
pub mod replay;
pub mod session;
pub mod sources;
pub mod standing;
pub mod store;
pub mod sweep;
pub mod worker;
