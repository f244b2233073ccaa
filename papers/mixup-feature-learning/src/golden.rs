//! The golden ops of this paper: transcriptions of its definitions against the functions of this crate.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    optim::{Descent, descend},
};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use ndarray::{Array2, Ix2, Ix3};

use crate::data::{Draws, FeatureNoise};
use crate::loss::{Lambdas, all_pairs_loss, pairs_loss, standard_loss};
use crate::network::{Projections, Scores};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixup-feature-learning.cnn2_standard", cnn2_standard),
        ("mixup-feature-learning.mixup_allpairs_loss", mixup_allpairs_loss),
        ("mixup-feature-learning.mixup_decoupled_loss", mixup_decoupled_loss),
        ("mixup-feature-learning.feature_noise_data", feature_noise_data),
        ("mixup-feature-learning.feature_scores", feature_scores),
        ("mixup-feature-learning.gd_early_stopped_mixup", gd_early_stopped_mixup),
    ]
}

/// The power of the activation that a case names; the square where it names none.
fn power(case: &Case) -> Result<u32, GoldenError> {
    if !case.has_param("activation") {
        return Ok(2);
    }
    match case.param_str("activation")? {
        "square" => Ok(2),
        "cubic" | "cube" => Ok(3),
        other => Err(unknown("activation", other, "square or cubic")),
    }
}

fn lambdas(case: &Case) -> Result<Lambdas, GoldenError> {
    Ok(Lambdas { inputs: case.param_f64("lam_x")?, labels: case.param_f64("lam_y")? })
}

/// A loss of the projections of the case's samples, with the gradient of the filters and what else is put
/// out.
fn of_filters(
    case: &Case,
    loss: impl FnOnce(&Projections, Tensor<2>, u32) -> Result<Tensor<1>, CoreError>,
) -> Result<(Computed, Projections), GoldenError> {
    let weights = case.tracked::<3>("W")?;
    let projections = Projections::of(weights.clone(), case.tracked::<3>("x")?.detach())?;
    let loss = loss(&projections, case.one_hot("y", weights.dims()[0])?, power(case)?)?;
    let gradients = loss.backward();
    let computed = Computed::of([("loss", Array::loss(loss)?)]).with_gradient("W", &weights, &gradients)?;
    Ok((computed, projections))
}

fn cnn2_standard(case: &Case) -> Outcome {
    let (computed, projections) = of_filters(case, standard_loss)?;
    Ok(computed.with("logits", Array::from_tensor(projections.logits(power(case)?))?))
}

fn mixup_allpairs_loss(case: &Case) -> Outcome {
    let lambdas = lambdas(case)?;
    let loss = |p: &Projections, targets, power| all_pairs_loss(p, targets, lambdas, power);
    Ok(of_filters(case, loss)?.0)
}

fn mixup_decoupled_loss(case: &Case) -> Outcome {
    let (lambdas, partners) = (lambdas(case)?, case.indices("index")?);
    let loss = |p: &Projections, targets, power| pairs_loss(p, targets, partners, lambdas, power);
    Ok(of_filters(case, loss)?.0)
}

/// An input of whole numbers with two axes, of which the second may be empty.
fn table(case: &Case, name: &str) -> Result<Array2<usize>, GoldenError> {
    let ([rows, columns], _) = case.array_of::<2>(name)?;
    Array2::from_shape_vec((rows, columns), case.indices(name)?)
        .map_err(|error| GoldenError::Malformed(format!("input `{name}`: {error}")))
}

fn feature_noise_data(case: &Case) -> Outcome {
    let draws = Draws {
        classes: case.indices("y")?,
        rare: case.indices("rare")?.into_iter().map(|rare| rare != 0).collect(),
        order: table(case, "patch_order")?,
        noise_classes: table(case, "feature_noise_class")?,
        gauss: case.ndarray::<Ix3>("gauss")?,
    };
    if draws.noise_classes.ncols() != case.param_usize("b")? {
        return Err(GoldenError::Malformed("`b` is not the width of `feature_noise_class`".into()));
    }
    let noise = FeatureNoise { alpha: case.param_f64("alpha")?, sigma: case.param_f64("sigma_p")? };
    let samples = draws.samples(case.ndarray::<Ix2>("features")?.view(), noise)?;
    Ok(Computed::of([("x", Array::from_ndarray(&samples))]))
}

fn feature_scores(case: &Case) -> Outcome {
    let scores = Scores::of(case.tracked::<3>("W")?.inner(), case.ndarray::<Ix2>("features")?.view())?;
    Ok(Computed::of([
        ("max_abs", Array::from_ndarray(&scores.max_abs)),
        ("energy", Array::from_ndarray(&scores.energy)),
    ]))
}

fn gd_early_stopped_mixup(case: &Case) -> Outcome {
    let (start, patches) = (case.tracked::<3>("W0")?, case.tracked::<3>("x")?.detach());
    let targets = case.one_hot("y", start.dims()[0])?;
    let (mixed, lambda, power) = (case.param_usize("mixup_steps")?, case.param_f64("lam")?, power(case)?);
    let lambdas = Lambdas { inputs: lambda, labels: lambda };
    let mut losses = Vec::new();
    let weights = descend(
        start,
        Descent { steps: case.param_usize("steps")?, rate: case.param_f64("lr")? },
        |step, weights| {
            let projections = Projections::of(weights, patches.clone())?;
            if step < mixed {
                all_pairs_loss(&projections, targets.clone(), lambdas, power)
            } else {
                standard_loss(&projections, targets.clone(), power)
            }
        },
        |_, _, loss| {
            losses.push(loss);
            Ok(())
        },
    )?;
    let losses = Array::floats(&[losses.len()], losses);
    Ok(Computed::of([("W", Array::from_tensor(weights)?), ("losses", losses)]))
}
