//! Metrics of classification: accuracy, negative log-likelihood, Brier score, confidence.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::CoreError;

/// Predicted probabilities of samples with known labels; what all metrics of classification and
/// calibration are computed from.
#[derive(Debug, Clone)]
pub struct Predictions {
    probabilities: Array2<f64>,
    labels: Vec<usize>,
    nll: f64,
}

impl Predictions {
    /// The softmax of logits, and their labels.
    ///
    /// # Shapes
    /// - `logits`: `[samples, classes]`
    /// - `labels`: classes from 0, one per sample
    ///
    /// # Errors
    /// No samples, a number of labels that is not that of the samples, a label that is no class, or
    /// a logit that is not finite.
    pub fn from_logits(logits: ArrayView2<'_, f64>, labels: &[usize]) -> Result<Self, CoreError> {
        check(&logits, labels)?;
        let mut probabilities = logits.to_owned();
        let mut nll = 0.0;
        for (mut row, &label) in probabilities.rows_mut().into_iter().zip(labels) {
            let largest = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            let own = row[label] - largest;
            row.mapv_inplace(|logit| (logit - largest).exp());
            let sum = row.sum();
            nll += sum.ln() - own;
            row /= sum;
        }
        Ok(Self { probabilities, labels: labels.to_vec(), nll: nll / labels.len() as f64 })
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.labels.len()
    }

    /// `[samples, classes]`; rows sum to 1.
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }

    /// The true classes.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The likeliest class of every sample, the lowest of equals.
    pub fn predicted(&self) -> Vec<usize> {
        self.probabilities.rows().into_iter().map(argmax).collect()
    }

    /// The largest probability of every sample.
    pub fn confidences(&self) -> Vec<f64> {
        self.probabilities.rows().into_iter().map(|row| row[argmax(row)]).collect()
    }

    /// Whether the likeliest class is the true one, for every sample.
    pub fn correct(&self) -> Vec<bool> {
        self.predicted().iter().zip(&self.labels).map(|(predicted, label)| predicted == label).collect()
    }

    /// Share of samples whose likeliest class is the true one.
    pub fn accuracy(&self) -> f64 {
        let correct = self.correct().iter().filter(|&&correct| correct).count();
        correct as f64 / self.samples() as f64
    }

    /// Mean of `-log p` of the true class, in nats.
    pub fn nll(&self) -> f64 {
        self.nll
    }

    /// Brier score: the mean over samples of `sum_c (p_c - [c is the true class])^2`, from 0 to 2.
    pub fn brier(&self) -> f64 {
        let of_row = |(row, &label): (ArrayView1<'_, f64>, &usize)| {
            // sum_c p_c^2 with p_y replaced by p_y - 1
            row.iter().map(|p| p * p).sum::<f64>() - 2.0 * row[label] + 1.0
        };
        let rows = self.probabilities.rows().into_iter().zip(&self.labels);
        rows.map(of_row).sum::<f64>() / self.samples() as f64
    }

    /// Mean confidence minus accuracy: above 0 over-confident, below 0 under-confident.
    pub fn confidence_gap(&self) -> f64 {
        self.confidences().iter().sum::<f64>() / self.samples() as f64 - self.accuracy()
    }
}

/// Training accuracy of a mixed batch (Zhang et al.'s code):
/// `lambda accuracy(own) + (1 - lambda) accuracy(partner)`, a share.
///
/// # Shapes
/// - `logits`: `[samples, classes]` of the mixed batch; `own`, `partner`: classes, one per sample
///
/// # Errors
/// As [`Predictions::from_logits`].
pub fn mixed_accuracy(
    logits: ArrayView2<'_, f64>,
    own: &[usize],
    partner: &[usize],
    lambda: f64,
) -> Result<f64, CoreError> {
    let own = Predictions::from_logits(logits, own)?.accuracy();
    let partner = Predictions::from_logits(logits, partner)?.accuracy();
    Ok(lambda * own + (1.0 - lambda) * partner)
}

/// Accuracy of a mixed batch by rank (OpenMixup's heads): the label with more weight counts where it is ranked first, the
/// other where it is second; at one half the partner's is the one with more. A share.
///
/// # Shapes
/// - as [`mixed_accuracy`], of two classes at least
///
/// # Errors
/// As [`Predictions::from_logits`], and a single class.
pub fn ranked_accuracy(
    logits: ArrayView2<'_, f64>,
    own: &[usize],
    partner: &[usize],
    lambda: f64,
) -> Result<f64, CoreError> {
    check(&logits, own)?;
    check(&logits, partner)?;
    let (rows, classes) = logits.dim();
    if classes < 2 {
        return Err(CoreError::Invalid("no class is ranked second where there is one".into()));
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

/// Positions of the two largest values, of two at least.
fn first_two(row: ArrayView1<'_, f64>) -> [usize; 2] {
    let first = argmax(row);
    let mut others = row.to_owned();
    others[first] = f64::NEG_INFINITY;
    [first, argmax(others.view())]
}

/// Position of the largest value, the first of equals.
pub(super) fn argmax(row: ArrayView1<'_, f64>) -> usize {
    row.iter().enumerate().fold(0, |best, (index, value)| if *value > row[best] { index } else { best })
}

fn check(logits: &ArrayView2<'_, f64>, labels: &[usize]) -> Result<(), CoreError> {
    let (samples, classes) = logits.dim();
    if samples == 0 || samples != labels.len() {
        return Err(CoreError::Invalid(format!(
            "logits {:?} and {} labels: one label per row, and at least one, is needed",
            logits.dim(),
            labels.len()
        )));
    }
    if let Some((row, label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes) {
        return Err(CoreError::Invalid(format!(
            "label {label} of sample {row} is none of {classes} classes"
        )));
    }
    match logits.indexed_iter().find(|(_, logit)| !logit.is_finite()) {
        None => Ok(()),
        Some(((row, class), logit)) => {
            Err(CoreError::Invalid(format!("logit {logit} of sample {row}, class {class}, is not finite")))
        }
    }
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
        // Of equals the first class is first, and the next is second.
        assert_eq!(ranked_accuracy(array![[1.0, 1.0, 1.0]].view(), &[0], &[1], 0.6).unwrap(), 1.0);
        assert!(ranked_accuracy(logits.view(), &[0], &[0, 1], 0.5).is_err());
        assert!(ranked_accuracy(array![[1.0]].view(), &[0], &[0], 0.5).is_err());
    }

    proptest! {
        #[test]
        fn names_of_own_and_partner_do_not_matter(
            logits in prop::array::uniform8(-3.0f64..3.0), labels in prop::array::uniform4(0usize..4), lambda in 0.51f64..1.0,
        ) {
            let logits = Array2::from_shape_vec((2, 4), logits.to_vec()).unwrap();
            let (own, partner) = (&labels[..2], &labels[2..]);
            let accuracy = ranked_accuracy(logits.view(), own, partner, lambda).unwrap();
            let swapped = ranked_accuracy(logits.view(), partner, own, 1.0 - lambda).unwrap();
            prop_assert!((accuracy - swapped).abs() < 1e-12);
        }
    }

    #[test]
    fn values_by_hand() {
        // Probabilities (3/4, 1/4), (1/2, 1/2), (1/4, 3/4).
        let three = 3f64.ln();
        let logits = array![[three, 0.0], [7.0, 7.0], [-three, 0.0]];
        let predictions = Predictions::from_logits(logits.view(), &[0, 1, 0]).unwrap();
        assert_eq!(predictions.predicted(), [0, 0, 1]);
        assert!((predictions.accuracy() - 1.0 / 3.0).abs() < 1e-15);
        let nll = ((4f64 / 3.0).ln() + 2f64.ln() + 4f64.ln()) / 3.0;
        assert!((predictions.nll() - nll).abs() < 1e-12);
        let brier = (2.0 * 0.0625 + 2.0 * 0.25 + 2.0 * 0.5625) / 3.0;
        assert!((predictions.brier() - brier).abs() < 1e-12);
        assert!((predictions.confidence_gap() - (2.0 / 3.0 - 1.0 / 3.0)).abs() < 1e-12);
        let mixed = mixed_accuracy(logits.view(), &[0, 1, 0], &[0, 0, 1], 0.3).unwrap();
        assert!((mixed - (0.3 / 3.0 + 0.7)).abs() < 1e-12);
    }

    #[test]
    fn large_logits_stay_finite() {
        let predictions = Predictions::from_logits(array![[900.0, -900.0]].view(), &[1]).unwrap();
        assert_eq!(predictions.nll(), 1800.0);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let message = |logits: Array2<f64>, labels: &[usize]| {
            Predictions::from_logits(logits.view(), labels).unwrap_err().to_string()
        };
        assert!(message(Array2::zeros((0, 2)), &[]).contains("at least one"));
        assert!(message(Array2::zeros((2, 2)), &[0]).contains("1 labels"));
        assert!(message(Array2::zeros((1, 2)), &[2]).contains("label 2 of sample 0"));
        assert!(message(array![[0.0, f64::NAN]], &[0]).contains("class 1"));
    }
}
