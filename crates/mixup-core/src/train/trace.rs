//! What training decides without looking at data.

use super::TrainConfig;
use super::course::Course;
use crate::optim::{Clock, OptimizerConfig};

/// All that a configuration and the code of schedules, patience and selection decide before there is a
/// sample: the learning rate in the first and the last step of every epoch; then, for some made-up
/// validation curves, after how many epochs patience ends the training and which epoch is tested.
///
/// Together with a [glimpse](super::Training::glimpse) it tells trainings apart: what changes the course of
/// a training changes one of the two.
pub fn trace(config: &TrainConfig, optimizer: &OptimizerConfig, steps_per_epoch: usize) -> Vec<f64> {
    let (epochs, steps) = (config.epochs.get(), steps_per_epoch.max(1));
    let rate = |epoch, step| optimizer.lr_at(&config.schedule, Clock { epoch, epochs, step, steps });
    let mut trace: Vec<f64> =
        (0..epochs).flat_map(|epoch| [0, steps - 1].map(|step| rate(epoch, step))).collect();
    for curve in curves(epochs) {
        let (stopped, tested) = follow(config, (0..epochs).map(curve));
        trace.extend([stopped as f64, tested as f64]);
    }
    trace
}

/// After how many epochs training stops, and which epoch is tested.
fn follow(config: &TrainConfig, losses: impl Iterator<Item = f64>) -> (usize, usize) {
    let mut course = Course::default();
    for loss in losses {
        if course.out_of_patience(config.patience) {
            break;
        }
        course.push(loss);
    }
    let last = course.losses.len() - 1;
    (course.losses.len(), *config.select.of(&course.best, &last))
}

/// Validation losses by epoch.
fn curves(epochs: usize) -> Vec<Box<dyn Fn(usize) -> f64>> {
    let falls_until = |turn: usize| move |epoch: usize| turn.abs_diff(epoch) as f64;
    let mut curves: Vec<Box<dyn Fn(usize) -> f64>> = vec![
        // Better all the time, always the same, worse all the time, up and down.
        Box::new(|epoch| -(epoch as f64)),
        Box::new(|_| 1.0),
        Box::new(|epoch| epoch as f64),
        Box::new(|epoch| (epoch % 2) as f64),
        // Never a number, and a number only later.
        Box::new(|_| f64::NAN),
        Box::new(|epoch| if epoch % 3 == 1 { 1.0 } else { f64::NAN }),
        // Two equal minima, far apart.
        Box::new(move |epoch| f64::from(u8::from(epoch != epochs / 4 && epoch != epochs * 3 / 4))),
    ];
    for turn in [1, epochs / 4, epochs / 2, epochs.saturating_sub(2)] {
        curves.push(Box::new(falls_until(turn)));
        // The same with a plateau of equals after the fall, and then worse.
        curves.push(Box::new(move |epoch| falls_until(turn)(if epoch == turn + 1 { turn } else { epoch })));
    }
    curves
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    /// The trace of a training of 40 epochs of 10 steps, changed in some places.
    fn changed(train: &str, optimizer: &str) -> Vec<u64> {
        let mut values = serde_json::json!({"epochs": 40, "batch": 10, "select": "best-validation",
            "schedule": {"kind": "cosine"}, "patience": 5});
        let change: serde_json::Value = serde_json::from_str(train).unwrap();
        for (key, value) in change.as_object().unwrap() {
            values[key] = value.clone();
        }
        let config: TrainConfig = serde_json::from_value(values).unwrap();
        trace(&config, &serde_json::from_str(optimizer).unwrap(), 10).into_iter().map(f64::to_bits).collect()
    }

    #[test]
    fn every_setting_of_schedule_patience_and_selection_shows() {
        let sgd = r#"{"kind": "sgd", "lr": 0.1}"#;
        let plain = changed("{}", sgd);
        assert_eq!(changed("{}", sgd), plain);
        for change in [
            r#"{"epochs": 41}"#,
            r#"{"patience": 6}"#,
            r#"{"patience": 4}"#,
            r#"{"patience": null}"#,
            r#"{"select": "last"}"#,
            r#"{"schedule": {"kind": "constant"}}"#,
            r#"{"schedule": {"kind": "cosine", "per": "step"}}"#,
            r#"{"schedule": {"kind": "cosine", "floor": 0.001}}"#,
            r#"{"schedule": {"kind": "step", "at": [39], "factor": 0.5}}"#,
            r#"{"schedule": {"kind": "warm-up", "over": {"steps": 2}, "then": {"kind": "cosine"}}}"#,
        ] {
            assert_ne!(changed(change, sgd), plain, "{change}");
        }
        assert_ne!(changed("{}", r#"{"kind": "sgd", "lr": 0.2}"#), plain);
    }

    /// The curves tell apart the rules that one could also have: the earlier of equals, an epoch more or
    /// less of patience, patience that counts from the last change for the worse.
    #[test]
    fn the_curves_tell_rules_apart() {
        let epochs = 40;
        let judged = |better: fn(f64, f64) -> bool, late: usize| -> Vec<(usize, usize)> {
            let follow = |curve: Box<dyn Fn(usize) -> f64>| {
                let (mut best, mut epoch) = (0, 0);
                while epoch < epochs && epoch <= best + 5 + late {
                    if better(curve(epoch), curve(best)) {
                        best = epoch;
                    }
                    epoch += 1;
                }
                (epoch, best)
            };
            curves(epochs).into_iter().map(follow).collect()
        };
        let config = TrainConfig {
            epochs: NonZeroUsize::new(epochs).unwrap(),
            patience: NonZeroUsize::new(5),
            ..serde_json::from_str(r#"{"epochs": 1, "batch": 1, "select": "best-validation"}"#).unwrap()
        };
        let found: Vec<_> =
            curves(epochs).into_iter().map(|curve| follow(&config, (0..epochs).map(curve))).collect();
        assert_eq!(found, judged(|new, best| new <= best, 0));
        assert_ne!(found, judged(|new, best| new < best, 0));
        assert_ne!(found, judged(|new, best| new <= best, 1));
        assert_ne!(found, judged(|new, best| new >= best, 0));
        assert_ne!(found, judged(|new, best| new <= best || best.is_nan(), 0));
    }
}
