#![doc = include_str!("../README.md")]

mod gaussians;
mod golden;
mod method;
mod simulation;
mod training;

pub use gaussians::{Gaussians, Labelled};
pub use method::{DMixup, Method};
pub use simulation::{Setting, Simulation};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// The paper as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixup-calibration-overlap",
        routines: vec![RoutineEntry::of::<Simulation>(), RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
