//! Which pairs are hard enough to be learnt from.

use ndarray::ArrayView2;

use super::PairLabels;
use crate::{CoreError, checked::NonNegative};

/// Pairs that a miner kept, (anchor, entry), sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MinedPairs {
    /// Positives.
    pub positive: Vec<[usize; 2]>,
    /// Negatives.
    pub negative: Vec<[usize; 2]>,
}

/// The miner of multi-similarity (Wang et al. 2019): a positive is kept whose similarity less `epsilon` is below
/// that of the anchor's nearest negative, and a negative whose similarity plus `epsilon` is above that of the
/// anchor's farthest positive. An anchor without negatives keeps no positive, one without positives no negative.
///
/// # Shapes
/// - `similarities`: `[anchors, entries]`, as the labels, each 0, 1 or none
///
/// # Errors
/// Shapes that differ.
pub fn multi_similarity_miner(
    similarities: ArrayView2<'_, f64>,
    labels: &PairLabels,
    epsilon: NonNegative,
) -> Result<MinedPairs, CoreError> {
    if similarities.shape() != labels.dims() {
        let shape = similarities.shape();
        return Err(CoreError::Invalid(format!("similarities {shape:?} for labels {:?}", labels.dims())));
    }
    let epsilon = epsilon.get();
    let mut mined = MinedPairs::default();
    for (anchor, row) in similarities.rows().into_iter().enumerate() {
        let with = |label: f64| {
            row.iter().enumerate().filter(move |(entry, _)| labels.get(anchor, *entry) == Some(label))
        };
        let nearest = with(0.0).map(|(_, s)| *s).fold(f64::NEG_INFINITY, f64::max);
        let farthest = with(1.0).map(|(_, s)| *s).fold(f64::INFINITY, f64::min);
        mined
            .positive
            .extend(with(1.0).filter(|(_, s)| **s - epsilon < nearest).map(|(entry, _)| [anchor, entry]));
        mined
            .negative
            .extend(with(0.0).filter(|(_, s)| **s + epsilon > farthest).map(|(entry, _)| [anchor, entry]));
    }
    Ok(mined)
}

impl MinedPairs {
    /// `labels` with these pairs and no other.
    pub fn of(&self, labels: PairLabels) -> PairLabels {
        let [_, entries] = labels.dims();
        let mut kept = vec![false; labels.dims().iter().product()];
        for [anchor, entry] in self.positive.iter().chain(&self.negative) {
            kept[anchor * entries + entry] = true;
        }
        labels.only(|anchor, entry| kept[anchor * entries + entry])
    }
}
