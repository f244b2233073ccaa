#![doc = include_str!("../README.md")]

pub mod certificate;
mod gate;
mod golden;
mod loss;
mod mixing;
mod routine;

pub use gate::{BatchGammas, Choice, Gate, alphas, batch_gammas, blended, running_gammas};
pub use loss::{Weights, composite, targeted_dlr, weighted};
pub use mixing::{Mix, Scales, mixed, mixed_by};
pub use routine::{Adaptive, Method, Network, Setting, Smoothing};

use mixup_paper::{Paper, RoutineEntry};

/// Adaptive smoothing as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "adaptive-smoothing",
        routines: vec![RoutineEntry::of::<Smoothing>()],
        golden: golden::ops(),
    }
}
