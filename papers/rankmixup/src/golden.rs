//! The golden ops of this paper: the official code's numbers against the functions of this crate, and of
//! core for its baselines.

use burn::tensor::Tensor;
use mixup_core::{loss::Regularized, mix::Copies};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use mixup_routines::{classification::Batch, golden};

use crate::loss::{Masking, Score, largest_target, ndcg, ordered_pairs, ranking_hinge, ranking_loss};
use crate::method::{Mndcg, Mrl};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("rankmixup.mrl", mrl),
        ("rankmixup.mndcg", mndcg),
        ("rankmixup.mixup_process", mixup_process),
        ("rankmixup.nll", golden::nll),
        ("rankmixup.label_smoothing", golden::smoothing),
        ("rankmixup.focal", golden::focal_loss),
        ("rankmixup.flsd", golden::flsd),
        ("rankmixup.mbls", golden::mbls),
        ("rankmixup.ecp", golden::ecp),
        ("rankmixup.mmce", golden::mmce_loss),
        ("rankmixup.mixup_ce", |case| golden::two_targets(case, ["labels_a", "labels_b", "lambda"])),
        ("rankmixup.ece", golden::ece),
        ("rankmixup.aece", golden::aece),
        ("rankmixup.cece", golden::cece),
        ("rankmixup.oe_ue", golden::oe_ue),
        ("rankmixup.temperature_grid", golden::temperature_grid),
    ]
}

/// Logits of raw and mixed samples, tracked, with their targets.
fn batches(case: &Case) -> Result<(Batch<2>, Batch<2>), GoldenError> {
    let (raw, mixed) = (case.tracked::<2>("logits")?, case.tracked::<2>("mixup_logits")?);
    let classes = raw.dims()[1];
    let raw = Batch { x: raw, targets: case.one_hot("labels", classes)? };
    Ok((raw, Batch { x: mixed, targets: case.tracked::<2>("mixup_targets")?.detach() }))
}

/// The loss with its parts, and the gradients of both logits.
fn with_gradients(raw: &Tensor<2>, mixed: &Tensor<2>, loss: Regularized) -> Outcome {
    let parts = [("loss_ce", loss.cross_entropy.clone()), ("loss_mixup", loss.penalty.clone())];
    let total = loss.total();
    let gradients = total.backward();
    let mut computed = Computed::of([("loss", Array::loss(total)?)]);
    for (name, part) in parts {
        computed = computed.with(name, Array::loss(part)?);
    }
    computed.with_gradient("logits", raw, &gradients)?.with_gradient("mixup_logits", mixed, &gradients)
}

fn mrl(case: &Case) -> Outcome {
    let (raw, mixed) = batches(case)?;
    let score = match case.param_str("score")? {
        "logit" => Score::Logit,
        "conf" => Score::Probability,
        other => return Err(unknown("score", other, "logit or conf")),
    };
    let method = Mrl {
        margin: case.param_non_negative("margin")?,
        weight: case.param_non_negative("alpha")?,
        score,
        ..Mrl::default()
    };
    let computed = with_gradients(&raw.x, &mixed.x, method.loss(raw.clone(), mixed.clone())?)?;
    let per_sample = Mrl { masking: Masking::PerSample, ..method.clone() }.ranking();
    Ok(computed
        .with("hinge", Array::vector(ranking_hinge(raw.x.clone(), mixed.x.clone(), method.ranking())?)?)
        .with("mask", Array::vector(ordered_pairs(mixed.targets.clone()))?)
        .with(
            "loss_mixup_masked_per_sample",
            Array::loss(ranking_loss(raw.x, mixed.x, mixed.targets, per_sample)?)?,
        ))
}

fn mndcg(case: &Case) -> Outcome {
    let (raw, mixed) = batches(case)?;
    let method = Mndcg { weight: case.param_non_negative("alpha")?, ..Mndcg::default() };
    let relevance = largest_target(mixed.targets, case.param_usize("num_mixup")?)?;
    let loss = method.loss(raw.clone(), mixed.x.clone(), relevance.clone())?;
    let computed = with_gradients(&raw.x, &mixed.x, loss)?;
    Ok(computed.with("ndcg", Array::vector(ndcg(raw.x, mixed.x, relevance, method.ratio)?)?))
}

fn mixup_process(case: &Case) -> Outcome {
    let copies = Copies(vec![golden::mixture(case, "lambda", "indices")?]);
    let targets = copies.targets(case.tracked::<2>("target_onehot")?)?;
    let computed = golden::mixed_rows(case, ["x", "x_mix", "grad_out"], |x| copies.inputs(x))?;
    Ok(computed.with("target_mix", Array::from_tensor(targets)?))
}
