//! The golden ops of this paper: numbers of the authors' code and of libcll against the functions of this crate.

use burn::tensor::Tensor;
use mixup_core::checked::Positive;
use mixup_core::mix::{Mixture, Ratio};
use mixup_core::tensor::to_host;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use mixup_routines::classification::transition;
use mixup_routines::golden::of_logits;

use crate::blend::{Blend, distances};
use crate::loss::{Guard, Loss, Side, class_weighted, costs, soft_mean, ure_ga};
use crate::noise::{Pair, is_noisy};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("intra-cluster-mixup.scl_nl_soft", |case| soft(case, Loss::SclNl)),
        ("intra-cluster-mixup.scl_exp_soft", |case| soft(case, Loss::SclExp)),
        ("intra-cluster-mixup.scl_lin_soft", |case| soft(case, Loss::SclLin)),
        ("intra-cluster-mixup.fwd_soft", |case| soft(case, Loss::Fwd)),
        ("intra-cluster-mixup.lw_soft", |case| soft(case, Loss::Lw)),
        ("intra-cluster-mixup.scl_nl_hard", |case| hard(case, Loss::SclNl)),
        ("intra-cluster-mixup.scl_exp_hard", |case| hard(case, Loss::SclExp)),
        ("intra-cluster-mixup.fwd_hard", |case| hard(case, Loss::Fwd)),
        ("intra-cluster-mixup.lw_hard", |case| hard(case, Loss::Lw)),
        ("intra-cluster-mixup.scl_nl_hard_weighted", weighted),
        ("intra-cluster-mixup.ure_ga_soft", |case| ure(case, Side::Predicted)),
        ("intra-cluster-mixup.ure_ga_hard", |case| ure(case, Side::Complementary)),
        ("intra-cluster-mixup.icm_mix", icm_mix),
        ("intra-cluster-mixup.icm_mix_official", icm_mix_official),
        ("intra-cluster-mixup.micm_mix_official", micm_mix_official),
        ("intra-cluster-mixup.pair_noise", pair_noise),
        ("intra-cluster-mixup.biased_transition", biased_transition),
        ("intra-cluster-mixup.imbalanced_counts", imbalanced_counts),
    ]
}

/// `targets`, or one-hot `labels` where the case has these.
fn targets(case: &Case) -> Result<Tensor<2>, GoldenError> {
    match case.inputs.contains_key("targets") {
        true => Ok(case.tracked::<2>("targets")?.detach()),
        false => case.one_hot("labels", case.param_usize("num_classes")?),
    }
}

fn of_costs(
    case: &Case,
    loss: Loss,
    guard: Guard,
    mean: impl Fn(Tensor<2>, Tensor<2>) -> Result<Tensor<1>, GoldenError>,
) -> Outcome {
    let transition = match loss {
        Loss::Fwd => Some(case.tracked::<2>("q")?.detach()),
        _ => None,
    };
    of_logits(case, |logits| mean(costs(loss, logits, transition, guard)?, targets(case)?))
}

fn soft(case: &Case, loss: Loss) -> Outcome {
    of_costs(case, loss, Guard::Clamp, |costs, targets| Ok(soft_mean(costs, targets)?))
}

fn hard(case: &Case, loss: Loss) -> Outcome {
    of_costs(case, loss, Guard::Add, |costs, targets| Ok(soft_mean(costs, targets)?))
}

fn weighted(case: &Case) -> Outcome {
    let weights = &case.array("class_weights")?.data;
    of_costs(case, Loss::SclNl, Guard::Add, |costs, targets| Ok(class_weighted(costs, targets, weights)?))
}

fn ure(case: &Case, side: Side) -> Outcome {
    let priors = &case.array("priors")?.data;
    of_logits(case, |logits| Ok(ure_ga(logits, targets(case)?, priors, side)?))
}

/// Images as rows, and one-hot complementary labels.
fn images(case: &Case) -> Result<(Tensor<2>, Tensor<2>), GoldenError> {
    let labels = case.one_hot("comp_labels", case.param_usize("num_classes")?)?;
    Ok((case.tracked::<2>("x")?.detach(), labels))
}

fn mixed(case: &Case, blend: &Blend) -> Outcome {
    let (x, labels) = images(case)?;
    Ok(Computed::of([
        ("x_mix", Array::from_tensor(blend.mix_images(x)?)?),
        ("y_mix", Array::from_tensor(blend.mix_labels(labels)?)?),
    ]))
}

/// The paper's form, which core's mixture must give as well.
fn icm_mix(case: &Case) -> Outcome {
    let (partners, lambda) = (case.indices("partner")?, case.param_f64("lam")?);
    let (x, _) = images(case)?;
    let shared = Mixture::new(partners.clone(), Ratio::Batch(lambda))?.inputs(x.clone())?;
    let blend = Blend::paper(partners, lambda);
    let difference = to_host((shared - blend.mix_images(x)?).abs().max())?;
    match difference[0] < 1e-12 {
        true => mixed(case, &blend),
        false => Err(GoldenError::Refused(format!("core's mixture differs by {}", difference[0]))),
    }
}

fn icm_mix_official(case: &Case) -> Outcome {
    let (partners, clusters) = (case.indices("partner")?, case.indices("cluster")?);
    let (x, _) = images(case)?;
    let far = distances(&x, std::slice::from_ref(&partners))?;
    let same: Vec<bool> = far[0].iter().map(|&far| far == 0.0).collect();
    let blend = Blend::official(partners, &clusters, &same, case.param_f64("lam")?);
    let head = blend.clone().labels_only().mix_images(x)?;
    Ok(mixed(case, &blend)?.with("x_head", Array::from_tensor(head)?))
}

fn micm_mix_official(case: &Case) -> Outcome {
    let (partners, clusters) = (case.indices("partners")?, case.indices("cluster")?);
    let mates: Vec<Vec<usize>> =
        (0..2).map(|mate| partners.iter().skip(mate).step_by(2).copied().collect()).collect();
    let [own, first, second] = case.array("s")?.data[..] else {
        return Err(GoldenError::Malformed("`s` needs three shares".into()));
    };
    let far = distances(&images(case)?.0, &mates)?;
    mixed(case, &Blend::three(mates, &clusters, &far, [own, first, second])?)
}

fn pair_noise(case: &Case) -> Outcome {
    let (truth, complementary) = (case.indices("true_labels")?, case.indices("comp_labels")?);
    let partners = case.indices("partner")?;
    let rows = truth.len();
    if complementary.len() != rows || partners.len() != rows || partners.iter().any(|&row| row >= rows) {
        return Err(GoldenError::Malformed("labels and partners do not agree".into()));
    }
    let own = |row: usize| truth[row] == complementary[row];
    let pairs = || partners.iter().copied().enumerate();
    let cross = |(row, other): &(usize, usize)| {
        let of = |labels: &[usize]| [labels[*row], labels[*other]];
        is_noisy(Pair { truth: of(&truth), complementary: of(&complementary) })
    };
    let any = |pair: &(usize, usize)| cross(pair) || own(pair.0) || own(pair.1);
    let rate = |count: usize| Array::scalar(count as f64 / rows as f64);
    Ok(Computed::of([
        ("rate_cross", rate(pairs().filter(cross).count())),
        ("rate_any", rate(pairs().filter(any).count())),
    ]))
}

fn biased_transition(case: &Case) -> Outcome {
    let bias: Positive = case.param_positive("bias")?;
    let q = transition(case.param_usize("num_classes")?, bias)?;
    Ok(Computed::of([("q", Array::from_ndarray(&q))]))
}

/// Images of each class of an imbalanced set. Runs draw theirs by [`mixup_core::split::long_tailed`], the
/// exponential kind; the other has half of the classes whole and the rest cut.
fn imbalanced_counts(case: &Case) -> Outcome {
    let (classes, largest) = (case.param_usize("num_classes")?, case.param_f64("img_max")?);
    let factor = case.param_f64("imb_factor")?;
    let count = |class: usize| match class {
        class if class < classes / 2 => largest.floor() as usize,
        _ => (largest * factor).floor() as usize,
    };
    let counts: Vec<usize> = match case.param_str("kind")? {
        "exp" => {
            let last = classes.saturating_sub(1) as f64;
            (0..classes).map(|class| (largest * factor.powf(class as f64 / last)).floor() as usize).collect()
        }
        // An odd class in the middle is nobody's, as in the authors' code.
        "step" => (0..classes / 2 * 2).map(count).collect(),
        other => return Err(unknown("kind", other, "exp or step")),
    };
    Ok(Computed::of([("counts", Array::indices(&counts))]))
}
