#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;
mod mixing;

pub use loss::{Distilled, std_distillation, std_scaled};
pub use method::{Kd, Method, Mixstd, Taught};
pub use mixing::{Draws, Mixing, Unmixed};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// MIX-KD as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixup-kd",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
