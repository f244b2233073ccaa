//! What runs leave behind: records, outcomes, and their files in results/.

pub mod aggregate;
pub mod figure;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod outcome;
pub(crate) mod pretty;
pub mod snapshot;
