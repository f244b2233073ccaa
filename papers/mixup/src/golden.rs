//! The golden ops of mixup and manifold mixup: the official codes' numbers against core.

use mixup_core::image::standardize_each;
use mixup_core::loss::bce_softmax;
use mixup_core::metrics::classification::mixed_accuracy;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome};
use mixup_routines::golden::{mixed_rows, mixture, of_logits, two_targets};
use ndarray::Ix2;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixup.mixup_train_accuracy", train_accuracy),
        ("mixup.mixup_criterion", |case| two_targets(case, ["y_a", "y_b", "lam"])),
        ("mixup.bce_softmax", bce),
        ("mixup.mixup_batch", mixup_batch),
        ("mixup.manifold_mix", manifold_mix),
        ("mixup.per_image_standardize", per_image_standardize),
    ]
}

fn bce(case: &Case) -> Outcome {
    let target = case.tracked::<2>("target")?.detach();
    of_logits(case, |logits| Ok(bce_softmax(logits, target)?))
}

fn train_accuracy(case: &Case) -> Outcome {
    let logits = case.ndarray::<Ix2>("logits")?;
    let (own, partner) = (case.indices("y_a")?, case.indices("y_b")?);
    let accuracy = mixed_accuracy(logits.view(), &own, &partner, case.param_f64("lam")?)?;
    Ok(Computed::of([("acc_percent", Array::scalar(100.0 * accuracy))]))
}

fn mixup_batch(case: &Case) -> Outcome {
    let mixture = mixture(case, "lam", "index")?;
    let labels = case.indices("y")?;
    let computed = mixed_rows(case, ["x", "mixed_x", "cotangent"], |x| mixture.inputs(x))?;
    let partner_labels: Vec<usize> = mixture
        .partners
        .iter()
        .map(|&partner| labels.get(partner).copied())
        .collect::<Option<_>>()
        .ok_or_else(|| GoldenError::Malformed("input `y` needs a label for every row of `x`".into()))?;
    Ok(computed.with("y_a", Array::indices(&labels)).with("y_b", Array::indices(&partner_labels)))
}

fn manifold_mix(case: &Case) -> Outcome {
    let mixture = mixture(case, "lam", "index")?;
    let targets = mixture.targets(case.tracked::<2>("target")?)?;
    let computed = mixed_rows(case, ["h", "h_mixed", "cotangent"], |h| mixture.inputs(h))?;
    Ok(computed.with("target_mixed", Array::from_tensor(targets)?))
}

fn per_image_standardize(case: &Case) -> Outcome {
    let images = case.tracked::<4>("x")?;
    Ok(Computed::of([("out", Array::from_tensor(standardize_each(images)?)?)]))
}
