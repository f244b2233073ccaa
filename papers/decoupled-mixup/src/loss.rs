//! The decoupled regulariser of softmax cross-entropy.

use burn::tensor::Tensor;
use mixup_core::{CoreError, loss::soft_cross_entropy, tensor::same_shape};

use crate::labels::{MixedLabels, column, sum};

/// How well each mixed class is found when the other mixed classes are out of the softmax: of point `i` with
/// class `a`, `logsumexp_{c not mixed, or c = a} z_c - z_a`. No gradient is stopped, and lambda has no say.
///
/// With two classes in all it is 0: nothing is left to compete with. A row in which two points are of one class has
/// finite terms that mean nothing; [`MixedLabels::distinct`] tells them.
///
/// # Shapes
/// - `logits`: `[batch, classes]`
/// - returns a column `[batch, 1]` for each point, in nats
///
/// # Errors
/// Shapes that do not agree.
pub fn decoupled_terms(logits: &Tensor<2>, labels: &MixedLabels) -> Result<Vec<Tensor<2>>, CoreError> {
    same_shape("decoupled_terms", logits, &labels.points()[0])?;
    let term = |(place, own): (usize, &Tensor<2>)| {
        let others = labels.points().iter().enumerate().filter(|(other, _)| *other != place);
        let others = sum(others.map(|(_, other)| other.clone())).unwrap_or_else(|| own.zeros_like());
        // The own class stays, whatever else is mixed in: its softmax is over what is left.
        let removed = (others * own.clone().neg().add_scalar(1.0)).greater_scalar(0.5);
        let left = logits.clone().mask_fill(removed, f64::NEG_INFINITY);
        // The largest that is left, and not the largest of all: where a removed class has by far the highest
        // logit, every exponential would underflow.
        let largest = left.clone().detach().max_dim(1);
        let own_logit = (logits.clone() * own.clone()).sum_dim(1) - largest.clone();
        (left - largest).exp().sum_dim(1).log() - own_logit
    };
    Ok(labels.points().iter().enumerate().map(term).collect())
}

/// The regulariser of every row: the [`decoupled_terms`], each with its weight; 0 for a row in which two points
/// are of one class.
///
/// # Shapes
/// - `logits`: `[batch, classes]`
/// - `etas`: for each point its weight in every row, `[batch]`
/// - returns `[batch, 1]`
///
/// # Errors
/// Shapes that do not agree.
pub fn decoupled_rows(
    logits: &Tensor<2>,
    labels: &MixedLabels,
    etas: &[Vec<f64>],
) -> Result<Tensor<2>, CoreError> {
    let batch = logits.dims()[0];
    if etas.len() != labels.points().len() || etas.iter().any(|of| of.len() != batch) {
        return Err(CoreError::Invalid(format!(
            "weights of {} terms for {} points of {batch} rows",
            etas.len(),
            labels.points().len()
        )));
    }
    let terms = decoupled_terms(logits, labels)?;
    let weighted = terms.into_iter().zip(etas).map(|(term, etas)| term.clone() * column(etas, &term));
    let all = sum(weighted).unwrap_or_else(|| logits.zeros_like().sum_dim(1));
    Ok(all * labels.distinct())
}

/// Cross-entropy of mixed labels with the decoupled regulariser, the batch mean.
///
/// # Shapes
/// - as [`decoupled_rows`]; returns `[1]`, in nats
///
/// # Errors
/// As [`decoupled_rows`].
pub fn decoupled_cross_entropy(
    logits: Tensor<2>,
    labels: &MixedLabels,
    etas: &[Vec<f64>],
) -> Result<Tensor<1>, CoreError> {
    let regulariser = decoupled_rows(&logits, labels, etas)?.mean();
    Ok(soft_cross_entropy(logits, labels.soft())? + regulariser)
}

/// Shares up to this do not count in the official loss, which finds the mixed classes in soft labels.
pub const FLOOR: f64 = 1e-3;

/// The weights as the official loss applies them, for the whole batch. It reads the shares of the first row whose classes
/// all differ **in the order of the classes**, and gives the first weight to the first of these shares: where the own
/// class is the higher one, the two weights of a pair are swapped, in every row. `None` where it applies none: equal
/// shares (lambda 1/2), a share of at most `floor`, or no row of different classes.
///
/// # Shapes
/// - `classes`: for each row those of all points
/// - `shares`, `etas`: one per point, for the whole batch
///
/// # Errors
/// Lists that do not agree.
pub fn official_order(
    classes: &[Vec<usize>],
    shares: &[f64],
    etas: &[f64],
    floor: f64,
) -> Result<Option<Vec<f64>>, CoreError> {
    let points = shares.len();
    if etas.len() != points || classes.iter().any(|row| row.len() != points) {
        return Err(CoreError::Invalid(format!("{} weights for {points} points", etas.len())));
    }
    let differ = |values: &[f64]| (1..points).all(|place| !values[..place].contains(&values[place]));
    if shares.iter().any(|&share| share <= floor.max(FLOOR)) || !differ(shares) {
        return Ok(None);
    }
    let distinct = |row: &&Vec<usize>| (1..points).all(|place| !row[..place].contains(&row[place]));
    Ok(classes.iter().find(distinct).map(|row| {
        let rank = |class: &usize| row.iter().filter(|other| *other < class).count();
        row.iter().map(|class| etas[rank(class)]).collect()
    }))
}

#[cfg(test)]
mod tests;
