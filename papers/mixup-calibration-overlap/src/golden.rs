//! The golden ops of this paper: the official code's numbers, and netcal's, against the functions that its
//! experiments use.

use burn::tensor::Tensor;
use mixup_core::calibrate::{Lbfgs, lbfgs_temperature, nll_and_slope, nll_temperature};
use mixup_core::label_noise::ClassMap;
use mixup_core::metrics::{classification::Predictions, netcal::Netcal};
use mixup_core::mix::Blend;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use ndarray::{Ix1, Ix2};

use crate::Gaussians;
use crate::method::loss;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixup-calibration-overlap.dmixup_loss", dmixup_loss),
        ("mixup-calibration-overlap.temp_scale_fit", temp_scale_fit),
        ("mixup-calibration-overlap.calibration_metrics", calibration_metrics),
        ("mixup-calibration-overlap.label_noise", label_noise),
        ("mixup-calibration-overlap.k_class_gaussians", k_class_gaussians),
    ]
}

fn dmixup_loss(case: &Case) -> Outcome {
    let permutations = case.ndarray::<Ix2>("perms")?.mapv(|row| row as usize);
    let permutations = permutations.rows().into_iter().map(|row| row.to_vec()).collect();
    let blend = Blend::new(case.ndarray::<Ix1>("weights")?.to_vec(), permutations)?;
    let (weight, bias) = (case.tracked::<2>("W")?, case.tracked::<1>("b")?);
    let mixed = blend.of(case.tracked::<2>("x")?.detach())?;
    let logits: Tensor<2> = mixed.clone().matmul(weight.clone().transpose()) + bias.clone().unsqueeze();
    let classes = logits.dims()[1];
    let loss = loss(logits.clone(), case.one_hot("y", classes)?, &blend)?;
    let gradients = loss.backward();
    Computed::of([
        ("mixed_x", Array::from_tensor(mixed)?),
        ("logits", Array::from_tensor(logits)?),
        ("loss", Array::loss(loss)?),
    ])
    .with_gradient("W", &weight, &gradients)?
    .with_gradient("b", &bias, &gradients)
}

fn temp_scale_fit(case: &Case) -> Outcome {
    let (logits, labels) = (case.ndarray::<Ix2>("logits")?, case.indices("labels")?);
    if case.param_str("line_search")? != "none" {
        return Err(unknown("line_search", case.param_str("line_search")?, "none"));
    }
    let optimizer = Lbfgs {
        tolerance_grad: case.param_non_negative("tolerance_grad")?,
        tolerance_change: case.param_non_negative("tolerance_change")?,
        history: case.param_count("history")?,
        ..Lbfgs::torch(case.param_positive("lr")?, case.param_count("max_iter")?)
    };
    let at = |temperature| nll_and_slope(logits.view(), &labels, temperature);
    let official = if case.param_f64("init")? == 1.0 {
        lbfgs_temperature(logits.view(), &labels, &optimizer)?
    } else {
        optimizer.minimise(case.param_f64("init")?, at)?
    };
    let optimal = nll_temperature(logits.view(), &labels)?;
    let probe = case.ndarray::<Ix1>("T_probe")?;
    let probe = *probe.first().ok_or_else(|| GoldenError::Malformed("`T_probe` is empty".into()))?;
    let (nll_probe, slope) = at(probe)?;
    let mut computed = Computed::of([
        ("T_official", Array::scalar(official)),
        ("nll_official", Array::scalar(at(official)?.0)),
        ("T_optimal", Array::scalar(optimal)),
        ("nll_optimal", Array::scalar(at(optimal)?.0)),
        ("nll_T1", Array::scalar(at(1.0)?.0)),
        ("nll_probe", Array::scalar(nll_probe)),
    ]);
    computed.grads.insert("T_probe".to_owned(), Array::floats(&[1], vec![slope]));
    Ok(computed)
}

fn calibration_metrics(case: &Case) -> Outcome {
    let probabilities = case.ndarray::<Ix2>("probs")?;
    if case.param_bool("binary")? != (probabilities.ncols() == 2) {
        return Err(GoldenError::Malformed("`binary` is for two classes and nothing else".into()));
    }
    let errors = Netcal::of(probabilities.view(), &case.indices("labels")?, case.param_count("bins")?)?;
    Ok(Computed::of([
        ("ece", Array::scalar(errors.ece)),
        ("ace", Array::scalar(errors.ace)),
        ("mce", Array::scalar(errors.mce)),
    ]))
}

fn label_noise(case: &Case) -> Outcome {
    let small = |values: Vec<usize>| -> Result<Vec<u16>, GoldenError> {
        let of = |value| u16::try_from(value).map_err(|_| GoldenError::Malformed(format!("label {value}")));
        values.into_iter().map(of).collect()
    };
    let map = ClassMap(small(case.indices("class_map")?)?);
    let uniforms = case.ndarray::<Ix1>("uniforms")?.to_vec();
    let noisy = map.noisy(&small(case.indices("labels")?)?, case.param_unit("p")?, &uniforms)?;
    let noisy: Vec<usize> = noisy.into_iter().map(usize::from).collect();
    Ok(Computed::of([("noisy", Array::indices(&noisy))]))
}

fn k_class_gaussians(case: &Case) -> Outcome {
    let gaussians =
        Gaussians { means: case.ndarray::<Ix1>("mus")?.to_vec(), std: case.param_positive("std")? };
    let drawn = gaussians.samples(case.indices("labels")?, &case.ndarray::<Ix2>("noise")?)?;
    let logits = gaussians.posterior_logits(drawn.x.view());
    let posterior = Predictions::from_logits(logits.view(), &drawn.labels)?;
    Ok(Computed::of([
        ("x", Array::from_ndarray(&drawn.x)),
        ("bayes_posterior", Array::from_ndarray(&posterior.probabilities())),
        ("bayes_nll", Array::scalar(posterior.nll())),
    ]))
}
