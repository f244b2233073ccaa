//! Mixtures of embeddings that are compared with anchors and never built.

use burn::tensor::Tensor;

use super::PairLabels;
use super::distance::rounding;
use crate::CoreError;
use crate::tensor::select_rows;

/// The mixed entries of each anchor, by the points that they are mixed of: each of some first points with some of all
/// points. Anchors with fewer first points than others have unused places, and so have those with fewer partners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedSets {
    points: usize,
    anchors: usize,
    /// (anchor, first) of each row of places, equally many for each anchor; points, by row.
    rows: Vec<[usize; 2]>,
    /// Whether each place is an entry: for each row a place for every point.
    used: Vec<bool>,
}

impl MixedSets {
    /// Sets of (anchor, first points), where `mixes` says of an anchor, a first point and any point whether the two are
    /// mixed for it. Points are rows of a matrix of similarities.
    pub fn new(
        points: usize,
        sets: &[(usize, Vec<usize>)],
        mixes: impl Fn(usize, usize, usize) -> bool,
    ) -> Self {
        // A row at least, for no tensor is empty.
        let height = sets.iter().map(|(_, firsts)| firsts.len()).max().unwrap_or(0).max(1);
        let (mut rows, mut used) = (Vec::with_capacity(sets.len() * height), Vec::new());
        used.reserve_exact(sets.len() * height * points);
        for (anchor, firsts) in sets {
            for first in firsts {
                rows.push([*anchor, *first]);
                used.extend((0..points).map(|second| mixes(*anchor, *first, second)));
            }
            let unused = height - firsts.len();
            rows.extend(std::iter::repeat_n([*anchor; 2], unused));
            used.extend(std::iter::repeat_n(false, unused * points));
        }
        Self { points, anchors: sets.len(), rows, used }
    }

    /// Places of each anchor.
    fn width(&self) -> usize {
        self.used.len().checked_div(self.anchors).unwrap_or(0)
    }

    /// Number of entries of each anchor.
    pub fn sizes(&self) -> Vec<usize> {
        let count = |row: &[bool]| row.iter().filter(|used| **used).count();
        self.used.chunks(self.width().max(1)).map(count).collect()
    }

    /// Whether no anchor has any.
    pub fn is_empty(&self) -> bool {
        !self.used.contains(&true)
    }

    /// (anchor, first, second) of each place, row by row, unused ones included.
    pub fn places(&self) -> impl Iterator<Item = [usize; 3]> {
        self.rows
            .iter()
            .flat_map(|[anchor, first]| (0..self.points).map(move |second| [*anchor, *first, second]))
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
        PairLabels::uniform(self.anchors, label, self.used.clone())
    }

    /// Similarity of anchors to mixtures `v = lambda u + (1 - lambda) w` of points of length 1, without building
    /// one of them:
    ///
    /// ```text
    /// s(a, v) = (lambda s(a, u) + (1 - lambda) s(a, w)) / |v|,
    /// |v|^2   = lambda^2 + (1 - lambda)^2 + 2 lambda (1 - lambda) s(u, w)
    /// ```
    ///
    /// The lengths are those of pairs of points, whatever the anchor. Memory is a number for each place, whatever the
    /// dimension: with P first points of each anchor in a batch of B it is P B^2. Gradients flow into all three
    /// similarities.
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
        let dims = similarities.dims();
        if dims != [self.points; 2] {
            return Err(CoreError::Invalid(format!("similarities {dims:?} of {} points", self.points)));
        }
        let of = |place: usize| -> Vec<usize> { self.rows.iter().map(|row| row[place]).collect() };
        let (anchors, firsts) = (of(0), of(1));
        let flat = similarities.clone().reshape([self.points * self.points, 1]);
        let places: Vec<usize> =
            self.rows.iter().map(|[anchor, first]| anchor * self.points + first).collect();
        let first = select_rows(flat, &places)?.mul_scalar(lambda);
        let second = select_rows(similarities.clone().mul_scalar(1.0 - lambda), &anchors)?;
        let products = first + second;
        let mixed = match length {
            Length::AsMixed => products,
            Length::One => {
                let both = similarities.clone().mul_scalar(2.0 * lambda * (1.0 - lambda));
                let squares = both.add_scalar(lambda.powi(2) + (1.0 - lambda).powi(2));
                // Opposite points have a mixture of length 0, to which rounding gives a direction.
                let least = SHORTEST * rounding(similarities.dtype());
                products * select_rows(squares.clamp_min(least).sqrt().recip(), &firsts)?
            }
        };
        Ok(mixed.reshape([self.anchors, self.width()]))
    }
}

/// What becomes of the length of a mixed embedding, which is shorter than what it is mixed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// It is put back to 1, as the distances of Metrix's official code do.
    One,
    /// It stays.
    AsMixed,
}

/// Roundings that the squared length of a mixture of opposite points may be off by.
const SHORTEST: f64 = 16.0;
