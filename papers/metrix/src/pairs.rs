//! Which labelled pairs of an anchor are mixed, and how similar the anchor is to their mixtures.

use burn::tensor::{DType, Int, Tensor, TensorData};
use mixup_core::{CoreError, loss::metric::PairLabels};
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

/// The mixed entries of each anchor, by the points that they are mixed of. Anchors with fewer entries than others
/// have unused places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedSets {
    anchors: usize,
    width: usize,
    /// (anchor, first, second) of each place, row by row; points, by row.
    places: Vec<[usize; 3]>,
    used: Vec<bool>,
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
        MixedSets::new(samples.iter().map(|anchor| (anchor.row, self.of(*anchor, &samples))).collect())
    }

    /// The pairs of proxies of some classes. Rows are those of similarities between all of these points: first
    /// the proxies, then the samples.
    pub fn of_proxies(self, proxies: &[usize], classes: &[usize]) -> MixedSets {
        let samples = points(classes, proxies.len());
        let anchors = points(proxies, 0).into_iter();
        MixedSets::new(anchors.map(|anchor| (anchor.row, self.of(anchor, &samples))).collect())
    }
}

fn points(classes: &[usize], first: usize) -> Vec<Point> {
    (first..).zip(classes).map(|(row, class)| Point { row, class: *class }).collect()
}

impl MixedSets {
    fn new(sets: Vec<(usize, Vec<[usize; 2]>)>) -> Self {
        // A place at least, for no tensor is empty.
        let width = sets.iter().map(|(_, pairs)| pairs.len()).max().unwrap_or(0).max(1);
        let (mut places, mut used) = (Vec::new(), Vec::new());
        for (anchor, pairs) in &sets {
            places.extend(pairs.iter().map(|[first, second]| [*anchor, *first, *second]));
            places.extend(std::iter::repeat_n([*anchor; 3], width - pairs.len()));
            used.extend((0..width).map(|place| place < pairs.len()));
        }
        Self { anchors: sets.len(), width, places, used }
    }

    /// Number of entries of each anchor.
    pub fn sizes(&self) -> Vec<usize> {
        self.used.chunks(self.width).map(|row| row.iter().filter(|used| **used).count()).collect()
    }

    /// Whether no anchor has any.
    pub fn is_empty(&self) -> bool {
        !self.used.contains(&true)
    }

    /// Whether each place, row by row, is an entry.
    pub fn used(&self) -> &[bool] {
        &self.used
    }

    /// One label for all entries.
    ///
    /// # Errors
    /// A label that is not from 0 to 1.
    pub fn labels(&self, label: f64) -> Result<PairLabels, CoreError> {
        let width = self.width;
        PairLabels::uniform([self.anchors, width], label, |anchor, place| self.used[anchor * width + place])
    }

    /// Similarity of anchors to mixtures `v = lambda u + (1 - lambda) w` of points of length 1, without building
    /// one of them:
    ///
    /// ```text
    /// s(a, v) = (lambda s(a, u) + (1 - lambda) s(a, w)) / |v|,
    /// |v|^2   = lambda^2 + (1 - lambda)^2 + 2 lambda (1 - lambda) s(u, w)
    /// ```
    ///
    /// Memory is a number for each entry, whatever the dimension: with P positives of an anchor in a batch of B
    /// it is P B^2. Gradients flow into all three similarities.
    ///
    /// # Shapes
    /// - `similarities`: `[points, points]`, cosines
    /// - returns `[anchors, places]`
    ///
    /// # Errors
    /// A point that is no row.
    pub fn similarities(
        &self,
        similarities: &Tensor<2>,
        lambda: f64,
        length: Length,
    ) -> Result<Tensor<2>, CoreError> {
        let [points, columns] = similarities.dims();
        if points != columns || self.places.iter().flatten().any(|point| *point >= points) {
            let dims = similarities.dims();
            return Err(CoreError::Invalid(format!(
                "pairs of points that similarities {dims:?} do not have"
            )));
        }
        let flat: Tensor<1> = similarities.clone().reshape([points * points]);
        let between = |one: usize, other: usize| -> Tensor<2> {
            let index = self.places.iter().map(|place| (place[one] * points + place[other]) as i64).collect();
            let index = TensorData::new::<i64, _>(index, [self.places.len()]);
            let index = Tensor::<1, Int>::from_data(index, &flat.device());
            flat.clone().select(0, index).reshape([self.anchors, self.width])
        };
        let (first, second) = (between(0, 1), between(0, 2));
        let product = first.mul_scalar(lambda) + second.mul_scalar(1.0 - lambda);
        Ok(match length {
            Length::AsMixed => product,
            Length::One => {
                let both = between(1, 2).mul_scalar(2.0 * lambda * (1.0 - lambda));
                let squares = both.add_scalar(lambda.powi(2) + (1.0 - lambda).powi(2));
                // Opposite points have a mixture of length 0, to which rounding gives a direction.
                let least = SHORTEST * rounding(similarities.dtype());
                product / squares.clamp_min(least).sqrt()
            }
        })
    }
}

/// What becomes of the length of a mixed embedding, which is shorter than what it is mixed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// It is put back to 1, as the distances of the official code's library do.
    One,
    /// It stays.
    AsMixed,
}

/// Roundings that the squared length of a mixture of opposite points may be off by.
const SHORTEST: f64 = 16.0;

fn rounding(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

#[cfg(test)]
mod tests;
