//! Schedules against closed forms and the recursions of PyTorch's schedulers.

use super::*;

const STEPS: usize = 5;

fn read(text: &str) -> Schedule {
    serde_json::from_str(text).unwrap()
}

/// The factor in the first step of an epoch of `epochs`.
fn at_epoch(schedule: &Schedule, epoch: usize, epochs: usize) -> f64 {
    schedule.factor(Clock { epoch, epochs, step: 0, steps: STEPS })
}

/// The factor in each step of some epochs of [`STEPS`] steps.
fn by_step(schedule: &Schedule, epochs: usize) -> Vec<f64> {
    let clock = |number| Clock { epoch: number / STEPS, epochs, step: number % STEPS, steps: STEPS };
    (0..epochs * STEPS).map(|number| schedule.factor(clock(number))).collect()
}

fn assert_close(found: &[f64], expected: impl IntoIterator<Item = f64>) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "at {place}: {found}, expected {expected}");
    }
}

/// The factor after each step of PyTorch's `CosineAnnealingLR`, by its recursion:
/// `lr(t) = min + (lr(t - 1) - min) (1 + cos(pi t / T)) / (1 + cos(pi (t - 1) / T))`.
fn pytorch_cosine(floor: f64, all: usize) -> Vec<f64> {
    let wave = |t: usize| 1.0 + (PI * t as f64 / all as f64).cos();
    let mut factor = 1.0;
    let mut next = |t: usize| {
        if t > 0 {
            factor = floor + (factor - floor) * wave(t) / wave(t - 1);
        }
        factor
    };
    (0..all).map(&mut next).collect()
}

/// PyTorch's `LinearLR` to 1, by its recursion:
/// `lr(t) = lr(t - 1) (1 + (1 - from) / (n from + (t - 1) (1 - from)))`.
fn pytorch_linear(from: f64, length: usize) -> Vec<f64> {
    let mut factor = from;
    let mut next = |t: usize| {
        if t > 0 {
            factor *= 1.0 + (1.0 - from) / (length as f64 * from + (t - 1) as f64 * (1.0 - from));
        }
        factor
    };
    (0..length).map(&mut next).collect()
}

#[test]
fn constant() {
    assert_eq!(at_epoch(&Schedule::Constant, 7, 10), 1.0);
}

/// PyTorch's `MultiStepLR` with milestones 80 and 120 and gamma 0.1: the epochs of 200 on both
/// sides of each drop.
#[test]
fn step_drops_in_the_epoch_it_names() {
    let schedule = read(r#"{"kind": "step", "at": [80, 120], "factor": 0.1}"#);
    for (epoch, expected) in [(0, 1.0), (79, 1.0), (80, 0.1), (119, 0.1), (120, 0.01), (199, 0.01)] {
        assert!((at_epoch(&schedule, epoch, 200) - expected).abs() < 1e-15, "epoch {epoch}");
    }
}

#[test]
fn an_epoch_named_twice_drops_twice() {
    let schedule = read(r#"{"kind": "step", "at": [2, 2], "factor": 0.5}"#);
    assert_eq!([1, 2, 3].map(|epoch| at_epoch(&schedule, epoch, 4)), [1.0, 0.25, 0.25]);
}

#[test]
fn cosine_is_pytorchs_recursion() {
    for (text, floor) in [(r#"{"kind": "cosine"}"#, 0.0), (r#"{"kind": "cosine", "floor": 0.1}"#, 0.1)] {
        let schedule = read(text);
        let found: Vec<f64> = (0..40).map(|epoch| at_epoch(&schedule, epoch, 40)).collect();
        assert_close(&found, pytorch_cosine(floor, 40));
    }
    assert!((at_epoch(&read(r#"{"kind": "cosine"}"#), 20, 40) - 0.5).abs() < 1e-15);
}

/// Numbers of runs that are kept hang on each bit.
#[test]
fn cosine_per_epoch_is_this_expression_to_the_bit() {
    let schedule = read(r#"{"kind": "cosine"}"#);
    for epochs in [1, 7, 30, 200] {
        for epoch in 0..epochs {
            let expected = 0.5 * (1.0 + (PI * epoch as f64 / epochs as f64).cos());
            let clock = Clock { epoch, epochs, step: STEPS - 1, steps: STEPS };
            assert_eq!(schedule.factor(clock).to_bits(), expected.to_bits());
        }
    }
}

#[test]
fn per_step_it_is_the_same_recursion_over_steps() {
    let found = by_step(&read(r#"{"kind": "cosine", "floor": 0.05, "per": "step"}"#), 6);
    assert_close(&found, pytorch_cosine(0.05, 6 * STEPS));
}

#[test]
fn linear_holds_and_then_falls() {
    // PyTorch's `LinearLR` down to 0 and the rule `1 - max(0, e - n) / n_decay` of many a `LambdaLR`.
    let all = 8 * STEPS;
    let found = by_step(&read(r#"{"kind": "linear", "per": "step"}"#), 8);
    assert_close(&found, (0..all).map(|step| 1.0 - step as f64 / all as f64));
    let schedule = read(r#"{"kind": "linear", "hold": 0.5, "floor": 0.2}"#);
    let found: Vec<f64> = (0..8).map(|epoch| at_epoch(&schedule, epoch, 8)).collect();
    assert_close(&found, [1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4]);
}

#[test]
fn a_warm_up_is_pytorchs_recursion_and_hands_over() {
    let schedule = read(
        r#"{"kind": "warm-up", "over": {"steps": 7}, "from": 0.1,
            "then": {"kind": "cosine", "per": "step"}}"#,
    );
    let expected = [pytorch_linear(0.1, 7), pytorch_cosine(0.0, 6 * STEPS - 7)].concat();
    assert_close(&by_step(&schedule, 6), expected);
}

#[test]
fn a_warm_up_of_epochs_per_epoch_and_per_step() {
    let schedule = |per: &str| {
        read(&format!(
            r#"{{"kind": "warm-up", "over": {{"epochs": 2}}, "per": "{per}", "then": {{"kind": "cosine"}}}}"#
        ))
    };
    let cosine = |epoch: usize| 0.5 * (1.0 + (PI * (epoch as f64 - 2.0) / 4.0).cos());
    let after = |found: &[f64]| {
        assert_close(&found[2 * STEPS..], (2 * STEPS..6 * STEPS).map(|step| cosine(step / STEPS)));
    };
    let found = by_step(&schedule("epoch"), 6);
    assert_close(&found[..2 * STEPS], (0..2 * STEPS).map(|step| (step / STEPS + 1) as f64 / 2.0));
    after(&found);
    let found = by_step(&schedule("step"), 6);
    assert_close(&found[..2 * STEPS], (0..2 * STEPS).map(|step| (step + 1) as f64 / (2 * STEPS) as f64));
    after(&found);
}

#[test]
fn a_warm_up_longer_than_the_training_only_rises() {
    let schedule = read(r#"{"kind": "warm-up", "over": {"epochs": 4}, "then": {"kind": "cosine"}}"#);
    assert_eq!([0, 1].map(|epoch| at_epoch(&schedule, epoch, 2)), [0.25, 0.5]);
}

/// Keys of stored runs are hashes of this text.
#[test]
fn options_that_are_not_used_are_not_written() {
    for text in [
        r#"{"kind":"constant"}"#,
        r#"{"kind":"cosine"}"#,
        r#"{"kind":"step","at":[2],"factor":0.1}"#,
        r#"{"kind":"linear"}"#,
        r#"{"kind":"warm-up","over":{"epochs":2},"then":{"kind":"cosine","floor":0.1,"per":"step"}}"#,
    ] {
        assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
    }
}

#[test]
fn settings_are_checked() {
    for (bad, why) in [
        (r#"{"kind": "cosine", "at": [1]}"#, "at"),
        (r#"{"kind": "cosine", "floor": 2}"#, "0 to 1"),
        (r#"{"kind": "cosine", "per": "batch"}"#, "batch"),
        (r#"{"kind": "warm-up", "over": {"steps": 0}, "then": {"kind": "constant"}}"#, "nonzero"),
        (
            r#"{"kind": "warm-up", "over": {"steps": 1},
                "then": {"kind": "warm-up", "over": {"steps": 1}, "then": {"kind": "constant"}}}"#,
            "another kind",
        ),
    ] {
        let error = serde_json::from_str::<Schedule>(bad).unwrap_err().to_string();
        assert!(error.contains(why), "{bad}: {error}");
    }
}
