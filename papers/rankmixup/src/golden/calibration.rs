//! Calibration errors and the temperature.

use std::num::NonZeroUsize;

use mixup_core::calibrate::{Criterion, TemperatureGrid};
use mixup_core::checked::Positive;
use mixup_core::metrics::classification::{Predictions, mixed_accuracy};
use mixup_core::metrics::ece::{adaptive_ece, classwise_ece, ece, over_confidence, under_confidence};
use mixup_core::metrics::reliability::equal_mass;
use mixup_lab::golden::{Array, Case, GoldenError, GoldenOp};
use ndarray::{ArrayView1, Ix2};

use super::{Outcome, outputs, refused};

pub(super) fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("rankmixup.ece", top_label),
        ("rankmixup.aece", adaptive),
        ("rankmixup.cece", classwise),
        ("rankmixup.oe_ue", over_and_under),
        ("rankmixup.temperature_grid", temperature_grid),
        ("mixup.mixup_train_accuracy", train_accuracy),
    ]
}

fn predictions(case: &Case) -> Result<Predictions, GoldenError> {
    Ok(Predictions::from_logits(case.ndarray::<Ix2>("logits")?.view(), &case.indices("labels")?)?)
}

fn count(case: &Case, name: &str) -> Result<NonZeroUsize, GoldenError> {
    NonZeroUsize::new(case.param_usize(name)?)
        .ok_or_else(|| GoldenError::Malformed(format!("parameter `{name}` must be at least 1")))
}

fn top_label(case: &Case) -> Outcome {
    Ok(outputs([("ece", Array::scalar(ece(&predictions(case)?, count(case, "n_bins")?)))]))
}

fn adaptive(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, count(case, "n_bins")?);
    let edges = equal_mass(&predictions.confidences(), bins);
    Ok(outputs([
        ("aece", Array::scalar(adaptive_ece(&predictions, bins))),
        ("edges", Array::from_ndarray(&ArrayView1::from(&edges))),
    ]))
}

fn classwise(case: &Case) -> Outcome {
    Ok(outputs([("cece", Array::scalar(classwise_ece(&predictions(case)?, count(case, "n_bins")?)))]))
}

fn over_and_under(case: &Case) -> Outcome {
    let (predictions, bins) = (predictions(case)?, count(case, "n_bins")?);
    Ok(outputs([
        ("oe", Array::scalar(over_confidence(&predictions, bins))),
        ("ue", Array::scalar(under_confidence(&predictions, bins))),
    ]))
}

fn temperature_grid(case: &Case) -> Outcome {
    let positive = |name| Positive::new(case.param_f64(name)?).map_err(|error| refused(name, &error));
    let grid = TemperatureGrid {
        start: positive("t_start")?,
        step: positive("t_step")?,
        count: count(case, "t_count")?,
    };
    let (logits, labels) = (case.ndarray::<Ix2>("logits")?, case.indices("labels")?);
    let best = |criterion| grid.best(logits.view(), &labels, criterion);
    Ok(outputs([
        ("t_ece", Array::scalar(best(Criterion::Ece(count(case, "n_bins")?))?)),
        ("t_nll", Array::scalar(best(Criterion::Nll)?)),
    ]))
}

fn train_accuracy(case: &Case) -> Outcome {
    let logits = case.ndarray::<Ix2>("logits")?;
    let (own, partner) = (case.indices("y_a")?, case.indices("y_b")?);
    let accuracy = mixed_accuracy(logits.view(), &own, &partner, case.param_f64("lam")?)?;
    Ok(outputs([("acc_percent", Array::scalar(100.0 * accuracy))]))
}
