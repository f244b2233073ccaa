#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;
mod schedule;

pub use loss::{Target, Terms, barlow_twins, correlation, mixed_samples, normalised};
pub use method::{BarlowTwins, Mixing};
pub use schedule::Schedule;

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::contrastive::Contrastive;

/// Mixed Barlow Twins as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixed-barlow-twins",
        routines: vec![RoutineEntry::of::<Contrastive<BarlowTwins>>()],
        golden: golden::ops(),
    }
}
