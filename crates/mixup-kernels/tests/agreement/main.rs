//! Fused operations against their composition of burn's own, and against themselves on other numbers of threads.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod conv;
mod exactness;
mod operations;
mod threads;
