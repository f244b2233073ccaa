//! Expected calibration error and its relatives. All are shares, not percentages.

use std::num::NonZeroUsize;

use super::classification::Predictions;
use super::reliability::{Bin, Closed, equal_mass, equal_width, reliability};

/// Top-label expected calibration error (Guo et al. 2017, eq. 3): over bins of equal width, the mean
/// of `|confidence - accuracy|` weighted with the share of the samples.
pub fn ece(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    weighted(&top_label(predictions, bins), predictions, |bin| bin.gap().abs())
}

/// Adaptive ECE: as [`ece`], over bins of equal mass ([`equal_mass`]).
///
/// The smallest confidence, and all that equal it, are in no bin, but count as samples: the rule of
/// the code of MbLS and RankMixup.
pub fn adaptive_ece(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    let edges = equal_mass(&predictions.confidences(), bins);
    weighted(&reliability(samples(predictions), &edges, Closed::Upper), predictions, |bin| bin.gap().abs())
}

/// Classwise ECE: the ECE of each class's probability against whether the sample has that class,
/// averaged over the classes from 0 to the largest that occurs among the labels.
pub fn classwise_ece(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    let classes = predictions.labels().iter().max().map_or(0, |largest| largest + 1);
    let edges = equal_width(bins);
    let of_class = |class: usize| {
        let probabilities = predictions.probabilities().column(class).to_vec();
        let hits = predictions.labels().iter().map(|label| *label == class);
        let bins = reliability(probabilities.into_iter().zip(hits), &edges, Closed::Upper);
        weighted(&bins, predictions, |bin| bin.gap().abs())
    };
    (0..classes).map(of_class).sum::<f64>() / classes as f64
}

/// Over-confidence error (Thulasidasan et al. 2019, OE): over bins of equal width, the weighted mean
/// of `confidence * max(confidence - accuracy, 0)`.
pub fn over_confidence(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    weighted(&top_label(predictions, bins), predictions, |bin| bin.confidence * bin.gap().max(0.0))
}

/// Under-confidence error, UE: over bins of equal width, the weighted mean of
/// `confidence * max(accuracy - confidence, 0)`.
pub fn under_confidence(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    weighted(&top_label(predictions, bins), predictions, |bin| bin.confidence * (-bin.gap()).max(0.0))
}

/// Reliability bins of equal width of the top label; what a reliability diagram shows.
pub fn top_label(predictions: &Predictions, bins: NonZeroUsize) -> Vec<Bin> {
    reliability(samples(predictions), &equal_width(bins), Closed::Upper)
}

/// Confidence and correctness of every sample.
pub(super) fn samples(predictions: &Predictions) -> impl Iterator<Item = (f64, bool)> {
    predictions.confidences().into_iter().zip(predictions.correct())
}

/// Sum over bins of their share of the samples times `error`.
pub(super) fn weighted(bins: &[Bin], predictions: &Predictions, error: impl Fn(&Bin) -> f64) -> f64 {
    let samples = predictions.samples() as f64;
    bins.iter().map(|bin| bin.count as f64 / samples * error(bin)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    fn fifteen() -> NonZeroUsize {
        NonZeroUsize::new(15).unwrap()
    }

    #[test]
    fn certain_and_wrong_is_the_worst() {
        let logits = array![[900.0, 0.0], [0.0, 900.0]];
        let wrong = Predictions::from_logits(logits.view(), &[1, 0]).unwrap();
        assert_eq!(ece(&wrong, fifteen()), 1.0);
        assert_eq!(classwise_ece(&wrong, fifteen()), 0.5, "a probability of 0 is in no bin");
        assert_eq!((over_confidence(&wrong, fifteen()), under_confidence(&wrong, fifteen())), (1.0, 0.0));
        let right = Predictions::from_logits(logits.view(), &[0, 1]).unwrap();
        assert_eq!(ece(&right, fifteen()), 0.0);
    }

    #[test]
    fn an_unsure_classifier_that_is_always_right_is_under_confident() {
        let predictions = Predictions::from_logits(Array2::zeros((6, 4)).view(), &[0; 6]).unwrap();
        assert_eq!(ece(&predictions, fifteen()), 0.75);
        assert_eq!(under_confidence(&predictions, fifteen()), 0.25 * 0.75);
        assert_eq!(over_confidence(&predictions, fifteen()), 0.0);
        assert_eq!(adaptive_ece(&predictions, fifteen()), 0.0, "ties with the smallest are in no bin");
    }

    proptest! {
        #[test]
        fn all_are_shares_and_agree_with_the_gap(
            logits in prop::collection::vec(-6.0f64..6.0, 3..90), bins in 1usize..20, seed: u64,
        ) {
            let samples = logits.len() / 3;
            let labels: Vec<usize> = (0..samples).map(|row| (seed >> (row % 60)) as usize % 3).collect();
            let logits = Array2::from_shape_vec((samples, 3), logits[..3 * samples].to_vec()).unwrap();
            let predictions = Predictions::from_logits(logits.view(), &labels).unwrap();
            let bins = NonZeroUsize::new(bins).unwrap();
            let error = ece(&predictions, bins);
            for value in [error, adaptive_ece(&predictions, bins), classwise_ece(&predictions, bins),
                over_confidence(&predictions, bins), under_confidence(&predictions, bins)] {
                prop_assert!((0.0..=1.0).contains(&value), "{value}");
            }
            // By the triangle inequality, with equality where there is one bin.
            let gap = predictions.confidence_gap().abs();
            prop_assert!(error >= gap - 1e-12);
            prop_assert!(bins.get() > 1 || (error - gap).abs() < 1e-12);
            prop_assert!(over_confidence(&predictions, bins) + under_confidence(&predictions, bins) <= error + 1e-12);
        }

        #[test]
        fn the_order_of_samples_does_not_matter(
            logits in prop::collection::vec(-6.0f64..6.0, 30), labels in prop::collection::vec(0usize..3, 10),
        ) {
            let logits = Array2::from_shape_vec((10, 3), logits).unwrap();
            let back = logits.slice(ndarray::s![..;-1, ..]);
            let reversed: Vec<usize> = labels.iter().rev().copied().collect();
            let forth = Predictions::from_logits(logits.view(), &labels).unwrap();
            let back = Predictions::from_logits(back, &reversed).unwrap();
            for metric in [ece, adaptive_ece, classwise_ece, over_confidence, under_confidence] {
                prop_assert!((metric(&forth, fifteen()) - metric(&back, fifteen())).abs() < 1e-12);
            }
        }
    }
}
