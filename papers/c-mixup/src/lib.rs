#![doc = include_str!("../README.md")]

mod golden;
mod method;
mod pairing;

pub use method::{KdeChoice, Method, PartnerChoice};
pub use mixup_routines::regression::rcf;
pub use pairing::{batch_pairs, pair_rates};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::regression::Regression;

/// C-Mixup as the laboratory knows it.
pub fn paper() -> Paper {
    Paper { slug: "c-mixup", routines: vec![RoutineEntry::of::<Regression<Method>>()], golden: golden::ops() }
}
