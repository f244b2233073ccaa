#![doc = include_str!("../README.md")]

mod distance;
mod golden;
mod lambda;
mod loss;
mod method;
mod rank_n_contrast;

pub use distance::{Distance, MIN_GAP, share_of_lower};
pub use lambda::BetaQuantiles;
pub use loss::{Form, Terms, loss, mixed_pairs};
pub use method::{Mixtures, Negatives, RankNContrast, Simclr, SupReMix, Supcon};
pub use rank_n_contrast::rank_n_contrast;

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::contrastive::Contrastive;

/// SupReMix as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "supremix",
        routines: vec![RoutineEntry::of::<Contrastive<SupReMix>>()],
        golden: golden::ops(),
    }
}
