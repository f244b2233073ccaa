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

/// A point whose class is known: a sample, or a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its row in the matrix of similarities.
    pub row: usize,
    /// Its class.
    pub class: usize,
}

impl Pairs {
    /// The pairs of one anchor among samples, in the order of the golden vectors.
    pub fn of(self, anchor: Point, samples: &[Point]) -> Vec<[usize; 2]> {
        let others = |own: bool| {
            let of_side =
                move |sample: &&Point| (sample.class == anchor.class) == own && sample.row != anchor.row;
            samples.iter().filter(of_side).map(|sample| sample.row).collect::<Vec<_>>()
        };
        let (positives, negatives) = (others(true), others(false));
        let each = |firsts: &[usize]| -> Vec<[usize; 2]> {
            firsts.iter().flat_map(|first| negatives.iter().map(move |second| [*first, *second])).collect()
        };
        let two = |points: &[usize]| -> Vec<[usize; 2]> {
            (0..points.len()).flat_map(|i| points[i + 1..].iter().map(move |j| [points[i], *j])).collect()
        };
        match self {
            Self::PositiveNegative => each(&positives),
            Self::AnchorNegative => each(&[anchor.row]),
            Self::PositivePositive => two(&positives),
            Self::NegativeNegative => two(&negatives),
            Self::OfficialPositiveNegative => match positives.first() {
                Some(first) => each(&vec![*first; positives.len()]),
                None => Vec::new(),
            },
            Self::OfficialAnchorNegative if positives.is_empty() => each(&[anchor.row]),
            Self::OfficialAnchorNegative => Vec::new(),
        }
    }

    /// The label of a mixture in which the first of a pair has the share `lambda`.
    pub fn label(self, lambda: f64) -> f64 {
        match self {
            Self::PositivePositive => 1.0,
            Self::NegativeNegative => 0.0,
            _ => lambda,
        }
    }

    /// The pairs of every sample of a batch.
    pub fn of_batch(self, classes: &[usize]) -> MixedSets {
        let samples = points(classes, 0);
        self.sets(&samples, &samples)
    }

    /// The pairs of proxies of some classes. Rows are those of similarities between all of these points: first
    /// the proxies, then the samples.
    pub fn of_proxies(self, proxies: &[usize], classes: &[usize]) -> MixedSets {
        let samples = points(classes, proxies.len());
        self.sets(&points(proxies, 0), &samples)
    }

    fn sets(self, anchors: &[Point], samples: &[Point]) -> MixedSets {
        let sets: Vec<_> = anchors.iter().map(|anchor| (anchor.row, self.of(*anchor, samples))).collect();
        MixedSets::new(&sets)
    }
}

fn points(classes: &[usize], first: usize) -> Vec<Point> {
    (first..).zip(classes).map(|(row, class)| Point { row, class: *class }).collect()
}

#[cfg(test)]
mod tests;
