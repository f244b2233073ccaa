//! The two losses of RankMixup.

use burn::tensor::Tensor;
use mixup_core::loss::Regularized;
use mixup_lab::golden::{Array, Case, Computed, GoldenError, GoldenOp};

use super::{Outcome, gradient, non_negative, outputs, scalar, targets};
use crate::loss::{Masking, Score, largest_target, ndcg, ordered_pairs, ranking_hinge, ranking_loss};
use crate::method::{Mndcg, Mrl};
use crate::step::Batch;

pub(super) fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![("rankmixup.mrl", mrl), ("rankmixup.mndcg", mndcg)]
}

/// Logits of raw and mixed samples, tracked, with their targets.
fn batches(case: &Case) -> Result<(Batch<2>, Batch<2>), GoldenError> {
    let (raw, mixed) = (case.tracked::<2>("logits")?, case.tracked::<2>("mixup_logits")?);
    let classes = raw.dims()[1];
    let raw = Batch { x: raw, targets: targets(case, "labels", classes)? };
    Ok((raw, Batch { x: mixed, targets: case.tracked::<2>("mixup_targets")?.detach() }))
}

/// The loss with its parts, and the gradients of both logits.
fn with_gradients(raw: &Tensor<2>, mixed: &Tensor<2>, loss: Regularized) -> Outcome {
    let parts = (loss.cross_entropy.clone(), loss.penalty.clone());
    let total = loss.total();
    let grads = total.backward();
    let mut computed: Computed =
        outputs([("loss", scalar(total)?), ("loss_ce", scalar(parts.0)?), ("loss_mixup", scalar(parts.1)?)]);
    computed.grads.insert("logits".into(), gradient("logits", raw, &grads)?);
    computed.grads.insert("mixup_logits".into(), gradient("mixup_logits", mixed, &grads)?);
    Ok(computed)
}

/// A column `[rows, 1]` as a vector.
fn vector<const D: usize>(column: Tensor<D>) -> Result<Array, GoldenError> {
    let rows = column.dims()[0];
    Array::from_tensor(column.reshape([rows]) as Tensor<1>)
}

fn mrl(case: &Case) -> Outcome {
    let (raw, mixed) = batches(case)?;
    let score = match case.param_str("score")? {
        "logit" => Score::Logit,
        "conf" => Score::Probability,
        other => return Err(GoldenError::Malformed(format!("score `{other}`: logit or conf"))),
    };
    let method = Mrl {
        margin: non_negative(case, "margin")?,
        weight: non_negative(case, "alpha")?,
        score,
        ..Mrl::default()
    };
    let mut computed = with_gradients(&raw.x, &mixed.x, method.loss(raw.clone(), mixed.clone())?)?;
    let per_sample = Mrl { masking: Masking::PerSample, ..method }.ranking();
    let others = [
        ("hinge", vector(ranking_hinge(raw.x.clone(), mixed.x.clone(), method.ranking())?)?),
        ("mask", vector(ordered_pairs(mixed.targets.clone()))?),
        ("loss_mixup_masked_per_sample", scalar(ranking_loss(raw.x, mixed.x, mixed.targets, per_sample)?)?),
    ];
    computed.outputs.extend(others.map(|(name, array)| (name.to_owned(), array)));
    Ok(computed)
}

fn mndcg(case: &Case) -> Outcome {
    let (raw, mixed) = batches(case)?;
    let method = Mndcg { weight: non_negative(case, "alpha")?, ..Mndcg::default() };
    let relevance = largest_target(mixed.targets, case.param_usize("num_mixup")?)?;
    let loss = method.loss(raw.clone(), mixed.x.clone(), relevance.clone())?;
    let mut computed = with_gradients(&raw.x, &mixed.x, loss)?;
    computed.outputs.insert("ndcg".into(), vector(ndcg(raw.x, mixed.x, relevance, method.ratio)?)?);
    Ok(computed)
}
