#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod method;

pub use loss::{
    Masking, RankingLoss, Ratio, Score, largest_target, mndcg_loss, ndcg, ordered_pairs, ranking_hinge,
    ranking_loss,
};
pub use method::{Method, Mndcg, Mrl, Relevance};

use mixup_paper::{Paper, RoutineEntry};
use mixup_routines::classification::Classification;

/// RankMixup as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "rankmixup",
        routines: vec![RoutineEntry::of::<Classification<Method>>()],
        golden: golden::ops(),
    }
}
