#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;

pub use loss::{mixoe_loss, rotation_loss, soft_targets};
pub use method::{EnergyOe, Method, Mixing, Mixoe, Oe, Rotation};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// MixOE as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixoe",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
