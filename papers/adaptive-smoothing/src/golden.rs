//! The golden ops of this paper: the official code's numbers against the functions of this crate and of core's attacks.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{attack::Pgd, loss::soft_cross_entropy};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, precision};
use ndarray::Ix2;

use crate::certificate::{lipschitz_radii, smoothed_radii};
use crate::gate::{alphas, batch_gammas, blended, running_gammas};
use crate::loss::{Weights, composite, targeted_dlr, weighted};
use crate::mixing::{Mix, Scales, mixed, mixed_by};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("adaptive-smoothing.mix_fixed", mix_fixed),
        ("adaptive-smoothing.mix_pure", mix_pure),
        ("adaptive-smoothing.mix_adaptive", mix_adaptive),
        ("adaptive-smoothing.gamma_train", gamma_train),
        ("adaptive-smoothing.comp_loss", comp_loss),
        ("adaptive-smoothing.simple_comp_loss", simple_comp_loss),
        ("adaptive-smoothing.dlr_targeted", dlr_targeted),
        ("adaptive-smoothing.certified_radius", certified_radius),
        ("adaptive-smoothing.pgd_linf", pgd_linf),
    ]
}

/// Logits of both networks, tracked, and the same scaled.
fn networks(case: &Case) -> Result<([Tensor<2>; 2], [Tensor<2>; 2]), GoldenError> {
    let logits = [case.tracked::<2>("std_logits")?, case.tracked::<2>("rob_logits")?];
    let scales =
        Scales { standard: case.param_positive("std_scale")?, robust: case.param_positive("rob_scale")? };
    let [standard, robust] = logits.clone();
    Ok((logits, scales.of(standard, robust)))
}

fn mix_fixed(case: &Case) -> Outcome {
    let ([standard, robust], scaled) = networks(case)?;
    let [own, other] = scaled;
    let out = mixed(own, other, case.param_unit("alpha")?, Mix::Probabilities)?;
    let loss = soft_cross_entropy(out.clone(), case.one_hot("labels", standard.dims()[1])?)?;
    let gradients = loss.backward();
    Computed::of([("out", Array::from_tensor(out)?), ("ce", Array::loss(loss)?)])
        .with_gradient("std_logits", &standard, &gradients)?
        .with_gradient("rob_logits", &robust, &gradients)
}

fn mix_pure(case: &Case) -> Outcome {
    let (_, [standard, robust]) = networks(case)?;
    let out = mixed(standard, robust, case.param_unit("alpha")?, Mix::Probabilities)?;
    Ok(Computed::of([("out", Array::from_tensor(out)?)]))
}

/// A number as a tensor of the vectors' precision.
fn single(value: f64) -> Tensor<1> {
    let (device, dtype) = precision();
    Tensor::from_data(TensorData::new(vec![value], [1]), (&device, dtype))
}

fn mix_adaptive(case: &Case) -> Outcome {
    let outputs = case.tracked::<2>("net_out")?;
    let (standard, robust) = (case.tracked::<2>("std_logits")?, case.tracked::<2>("rob_logits")?);
    let running = [single(case.param_f64("bn_mean")?), single(case.param_f64("bn_var")?)];
    let (scale, bias) = (case.param_f64("gamma_scale")?, case.param_f64("gamma_bias")?);
    let gammas = running_gammas(outputs.clone(), running, scale, bias, case.param_f64("bn_eps")?);
    let alpha = alphas(gammas.clone(), case.param_f64("alpha_scale")?, case.param_f64("alpha_bias")?);
    let classes = standard.dims()[1];
    let out = mixed_by(standard.detach(), robust.detach(), alpha.clone())?;
    let loss = soft_cross_entropy(out.clone(), case.one_hot("labels", classes)?)?;
    let gradients = loss.backward();
    Computed::of([
        ("gammas", Array::vector(gammas)?),
        ("alphas", Array::vector(alpha)?),
        ("out", Array::from_tensor(out)?),
        ("ce", Array::loss(loss)?),
    ])
    .with_gradient("net_out", &outputs, &gradients)
}

fn gamma_train(case: &Case) -> Outcome {
    let outputs = case.tracked::<2>("net_out")?;
    let (scale, bias) = (case.param_f64("gamma_scale")?, case.param_f64("gamma_bias")?);
    let batch = batch_gammas(outputs.clone(), scale, bias, case.param_f64("bn_eps")?)?;
    let weights = case.tracked::<1>("r")?.detach();
    let scalar = (batch.gammas.clone().reshape([-1]) * weights).sum();
    let gradients = scalar.backward();
    let momentum = case.param_f64("bn_momentum")?;
    Computed::of([
        ("gammas", Array::vector(batch.gammas)?),
        ("scalar", Array::loss(scalar)?),
        ("bn_mean", Array::vector(blended(single(0.0), batch.mean, momentum))?),
        ("bn_var", Array::vector(blended(single(1.0), batch.variance, momentum))?),
    ])
    .with_gradient("net_out", &outputs, &gradients)
}

/// Inputs of the losses: logits and gammas, tracked, then targets and choices as columns.
struct Chosen {
    logits: Tensor<2>,
    gammas: Tensor<1>,
    targets: Tensor<2>,
    attacked: Tensor<2>,
}

impl Chosen {
    fn of(case: &Case) -> Result<Self, GoldenError> {
        let logits = case.tracked::<2>("logits")?;
        let targets = case.one_hot("labels", logits.dims()[1])?;
        Ok(Self {
            logits,
            gammas: case.tracked::<1>("gammas")?,
            targets,
            attacked: column(case, "sup_labels")?,
        })
    }

    /// The mean of a loss per sample, with gradients.
    fn outcome(self, loss: impl FnOnce([Tensor<2>; 4]) -> Result<Tensor<2>, GoldenError>) -> Outcome {
        let Self { logits, gammas, targets, attacked } = self;
        let each = loss([logits.clone(), targets, gammas.clone().unsqueeze_dim(1), attacked])?;
        let loss = each.mean();
        let gradients = loss.backward();
        Computed::of([("loss", Array::loss(loss)?)])
            .with_gradient("logits", &logits, &gradients)?
            .with_gradient("gammas", &gammas, &gradients)
    }
}

fn column(case: &Case, name: &str) -> Result<Tensor<2>, GoldenError> {
    let values = case.array(name)?.data.clone();
    let (device, dtype) = precision();
    let rows = values.len();
    Ok(Tensor::from_data(TensorData::new(values, [rows, 1]), (&device, dtype)))
}

fn comp_loss(case: &Case) -> Outcome {
    let weights = Weights {
        choice: case.param_non_negative("bce")?,
        classes: case.param_non_negative("ce")?,
        product: case.param_non_negative("prod")?,
    };
    let scale = column(case, "scale")?;
    Chosen::of(case)?.outcome(|[logits, targets, gammas, attacked]| {
        Ok(composite(logits, targets, gammas, attacked, weights)? * scale)
    })
}

fn simple_comp_loss(case: &Case) -> Outcome {
    let weight = case.param_unit("w")?;
    Chosen::of(case)?.outcome(|[logits, targets, gammas, attacked]| {
        Ok(weighted(logits, targets, gammas, attacked, weight)?)
    })
}

fn dlr_targeted(case: &Case) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let one_hot = |name| case.one_hot(name, logits.dims()[1]);
    let each = targeted_dlr(logits.clone(), one_hot("labels")?, one_hot("targets")?)?;
    let loss = each.clone().mean();
    let gradients = loss.backward();
    Computed::of([("per_sample", Array::vector(each)?), ("loss", Array::loss(loss)?)])
        .with_gradient("logits", &logits, &gradients)
}

fn certified_radius(case: &Case) -> Outcome {
    let probabilities = case.ndarray::<Ix2>("probs")?;
    let correct: Vec<bool> = case.array("correct")?.data.iter().map(|&correct| correct != 0.0).collect();
    let alpha = case.param_unit("alpha")?;
    let vector = |values: Vec<f64>| Array::floats(&[values.len()], values);
    let by_slope = lipschitz_radii(probabilities.view(), &correct, alpha, case.param_positive("lip")?)?;
    let by_noise = smoothed_radii(probabilities.view(), &correct, alpha, case.param_positive("sigma")?)?;
    Ok(Computed::of([("lipschitz", vector(by_slope)), ("rs", vector(by_noise))]))
}

fn pgd_linf(case: &Case) -> Outcome {
    let weights =
        [case.tracked::<2>("w_std")?, case.tracked::<2>("w_rob")?].map(|weight| weight.inner().transpose());
    let alpha = case.param_unit("alpha")?;
    let x = case.tracked::<2>("x")?.inner();
    let targets = case.one_hot("labels", weights[0].dims()[1])?.inner();
    let attack = Pgd {
        epsilon: case.param_non_negative("eps")?,
        step: case.param_positive("step")?,
        iterations: case.param_count("iters")?,
    };
    let attacked = attack.attack(x.clone(), x, |x| {
        let [standard, robust] = weights.clone().map(|weight| x.clone().matmul(weight));
        soft_cross_entropy(mixed(standard, robust, alpha, Mix::Probabilities)?, targets.clone())
    })?;
    Ok(Computed::of([("x_adv", Array::from_tensor(attacked)?)]))
}
