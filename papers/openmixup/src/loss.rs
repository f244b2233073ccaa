//! What OpenMixup's heads compute beyond the cross-entropy of both labels: two-hot targets, and the accuracy of a mixed
//! batch by rank.

use burn::tensor::Tensor;
use mixup_core::CoreError;
use ndarray::{ArrayView1, ArrayView2};

/// How much a target of both labels is scaled down; 1 leaves a 2 where both are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoHot {
    /// Factor; below 1 targets are then at most 1.
    pub scale: f64,
}

/// Both labels as one target for binary cross-entropy.
///
/// # Shapes
/// - `own`, `partner`: `[batch, classes]`, one-hot
/// - returns the same
pub fn two_hot(own: Tensor<2>, partner: Tensor<2>, TwoHot { scale }: TwoHot) -> Tensor<2> {
    let both = own + partner;
    if scale < 1.0 { both.mul_scalar(scale).clamp_max(1.0) } else { both }
}

/// Accuracy of a mixed batch: the label with more weight counts where it is ranked first, the other where it is second. A
/// share from 0 to 1.
///
/// # Shapes
/// - `logits`: `[batch, classes]`, of two classes at least; `own`, `partner`: classes
///
/// # Errors
/// Other numbers of labels than rows, no row, or a single class.
pub fn ranked_accuracy(
    logits: ArrayView2<'_, f64>,
    own: &[usize],
    partner: &[usize],
    lambda: f64,
) -> Result<f64, CoreError> {
    let (rows, classes) = logits.dim();
    if rows == 0 || classes < 2 || [own.len(), partner.len()] != [rows; 2] {
        let labels = [own.len(), partner.len()];
        return Err(CoreError::Invalid(format!("labels {labels:?} for logits {:?}", logits.dim())));
    }
    let (major, minor, weight) =
        if lambda > 0.5 { (own, partner, lambda) } else { (partner, own, 1.0 - lambda) };
    let ranks: Vec<[usize; 2]> = logits.outer_iter().map(first_two).collect();
    let share = |labels: &[usize], rank: usize| {
        let right = ranks.iter().zip(labels).filter(|(ranks, label)| ranks[rank] == **label);
        right.count() as f64 / rows as f64
    };
    Ok(weight * share(major, 0) + (1.0 - weight) * share(minor, 1))
}

fn first_two(logits: ArrayView1<'_, f64>) -> [usize; 2] {
    let largest = |but: Option<usize>| {
        let others = logits.iter().enumerate().filter(|(class, _)| Some(*class) != but);
        others
            .fold(
                (0, f64::NEG_INFINITY),
                |best, (class, &logit)| if logit > best.1 { (class, logit) } else { best },
            )
            .0
    };
    let first = largest(None);
    [first, largest(Some(first))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn the_smaller_share_counts_where_it_is_second() {
        let logits = array![[3.0, 2.0, 1.0], [0.0, 5.0, 4.0]];
        let accuracy = |own: &[usize], partner: &[usize], lambda| {
            ranked_accuracy(logits.view(), own, partner, lambda).unwrap()
        };
        assert!((accuracy(&[0, 1], &[1, 0], 0.7) - (0.7 + 0.3 * 0.5)).abs() < 1e-12);
        // At one half the partner is the one with more weight.
        assert_eq!(accuracy(&[1, 2], &[0, 1], 0.5), 1.0);
        assert!(ranked_accuracy(logits.view(), &[0], &[0, 1], 0.5).is_err());
    }

    proptest! {
        #[test]
        fn names_of_own_and_partner_do_not_matter(
            logits in prop::array::uniform8(-3.0f64..3.0), labels in prop::array::uniform4(0usize..4), lambda in 0.51f64..1.0,
        ) {
            let logits = ndarray::Array2::from_shape_vec((2, 4), logits.to_vec()).unwrap();
            let (own, partner) = (&labels[..2], &labels[2..]);
            let accuracy = ranked_accuracy(logits.view(), own, partner, lambda).unwrap();
            let swapped = ranked_accuracy(logits.view(), partner, own, 1.0 - lambda).unwrap();
            prop_assert!((accuracy - swapped).abs() < 1e-12);
        }
    }
}
