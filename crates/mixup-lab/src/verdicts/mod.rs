//! What the numbers say: statistics, claims, the check against committed outcomes, golden vectors.

pub mod compare;
pub(crate) mod numbers;
pub mod parity;
pub mod stats;
pub mod verdict;
