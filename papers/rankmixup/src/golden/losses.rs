//! The losses of the baselines.

use burn::tensor::Tensor;
use mixup_core::CoreError;
use mixup_core::checked::UnitInterval;
use mixup_core::loss::{
    Regularized, bce_softmax, confidence_penalty, focal, focal_sample_dependent, label_smoothing,
    logit_margin, mixup_cross_entropy, mmce, soft_cross_entropy,
};
use mixup_lab::golden::{Case, GoldenError, GoldenOp};

use super::{Outcome, gradient, non_negative, outputs, refused, scalar, targets};

pub(super) fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("rankmixup.nll", nll),
        ("rankmixup.label_smoothing", smoothing),
        ("rankmixup.focal", focal_loss),
        ("rankmixup.flsd", flsd),
        ("rankmixup.mbls", mbls),
        ("rankmixup.ecp", ecp),
        ("rankmixup.mmce", mmce_loss),
        ("rankmixup.mixup_ce", |case| two_targets(case, "labels_a", "labels_b", "lambda")),
        ("mixup.mixup_criterion", |case| two_targets(case, "y_a", "y_b", "lam")),
        ("mixup.bce_softmax", bce),
    ]
}

/// A loss of the case's logits under the name `loss`, with the gradient of the logits.
fn of_logits(case: &Case, loss: impl FnOnce(Tensor<2>) -> Result<Tensor<1>, GoldenError>) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let loss = loss(logits.clone())?;
    let grads = loss.backward();
    let mut computed = outputs([("loss", scalar(loss)?)]);
    computed.grads.insert("logits".into(), gradient("logits", &logits, &grads)?);
    Ok(computed)
}

/// A loss of the case's logits and labels.
fn of_labels(
    case: &Case,
    loss: impl FnOnce(Tensor<2>, Tensor<2>) -> Result<Tensor<1>, CoreError>,
) -> Outcome {
    of_logits(case, |logits| {
        let classes = logits.dims()[1];
        Ok(loss(logits, targets(case, "labels", classes)?)?)
    })
}

fn nll(case: &Case) -> Outcome {
    of_labels(case, soft_cross_entropy)
}

fn smoothing(case: &Case) -> Outcome {
    let alpha = UnitInterval::new(case.param_f64("alpha")?).map_err(|error| refused("alpha", &error))?;
    of_labels(case, |logits, targets| label_smoothing(logits, targets, alpha))
}

fn focal_loss(case: &Case) -> Outcome {
    let gamma = non_negative(case, "gamma")?;
    of_labels(case, |logits, targets| focal(logits, targets, gamma))
}

fn flsd(case: &Case) -> Outcome {
    let gamma = non_negative(case, "gamma")?;
    of_labels(case, |logits, targets| focal_sample_dependent(logits, targets, gamma))
}

fn mmce_loss(case: &Case) -> Outcome {
    let weight = non_negative(case, "lambda")?;
    of_labels(case, |logits, targets| Ok(mmce(logits, targets, weight)?.total()))
}

/// A loss in parts; `sign` is what the official code's name for the penalty leaves out.
fn in_parts(
    case: &Case,
    penalty: &str,
    sign: f64,
    loss: impl FnOnce(Tensor<2>, Tensor<2>) -> Result<Regularized, CoreError>,
) -> Outcome {
    let mut parts = Vec::new();
    let mut computed = of_labels(case, |logits, targets| {
        let loss = loss(logits, targets)?;
        parts.push(("loss_ce", loss.cross_entropy.clone()));
        parts.push((penalty, loss.penalty.clone().mul_scalar(sign)));
        Ok(loss.total())
    })?;
    for (name, part) in parts {
        computed.outputs.insert(name.to_owned(), scalar(part)?);
    }
    Ok(computed)
}

fn mbls(case: &Case) -> Outcome {
    let (margin, weight) = (non_negative(case, "margin")?, non_negative(case, "alpha")?);
    in_parts(case, "loss_margin", 1.0, |logits, targets| logit_margin(logits, targets, margin, weight))
}

fn ecp(case: &Case) -> Outcome {
    let weight = non_negative(case, "alpha")?;
    // `loss_ent` is the entropy itself, which the loss subtracts.
    in_parts(case, "loss_ent", -1.0, |logits, targets| confidence_penalty(logits, targets, weight))
}

fn two_targets(case: &Case, own: &str, partner: &str, lambda: &str) -> Outcome {
    let lambda = case.param_f64(lambda)?;
    of_logits(case, |logits| {
        let classes = logits.dims()[1];
        let (own, partner) = (targets(case, own, classes)?, targets(case, partner, classes)?);
        Ok(mixup_cross_entropy(logits, own, partner, lambda)?)
    })
}

fn bce(case: &Case) -> Outcome {
    let target = case.tracked::<2>("target")?.detach();
    of_logits(case, |logits| Ok(bce_softmax(logits, target)?))
}
