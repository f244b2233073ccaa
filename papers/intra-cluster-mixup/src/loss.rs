//! Losses of complementary labels. All but one are linear in the (mixed) complementary label: [`costs`] says
//! what each class costs where it is the complementary one, and [`soft_mean`] adds them up.

use burn::tensor::{
    Tensor, TensorData,
    activation::{log_softmax, relu, softmax},
};
use mixup_core::{
    CoreError,
    tensor::{one_hot, same_shape, to_host},
};
use serde::{Deserialize, Serialize};

/// Which loss; `s` is the softmax of the logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `-log(1 - s)` (surrogate complementary loss, Chou et al. 2020).
    #[default]
    SclNl,
    /// `exp(s)`.
    SclExp,
    /// `s`.
    SclLin,
    /// `-log(s Q)`, forward correction by the transition Q (Yu et al. 2018).
    Fwd,
    /// Weighted complementary loss L-W (Gao and Zhang 2021): with `p = 1 - s` and `q = softmax(p)`
    /// `-(1 + p / (C - 1)) log q`.
    Lw,
    /// Unbiased risk estimator with gradient ascent (Ishida et al. 2019), see [`ure_ga`].
    UreGa,
}

/// How a logarithm of 0 is kept away, and which code does it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Probabilities are clamped to `[e, 1 - e]`, where the gradient is 0 outside; L-W needs no guard. The
    /// authors' code for soft labels, and what training here uses.
    Clamp,
    /// 1e-6 is added. libcll, and the authors' code for hard labels.
    Add,
}

/// What every class costs as the complementary label of every sample.
///
/// # Shapes
/// - `logits`: `[batch, classes]`
/// - `transition`: `[classes, classes]`, `P(complementary | true)` by rows; read by [`Loss::Fwd`]
/// - returns `[batch, classes]`, at least 0
///
/// # Errors
/// [`Loss::UreGa`], which is no sum over samples, or [`Loss::Fwd`] without a transition.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use intra_cluster_mixup::{Guard, Loss, costs, soft_mean};
/// use mixup_core::tensor::to_host;
///
/// // "Not class 0", of a network that cannot tell two classes apart: -log(1 - 1 / 2).
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let complementary = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let loss = soft_mean(costs(Loss::SclNl, logits, None, Guard::Clamp)?, complementary)?;
/// assert!((to_host(loss)?[0] - 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn costs(
    loss: Loss,
    logits: Tensor<2>,
    transition: Option<Tensor<2>>,
    guard: Guard,
) -> Result<Tensor<2>, CoreError> {
    let minus_log = |share: Tensor<2>, edge: f64| match guard {
        Guard::Clamp => share.clamp(edge, 1.0 - edge).log().neg(),
        Guard::Add => share.add_scalar(1e-6).log().neg(),
    };
    let others = logits.dims()[1] as f64 - 1.0;
    let s = softmax(logits, 1);
    let not = |s: Tensor<2>| s.neg().add_scalar(1.0);
    Ok(match (loss, transition) {
        (Loss::SclNl, _) => minus_log(not(s), 1e-6),
        (Loss::SclExp, _) => s.exp(),
        (Loss::SclLin, _) => s,
        (Loss::Fwd, Some(transition)) => minus_log(s.matmul(transition), 1e-8),
        (Loss::Lw, _) => {
            let p = not(s);
            let log_q = match guard {
                Guard::Clamp => log_softmax(p.clone(), 1),
                Guard::Add => softmax(p.clone(), 1).add_scalar(1e-6).log(),
            };
            // Not `div_scalar`, whose gradient is rounded to f32.
            p.mul_scalar(1.0 / others).add_scalar(1.0) * log_q.neg()
        }
        (Loss::Fwd, None) => return Err(CoreError::Invalid("`fwd` needs the transition".into())),
        (Loss::UreGa, _) => return Err(CoreError::Invalid("`ure-ga` has no costs of single samples".into())),
    })
}

/// The batch mean of `sum_c targets_c costs_c`; rows without a target count in the mean.
///
/// # Shapes
/// - `costs`, `targets`: `[batch, classes]`; returns `[1]`
///
/// # Errors
/// Shapes that differ.
pub fn soft_mean(costs: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("soft_mean", &costs, &targets)?;
    Ok((costs * targets).sum_dim(1).mean())
}

/// As [`soft_mean`] with a weight for each class, over the sum of the weights (PyTorch's `nll_loss`).
///
/// # Shapes
/// - `costs`, `targets`: `[batch, classes]`; `weights`: one per class; returns `[1]`
///
/// # Errors
/// Shapes that differ.
pub fn class_weighted(costs: Tensor<2>, targets: Tensor<2>, weights: &[f64]) -> Result<Tensor<1>, CoreError> {
    same_shape("class_weighted", &costs, &targets)?;
    let weights = line(weights, [1, weights.len()], &targets);
    let weighted = targets * weights;
    Ok((costs * weighted.clone()).sum() / weighted.sum())
}

/// Whose sign decides over ascent in [`ure_ga`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The risk of each predicted class: the authors' code.
    Predicted,
    /// The risk of each complementary class: libcll.
    Complementary,
}

/// Unbiased risk estimator with gradient ascent, of labels whose wrong classes are equally likely.
///
/// Samples of complementary class c (`n_c` of them) have mean losses `N[c, k]` of class k, `-log s_k`. The risk is
/// `sum_c prior_c (sum_k N[c, k] - (C - 1) N[c, c])`. Its parts, added up along one of the two axes, would not be
/// negative if labels were many; where one is, the loss is minus the sum of the negative ones, so that
/// training climbs them. Classes that are nobody's complementary label have no part.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; `priors`: one per class; returns `[1]`
///
/// # Errors
/// Shapes that differ, or a device that failed to answer.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use intra_cluster_mixup::{Side, ure_ga};
/// use mixup_core::tensor::to_host;
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0], [0.0, 0.0]], &Device::flex());
/// let complementary = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
/// // Every class costs ln 2: two of them less one, for each prior.
/// let loss = ure_ga(logits, complementary, &[0.5, 0.5], Side::Complementary)?;
/// assert!((to_host(loss)?[0] - 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn ure_ga(
    logits: Tensor<2>,
    targets: Tensor<2>,
    priors: &[f64],
    side: Side,
) -> Result<Tensor<1>, CoreError> {
    same_shape("ure_ga", &logits, &targets)?;
    let classes = logits.dims()[1];
    if priors.len() != classes {
        return Err(CoreError::Invalid(format!("ure_ga: {} priors of {classes} classes", priors.len())));
    }
    let sizes = to_host(targets.clone().sum_dim(0))?;
    let scales: Vec<f64> =
        priors.iter().zip(&sizes).map(|(prior, &size)| if size > 0.0 { prior / size } else { 0.0 }).collect();
    let scales = line(&scales, [classes, 1], &targets);
    let diagonal: Vec<usize> = (0..classes).collect();
    let diagonal = one_hot(&diagonal, classes, (&targets.device(), targets.dtype()))?;
    let losses = targets.transpose().matmul(log_softmax(logits, 1).neg()) * scales;
    let own = losses.clone() * diagonal.mul_scalar(classes as f64 - 1.0);
    let axis = match side {
        Side::Predicted => 0,
        Side::Complementary => 1,
    };
    let risks = (losses - own).sum_dim(axis);
    let values = to_host(risks.clone())?;
    let climbs = match side {
        Side::Predicted => values.iter().any(|&risk| risk <= 0.0),
        Side::Complementary => values.iter().any(|&risk| risk < 0.0),
    };
    Ok(if climbs { relu(risks.neg()).sum() } else { risks.sum() })
}

/// Host values as a tensor like another.
fn line(values: &[f64], shape: [usize; 2], like: &Tensor<2>) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&like.device(), like.dtype()))
}

#[cfg(test)]
mod tests;
