//! The golden ops of this paper: transcriptions of its definitions against the functions of this crate and of
//! core.

use burn::tensor::{Tensor, TensorData};
use mixup_core::metrics::collapse::{EIGEN_TOLERANCE, neural_collapse};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, precision};
use ndarray::{Ix1, Ix2};

use crate::channel::{Pair, channel_stats};
use crate::etf::{SINGULAR, etf_projection, simplex_etf};
use crate::ufm::{Ufm, pair_targets, ufm_loss};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixup-neural-collapse.simplex_etf", etf),
        ("mixup-neural-collapse.etf_projection", projection),
        ("mixup-neural-collapse.ufm_mixup_loss", ufm_mixup_loss),
        ("mixup-neural-collapse.ufm_optimum", ufm_optimum),
        ("mixup-neural-collapse.nc_metrics", nc_metrics),
        ("mixup-neural-collapse.channel_stats", channel),
    ]
}

fn etf(case: &Case) -> Outcome {
    let axes = case.ndarray::<Ix2>("P")?;
    let weights = simplex_etf(axes.view(), case.param_f64("m")?)?;
    let gram = weights.dot(&weights.t());
    Ok(Computed::of([("W", Array::from_ndarray(&weights)), ("gram", Array::from_ndarray(&gram))]))
}

/// A parameter, or what it is where the case does not have it.
fn param_or(case: &Case, name: &str, default: f64) -> Result<f64, GoldenError> {
    if case.has_param(name) { case.param_f64(name) } else { Ok(default) }
}

fn projection(case: &Case) -> Outcome {
    let (features, rows) = (case.ndarray::<Ix2>("H")?, case.ndarray::<Ix2>("W3")?);
    let singular = param_or(case, "sv_threshold", SINGULAR)?;
    let projected = etf_projection(features.view(), rows.view(), singular)?;
    Ok(Computed::of([("X", Array::from_ndarray(&projected))]))
}

fn pairs(case: &Case) -> Result<Vec<Pair>, GoldenError> {
    let (own, partners) = (case.indices("y_a")?, case.indices("y_b")?);
    let lambdas = case.ndarray::<Ix1>("lam")?;
    if own.len() != partners.len() || own.len() != lambdas.len() {
        return Err(GoldenError::Malformed("`y_a`, `y_b` and `lam` need equally many values".into()));
    }
    let classes = own.into_iter().zip(partners);
    Ok(classes.zip(lambdas).map(|((own, partner), lambda)| Pair { own, partner, lambda }).collect())
}

fn ufm_mixup_loss(case: &Case) -> Outcome {
    let (weights, features) = (case.tracked::<2>("W")?, case.tracked::<2>("H")?);
    let targets = pair_targets(&pairs(case)?, weights.dims()[0])?;
    let shape = [targets.nrows(), targets.ncols()];
    let (device, dtype) = precision();
    let targets =
        Tensor::<2>::from_data(TensorData::new(targets.into_iter().collect(), shape), (&device, dtype));
    let decays = [case.param_non_negative("lambda_W")?, case.param_non_negative("lambda_H")?];
    let loss = ufm_loss(weights.clone(), features.clone(), targets, decays)?;
    let gradients = loss.total.backward();
    Computed::of([("loss", Array::loss(loss.total)?), ("data_term", Array::loss(loss.data)?)])
        .with_gradient("W", &weights, &gradients)?
        .with_gradient("H", &features, &gradients)
}

fn ufm_optimum(case: &Case) -> Outcome {
    let model = Ufm {
        classes: case.param_usize("K")?,
        norm: case.param_positive("m")?,
        decay: case.param_positive("lambda_H")?,
    };
    let same = case.param_bool("same_class")?;
    let lambda = if same { 1.0 } else { case.param_f64("lam")? };
    let targets = pair_targets(&[Pair { own: 0, partner: 1, lambda }], model.classes)?;
    let optimum = model.optimum(&targets.row(0).to_vec())?;
    let computed = Computed::of([
        ("probs", Array::from_ndarray(&optimum.probabilities)),
        ("coef", Array::from_ndarray(&optimum.coefficients)),
        ("objective", Array::scalar(optimum.objective)),
        ("logits", Array::from_ndarray(&optimum.logits)),
    ]);
    let gap = optimum.logits[0] - optimum.logits[1];
    Ok(if same { computed.with("logit_gap", Array::scalar(gap)) } else { computed })
}

fn nc_metrics(case: &Case) -> Outcome {
    let (features, weights) = (case.ndarray::<Ix2>("H")?, case.ndarray::<Ix2>("W")?);
    let tolerance = param_or(case, "eig_rtol", EIGEN_TOLERANCE)?;
    let marks = neural_collapse(features.view(), &case.indices("y")?, weights.view(), tolerance)?;
    Ok(Computed::of(
        [
            ("nc1", marks.variability),
            ("nc2_equinorm_means", marks.equinorm_means),
            ("nc2_equinorm_weights", marks.equinorm_weights),
            ("nc2_angle_means", marks.angle_means),
            ("nc2_angle_weights", marks.angle_weights),
            ("nc3", marks.self_duality),
            ("nc4", marks.nearest_mean),
        ]
        .map(|(name, value)| (name, Array::scalar(value))),
    ))
}

fn channel(case: &Case) -> Outcome {
    let (features, weights) = (case.ndarray::<Ix2>("H")?, case.ndarray::<Ix2>("W")?);
    let stats = channel_stats(features.view(), weights.view(), &pairs(case)?)?;
    Ok(Computed::of(
        [
            ("same_cos", stats.same_cosine),
            ("diff_offplane", stats.off_plane),
            ("gap_slope", stats.gap_slope),
            ("gap_corr", stats.gap_correlation),
        ]
        .map(|(name, value)| (name, Array::scalar(value))),
    ))
}
