#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;
mod shares;
mod unlabelled;

pub use loss::{FLOOR, decoupled_cross_entropy, decoupled_rows, decoupled_terms, official_etas};
pub use method::{Dm, DmBce, Mce, Method, Pairing};
pub use shares::{Curve, Scale, Side, Targets};
pub use unlabelled::{Cutoffs, PseudoLabels};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// Decoupled Mixup as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "decoupled-mixup",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
