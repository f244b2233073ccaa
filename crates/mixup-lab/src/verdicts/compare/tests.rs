use std::collections::BTreeMap;

use proptest::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use super::*;
use crate::outcomes::figure::Figure;
use crate::outcomes::fixtures::{lower, manifest, outcome, scatter};

const VALUES: [f64; 10] = [2.71, 2.93, 2.66, 3.05, 2.84, 2.79, 2.98, 2.61, 2.88, 2.90];

/// The cell of `VALUES`, committed, against what `fresh` makes of each.
fn cell(fresh: impl Fn(usize, f64) -> f64) -> CellCheck {
    let new: Vec<f64> = VALUES.iter().enumerate().map(|(i, v)| fresh(i, *v)).collect();
    let check = compare_outcomes(
        &outcome("a", &[("x", &VALUES)]),
        &outcome("a", &[("x", &new)]),
        Tolerance::default(),
    );
    assert_eq!(check.level, check.cells[0].level);
    check.cells[0].clone()
}

#[test]
fn the_same_bits_are_identical_and_the_last_bit_is_not() {
    assert_eq!(cell(|_, v| v).level, Level::Identical);
    assert_eq!(cell(|i, v| if i == 3 { v.next_up() } else { v }).level, Level::Same);
}

#[test]
fn small_differences_are_the_same_whatever_their_sign() {
    assert_eq!(cell(|_, v| v * (1.0 + 0.9e-3)).level, Level::Same);
    assert_eq!(cell(|_, v| v * (1.0 - 0.9e-3)).level, Level::Same);
}

#[test]
fn differences_in_both_directions_are_drift() {
    // A fifth of the seeds' spread of 0.14, up and down.
    let drifted = cell(|i, v| v + if i % 2 == 0 { 0.03 } else { -0.03 });
    assert_eq!(drifted.level, Level::Drift);
    assert_eq!(drifted.moved.map(|moved| (moved.committed - moved.fresh).abs() > 0.029), Some(true));
    // Even seeds that went a wholly other way, as another shuffle would make them.
    let redrawn = cell(|i, _| VALUES[(i + 3) % 10]);
    assert_eq!(redrawn.level, Level::Drift);
}

#[test]
fn a_common_shift_beyond_a_quarter_of_the_spread_is_a_regression() {
    assert_eq!(cell(|_, v| v + 0.03).level, Level::Drift);
    let shifted = cell(|i, v| v + 0.05 + 0.01 * (i % 3) as f64);
    assert_eq!(shifted.level, Level::Regression);
    assert!(shifted.reason.starts_with("mean moved from 2.83500 to 2.89400"), "{}", shifted.reason);
}

#[test]
fn one_broken_seed_is_a_regression() {
    let broken = cell(|i, v| if i == 7 { 4.0 } else { v });
    assert_eq!(broken.level, Level::Regression);
    assert_eq!(broken.reason, "seed 7 moved from 2.61000 to 4.00000, far beyond the spread");
}

#[test]
fn few_seeds_are_held_to_a_quarter_of_their_spread() {
    let level = |new: &[f64]| {
        compare_outcomes(
            &outcome("a", &[("x", &[2.0, 2.4])]),
            &outcome("a", &[("x", new)]),
            Tolerance::default(),
        )
        .level
    };
    // The standard deviation is 0.28.
    assert_eq!(level(&[2.05, 2.40]), Level::Drift);
    assert_eq!(level(&[2.20, 2.40]), Level::Regression);
}

#[test]
fn a_single_seed_has_only_the_tolerance() {
    let level = |new: f64| {
        compare_outcomes(
            &outcome("a", &[("x", &[2.0])]),
            &outcome("a", &[("x", &[new])]),
            Tolerance::default(),
        )
        .level
    };
    assert_eq!((level(2.001), level(2.01)), (Level::Same, Level::Regression));
}

#[test]
fn the_tolerance_can_be_chosen() {
    let strict = Tolerance { relative: 0.0, absolute: 0.0, digit: 0.0 };
    let moved = VALUES.map(|v| v + 1e-12);
    let check = compare_outcomes(&outcome("a", &[("x", &VALUES)]), &outcome("a", &[("x", &moved)]), strict);
    assert_eq!(check.level, Level::Drift);
}

/// The metric is printed with three decimals.
#[test]
fn a_value_near_nothing_may_move_by_a_tenth_of_its_last_digit() {
    let level = |by: f64| {
        let (old, new) = ([0.0138, 0.0021], [0.0138 + by, 0.0021 + by]);
        let sides = (outcome("a", &[("x", &old)]), outcome("a", &[("x", &new)]));
        compare_outcomes(&sides.0, &sides.1, Tolerance::default()).level
    };
    assert_eq!((level(5e-5), level(-5e-5)), (Level::Same, Level::Same));
    assert_eq!((level(5e-2), level(-5e-2)), (Level::Regression, Level::Regression));
}

#[test]
fn failed_seeds_must_stay_failed() {
    let mut failed = VALUES;
    failed[2] = f64::NAN;
    let (whole, failed) = (outcome("a", &[("x", &VALUES)]), outcome("a", &[("x", &failed)]));
    let level = |old: &Outcome, new: &Outcome| compare_outcomes(old, new, Tolerance::default()).level;
    assert_eq!(level(&failed, &failed), Level::Identical);
    assert_eq!(level(&whole, &failed), Level::Regression);
    assert_eq!(level(&failed, &whole), Level::Regression);
}

#[test]
fn what_only_one_side_has_is_a_regression() {
    let old = outcome("a", &[("x", &VALUES), ("y", &VALUES)]);
    let mut fewer_metrics = old.clone();
    fewer_metrics.methods["y"].values.clear();
    let mut other_profile = old.clone();
    other_profile.profile = "smoke".to_owned();
    let mut other_data = old.clone();
    other_data.provenance.data_sha256 = "beef".to_owned();
    for (new, reason) in [
        (outcome("a", &[("x", &VALUES)]), "method: y is committed, but was not run"),
        (outcome("a", &[("x", &VALUES[..9]), ("y", &VALUES[..9])]), "seed: 9 is committed, but was not run"),
        (fewer_metrics, "metric of `y`: rmse is committed, but was not run"),
        (other_profile, "the profile is `smoke`, committed is `desk`"),
        (other_data, "the checksum of the data is `beef`, committed is `00ff`"),
    ] {
        let check = compare_outcomes(&old, &new, Tolerance::default());
        assert_eq!((check.level, check.structure), (Level::Regression, vec![reason.to_owned()]));
        assert_eq!(compare_outcomes(&new, &old, Tolerance::default()).level, Level::Regression);
    }
}

#[test]
fn seeds_are_matched_by_number_and_not_by_place() {
    let old = outcome("a", &[("x", &VALUES)]);
    let mut turned = old.clone();
    turned.seeds.reverse();
    for values in turned.methods["x"].values.values_mut() {
        values.reverse();
    }
    assert_eq!(compare_outcomes(&old, &turned, Tolerance::default()).level, Level::Identical);
}

#[test]
fn a_curve_that_only_one_side_has_is_a_regression() {
    let old = outcome("a", &[("x", &VALUES)]);
    let mut new = old.clone();
    new.methods["x"].curves.insert("train-loss".to_owned(), vec![2.0, 1.0]);
    let check = compare_outcomes(&old, &new, Tolerance::default());
    let added = "curve of `x`: train-loss was run, but is not committed".to_owned();
    assert_eq!((check.level, check.structure), (Level::Regression, vec![added]));
    assert_eq!(compare_outcomes(&new, &old, Tolerance::default()).level, Level::Regression);
}

/// Demo paper with one claim on `a`: `x` lower than `y`, where `y - x` has these values; in the
/// fresh outcome both methods are `moved` by so much.
fn check_differences(old: [f64; 5], new: [f64; 5], moved: f64) -> Check {
    let side = |d: [f64; 5], moved: f64| {
        let x = [5.0, 6.0, 7.0, 8.0, 9.0].map(|x| x + moved);
        let y: Vec<f64> = x.iter().zip(d).map(|(x, d)| x + d).collect();
        outcome("a", &[("x", &x), ("y", &y)])
    };
    let demo = manifest(vec![lower("a", "x", "y")]);
    check(&demo, &[&side(old, 0.0)], &[&side(new, moved)], Tolerance::default())
}

#[test]
fn a_changed_verdict_is_a_regression_unless_it_stepped_over_the_line() {
    // p is 0.049, then 0.055, by one seed that moved a little.
    let (just, almost) = ([0.10, 0.30, 0.05, 0.061, 0.12], [0.10, 0.30, 0.05, 0.049, 0.12]);
    let near = check_differences(just, almost, 0.0);
    let change = &near.verdicts[0];
    assert_eq!((change.committed, change.fresh), (Status::Reproduced, Status::Undecided));
    assert_eq!((change.level, near.level), (Level::Drift, Some(Level::Drift)));

    // The same step, but on numbers that are not the committed ones.
    let on_other_numbers = check_differences(just, almost, 5.0);
    assert_eq!(on_other_numbers.verdicts[0].level, Level::Regression);

    // Numbers that drift no further, but far from the line.
    let far = check_differences([0.10, 0.11, 0.10, 0.12, 0.11], [0.10, 0.30, -0.15, -0.05, 0.12], 0.0);
    let change = &far.verdicts[0];
    assert_eq!((change.committed, change.fresh), (Status::Reproduced, Status::Undecided));
    assert_eq!(far.experiments[0].level, Level::Drift);
    assert_eq!((change.level, far.level), (Level::Regression, Some(Level::Regression)));
}

#[test]
fn a_check_says_what_was_compared() {
    let (a, b, c) =
        (outcome("a", &[("x", &VALUES)]), outcome("b", &[("x", &VALUES)]), outcome("c", &[("x", &VALUES)]));
    let demo = manifest(Vec::new());
    let found = check(&demo, &[&a, &b], &[&c, &a], Tolerance::default());
    assert_eq!(
        (found.level, &found.only_committed, &found.only_fresh),
        (Some(Level::Identical), &vec!["b".to_owned()], &vec!["c".to_owned()])
    );
    let text = found.to_string();
    assert!(text.contains("identical   a (desk): 1 cell and 0 curves compared\n"), "{text}");
    let summary =
        "demo: bit-identical to the committed results (1 of 3 experiments compared; not compared: b, c)";
    assert!(text.ends_with(summary), "{text}");
    assert_eq!(check(&demo, &[&b], &[&c], Tolerance::default()).level, None);

    let all = check(&demo, &[&a], &[&a], Tolerance::default()).to_string();
    assert!(all.ends_with("demo: bit-identical to the committed results (1 experiment compared)"), "{all}");
    let worse = outcome("a", &[("x", &VALUES.map(|v| v + 1.0))]);
    let found = check(&demo, &[&a], &[&worse], Tolerance::default());
    assert!(found.to_string().contains("REGRESSION x rmse: seed 0 moved from 2.71000 to 3.71000"), "{found}");
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["experiments"][0]["cells"][0]["level"], "regression");
    assert_eq!(serde_json::from_value::<Check>(json).unwrap(), found);
}

proptest! {
    #[test]
    fn levels_do_not_depend_on_the_side_or_sign_of_a_common_shift(shift in 0.0..0.2) {
        let up = cell(|_, v| v + shift).level;
        prop_assert_eq!(up, cell(|_, v| v - shift).level);
        prop_assert!(shift <= 0.036 || up == Level::Regression);
    }
}

/// Standard normal draws of a small congruential generator, so that the test is the same each time.
fn normal_draws(n: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let normal = Normal::standard();
    (0..n).map(|_| normal.inverse_cdf(uniform())).collect()
}

/// A thousand checks in which every run went a wholly other way: the rule promises one false alarm
/// in a thousand on the mean, and six standard deviations are rare in ten seeds.
#[test]
fn redrawn_values_seldom_raise_a_false_alarm() {
    let draws = normal_draws(20_000);
    let alarms = draws.chunks_exact(20).filter(|chunk| {
        let (old, new) = chunk.split_at(10);
        let side = |values: &[f64]| outcome("a", &[("x", values)]);
        compare_outcomes(&side(old), &side(new), Tolerance::default()).level == Level::Regression
    });
    let alarms = alarms.count();
    assert!(alarms <= 5, "{alarms} false alarms in 1000");
}

#[test]
fn points_of_a_figure_move_with_their_method() {
    let with = |values: &[f64], ys: &[f64]| {
        let mut outcome = outcome("a", &[("x", values)]);
        let points: Vec<[f64; 2]> = ys.iter().zip(1..).map(|(y, x)| [f64::from(x), *y]).collect();
        let points = BTreeMap::from([("x".to_owned(), points)]);
        outcome.figures.push(Figure { info: scatter("residuals"), seed: 0, points });
        outcome
    };
    let compare = |old: &Outcome, new: &Outcome| compare_outcomes(old, new, Tolerance::default());
    let ys = [2.0, 3.0, 4.0, 5.0, 6.0];
    let level = |ys: &[f64]| compare(&with(&VALUES, &[2.0, 3.0, 4.0, 5.0, 6.0]), &with(&VALUES, ys)).level;
    assert_eq!(level(&ys), Level::Identical);
    assert_eq!(level(&[2.0, 3.0, 4.0, 5.0, 6.001]), Level::Same);
    // A sample in another bin, or a bin that is empty now; and points of another picture.
    assert_eq!(level(&[2.0, 3.0, 4.0, 5.0, 6.1]), Level::Drift);
    assert_eq!(level(&[2.0, 3.0, 4.0, 5.0]), Level::Drift);
    assert_eq!(level(&ys.map(|y| y + 0.1)), Level::Regression);
    // The metric has drifted, so the points may.
    let drifted = VALUES.map(|v| v + 0.03);
    assert_eq!(compare(&with(&VALUES, &ys), &with(&drifted, &ys.map(|y| y + 0.1))).level, Level::Drift);

    let gone = compare(&with(&VALUES, &ys), &outcome("a", &[("x", &VALUES)]));
    assert_eq!(gone.level, Level::Regression);
    assert_eq!(gone.structure, ["figure: residuals is committed, but was not run"]);
    let mut without = with(&VALUES, &ys);
    without.figures[0].points.clear();
    let gone = compare(&with(&VALUES, &ys), &without);
    assert_eq!(gone.structure, ["method of the figure residuals: x is committed, but was not run"]);
}
