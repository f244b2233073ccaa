//! The golden ops of this paper: the authors' numbers against the functions of this crate and of core.

use mixup_core::{loss::distillation, tensor::select_rows};
use mixup_paper::golden::{Array, Case, Computed, GoldenOp, Outcome};

use crate::loss::std_distillation;
use crate::mixing::{Draws, Unmixed};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixup-kd.mixstd_loss", mixstd_loss),
        ("mixup-kd.kd_loss", kd_loss),
        ("mixup-kd.fmu_mix", |case| mix(case, &[])),
        ("mixup-kd.pmu_mix", |case| mix(case, &case.indices("keep_idx")?)),
        ("mixup-kd.pmu_expected_mixed_fraction", mixed_fraction),
    ]
}

fn mixstd_loss(case: &Case) -> Outcome {
    let (student, teacher) = (case.tracked::<2>("logit_s")?, case.tracked::<2>("logit_t")?);
    let targets = case.tracked::<2>("target")?.detach();
    let weights = [case.param_non_negative("gamma")?, case.param_non_negative("alpha")?];
    let loss = std_distillation(student.clone(), teacher, targets, weights)?;
    let parts =
        [("loss_cls", Array::loss(loss.labels.clone())?), ("loss_div", Array::loss(loss.teacher.clone())?)];
    let total = loss.total();
    let gradients = total.backward();
    Computed::of(parts).with("loss", Array::loss(total)?).with_gradient("logit_s", &student, &gradients)
}

fn kd_loss(case: &Case) -> Outcome {
    let (student, teacher) = (case.tracked::<2>("logit_s")?, case.tracked::<2>("logit_t")?);
    let loss = distillation(student.clone(), teacher, case.param_positive("T")?)?;
    let gradients = loss.backward();
    Computed::of([("loss", Array::loss(loss)?)]).with_gradient("logit_s", &student, &gradients)
}

/// Mixtures in the order of the draws, which is that of the authors' batches.
fn mix(case: &Case, kept: &[usize]) -> Outcome {
    let lambdas = case.array("lam")?.data.clone();
    let draws = Draws::new(case.indices("perm1")?, case.indices("perm2")?, lambdas, kept)?;
    let (mixture, x) = (draws.mixture()?, case.tracked::<4>("x")?);
    let targets = case.one_hot("y", case.param_usize("n_classes")?)?;
    Ok(Computed::of([
        ("mixed_x", Array::from_tensor(select_rows(mixture.inputs(x)?, &draws.first)?)?),
        ("mixed_target", Array::from_tensor(select_rows(mixture.targets(targets)?, &draws.first)?)?),
    ]))
}

fn mixed_fraction(case: &Case) -> Outcome {
    let unmixed = Unmixed { share: case.param_unit("percent")?, replacement: true };
    let fraction = unmixed.mixed_share(case.param_usize("batch")?);
    Ok(Computed::of([("fraction", Array::scalar(fraction))]))
}
