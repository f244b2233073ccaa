//! The golden ops of this paper: OpenMixup's numbers against the functions of core.

use mixup_core::{
    CoreError,
    loss::{scaled_targets, sigmoid_cross_entropy_rows, soft_cross_entropy},
    metrics::classification::ranked_accuracy,
    mix::{
        GridMix, Interpolation, Mask, Mixture, Paste, Ratio, SmoothLabels, SmoothMix, Spectrum, Threshold,
        Window, attentive_cells, attentive_mask, low_frequency_image, mix, peak,
    },
};
use mixup_paper::golden::{Array, Case, GoldenError, GoldenOp, Outcome, unknown};
use mixup_routines::{golden, unit};
use ndarray::{Axis, Ix2, Ix4};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("openmixup.mixup", |case| mixed(case, Ratio::Batch(case.param_f64("lam")?))),
        ("openmixup.cutmix", cutmix),
        ("openmixup.gridmix", gridmix),
        ("openmixup.resizemix", resizemix),
        ("openmixup.smoothmix", smoothmix),
        ("openmixup.saliencymix_given_map", saliencymix),
        ("openmixup.attentivemix", attentivemix),
        ("openmixup.fmix", fmix),
        ("openmixup.manifoldmix", manifoldmix),
        ("openmixup.mixup_ce", mixup_ce),
        ("openmixup.mixup_soft_loss", soft_loss),
    ]
}

/// Mixed images, both labels, and the share of the own one.
fn mixed(case: &Case, ratio: Ratio) -> Outcome {
    let mixture = Mixture::new(case.indices("perm")?, ratio)?;
    let lambda = Array::scalar(mixture.shares()?[0]);
    let images = Array::from_tensor(mixture.inputs(case.tracked::<4>("img")?)?)?;
    Ok(labels(case, &mixture)?.with("mixed", images).with("lam", lambda))
}

fn labels(case: &Case, mixture: &Mixture) -> Outcome {
    golden::both_labels(case, &mixture.partners, ["y_a", "y_b"])
}

/// Height and width of the images.
fn size(case: &Case) -> Result<[usize; 2], GoldenError> {
    let ([_, _, height, width], _) = case.array_of::<4>("img")?;
    Ok([height, width])
}

/// A mask `[rows, 1, height, width]`: the own share as it is, or the partner's.
fn shown(mask: &Mask, rows: usize, of_partner: bool) -> Array {
    let [height, width] = mask.size();
    let values = mask.values().iter().map(|own| if of_partner { 1.0 - own } else { *own });
    let values: Vec<f64> = values.collect();
    let copies = rows * height * width / values.len();
    Array::floats(&[rows, 1, height, width], values.repeat(copies))
}

fn cutmix(case: &Case) -> Outcome {
    let (size, rows) = (size(case)?, case.indices("perm")?.len());
    let centre = [case.param_usize("center_dim2")?, case.param_usize("center_dim3")?];
    let window = Window::of_cutmix(case.param_f64("lam")?, centre, size);
    let Window { rows: down, columns: across } = window.clone();
    let mask = window.mask(size)?;
    Ok(mixed(case, Ratio::Mask(mask.clone()))?
        .with("mask", shown(&mask, rows, true))
        .with("bbox", Array::indices(&[down.start, down.end, across.start, across.end])))
}

fn gridmix(case: &Case) -> Outcome {
    let mask = GridMix {
        lambda: case.param_f64("lam")?,
        holes: case.param_usize("n_holes")?,
        hole_aspect: case.param_f64("hole_aspect_ratio")?,
        cut_area: case.param_f64("cut_area_ratio")?,
        cut_aspect: case.param_f64("cut_aspect_ratio")?,
        place: [case.param_f64("u_y")?, case.param_f64("u_x")?],
    }
    .mask(size(case)?)?;
    Ok(mixed(case, Ratio::Mask(mask.clone()))?.with("mask", shown(&mask, 1, true)))
}

fn resizemix(case: &Case) -> Outcome {
    let by = match case.param_str("interpolate_mode")? {
        "nearest" => Interpolation::Nearest,
        "bilinear" => Interpolation::Bilinear,
        other => return Err(unknown("interpolate_mode", other, "`nearest` or `bilinear`")),
    };
    let tau = match case.param_f64s("scope")?[..] {
        [smallest, largest] => case.param_f64("lam")?.max(smallest).min(largest),
        _ => return Err(GoldenError::Malformed("a scope is two numbers".into())),
    };
    let size = size(case)?;
    let paste = Paste::of_resizemix(tau, [case.param_usize("cy")?, case.param_usize("cx")?], size, by)?;
    let Window { rows, columns } = paste.window().clone();
    // The mask that the official code returns has rows and columns swapped.
    let official = Window { rows: columns.clone(), columns: rows.clone() }.mask(size)?;
    Ok(mixed(case, Ratio::Paste(paste))?
        .with("mask_official", shown(&official, 1, true))
        .with("x_range", Array::indices(&[columns.start, columns.end]))
        .with("y_range", Array::indices(&[rows.start, rows.end])))
}

fn smoothmix(case: &Case) -> Outcome {
    let drawn = SmoothMix {
        place: [case.param_usize("draw_h")?, case.param_usize("draw_w")?],
        spread: case.param_f64("u")?,
    };
    let size = size(case)?;
    let mask = |labels| drawn.mask(size, labels);
    let share =
        |labels| -> Result<Array, CoreError> { Ok(Array::scalar(Ratio::Mask(mask(labels)?).shares(1)?[0])) };
    let mut computed = mixed(case, Ratio::Mask(mask(SmoothLabels::Matching)?))?
        .with("kernel", shown(&mask(SmoothLabels::Matching)?, 1, true))
        .with("lam_official", share(SmoothLabels::Inverted)?)
        .with("lam_matching_pixels", share(SmoothLabels::Matching)?);
    computed.outputs.remove("lam");
    Ok(computed)
}

fn saliencymix(case: &Case) -> Outcome {
    let size = size(case)?;
    let centre = peak(case.ndarray::<Ix2>("saliency")?.view())?;
    let mask = Window::of_cutmix(case.param_f64("lam")?, centre, size).mask(size)?;
    Ok(mixed(case, Ratio::Mask(mask.clone()))?.with("mask", shown(&mask, 1, true)))
}

fn attentivemix(case: &Case) -> Outcome {
    let features = case.tracked::<4>("features")?;
    let [rows, _, down, across] = features.dims();
    let top = match case.has_param("top_k") {
        true => case.param_usize("top_k")?,
        false => attentive_cells(case.param_f64("lam")?, down * across),
    };
    let mask = attentive_mask(features, top, size(case)?)?;
    Ok(mixed(case, Ratio::Mask(mask.clone()))?.with("mask", shown(&mask, rows, false)))
}

fn fmix(case: &Case) -> Outcome {
    let size: Vec<usize> = case.param_f64s("size")?.into_iter().map(|side| side as usize).collect();
    let draws = case.ndarray::<Ix4>("normal_draws")?.index_axis_move(Axis(0), 0).into_dyn();
    let image = low_frequency_image(&size, &draws, case.param_f64("decay_power")?, Spectrum::Official)?;
    let sampled = case.param_f64("lam_sampled")?;
    let threshold = Threshold {
        lambda: sampled,
        up: case.param_f64("coin")? > 0.5,
        max_soft: case.param_f64("max_soft")?,
    };
    let mask = threshold.of(&image).into_dimensionality::<Ix2>();
    let mask = mask.map_err(|error| GoldenError::Malformed(error.to_string()))?;
    let given = if case.has_param("lam_given") { case.param_f64("lam_given")? } else { sampled };
    // A lambda that is passed in turns the mask where it is above the sampled one, and is otherwise the label's alone.
    let mask = match sampled < given {
        true => Mask::shared(1.0 - mask)?.labelled(1.0 - sampled),
        false => Mask::shared(mask)?.labelled(given),
    };
    Ok(mixed(case, Ratio::Mask(mask.clone()))?.with("mask", shown(&mask, 1, false)))
}

fn manifoldmix(case: &Case) -> Outcome {
    let mixture = golden::mixture(case, "lam", "perm")?;
    let (layer, image) = (case.param_usize("layer")?, case.param_usize("img_size")?);
    // Resolution of the residual stage after which the official ResNets mix, with the stem for small images or not.
    let side = match layer {
        0 => image,
        layer if image > 64 => image >> (1 + layer),
        layer => image >> (layer - 1),
    };
    let mut computed = golden::mixed_rows(case, ["features", "mixed", "cotangent"], |h| mixture.hidden(h))?;
    computed.outputs.extend(labels(case, &mixture)?.outputs);
    Ok(computed
        .with("mask_size", Array { dtype: "i64".to_owned(), ..Array::scalar(side as f64) })
        .with("lam", Array::scalar(mixture.shares()?[0])))
}

fn mixup_ce(case: &Case) -> Outcome {
    let lambda = case.param_f64("lam")?;
    let (own, partner) = (case.indices("y_a")?, case.indices("y_b")?);
    let accuracy = ranked_accuracy(case.ndarray::<Ix2>("logits")?.view(), &own, &partner, lambda)?;
    Ok(golden::two_targets(case, ["y_a", "y_b", "lam"])?
        .with("acc_mix_percent", Array::floats(&[1], vec![100.0 * accuracy])))
}

fn soft_loss(case: &Case) -> Outcome {
    let ([_, classes], _) = case.array_of::<2>("logits")?;
    let lambda = case.param_f64("lam")?;
    let (own, partner) = (case.one_hot("y_a", classes)?, case.one_hot("y_b", classes)?);
    let kind = case.param_str("kind")?;
    let target = match kind {
        "two_hot_bce" => scaled_targets(own + partner, case.param_unit("two_hot_scale")?),
        _ => mix(own, partner, lambda),
    };
    let computed = golden::of_logits(case, |logits| match kind {
        "soft" => Ok(soft_cross_entropy(logits, target.clone())?),
        "bce_soft" | "two_hot_bce" => {
            Ok(sigmoid_cross_entropy_rows(logits, target.clone(), unit(1.0))?.mean())
        }
        other => Err(unknown("kind", other, "`soft`, `bce_soft` or `two_hot_bce`")),
    })?;
    Ok(computed.with("target", Array::from_tensor(target)?))
}
