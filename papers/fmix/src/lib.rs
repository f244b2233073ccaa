#![doc = include_str!("../README.md")]

mod golden;

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::{Classification, NoOwn};

/// FMix as the laboratory knows it: its masks are in mixup-core, its rows baselines of the routine.
pub fn paper() -> Paper {
    Paper { slug: "fmix", routines: vec![RoutineEntry::of::<Classification<NoOwn>>()], golden: golden::ops() }
}
