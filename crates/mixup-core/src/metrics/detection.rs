//! Out-of-distribution detection: how well a score tells known samples from others.

use ndarray::ArrayView2;

use crate::CoreError;

/// What two equal scores, one inside and one outside, count as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Half a success: the usual area under the curve, 0.5 for a constant score.
    #[default]
    Half,
    /// A failure: the rule of the code of MixOE, 0 for a constant score.
    Failure,
}

/// Area under the ROC curve: the share of pairs, one sample inside the distribution and one outside,
/// in which the one inside has the larger score (Mann and Whitney).
///
/// # Errors
/// No scores on a side, or a score that is NaN.
pub fn auroc(inside: &[f64], outside: &[f64], ties: Ties) -> Result<f64, CoreError> {
    if inside.is_empty() || outside.is_empty() {
        return Err(CoreError::Invalid(format!(
            "auroc of {} scores inside and {} outside: both are needed",
            inside.len(),
            outside.len()
        )));
    }
    if inside.iter().chain(outside).any(|score| score.is_nan()) {
        return Err(CoreError::Invalid("auroc: a score is NaN".into()));
    }
    let mut sorted = outside.to_vec();
    sorted.sort_by(f64::total_cmp);
    let successes = |score: &f64| {
        let below = sorted.partition_point(|other| other < score);
        let equal = sorted.partition_point(|other| other <= score) - below;
        match ties {
            Ties::Half => below as f64 + 0.5 * equal as f64,
            Ties::Failure => below as f64,
        }
    };
    let pairs = inside.len() as f64 * outside.len() as f64;
    Ok(inside.iter().map(successes).sum::<f64>() / pairs)
}

/// Largest probability of every sample (MSP; Hendrycks and Gimpel 2017), larger inside.
///
/// # Shapes
/// - `probabilities`: `[samples, classes]`
pub fn max_probability(probabilities: ArrayView2<'_, f64>) -> Vec<f64> {
    probabilities.rows().into_iter().map(|row| row.fold(0.0, |a: f64, &b| a.max(b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn from_never_to_always() {
        let value = |inside: &[f64], outside: &[f64]| auroc(inside, outside, Ties::Half).unwrap();
        assert_eq!(value(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
        assert_eq!(value(&[0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(value(&[1.0, 3.0], &[0.0, 1.0, 2.0]), 4.5 / 6.0);
        assert_eq!(auroc(&[1.0; 3], &[1.0; 2], Ties::Half).unwrap(), 0.5);
        assert_eq!(auroc(&[1.0; 3], &[1.0; 2], Ties::Failure).unwrap(), 0.0);
    }

    #[test]
    fn refuses_what_cannot_be_ranked() {
        assert!(auroc(&[], &[1.0], Ties::Half).is_err());
        assert!(auroc(&[1.0], &[f64::NAN], Ties::Half).is_err());
    }

    #[test]
    fn the_surer_sample_has_the_larger_score() {
        let probabilities = array![[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]];
        assert_eq!(max_probability(probabilities.view()), [1.0, 0.5]);
    }

    proptest! {
        #[test]
        fn exchanging_the_sides_is_the_complement(
            a in prop::collection::vec(0u8..9, 1..30), b in prop::collection::vec(0u8..9, 1..30),
        ) {
            let [a, b] = [a, b].map(|scores| scores.into_iter().map(f64::from).collect::<Vec<_>>());
            let (forth, back) = (auroc(&a, &b, Ties::Half).unwrap(), auroc(&b, &a, Ties::Half).unwrap());
            prop_assert!((forth + back - 1.0).abs() < 1e-12);
            prop_assert!(auroc(&a, &b, Ties::Failure).unwrap() <= forth);
        }
    }
}
