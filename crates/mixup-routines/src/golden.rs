//! Golden ops that several papers register under their own names: losses, calibration and mixing as they
//! stand in core. A paper's `golden.rs` names them, `("rankmixup.ece", golden::ece)`, and adds its own.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    calibrate::{Criterion, TemperatureGrid},
    loss::{
        Regularized, confidence_penalty, focal, focal_sample_dependent, label_smoothing, logit_margin,
        mixup_cross_entropy, mmce, soft_cross_entropy,
    },
    metrics::classification::Predictions,
    metrics::ece::{adaptive_ece, classwise_ece, over_confidence, under_confidence},
    metrics::reliability::equal_mass,
    mix::{Mixture, Ratio},
};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, Outcome};
use ndarray::{ArrayView1, Ix2};

/// A loss of the case's `logits` under the name `loss`, with their gradient.
///
/// # Errors
/// Inputs that are missing or do not agree.
pub fn of_logits(case: &Case, loss: impl FnOnce(Tensor<2>) -> Result<Tensor<1>, GoldenError>) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    Computed::of_loss(loss(logits.clone())?, "logits", &logits)
}

/// A loss of the case's `logits` and `labels`.
///
/// # Errors
/// As [`of_logits`].
pub fn of_labels(
    case: &Case,
    loss: impl FnOnce(Tensor<2>, Tensor<2>) -> Result<Tensor<1>, CoreError>,
) -> Outcome {
    of_logits(case, |logits| {
        let classes = logits.dims()[1];
        Ok(loss(logits, case.one_hot("labels", classes)?)?)
    })
}

/// A loss in parts, `loss_ce` and the penalty under the name that the official code has for it; `sign` is
/// what that name leaves out.
///
/// # Errors
/// As [`of_logits`].
pub fn in_parts(
    case: &Case,
    (penalty, sign): (&str, f64),
    loss: impl FnOnce(Tensor<2>, Tensor<2>) -> Result<Regularized, CoreError>,
) -> Outcome {
    let mut parts = None;
    let computed = of_labels(case, |logits, targets| {
        let loss = loss(logits, targets)?;
        parts = Some((loss.cross_entropy.clone(), loss.penalty.clone().mul_scalar(sign)));
        Ok(loss.total())
    })?;
    let Some((cross_entropy, own)) = parts else { return Ok(computed) };
    Ok(computed.with("loss_ce", Array::loss(cross_entropy)?).with(penalty, Array::loss(own)?))
}

/// Cross-entropy.
pub fn nll(case: &Case) -> Outcome {
    of_labels(case, soft_cross_entropy)
}

/// Label smoothing.
pub fn smoothing(case: &Case) -> Outcome {
    let alpha = case.param_unit("alpha")?;
    of_labels(case, |logits, targets| label_smoothing(logits, targets, alpha))
}

/// Focal loss.
pub fn focal_loss(case: &Case) -> Outcome {
    let gamma = case.param_non_negative("gamma")?;
    of_labels(case, |logits, targets| focal(logits, targets, gamma))
}

/// Sample-dependent focal loss.
pub fn flsd(case: &Case) -> Outcome {
    let gamma = case.param_non_negative("gamma")?;
    of_labels(case, |logits, targets| focal_sample_dependent(logits, targets, gamma))
}

/// Cross-entropy with the maximum mean calibration error.
pub fn mmce_loss(case: &Case) -> Outcome {
    let weight = case.param_non_negative("lambda")?;
    of_labels(case, |logits, targets| Ok(mmce(logits, targets, weight)?.total()))
}

/// Margin-based label smoothing.
pub fn mbls(case: &Case) -> Outcome {
    let (margin, weight) = (case.param_non_negative("margin")?, case.param_non_negative("alpha")?);
    in_parts(case, ("loss_margin", 1.0), |logits, targets| logit_margin(logits, targets, margin, weight))
}

/// Confidence penalty. `loss_ent` is the entropy itself, which the loss subtracts.
pub fn ecp(case: &Case) -> Outcome {
    let weight = case.param_non_negative("alpha")?;
    in_parts(case, ("loss_ent", -1.0), |logits, targets| confidence_penalty(logits, targets, weight))
}

/// Cross-entropy against two labels; the names of both and of lambda's parameter differ between papers.
///
/// # Errors
/// As [`of_logits`].
pub fn two_targets(case: &Case, [own, partner, lambda]: [&str; 3]) -> Outcome {
    let lambda = case.param_f64(lambda)?;
    of_logits(case, |logits| {
        let classes = logits.dims()[1];
        let (own, partner) = (case.one_hot(own, classes)?, case.one_hot(partner, classes)?);
        Ok(mixup_cross_entropy(logits, own, partner, lambda)?)
    })
}

/// The case's `logits` and `labels`.
fn predictions(case: &Case) -> Result<Predictions, GoldenError> {
    Ok(Predictions::from_logits(case.ndarray::<Ix2>("logits")?.view(), &case.indices("labels")?)?)
}

/// Expected calibration error in bins of equal width.
pub fn ece(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, case.param_count("n_bins")?);
    Ok(Computed::of([("ece", Array::scalar(mixup_core::metrics::ece::ece(&predictions, bins)))]))
}

/// Adaptive ECE, in bins of equal mass, and their edges.
pub fn aece(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, case.param_count("n_bins")?);
    let edges = equal_mass(&predictions.confidences(), bins);
    Ok(Computed::of([
        ("aece", Array::scalar(adaptive_ece(&predictions, bins))),
        ("edges", Array::from_ndarray(&ArrayView1::from(&edges))),
    ]))
}

/// Classwise ECE.
pub fn cece(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, case.param_count("n_bins")?);
    Ok(Computed::of([("cece", Array::scalar(classwise_ece(&predictions, bins)))]))
}

/// Over- and under-confidence.
pub fn oe_ue(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, case.param_count("n_bins")?);
    Ok(Computed::of([
        ("oe", Array::scalar(over_confidence(&predictions, bins))),
        ("ue", Array::scalar(under_confidence(&predictions, bins))),
    ]))
}

/// The best temperature of a grid, by ECE and by NLL.
pub fn temperature_grid(case: &Case) -> Outcome {
    let grid = TemperatureGrid {
        start: case.param_positive("t_start")?,
        step: case.param_positive("t_step")?,
        count: case.param_count("t_count")?,
    };
    let (logits, labels) = (case.ndarray::<Ix2>("logits")?, case.indices("labels")?);
    let best = |criterion| grid.best(logits.view(), &labels, criterion);
    Ok(Computed::of([
        ("t_ece", Array::scalar(best(Criterion::Ece(case.param_count("n_bins")?))?)),
        ("t_nll", Array::scalar(best(Criterion::Nll)?)),
    ]))
}

/// A mixture with one lambda for the batch, as the parameter `lambda` and the input `partners` say.
///
/// # Errors
/// What is missing.
pub fn mixture(case: &Case, lambda: &str, partners: &str) -> Result<Mixture, GoldenError> {
    Ok(Mixture { partners: case.indices(partners)?, ratio: Ratio::Batch(case.param_f64(lambda)?) })
}

/// The case's `labels` and those of their partners, under the names of both.
///
/// # Errors
/// What is missing, and a partner without a label.
pub fn both_labels(case: &Case, partners: &[usize], [own, partner]: [&str; 2]) -> Outcome {
    let labels = case.indices("labels")?;
    let of_partners: Option<Vec<usize>> = partners.iter().map(|&row| labels.get(row).copied()).collect();
    let of_partners =
        of_partners.ok_or_else(|| GoldenError::Malformed("a partner without a label".into()))?;
    Ok(Computed::of([(own, Array::indices(&labels)), (partner, Array::indices(&of_partners))]))
}

/// An input of any shape, mixed as rows, with its gradient under a cotangent.
///
/// # Errors
/// Inputs that are missing or do not agree.
pub fn mixed_rows(
    case: &Case,
    [input, output, cotangent]: [&str; 3],
    mix: impl FnOnce(Tensor<2>) -> Result<Tensor<2>, CoreError>,
) -> Outcome {
    let flat = case.as_rows(&[input, cotangent])?;
    let shape = &case.array(input)?.shape;
    let shaped = |array: Array| Array::floats(shape, array.data);
    let x = flat.tracked::<2>(input)?;
    let y = mix(x.clone())?;
    let gradients = (y.clone() * flat.tracked::<2>(cotangent)?.detach()).sum().backward();
    let mut computed =
        Computed::of([(output, shaped(Array::from_tensor(y)?))]).with_gradient(input, &x, &gradients)?;
    computed.grads = computed.grads.into_iter().map(|(name, array)| (name, shaped(array))).collect();
    Ok(computed)
}
