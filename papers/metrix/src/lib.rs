#![doc = include_str!("../README.md")]

mod analysis;
mod golden;
mod method;
mod pairs;

pub use analysis::{multi_similarity_threshold, positivity, share_up_to};
pub use method::{Choice, Detach, Divisor, Drawn, DrawnPairs, Embeddings, Metrix, mixed_loss};
pub use pairs::{Pairs, Points};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::metric_learning::MetricLearning;

/// Metrix as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "metrix",
        routines: vec![RoutineEntry::of::<MetricLearning<Metrix>>()],
        golden: golden::ops(),
    }
}
