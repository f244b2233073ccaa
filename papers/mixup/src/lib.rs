#![doc = include_str!("../README.md")]

mod golden;
mod method;

pub use method::{ManifoldBce, Method};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// Mixup and Manifold Mixup as the laboratory knows them.
pub fn paper() -> Paper {
    Paper {
        slug: "mixup",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
