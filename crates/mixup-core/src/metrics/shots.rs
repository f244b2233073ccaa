//! Errors of regression by how often a label was trained on (Yang et al. 2021, "Delving into Deep Imbalanced Regression").

use std::collections::BTreeMap;

use crate::CoreError;

/// Errors of some samples; NaN where there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// Mean squared error, in squared label units.
    pub mse: f64,
    /// Mean absolute error, in label units.
    pub mae: f64,
    /// Geometric mean of absolute errors, `exp(mean ln |e|)`, in label units; 0 where one of them is 0.
    pub geometric: f64,
}

/// Errors of all samples, and of those whose label has many, a median number of, and few training samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotErrors {
    /// Of more than so many.
    pub many: Errors,
    /// Of those between.
    pub median: Errors,
    /// Of fewer than so many; also of none.
    pub few: Errors,
    /// Of all.
    pub all: Errors,
}

impl Errors {
    fn of(errors: impl Iterator<Item = f64> + Clone) -> Self {
        let count = errors.clone().count() as f64;
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count;
        Self {
            mse: mean(&mut errors.clone().map(|error| error * error)),
            mae: mean(&mut errors.clone().map(f64::abs)),
            geometric: mean(&mut errors.clone().map(|error| error.abs().ln())).exp(),
        }
    }
}

/// Errors by the number of training samples that have a test sample's label, cut to a whole number.
///
/// # Errors
/// Other numbers of predictions and labels, or none.
pub fn shot_errors(
    predicted: &[f64],
    labels: &[f64],
    trained: &[f64],
    many_above: usize,
    few_below: usize,
) -> Result<ShotErrors, CoreError> {
    if predicted.len() != labels.len() || labels.is_empty() {
        let (predicted, labels) = (predicted.len(), labels.len());
        return Err(CoreError::Invalid(format!("{predicted} predictions for {labels} labels")));
    }
    let mut counts = BTreeMap::<i64, usize>::new();
    trained.iter().for_each(|label| *counts.entry(*label as i64).or_default() += 1);
    let count = |label: f64| counts.get(&(label as i64)).copied().unwrap_or(0);
    let of = |wanted: &dyn Fn(usize) -> bool| {
        let errors = predicted.iter().zip(labels).filter(|(_, label)| wanted(count(**label)));
        Errors::of(errors.map(|(predicted, label)| predicted - label).collect::<Vec<_>>().into_iter())
    };
    Ok(ShotErrors {
        many: of(&|count| count > many_above),
        median: of(&|count| count <= many_above && count >= few_below),
        few: of(&|count| count < few_below && count <= many_above),
        all: of(&|_| true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_go_by_the_number_of_training_samples() {
        let trained = [5.0, 5.0, 5.0, 7.0, 7.2, 9.0];
        let labels = [5.0, 5.5, 7.0, 9.0, 8.0];
        let predicted = [6.0, 2.5, 17.0, -11.0, 48.0];
        let found = shot_errors(&predicted, &labels, &trained, 2, 2).unwrap();
        assert_eq!([found.many.mae, found.median.mae, found.few.mae], [2.0, 10.0, 30.0]);
        assert_eq!([found.many.mse, found.few.mse], [5.0, 1000.0]);
        assert!((found.few.geometric - 800.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(found.all.mae, 14.8);
        assert!(shot_errors(&[1.0], &[5.0], &trained, 2, 2).unwrap().few.mae.is_nan());
        assert!(shot_errors(&[1.0], &[], &trained, 2, 2).is_err());
    }
}
