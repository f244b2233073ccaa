//! The decoupled regulariser of softmax cross-entropy.

use burn::tensor::Tensor;
use mixup_core::CoreError;
use mixup_core::loss::soft_cross_entropy;
use mixup_core::mix::MixedLabels;
use mixup_core::tensor::{column, same_shape};

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
    let hits = labels.hits();
    let term = |own: &Tensor<2>| {
        // The own class stays, whatever else is mixed in: its softmax is over what is left.
        let removed = (hits.clone() * own.clone().neg().add_scalar(1.0)).greater_scalar(0.5);
        let left = logits.clone().mask_fill(removed, f64::NEG_INFINITY);
        // The largest that is left, and not the largest of all: where a removed class has by far the highest
        // logit, every exponential would underflow.
        let largest = left.clone().detach().max_dim(1);
        let own_logit = (logits.clone() * own.clone()).sum_dim(1) - largest.clone();
        (left - largest).exp().sum_dim(1).log() - own_logit
    };
    Ok(labels.points().iter().map(term).collect())
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
    let (points, batch) = (labels.points().len(), logits.dims()[0]);
    if etas.len() != points || etas.iter().any(|of| of.len() != batch) {
        return Err(CoreError::Invalid(format!(
            "{} weights for {points} points of {batch} rows",
            etas.len()
        )));
    }
    let weighted = decoupled_terms(logits, labels)?.into_iter().zip(etas);
    let weighted = weighted.map(|(term, etas)| term.clone() * column(etas, &term));
    let distinct = labels.distinct();
    Ok(weighted.fold(distinct.zeros_like(), |sum, term| sum + term) * distinct)
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
/// class is the higher one, the two weights of a pair are swapped, in every row. All are 0 where it has no term: equal
/// shares (lambda 1/2), a share of at most `floor`, or no row of different classes.
///
/// # Shapes
/// - `etas`: one for each point
/// - returns for each point its weight in every row, `[batch]`, as [`decoupled_rows`] takes them
///
/// # Errors
/// Shares that differ from row to row, which the official loss does not have, and weights of another number of points.
pub fn official_etas(labels: &MixedLabels, etas: &[f64], floor: f64) -> Result<Vec<Vec<f64>>, CoreError> {
    let shares = labels.batch_shares().filter(|shares| shares.len() == etas.len());
    let message = "the official pairing has one lambda for a batch, a weight per point; use `pairing: class`";
    let shares = shares.ok_or_else(|| CoreError::Invalid(message.into()))?;
    let applies = shares.iter().all(|&share| share > floor.max(FLOOR)) && all_differ(&shares);
    let classes = labels.classes()?;
    let read = classes.iter().find(|row| applies && all_differ(row));
    let rank = |row: &[usize], place: usize| row.iter().filter(|&&class| class < row[place]).count();
    let weight = |place| read.map_or(0.0, |row| etas[rank(row, place)]);
    Ok((0..etas.len()).map(|place| vec![weight(place); classes.len()]).collect())
}

fn all_differ<T: PartialEq>(values: &[T]) -> bool {
    (1..values.len()).all(|place| !values[..place].contains(&values[place]))
}

#[cfg(test)]
mod tests;
