//! Probes for labels that are numbers.

use std::collections::BTreeMap;

use mixup_core::{
    CoreError,
    checked::Positive,
    metrics::neighbours::neighbour_means,
    metrics::rank::{label_order, spearman},
    metrics::regression::{pearson, rmse},
    metrics::shots::{Errors, shot_errors},
    probe::{KernelRidge, Ridge, best_of},
    split::evenly_spaced,
};
use mixup_paper::{Direction, MetricInfo, RunError};
use ndarray::{Array2, Axis};

use super::Part;
use crate::contrastive::setting::{Setting, Shots};

/// Penalties that the ridge probes choose from, by validation samples.
pub(crate) const PENALTIES: [f64; 4] = [1e-4, 1e-3, 1e-2, 1e-1];

/// Training samples of kernel ridge, whose cost is their cube.
pub(crate) const KERNEL_SAMPLES: usize = 1000;

/// Test samples whose order is measured, by all pairs.
pub(crate) const ORDERED: usize = 800;

/// Metrics of numbers.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
    vec![
        info("order", "order", higher, 3),
        info("mae", "MAE, ridge", lower, 3),
        info("rmse", "RMSE, ridge", lower, 3),
        info("gm", "GM, ridge", lower, 3),
        info("pearson", "Pearson, ridge", higher, 4),
        info("spearman", "Spearman, ridge", higher, 4),
        info("mae-many", "MAE, ridge, many-shot", lower, 3),
        info("mae-median", "MAE, ridge, median-shot", lower, 3),
        info("mae-few", "MAE, ridge, few-shot", lower, 3),
        info("mae-knn", "MAE, k-NN", lower, 3),
        info("mae-kernel", "MAE, kernel ridge", lower, 3),
        info("mae-own", "MAE, own head", lower, 3),
    ]
}

/// Metrics of the test part. The own head's error is that of the ridge probe where there is no head.
pub(super) fn measure(
    parts: &[Part; 3],
    own: Option<&Array2<f64>>,
    setting: &Setting,
) -> Result<BTreeMap<String, f64>, RunError> {
    let [train, validation, test] = parts;
    let all: Vec<usize> = (0..test.targets.len()).collect();
    let some = evenly_spaced(&all, ORDERED);
    let labels: Vec<f64> = some.iter().map(|row| test.targets[*row]).collect();
    let order = label_order(test.features.select(Axis(0), &some).view(), &labels)?;
    let ridge = ridge(train, validation)?.predict(test.features.view());
    let kernel = kernel_ridge(train, validation)?.predict(test.features.view());
    let near =
        neighbour_means(train.features.view(), &train.targets, test.features.view(), setting.neighbours)?;
    let errors = |found: &[f64]| -> Vec<f64> {
        found.iter().zip(&test.targets).map(|(found, target)| (found - target).abs()).collect()
    };
    let of_kernel = errors(&kernel.iter().copied().collect::<Vec<_>>());
    let found: Vec<f64> = ridge.iter().copied().collect();
    let of_ridge = errors(&found);
    let Shots { many_above, few_below } = setting.shots.clone().unwrap_or_default();
    let shots = shot_errors(&found, &test.targets, &train.targets, many_above, few_below)?;
    // Of a part without test samples the error of all.
    let part = |errors: Errors| if errors.mae.is_nan() { shots.all.mae } else { errors.mae };
    let of_own = own.map_or_else(|| of_ridge.clone(), |own| errors(&own.iter().copied().collect::<Vec<_>>()));
    let targets = column(test);
    let values = [
        ("order", order),
        ("mae", mean(&of_ridge)),
        ("rmse", rmse(ridge.view(), targets.view())?),
        ("gm", geometric_mean(&of_ridge)),
        ("pearson", pearson(ridge.view(), targets.view())?),
        ("spearman", spearman(&found, &test.targets)?),
        ("mae-many", part(shots.many)),
        ("mae-median", part(shots.median)),
        ("mae-few", part(shots.few)),
        ("mae-knn", mean(&errors(&near))),
        ("mae-kernel", mean(&of_kernel)),
        ("mae-own", mean(&of_own)),
    ];
    Ok(values.map(|(name, value)| (name.to_owned(), value)).into())
}

fn column(part: &Part) -> Array2<f64> {
    Array2::from_shape_fn((part.targets.len(), 1), |(row, _)| part.targets[row])
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// `exp(mean ln |e|)`, with errors of at least 1e-10, as the official code for STS-B has it.
fn geometric_mean(errors: &[f64]) -> f64 {
    mean(&errors.iter().map(|error| error.max(1e-10).ln()).collect::<Vec<_>>()).exp()
}

fn penalties() -> Result<Vec<Positive>, CoreError> {
    let checked = |value| Positive::new(value).map_err(|error| CoreError::Invalid(error.to_string()));
    PENALTIES.into_iter().map(checked).collect()
}

/// Mean absolute error on a part.
fn error_of(found: &Array2<f64>, part: &Part) -> f64 {
    mean(&found.iter().zip(&part.targets).map(|(found, target)| (found - target).abs()).collect::<Vec<_>>())
}

fn ridge(train: &Part, validation: &Part) -> Result<Ridge, CoreError> {
    let targets = column(train);
    best_of(
        &penalties()?,
        |penalty| Ridge::fit(train.features.view(), targets.view(), penalty),
        |model| Ok(error_of(&model.predict(validation.features.view()), validation)),
    )
}

fn kernel_ridge(train: &Part, validation: &Part) -> Result<KernelRidge, CoreError> {
    let all: Vec<usize> = (0..train.targets.len()).collect();
    let some = evenly_spaced(&all, KERNEL_SAMPLES);
    let (features, targets) = (train.features.select(Axis(0), &some), column(train).select(Axis(0), &some));
    best_of(
        &penalties()?,
        |penalty| KernelRidge::fit(features.view(), targets.view(), penalty),
        |model| Ok(error_of(&model.predict(validation.features.view()), validation)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_means_by_hand() {
        assert!((geometric_mean(&[1.0, 4.0, 16.0]) - 4.0).abs() < 1e-12);
        assert!(geometric_mean(&[0.0, 1.0]) > 0.0);
    }
}
