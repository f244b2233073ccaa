#![doc = include_str!("../README.md")]

mod golden;
mod loss;
mod measure;
mod method;
mod mixing;
mod step;

pub use golden::ops as golden_ops;
pub use loss::{
    Masking, RankingLoss, Ratio, Score, largest_target, mndcg_loss, ndcg, ordered_pairs, ranking_hinge,
    ranking_loss,
};
pub use measure::{BINS, Logits, measure, metrics, temperatures};
pub use method::{Ecp, Focal, LabelSmoothing, Mbls, Method, Mixup, Mmce, Mndcg, Mrl, Regmixup, Relevance};
pub use mixing::{CopyDraw, MixedCopies, draw_copies, mix_copies};
pub use step::{Batch, step_loss};
