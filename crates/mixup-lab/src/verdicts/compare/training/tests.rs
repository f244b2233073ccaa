use super::super::{ExperimentCheck, compare_outcomes};
use super::*;
use crate::outcomes::fixtures::outcome;
use crate::outcomes::outcome::Outcome;

/// Ten seeds of a method `x` with these curves.
fn trained(values: &[f64], curves: &[(&str, &[f64])]) -> Outcome {
    let mut outcome = outcome("a", &[("x", values)]);
    let curves = curves.iter().map(|(name, curve)| ((*name).to_owned(), curve.to_vec()));
    outcome.methods["x"].curves = curves.collect();
    outcome
}

const VALUES: [f64; 10] = [2.71, 2.93, 2.66, 3.05, 2.84, 2.79, 2.98, 2.61, 2.88, 2.90];
const LOSS: [f64; 5] = [2.0, 1.0, 0.5, 0.25, 0.2];

fn check(old: &Outcome, new: &Outcome) -> ExperimentCheck {
    compare_outcomes(old, new, Tolerance::default())
}

/// A curve of losses whose epochs are moved by these shares, against itself.
fn losses(shifts: [f64; 5]) -> Level {
    let moved: Vec<f64> = LOSS.iter().zip(shifts).map(|(loss, shift)| loss * (1.0 + shift)).collect();
    let side = |loss: &[f64]| trained(&VALUES, &[("train-loss", loss)]);
    check(&side(&LOSS), &side(&moved)).level
}

#[test]
fn rounding_grows_and_is_no_regression() {
    assert_eq!(losses([0.0; 5]), Level::Identical);
    assert_eq!(losses([2e-8, 1e-7, -3e-7, 2e-6, 4e-5]), Level::Same);
    assert_eq!(losses([2e-8, -4e-7, 3e-5, -2e-3, 0.1]), Level::Drift);
    // After the losses parted anything may come; before that nothing.
    assert_eq!(losses([9e-6, -8e-3, 0.9, -0.2, 0.9]), Level::Drift);
}

#[test]
fn a_change_does_not_wait() {
    // A doubled loss: the curve is twice as high and the metrics stay, because Adam takes the same steps.
    assert_eq!(losses([1.0; 5]), Level::Regression);
    // Small from the start; and reached only in the second and the fourth epoch.
    assert_eq!(losses([2e-3, 2e-3, 2e-3, 2e-3, 2e-3]), Level::Regression);
    assert_eq!(losses([0.0, 1e-2, 1e-2, 1e-2, 1e-2]), Level::Regression);
    assert_eq!(losses([2e-8, 1e-7, 2e-7, 5e-2, 1e-1]), Level::Regression);
}

#[test]
fn one_curve_of_losses_gives_another_its_room() {
    let both = |train: f64, validation: f64| {
        let train = [2.0 * (1.0 + 1e-8), 1.0 + train];
        let validation = [2.0 * (1.0 + 5e-7), 1.0 + validation];
        let side = |train: &[f64], validation: &[f64]| {
            trained(&VALUES, &[("train-loss", train), ("validation-loss", validation)])
        };
        check(&side(&[2.0, 1.0], &[2.0, 1.0]), &side(&train, &validation)).level
    };
    assert_eq!(both(4e-2, 2e-2), Level::Drift);
    assert_eq!(both(6e-2, 2e-2), Level::Regression);
}

#[test]
fn metrics_that_move_without_training_are_another_evaluation() {
    let level = |loss: f64, metric: fn((usize, f64)) -> f64| {
        let moved: Vec<f64> = VALUES.into_iter().enumerate().map(metric).collect();
        let fresh = trained(&moved, &[("train-loss", &[1.0, 1.0 + loss])]);
        check(&trained(&VALUES, &[("train-loss", &[1.0, 1.0])]), &fresh).level
    };
    let other_bins: fn((usize, f64)) -> f64 = |(i, v)| v + if i % 2 == 0 { 0.03 } else { -0.03 };
    // Up and down by a fifth of the spread: what partings do, but these trainings have not parted.
    assert_eq!((level(0.0, other_bins), level(1e-6, other_bins)), (Level::Regression, Level::Regression));
    let a_sample: fn((usize, f64)) -> f64 = |(i, v)| if i == 3 { v + 0.1 } else { v };
    assert_eq!((level(0.0, a_sample), level(1e-6, a_sample)), (Level::Drift, Level::Drift));
    let broken: fn((usize, f64)) -> f64 = |(i, v)| if i == 3 { 2.0 * v } else { v };
    assert_eq!(level(0.0, broken), Level::Regression);
    assert_eq!(level(0.0, |(_, v)| v * (1.0 + 1e-4)), Level::Same);
}

#[test]
fn few_seeds_whose_losses_parted_may_move_as_seeds_do() {
    let level = |shifts: [f64; 3], new: [f64; 3]| {
        let loss: Vec<f64> = shifts.iter().map(|shift| 1.0 + shift).collect();
        let committed = trained(&[2.0, 2.4, 2.2], &[("train-loss", &[1.0; 3])]);
        check(&committed, &trained(&new, &[("train-loss", &loss)])).level
    };
    // The standard deviation is 0.2.
    assert_eq!(level([1e-7, 9e-6, 8e-4], [2.15, 2.45, 2.25]), Level::Drift);
    assert_eq!(level([1e-7, 9e-6, 8e-4], [2.25, 2.65, 2.45]), Level::Regression);
    assert_eq!(level([0.0, 0.0, 0.0], [2.15, 2.45, 2.25]), Level::Regression);
}

#[test]
fn few_seeds_of_one_value_may_move_by_some_samples_on_another_device() {
    let level = |device: &str, moved: [f64; 2]| {
        let mut fresh = trained(&moved, &[("train-loss", &[1.0, 1.001])]);
        fresh.provenance.device = device.to_owned();
        check(&trained(&[19.375, 19.375], &[("train-loss", &[1.0, 1.0])]), &fresh).level
    };
    assert_eq!(level("wgpu", [20.0, 19.375]), Level::Drift);
    assert_eq!(level("wgpu", [30.0, 19.375]), Level::Regression);
    assert_eq!(level("flex", [20.0, 19.375]), Level::Regression);
}

#[test]
fn error_rates_move_by_samples_while_losses_agree() {
    let level = |loss: f64, error: f64| {
        let side = |loss: f64, error: f64| {
            trained(&VALUES, &[("train-loss", &[1.0, loss]), ("validation-error", &[0.4, error])])
        };
        check(&side(1.0, 0.3), &side(loss, error)).level
    };
    assert_eq!(level(1.0, 0.3), Level::Identical);
    assert_eq!((level(1.0, 0.3001), level(1.0, 0.305)), (Level::Same, Level::Drift));
    assert_eq!((level(1.0, 0.35), level(1.0 + 9e-6, 0.35)), (Level::Regression, Level::Regression));
    let parted = |error: f64| {
        let side = |loss: &[f64], error: f64| {
            trained(&VALUES, &[("train-loss", loss), ("validation-error", &[0.4, 0.4, error])])
        };
        check(&side(&[1.0, 1.0, 1.0], 0.3), &side(&[1.0 + 1e-6, 1.0 + 5e-5, 1.002], error)).level
    };
    assert_eq!(parted(0.35), Level::Drift);
}

#[test]
fn epochs_are_missing_only_where_patience_saw_another_course() {
    let level = |old: &[f64], new: &[f64]| {
        check(&trained(&VALUES, &[("train-loss", old)]), &trained(&VALUES, &[("train-loss", new)])).level
    };
    assert_eq!(level(&LOSS, &LOSS[..4]), Level::Regression);
    assert_eq!(level(&LOSS[..4], &LOSS), Level::Regression);
    let grown = [2.0 * (1.0 + 1e-6), 1.0 + 5e-5, 0.5 * (1.0 + 3e-3)];
    assert_eq!(level(&LOSS, &grown), Level::Drift);
}

#[test]
fn a_loss_is_a_number_on_both_sides_or_on_none() {
    let level = |old: &[f64], new: &[f64]| {
        check(&trained(&VALUES, &[("train-loss", old)]), &trained(&VALUES, &[("train-loss", new)])).level
    };
    assert_eq!(level(&[1.0, f64::NAN], &[1.0, f64::NAN]), Level::Identical);
    assert_eq!(level(&[1.0, f64::NAN], &[1.0, 1.0]), Level::Regression);
    assert_eq!(level(&[1.0, 1.0], &[1.0, f64::NAN]), Level::Regression);
    assert_eq!(level(&[0.0, 1.0], &[0.0, 1.0 + 1e-6]), Level::Same);
    assert_eq!(level(&[0.0, 1.0], &[1e-3, 1.0]), Level::Regression);
}

#[test]
fn what_moved_is_said() {
    let side = |loss: f64| trained(&VALUES, &[("train-loss", &[loss, 1.0])]);
    let text = check(&side(2.0), &side(4.0)).to_string();
    let expected = "REGRESSION x train-loss: epoch 1 moved from 2.00000e0 to 4.00000e0, by 1.0e0, rounding by 1e-3 at most";
    assert!(text.contains(expected), "{text}");
}
