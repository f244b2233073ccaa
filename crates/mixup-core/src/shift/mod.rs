//! Test data that is not as the training data: corrupted images, and streams whose labels are correlated in time.

mod corruption;
mod stream;

pub use corruption::{Corruption, CorruptionKind, Severity};
pub use stream::{classes_per_batch, correlated_order};
