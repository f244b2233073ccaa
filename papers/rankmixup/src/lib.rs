#![doc = include_str!("../README.md")]

mod experiment;
mod golden;
mod loss;
mod measure;
mod method;
mod mixing;
mod ood;
mod step;
mod task;

pub use experiment::{RELIABILITY_FIGURE, Row, Setting, Spec, check, metrics, run};
pub use loss::{
    Masking, RankingLoss, Ratio, Score, largest_target, mndcg_loss, ndcg, ordered_pairs, ranking_hinge,
    ranking_loss,
};
pub use measure::{BINS, Logits, measure, temperatures};
pub use method::{Ecp, Focal, LabelSmoothing, Mbls, Method, Mixup, Mmce, Mndcg, Mrl, Regmixup, Relevance};
pub use mixing::{CopyDraw, MixedCopies, draw_copies, mix_copies};
pub use ood::{other_images, resized};
pub use step::{Batch, step_loss};
pub use task::{Classification, Classifier, Parts, shape_of};

use mixup_lab::figure::FigureInfo;
use mixup_lab::golden::GoldenOp;
use mixup_lab::outcome::MetricInfo;
use mixup_lab::registry::{Measured, Paper, RunContext, RunError};

/// RankMixup as the laboratory knows it.
pub struct RankMixup;

impl Paper for RankMixup {
    type Method = Row;
    type Setting = Setting;
    const SLUG: &'static str = "rankmixup";

    fn metrics() -> Vec<MetricInfo> {
        metrics()
    }

    fn figures() -> Vec<FigureInfo> {
        experiment::figures()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        check(spec)
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        run(spec, context)
    }

    fn golden() -> Vec<(&'static str, GoldenOp)> {
        golden::ops()
    }
}
