//! Calibration errors as the Python package netcal has them. All are shares, not percentages.

use std::num::NonZeroUsize;

use ndarray::ArrayView2;

use super::reliability::{Bin, Closed, reliability};
use crate::CoreError;

/// Calibration errors over bins of equal width, `[lower, upper)`, the last one closed.
///
/// Of two classes it is the probability of class 1 that is compared with how often class 1 is true; of more,
/// the largest probability with how often its class is true. Confidences are clipped to `[eps, 1 - eps]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Netcal {
    /// Expected calibration error: the mean gap of the bins, weighted with their shares of the samples.
    pub ece: f64,
    /// Average calibration error (Neumann et al. 2018): the plain mean gap of the bins that have samples. Not
    /// an error over bins of equal mass.
    pub ace: f64,
    /// Maximum calibration error: the largest gap of a bin.
    pub mce: f64,
}

impl Netcal {
    /// The errors of probabilities.
    ///
    /// # Shapes
    /// - `probabilities`: `[samples, classes]`; rows sum to 1
    /// - `labels`: classes from 0, one per sample
    ///
    /// # Errors
    /// No samples, a number of labels that is not that of the samples, fewer than two classes, or a label that
    /// is no class.
    pub fn of(
        probabilities: ArrayView2<'_, f64>,
        labels: &[usize],
        bins: NonZeroUsize,
    ) -> Result<Self, CoreError> {
        let (samples, classes) = probabilities.dim();
        if samples == 0 || samples != labels.len() || classes < 2 {
            return Err(CoreError::Invalid(format!(
                "probabilities {:?} and {} labels: one label per row, at least one, and two classes are needed",
                probabilities.dim(),
                labels.len()
            )));
        }
        if let Some(label) = labels.iter().find(|label| **label >= classes) {
            return Err(CoreError::Invalid(format!("label {label} is none of {classes} classes")));
        }
        let clipped = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        let rows = probabilities.rows().into_iter().zip(labels);
        let confidences = rows.map(|(row, &label)| {
            if classes == 2 {
                return (clipped(row[1]), label == 1);
            }
            let first_largest =
                |best: usize, (class, p): (usize, &f64)| if *p > row[best] { class } else { best };
            let predicted = row.iter().enumerate().fold(0, first_largest);
            (clipped(row[predicted]), predicted == label)
        });
        let filled: Vec<Bin> = reliability(confidences, &linspace(bins), Closed::Lower)
            .into_iter()
            .filter(|bin| bin.count > 0)
            .collect();
        let gaps = filled.iter().map(|bin| bin.gap().abs());
        let weighted = filled.iter().map(|bin| bin.count as f64 / samples as f64 * bin.gap().abs());
        Ok(Self {
            ece: weighted.sum(),
            ace: gaps.clone().sum::<f64>() / filled.len() as f64,
            mce: gaps.fold(0.0, f64::max),
        })
    }
}

/// `np.linspace(0, 1, bins + 1)` to the bit: multiples of a step that is rounded once.
fn linspace(bins: NonZeroUsize) -> Vec<f64> {
    let step = 1.0 / bins.get() as f64;
    (0..bins.get()).map(|edge| edge as f64 * step).chain([1.0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{classification::Predictions, ece::ece};
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    fn bins(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn values_by_hand() {
        // Bins [0, 1/2) and [1/2, 1]: of the first the gap is |0.2 - 1/2|, of the second |0.7 - 1|.
        let probabilities = array![[0.9, 0.1], [0.7, 0.3], [0.5, 0.5], [0.2, 0.8], [0.2, 0.8]];
        let errors = Netcal::of(probabilities.view(), &[1, 0, 1, 1, 1], bins(2)).unwrap();
        for (found, expected) in [(errors.ece, 0.3), (errors.ace, 0.3), (errors.mce, 0.3)] {
            assert!((found - expected).abs() < 1e-12, "{errors:?}");
        }
        // Of three classes the largest probability: 0.5 once right and once wrong, 0.8 right.
        let probabilities = array![[0.5, 0.3, 0.2], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8]];
        let errors = Netcal::of(probabilities.view(), &[0, 0, 2], bins(4)).unwrap();
        assert!((errors.ece - 0.2 / 3.0).abs() < 1e-12 && (errors.ace - 0.1).abs() < 1e-12, "{errors:?}");
        assert!((errors.mce - 0.2).abs() < 1e-12, "{errors:?}");
    }

    #[test]
    fn of_two_classes_it_is_the_second_whose_probability_counts() {
        let logits = array![[2.0, 0.0], [0.0, 2.0], [2.0, 0.0], [0.0, 2.0]];
        let predictions = Predictions::from_logits(logits.view(), &[0, 1, 1, 0]).unwrap();
        let errors = Netcal::of(predictions.probabilities(), predictions.labels(), bins(2)).unwrap();
        let p = 1.0 / (1.0 + (-2f64).exp());
        assert!((errors.ece - (p - 0.5)).abs() < 1e-12, "{errors:?}");
        // In one bin both classes balance, where top labels would be under-confident by 0.1.
        let errors = Netcal::of(array![[0.9, 0.1], [0.1, 0.9]].view(), &[0, 1], bins(1)).unwrap();
        assert!(errors.ece < 1e-12, "{errors:?}");
    }

    #[test]
    fn edges_are_those_of_numpy() {
        assert_eq!(linspace(bins(4)), [0.0, 0.25, 0.5, 0.75, 1.0]);
        // 3 / 10 is 0.3, but 3 times 0.1 is the next number.
        assert_eq!(linspace(bins(10))[3], 3.0 * 0.1);
        assert_ne!(linspace(bins(10))[3], 0.3);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert!(Netcal::of(Array2::zeros((0, 2)).view(), &[], bins(3)).is_err());
        assert!(Netcal::of(array![[0.5, 0.5]].view(), &[2], bins(3)).is_err());
        assert!(Netcal::of(array![[1.0]].view(), &[0], bins(3)).is_err());
    }

    proptest! {
        #[test]
        fn of_many_classes_it_is_the_usual_ece_and_the_errors_are_in_order(
            logits in prop::collection::vec(-6.0_f64..6.0, 3..90), count in 1_usize..20, seed: u64,
        ) {
            let samples = logits.len() / 3;
            let labels: Vec<usize> = (0..samples).map(|row| (seed >> (row % 60)) as usize % 3).collect();
            let logits = Array2::from_shape_vec((samples, 3), logits[..3 * samples].to_vec()).unwrap();
            let predictions = Predictions::from_logits(logits.view(), &labels).unwrap();
            let errors = Netcal::of(predictions.probabilities(), &labels, bins(count)).unwrap();
            prop_assert!((errors.ece - ece(&predictions, bins(count))).abs() < 1e-9);
            prop_assert!(errors.ece <= errors.mce + 1e-12 && errors.ace <= errors.mce + 1e-12);
            prop_assert!(errors.ace >= errors.mce / count as f64 - 1e-12 && errors.mce <= 1.0);
        }
    }
}
