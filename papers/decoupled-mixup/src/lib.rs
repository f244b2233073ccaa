#![doc = include_str!("../README.md")]

mod binary;
mod eta;
mod golden;
mod labels;
mod loss;
mod method;
mod unlabelled;

pub use binary::{Targets, binary_cross_entropy_rows};
pub use eta::{Curve, Eta, Scale, Side};
pub use labels::MixedLabels;
pub use loss::{decoupled_cross_entropy, decoupled_rows, decoupled_terms, official_order};
pub use method::{Dm, DmBce, Mce, Method, Pairing};
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
