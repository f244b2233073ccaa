#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;
mod synthetic;

pub use loss::{contrastive, logits, proxy_accuracy};
pub use method::{Mixing, Mochi};
pub use synthetic::{Between, Excluded, Toward, between, hardest, similarities, toward};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::contrastive::Contrastive;

/// MoCHi as the laboratory knows it.
pub fn paper() -> Paper {
    Paper { slug: "mochi", routines: vec![RoutineEntry::of::<Contrastive<Mochi>>()], golden: golden::ops() }
}
