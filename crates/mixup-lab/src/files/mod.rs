//! What people write: YAML files to specs of runs, every mistake with its place.

pub(crate) mod atomic;
pub mod claim;
pub mod experiment;
pub mod manifest;
pub(crate) mod nearest;
pub mod paper_files;
pub mod resolve;
pub mod seeds;
pub mod workspace;
pub mod yaml;
