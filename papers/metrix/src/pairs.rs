//! Which labelled pairs of an anchor are mixed.

use mixup_core::loss::metric::MixedSets;
use serde::{Deserialize, Serialize};

/// A choice of pairs to mix, `M(a)`: a subset of `U(a) x U(a)`, where `U(a)` are the positives of an anchor with
/// label 1 and its negatives with label 0. Lambda is the share of the first of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// Each positive with each negative; a mixture has the label lambda.
    PositiveNegative,
    /// The anchor itself with each negative; the label is lambda.
    AnchorNegative,
    /// Each two positives; the label is 1.
    PositivePositive,
    /// Each two negatives, as many as the square of the negatives; the label is 0.
    NegativeNegative,
    /// The official code's positive-negative pairs: for each positive of an anchor all of its negatives, but always
    /// mixed with its first positive.
    OfficialPositiveNegative,
    /// The official code's anchor-negative pairs: only of anchors without a positive in the batch. In
    /// class-balanced batches there are none.
    OfficialAnchorNegative,
}

/// The points that a loss compares, by the rows of their similarities: first some proxies, then the samples of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    classes: Vec<usize>,
    proxies: usize,
}

impl Points {
    /// The samples of a batch, which are the anchors.
    pub fn of_batch(classes: &[usize]) -> Self {
        Self { classes: classes.to_vec(), proxies: 0 }
    }

    /// Proxies of some classes, which are the anchors, and the samples of a batch.
    pub fn with_proxies(proxies: &[usize], classes: &[usize]) -> Self {
        Self { classes: [proxies, classes].concat(), proxies: proxies.len() }
    }

    /// Rows of the anchors.
    pub fn anchors(&self) -> std::ops::Range<usize> {
        0..if self.proxies > 0 { self.proxies } else { self.classes.len() }
    }

    /// Whether a point is a positive, or a negative, of an anchor; a proxy is neither, nor is the anchor.
    fn is(&self, own: bool, anchor: usize, point: usize) -> bool {
        point >= self.proxies && point != anchor && (self.classes[point] == self.classes[anchor]) == own
    }

    fn side(&self, own: bool, anchor: usize) -> Vec<usize> {
        (0..self.classes.len()).filter(|point| self.is(own, anchor, *point)).collect()
    }
}

impl Pairs {
    /// The first points of an anchor's pairs.
    fn firsts(self, anchor: usize, points: &Points) -> Vec<usize> {
        let positives = || points.side(true, anchor);
        match self {
            Self::PositiveNegative | Self::PositivePositive => positives(),
            Self::AnchorNegative => vec![anchor],
            Self::NegativeNegative => points.side(false, anchor),
            Self::OfficialPositiveNegative => {
                let positives = positives();
                positives.first().map_or(Vec::new(), |first| vec![*first; positives.len()])
            }
            Self::OfficialAnchorNegative if positives().is_empty() => vec![anchor],
            Self::OfficialAnchorNegative => Vec::new(),
        }
    }

    /// Whether an anchor's pairs have one of a first with a second point.
    fn mixes(self, anchor: usize, first: usize, second: usize, points: &Points) -> bool {
        match self {
            Self::PositivePositive => second > first && points.is(true, anchor, second),
            Self::NegativeNegative => second > first && points.is(false, anchor, second),
            _ => points.is(false, anchor, second),
        }
    }

    /// The pairs of one anchor, in the order of the golden vectors.
    pub fn of(self, anchor: usize, points: &Points) -> Vec<[usize; 2]> {
        let with = |first: usize| {
            let seconds =
                (0..points.classes.len()).filter(move |second| self.mixes(anchor, first, *second, points));
            seconds.map(move |second| [first, second])
        };
        self.firsts(anchor, points).into_iter().flat_map(with).collect()
    }

    /// The pairs of all anchors.
    pub fn sets(self, points: &Points) -> MixedSets {
        let sets: Vec<(usize, Vec<usize>)> =
            points.anchors().map(|anchor| (anchor, self.firsts(anchor, points))).collect();
        MixedSets::new(points.classes.len(), &sets, |anchor, first, second| {
            self.mixes(anchor, first, second, points)
        })
    }

    /// The label of a mixture in which the first of a pair has the share `lambda`.
    pub fn label(self, lambda: f64) -> f64 {
        match self {
            Self::PositivePositive => 1.0,
            Self::NegativeNegative => 0.0,
            _ => lambda,
        }
    }
}

#[cfg(test)]
mod tests;
