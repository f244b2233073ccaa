//! The golden ops of this paper: the official code's numbers against the functions of this crate.

use burn::tensor::Tensor;
use mixup_core::loss::{sigmoid_cross_entropy_rows, soft_cross_entropy_rows};
use mixup_core::mix::{MixedLabels, Mixture, Ratio};
use mixup_core::tensor::{column, one_hot};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, precision, unknown};
use mixup_routines::{golden, unit};
use ndarray::Ix2;

use crate::loss::{FLOOR, decoupled_rows, official_etas};
use crate::method::{Dm, DmBce, Pairing};
use crate::shares::{Curve, Scale, Side, Targets};
use crate::unlabelled::{Cutoffs, PseudoLabels};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("decoupled-mixup.soft_ce", soft_ce),
        ("decoupled-mixup.dm_ce", dm_ce),
        ("decoupled-mixup.dm_ce_k3", dm_ce_k3),
        ("decoupled-mixup.dm_ce_paired", dm_ce_paired),
        ("decoupled-mixup.lambda_adjust", lambda_adjust),
        ("decoupled-mixup.dm_head", dm_head),
        ("decoupled-mixup.dm_bce", dm_bce),
        ("decoupled-mixup.mixup_ce", |case| golden::two_targets(case, ["labels_a", "labels_b", "lambda"])),
        ("decoupled-mixup.mixup_images", mixup_images),
        ("decoupled-mixup.ssl_lu", ssl_lu),
    ]
}

/// The rows of DM(CE), `[batch, 1]`.
fn dm_rows(logits: &Tensor<2>, labels: &MixedLabels, etas: &[Vec<f64>]) -> Result<Tensor<2>, GoldenError> {
    Ok(soft_cross_entropy_rows(logits.clone(), labels.soft())? + decoupled_rows(logits, labels, etas)?)
}

/// Every row times its weight, where a case has weights.
fn weighted(case: &Case, rows: Tensor<2>) -> Result<Tensor<2>, GoldenError> {
    if !case.inputs.contains_key("sample_weight") {
        return Ok(rows);
    }
    let weights = column(case.array_of::<1>("sample_weight")?.1, &rows);
    Ok(rows * weights)
}

/// How the official losses make one number of rows.
fn reduced(case: &Case, rows: Tensor<2>) -> Result<Tensor<1>, GoldenError> {
    let count =
        if case.has_param("avg_factor") { case.param_f64("avg_factor")? } else { rows.dims()[0] as f64 };
    match case.has_param("reduction").then(|| case.param_str("reduction")).transpose()? {
        None | Some("mean") => Ok(rows.sum().div_scalar(count)),
        Some("sum" | "none") => Ok(rows.sum()),
        Some(other) => Err(unknown("reduction", other, "mean, sum or none")),
    }
}

fn soft_ce(case: &Case) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let mut labels = case.tracked::<2>("labels")?.detach();
    if case.inputs.contains_key("class_weight") {
        let weights = case.tracked::<1>("class_weight")?.detach();
        labels = labels * weights.unsqueeze::<2>();
    }
    let rows = weighted(case, soft_cross_entropy_rows(logits.clone(), labels)?)?;
    let computed = Computed::of_loss(reduced(case, rows.clone())?, "logits", &logits)?;
    Ok(match case.param_str("reduction")? {
        "none" => computed.with("loss", Array::vector(rows)?),
        _ => computed,
    })
}

/// Labels as one-hot targets, in the precision of the cases.
fn classes_of(labels: &[usize], classes: usize) -> Result<Tensor<2>, GoldenError> {
    let (device, dtype) = precision();
    Ok(one_hot(labels, classes, (&device, dtype))?)
}

/// Labels of two points with the lambda of a case.
fn with_lambda(case: &Case, own: Tensor<2>, partner: Tensor<2>) -> Result<MixedLabels, GoldenError> {
    let lambdas = vec![case.param_f64("lambda")?; own.dims()[0]];
    Ok(MixedLabels::of_two(own, partner, &lambdas)?)
}

/// The labels of a case of two points with one lambda.
fn two_points(case: &Case, classes: usize) -> Result<MixedLabels, GoldenError> {
    with_lambda(case, case.one_hot("labels_a", classes)?, case.one_hot("labels_b", classes)?)
}

/// One weight for each point, in every row.
fn in_every_row(etas: &[f64], rows: usize) -> Vec<Vec<f64>> {
    etas.iter().map(|&eta| vec![eta; rows]).collect()
}

fn dm_ce(case: &Case) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let [rows, classes] = logits.dims();
    let (labels, etas) = (two_points(case, classes)?, case.param_f64s("eta")?);
    let floor = if case.has_param("eps_smooth") { case.param_f64("eps_smooth")? } else { FLOOR };
    let own = weighted(case, dm_rows(&logits, &labels, &official_etas(&labels, &etas, floor)?)?)?;
    let both_count =
        labels.shares().iter().all(|shares| shares.iter().all(|&share| share > floor.max(FLOOR)));
    let is_mean = !case.has_param("reduction") || case.param_str("reduction")? == "mean";
    let loss = if case.has_param("avg_factor") || !both_count || !is_mean {
        reduced(case, own)?
    } else {
        // Rows of two classes and rows of one are averaged each for themselves, and the means are added.
        let distinct = labels.distinct();
        let single = distinct.clone().neg().add_scalar(1.0);
        let mean = |of: Tensor<2>| (own.clone() * of.clone()).sum() / of.sum().clamp_min(1.0);
        mean(distinct) + mean(single)
    };
    let computed = Computed::of_loss(loss, "logits", &logits)?;
    let intended = dm_rows(&logits, &labels, &in_every_row(&etas, rows))?;
    Ok(computed.with("loss_intended", Array::loss(weighted(case, intended)?.mean())?))
}

fn dm_ce_k3(case: &Case) -> Outcome {
    golden::of_logits(case, |logits| {
        let [rows, classes] = logits.dims();
        let drawn = case.ndarray::<Ix2>("labels")?;
        let points = drawn.columns().into_iter().map(|labels| {
            let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
            classes_of(&labels, classes)
        });
        let points = points.collect::<Result<Vec<_>, _>>()?;
        let labels = MixedLabels::new(points, in_every_row(&case.param_f64s("lambdas")?, rows))?;
        let etas = official_etas(&labels, &case.param_f64s("eta")?, FLOOR)?;
        reduced(case, dm_rows(&logits, &labels, &etas)?)
    })
}

fn dm_ce_paired(case: &Case) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let [rows, classes] = logits.dims();
    let (own, partner) = (case.one_hot("labels_a", classes)?, case.one_hot("labels_b", classes)?);
    let labels = MixedLabels::of_two(own, partner, case.array_of::<1>("lambda")?.1)?;
    let etas = in_every_row(&[case.param_f64("eta_a")?, case.param_f64("eta_b")?], rows);
    let rows = dm_rows(&logits, &labels, &etas)?;
    let mce = soft_cross_entropy_rows(logits.clone(), labels.soft())?.mean();
    Ok(Computed::of_loss(rows.clone().mean(), "logits", &logits)?
        .with("loss_rows", Array::vector(rows)?)
        .with("loss_mce", Array::loss(mce)?))
}

/// The scale of a case, under the names of its mode, threshold and index.
fn scale(case: &Case, [mode, threshold, index]: [&str; 3]) -> Result<Scale, GoldenError> {
    let curve = || {
        Ok::<_, GoldenError>(Curve {
            threshold: case.param_positive(threshold)?,
            index: case.param_f64(index)?,
        })
    };
    match case.param_str(mode)? {
        "none" => Ok(Scale::Constant),
        "pow" => Ok(Scale::Pow(curve()?)),
        "exp" => Ok(Scale::Exp(curve()?)),
        other => Err(unknown(mode, other, "none, pow or exp")),
    }
}

fn lambda_adjust(case: &Case) -> Outcome {
    let scale = scale(case, ["mode", "thr", "idx"])?;
    let (_, lambdas) = case.array_of::<1>("lambda")?;
    let scaled: Vec<f64> = lambdas.iter().map(|&lambda| scale.of(lambda)).collect();
    Ok(Computed::of([("lambda_scaled", Array::floats(&[scaled.len()], scaled))]))
}

fn dm_head(case: &Case) -> Outcome {
    let threshold = case.param_unit("eta_thr")?;
    let dm = Dm {
        eta: case.param_positive("eta")?,
        side: match case.param_str("eta_mode")? {
            "both" => Side::Both,
            "less" => Side::Less(threshold),
            "more" => Side::More(threshold),
            other => return Err(unknown("eta_mode", other, "both, less or more")),
        },
        scale: scale(case, ["lam_scale_mode", "lam_thr", "lam_idx"])?,
        pairing: Pairing::Official,
        ..Dm::default()
    };
    let logits = case.tracked::<2>("logits")?;
    let labels = two_points(case, logits.dims()[1])?;
    let computed = Computed::of_loss(dm.loss(logits.clone(), &labels)?, "logits", &logits)?;
    let weights = dm.weights(case.param_f64("lambda")?);
    let intended = Dm { pairing: Pairing::Class, ..dm }.loss(logits, &labels)?;
    Ok(computed
        .with("eta_weight", Array::floats(&[2], weights.to_vec()))
        .with("loss_intended", Array::loss(intended)?))
}

/// Which points are scaled, for targets of two hot classes.
fn scaled_points(case: &Case) -> Result<Vec<bool>, GoldenError> {
    match case.params.get("label_mask").filter(|mask| !mask.is_null()) {
        None => Ok(vec![true; 2]),
        Some(mask) => {
            let flags = mask.as_array().map(|flags| flags.iter().map(|flag| flag.as_bool()).collect());
            flags.flatten().ok_or_else(|| unknown("label_mask", &mask.to_string(), "a list of two flags"))
        }
    }
}

fn dm_bce(case: &Case) -> Outcome {
    let bce = DmBce {
        targets: match case.param_bool("two_hot")? {
            true => Targets::TwoHot(scale(case, ["lam_scale_mode", "lam_thr", "lam_idx"])?),
            false => Targets::Mixed,
        },
        target_scale: case.param_unit("two_hot_scale")?,
        negatives: case.param_unit("neg_weight")?,
        ..DmBce::default()
    };
    let logits = case.tracked::<2>("logits")?;
    let targets = bce.targets(&two_points(case, logits.dims()[1])?, &scaled_points(case)?);
    let loss = sigmoid_cross_entropy_rows(logits.clone(), targets.clone(), bce.negatives)?.mean();
    Ok(Computed::of_loss(loss, "logits", &logits)?.with("targets", Array::from_tensor(targets)?))
}

fn mixup_images(case: &Case) -> Outcome {
    let (indices, ratio) = (case.indices("indices")?, Ratio::Batch(case.param_f64("lambda")?));
    let mut shape = case.array("x")?.shape.clone();
    let flat = case.as_rows(&["x"])?.tracked::<2>("x")?.detach();
    let x_mix = if case.param_bool("paired_views")? {
        // Both views of a row are its own: [rows, 2, ...].
        let [rows, values] = flat.dims();
        let views = flat.reshape([rows, 2, values / 2]).swap_dims(0, 1).reshape([2 * rows, values / 2]);
        shape.remove(1);
        Mixture::joined(rows, ratio)?.inputs(views)?
    } else {
        Mixture::new(indices.clone(), ratio)?.inputs(flat)?
    };
    let x_mix = Array::floats(&shape, Array::from_tensor(x_mix)?.data);
    Ok(golden::both_labels(case, &indices, ["labels_a", "labels_b"])?.with("x_mix", x_mix))
}

fn ssl_lu(case: &Case) -> Outcome {
    let lambda = case.param_f64("lambda")?;
    let cutoffs = Cutoffs { sure: case.param_unit("p_cutoff")?, mixed: case.param_unit("p_mix_cutoff")? };
    let pseudo = PseudoLabels::of(case.tracked::<2>("logits_unlabelled_weak")?, lambda, cutoffs)?;
    let logits = case.tracked::<2>("logits_mixed")?;
    let classes = logits.dims()[1];
    let partner = classes_of(&pseudo.classes, classes)?;
    let labels = with_lambda(case, case.one_hot("labels", classes)?, partner)?;
    let curve = Curve { threshold: case.param_positive("lam_thr")?, index: case.param_f64("lam_idx")? };
    let rows = match case.param_str("head")? {
        "ce" => {
            let dm = Dm { eta: case.param_positive("eta")?, scale: Scale::Pow(curve), ..Dm::default() };
            dm_rows(&logits, &labels, &dm.etas(&labels)?)?
        }
        "bce" => {
            let targets = Targets::TwoHot(Scale::Pow(curve)).of(&labels, &scaled_points(case)?);
            sigmoid_cross_entropy_rows(logits.clone(), targets, unit(1.0))?
        }
        other => return Err(unknown("head", other, "ce or bce")),
    };
    let loss = (rows.clone() * column(&pseudo.weights, &rows)).mean();
    Ok(Computed::of_loss(loss, "logits_mixed", &logits)?
        .with("pseudo_labels", Array::indices(&pseudo.classes))
        .with("mask", Array::floats(&[pseudo.weights.len()], pseudo.weights)))
}
