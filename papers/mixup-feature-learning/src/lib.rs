#![doc = include_str!("../README.md")]

mod data;
mod experiment;
mod golden;
mod loss;
mod method;
mod network;

pub use data::{Draws, FeatureNoise, RARE, Sizes, standard_features};
pub use experiment::{GROWTH_FIGURE, Setting, Simulation, Spec};
pub use loss::{Lambdas, all_pairs_loss, pairs_loss, standard_loss};
pub use method::{Method, Mixup, Pairs};
pub use network::{Projections, Scores};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// The Benefits of Mixup for Feature Learning as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixup-feature-learning",
        routines: vec![RoutineEntry::of::<Simulation>(), RoutineEntry::of::<Classification>()],
        golden: golden::ops(),
    }
}
