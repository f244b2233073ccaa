//! Reliability bins: how often predictions of a given confidence come true.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

/// Which of its two edges belongs to a bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closed {
    /// `(lower, upper]`: a value on the lowest edge is in no bin. Guo et al.'s rule, also that of
    /// MbLS and RankMixup.
    #[default]
    Upper,
    /// `[lower, upper)`, the last bin closed: numpy's rule, also that of netcal.
    Lower,
}

/// Samples whose confidence is between two edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge.
    pub lower: f64,
    /// Upper edge.
    pub upper: f64,
    /// Number of samples.
    pub count: usize,
    /// Mean confidence; 0 in an empty bin.
    pub confidence: f64,
    /// Share of predictions that came true; 0 in an empty bin.
    pub accuracy: f64,
}

impl Bin {
    /// Confidence minus accuracy: above 0 over-confident, below 0 under-confident.
    pub fn gap(&self) -> f64 {
        self.confidence - self.accuracy
    }
}

/// `bins + 1` edges of bins of equal width from 0 to 1.
pub fn equal_width(bins: NonZeroUsize) -> Vec<f64> {
    (0..=bins.get()).map(|edge| edge as f64 / bins.get() as f64).collect()
}

/// `bins + 1` edges of bins of equal mass: the sorted confidences, linearly interpolated at the
/// positions `k samples / bins` of the index axis `0 ... samples - 1`; positions past its end give
/// the largest. (`np.interp(np.linspace(0, n, bins + 1), np.arange(n), np.sort(confidences))`.)
///
/// Where `bins` divides the number of samples, edges are confidences. Without confidences there
/// are no edges.
pub fn equal_mass(confidences: &[f64], bins: NonZeroUsize) -> Vec<f64> {
    let mut sorted = confidences.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(&largest) = sorted.last() else { return Vec::new() };
    let step = sorted.len() as f64 / bins.get() as f64;
    let at = |edge: usize| {
        let position = edge as f64 * step;
        match sorted.get(position as usize..position as usize + 2) {
            Some([low, high]) => (high - low) * position.fract() + low,
            _ => largest,
        }
    };
    (0..=bins.get()).map(at).collect()
}

/// Edges from 0 to 1 of bins with equally many confidences, give or take one: each inner edge is halfway
/// between the largest confidence of one bin and the smallest of the next. Fewer bins where confidences
/// are fewer, or where one of them fills several bins. (`get_equal_bins` of the code of Kumar et al.
/// 2019.)
pub fn equal_count(confidences: &[f64], bins: NonZeroUsize) -> Vec<f64> {
    let mut sorted = confidences.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bins = bins.get().min(sorted.len()).max(1);
    let (each, larger) = (sorted.len() / bins, sorted.len() % bins);
    let starts = (1..bins).map(|bin| bin * each + bin.min(larger));
    let between = starts.map(|start| f64::midpoint(sorted[start - 1], sorted[start]));
    let mut edges: Vec<f64> = [0.0].into_iter().chain(between).chain([1.0]).collect();
    edges.dedup();
    edges
}

/// The bins between consecutive `edges`, which ascend, of samples given as confidence and whether
/// the prediction came true. Samples outside of all bins are left out.
pub fn reliability(
    samples: impl IntoIterator<Item = (f64, bool)>,
    edges: &[f64],
    closed: Closed,
) -> Vec<Bin> {
    let empty =
        |pair: &[f64]| Bin { lower: pair[0], upper: pair[1], count: 0, confidence: 0.0, accuracy: 0.0 };
    let mut bins: Vec<Bin> = edges.windows(2).map(empty).collect();
    for (confidence, hit) in samples {
        if let Some(bin) = place(confidence, edges, closed).and_then(|index| bins.get_mut(index)) {
            bin.count += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(hit);
        }
    }
    for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
        bin.confidence /= bin.count as f64;
        bin.accuracy /= bin.count as f64;
    }
    bins
}

/// The bin of a value. Values above the last edge get an index past the last bin.
fn place(value: f64, edges: &[f64], closed: Closed) -> Option<usize> {
    match closed {
        Closed::Upper => edges.partition_point(|edge| *edge < value).checked_sub(1),
        Closed::Lower if edges.last() == Some(&value) => edges.len().checked_sub(2),
        Closed::Lower => edges.partition_point(|edge| *edge <= value).checked_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn counts(values: &[f64], edges: &[f64], closed: Closed) -> Vec<usize> {
        let samples = values.iter().map(|value| (*value, true));
        reliability(samples, edges, closed).iter().map(|bin| bin.count).collect()
    }

    #[test]
    fn an_edge_belongs_to_one_side() {
        let (values, edges) = ([0.0, 0.25, 0.5, 1.0], equal_width(bins(4)));
        assert_eq!(counts(&values, &edges, Closed::Upper), [1, 1, 0, 1]);
        assert_eq!(counts(&values, &edges, Closed::Lower), [1, 1, 1, 1]);
    }

    #[test]
    fn values_beyond_the_edges_are_left_out() {
        for closed in [Closed::Upper, Closed::Lower] {
            assert_eq!(counts(&[0.1, 0.45, 0.9], &[0.4, 0.5, 0.6], closed), [1, 0]);
        }
    }

    #[test]
    fn means_per_bin() {
        let bins = reliability([(0.6, true), (0.8, false), (0.2, true)], &[0.0, 0.5, 1.0], Closed::Upper);
        assert_eq!((bins[0].count, bins[0].confidence, bins[0].accuracy), (1, 0.2, 1.0));
        assert_eq!((bins[1].count, bins[1].accuracy), (2, 0.5));
        assert!((bins[1].gap() - 0.2).abs() < 1e-12);
    }

    #[test]
    fn edges_of_equal_mass_are_confidences_where_the_bins_divide_them() {
        let edges = equal_mass(&[0.4, 0.1, 0.2, 0.3], bins(2));
        assert_eq!(edges, [0.1, 0.3, 0.4]);
        assert_eq!(counts(&[0.4, 0.1, 0.2, 0.3], &edges, Closed::Upper), [2, 1]);
        assert_eq!(equal_mass(&[0.7], bins(2)), [0.7; 3]);
        // Positions 0, 2/3, 4/3, 2 of two values.
        let edges = equal_mass(&[0.0, 0.6], bins(3));
        assert!((edges[1] - 0.4).abs() < 1e-15);
        assert_eq!(edges[2..], [0.6, 0.6]);
    }

    #[test]
    fn bins_of_equal_count_differ_by_one_at_most_and_keep_ties_together() {
        let values = [0.5, 0.1, 0.3, 0.2, 0.4, 0.7, 0.6];
        let edges = equal_count(&values, bins(3));
        assert_eq!(counts(&values, &edges, Closed::Upper), [3, 2, 2]);
        assert_eq!(edges, [0.0, f64::midpoint(0.3, 0.4), f64::midpoint(0.5, 0.6), 1.0]);
        assert_eq!(counts(&[0.2, 0.6], &equal_count(&[0.2, 0.6], bins(5)), Closed::Upper), [1, 1]);
        let tied = [0.2, 0.9, 0.9, 0.9, 0.9, 1.0, 1.0, 1.0];
        assert_eq!(counts(&tied, &equal_count(&tied, bins(4)), Closed::Upper), [5, 3]);
        assert_eq!(equal_count(&[], bins(4)), [0.0, 1.0]);
    }
}
