#![doc = include_str!("../README.md")]

mod golden;
mod layer;
mod network;
mod routine;

pub use layer::{
    Affine, Components, Unmix, Unmixed, alpha_batch_norm, batch_norm, momentum, normalised, start, unmix,
};
pub use network::{Adapted, Affines, Norm, entropies};
pub use routine::{Method, Setting, Stream, Tent, Unmixing};

use mixup_paper::{Paper, RoutineEntry};

/// UnMix-TNS as the laboratory knows it.
pub fn paper() -> Paper {
    Paper { slug: "unmix-tns", routines: vec![RoutineEntry::of::<Unmixing>()], golden: golden::ops() }
}
