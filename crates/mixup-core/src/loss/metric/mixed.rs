//! Mixtures of embeddings that are compared with anchors and never built.

use burn::tensor::{Int, Tensor, TensorData};

use super::PairLabels;
use super::distance::rounding;
use crate::CoreError;

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

impl MixedSets {
    /// Sets from (anchor, pairs of the points to be mixed), all points by their row in a matrix of similarities.
    pub fn new(sets: &[(usize, Vec<[usize; 2]>)]) -> Self {
        // A place at least, for no tensor is empty.
        let width = sets.iter().map(|(_, pairs)| pairs.len()).max().unwrap_or(0).max(1);
        let (mut places, mut used) = (Vec::new(), Vec::new());
        for (anchor, pairs) in sets {
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

    /// (anchor, first, second) of each place, row by row, unused ones included.
    pub fn places(&self) -> &[[usize; 3]] {
        &self.places
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
