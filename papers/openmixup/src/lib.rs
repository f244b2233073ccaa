#![doc = include_str!("../README.md")]

mod golden;
mod method;

pub use method::{Attentivemix, Method, Watched};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// OpenMixup as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "openmixup",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
