//! The golden ops of this paper: the authors' numbers against the functions of core.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{
    loss::{mixup_cross_entropy, sigmoid_cross_entropy, soft_cross_entropy},
    mix::{Spectrum, Threshold, frequencies, low_frequency_image},
    tensor::select_rows,
};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, precision};
use mixup_routines::golden;
use ndarray::{ArrayD, Axis, IxDyn};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("fmix.fftfreqnd", fftfreqnd),
        ("fmix.low_freq_image", official_image),
        ("fmix.low_freq_image_intended", |case| {
            let image = image(case, Spectrum::Intended)?;
            Ok(Computed::of([("image", Array::from_ndarray(&image.insert_axis(Axis(0))))]))
        }),
        ("fmix.binarise_mask", binarise_mask),
        ("fmix.mix", mix),
        ("fmix.loss", loss),
    ]
}

fn shape(case: &Case) -> Result<Vec<usize>, GoldenError> {
    Ok(case.param_f64s("shape")?.into_iter().map(|side| side as usize).collect())
}

/// An input without its first axis, which has one entry.
fn first(case: &Case, name: &str) -> Result<ArrayD<f64>, GoldenError> {
    let array = case.ndarray::<IxDyn>(name)?;
    match array.shape().first() {
        Some(1) => Ok(array.index_axis_move(Axis(0), 0)),
        _ => Err(GoldenError::Malformed(format!(
            "`{name}` is of shape {:?}: one channel is needed",
            array.shape()
        ))),
    }
}

fn image(case: &Case, spectrum: Spectrum) -> Result<ArrayD<f64>, GoldenError> {
    let draws = first(case, "normal_draws")?;
    Ok(low_frequency_image(&shape(case)?, &draws, case.param_f64("decay_power")?, spectrum)?)
}

fn fftfreqnd(case: &Case) -> Outcome {
    Ok(Computed::of([("freqs", Array::from_ndarray(&frequencies(&shape(case)?)?))]))
}

fn official_image(case: &Case) -> Outcome {
    let shape = shape(case)?;
    let draws = first(case, "normal_draws")?;
    let image = image(case, Spectrum::Official)?;
    let floor = 1.0 / shape.iter().copied().max().unwrap_or(1) as f64;
    let decay = case.param_f64("decay_power")?;
    let scale = frequencies(&shape)?.mapv(|frequency| 1.0 / frequency.max(floor).powf(decay));
    let spectrum = draws * scale.insert_axis(Axis(shape.len()));
    Ok(Computed::of([
        ("spectrum", Array::from_ndarray(&spectrum.insert_axis(Axis(0)))),
        ("image", Array::from_ndarray(&image.insert_axis(Axis(0)))),
    ]))
}

fn threshold(case: &Case) -> Result<Threshold, GoldenError> {
    Ok(Threshold {
        lambda: case.param_f64("lam")?,
        up: case.param_f64("coin")? > 0.5,
        max_soft: case.param_f64("max_soft")?,
    })
}

fn binarise_mask(case: &Case) -> Outcome {
    let mask = threshold(case)?.of(&first(case, "image")?);
    Ok(Computed::of([("mask", Array::from_ndarray(&mask.insert_axis(Axis(0))))]))
}

/// Samples of one to three dimensions: each is one row of all its pixels, and a mask is repeated for its channels.
fn mix(case: &Case) -> Outcome {
    let mask = threshold(case)?.of(&image(case, Spectrum::Official)?);
    let x = case.array("x")?.clone();
    let flat = case.as_rows(&["x"])?.tracked::<2>("x")?;
    let channels = flat.dims()[1] / mask.len();
    let weights: Vec<f64> = mask.iter().copied().collect::<Vec<_>>().repeat(channels);
    let (device, dtype) = precision();
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [1, flat.dims()[1]]), (&device, dtype));
    let partners = select_rows(flat.clone(), &case.indices("perm")?)?;
    let mixed = weights.clone() * flat + weights.neg().add_scalar(1.0) * partners;
    let mixed = Array::floats(&x.shape, Array::from_tensor(mixed)?.data);
    Ok(Computed::of([
        ("mask", Array::from_ndarray(&mask.insert_axis(Axis(0)))),
        ("mixed", mixed),
        ("lam", Array::scalar(case.param_f64("lam")?)),
    ]))
}

/// Cross-entropy, or binary cross-entropy on logits, of both labels in training and of the own one elsewhere.
fn loss(case: &Case) -> Outcome {
    let ([_, classes], _) = case.array_of::<2>("logits")?;
    let bce = case.param_bool("bce")?;
    let own = if bce { case.tracked::<2>("labels")?.detach() } else { case.one_hot("labels", classes)? };
    let mixes = case.param_bool("train")? && !case.param_bool("reformulate")?;
    let lambda = if mixes { case.param_f64("lam")? } else { 1.0 };
    let partner = select_rows(own.clone(), &case.indices("perm")?)?;
    golden::of_logits(case, |logits| {
        Ok(match (bce, mixes) {
            (false, false) => soft_cross_entropy(logits, own)?,
            (false, true) => mixup_cross_entropy(logits, own, partner, lambda)?,
            (true, _) => {
                let of = |targets| sigmoid_cross_entropy(logits.clone(), targets);
                (of(own)?.mul_scalar(lambda) + of(partner)?.mul_scalar(1.0 - lambda)).mean()
            }
        })
    })
}
