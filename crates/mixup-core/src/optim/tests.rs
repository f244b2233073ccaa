//! Steps on two small parameters, by hand and by PyTorch's definition.

use burn::module::{Module, Param};
use burn::tensor::{Device, Gradients, Tensor};

use super::*;
use crate::checked::{NonNegative, Positive, UnitInterval};

/// A vector and a matrix.
#[derive(Module, Debug)]
struct Pair {
    vector: Param<Tensor<1>>,
    matrix: Param<Tensor<2>>,
}

impl Pair {
    fn new(vector: [f32; 2], matrix: [[f32; 2]; 1]) -> Self {
        let device = Device::flex();
        let model = Self {
            vector: Param::from_tensor(Tensor::from_floats(vector, &device)),
            matrix: Param::from_tensor(Tensor::from_floats(matrix, &device)),
        };
        model.train()
    }

    /// Gradients that are these numbers, by way of a linear loss.
    fn gradients(&self, vector: [f32; 2], matrix: [[f32; 2]; 1]) -> Gradients {
        let device = self.vector.val().device();
        let loss = (self.vector.val() * Tensor::from_floats(vector, &device)).sum()
            + (self.matrix.val() * Tensor::from_floats(matrix, &device)).sum();
        loss.backward()
    }

    fn values(&self) -> Vec<f32> {
        let vector = self.vector.val().into_data().try_to_vec().unwrap();
        [vector, self.matrix.val().into_data().try_to_vec().unwrap()].concat()
    }
}

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let close =
        found.iter().zip(expected).all(|(&found, expected)| (f64::from(found) - expected).abs() < 1e-6);
    assert!(close, "{found:?}, expected {expected:?}");
}

fn sgd(lr: f64, momentum: Option<f64>, weight_decay: Option<f64>, nesterov: bool) -> OptimizerConfig {
    OptimizerConfig::Sgd(SgdConfig {
        momentum: momentum.map(|value| UnitInterval::new(value).unwrap()),
        weight_decay: weight_decay.map(|value| NonNegative::new(value).unwrap()),
        nesterov,
        ..SgdConfig::new(positive(lr))
    })
}

/// The first weight after each of some steps with gradient 1, from 2.
fn path(config: &OptimizerConfig, steps: usize) -> Vec<f32> {
    let mut model = Pair::new([2.0, 0.0], [[0.0, 0.0]]);
    let mut optimizer = config.init(&model).unwrap();
    let step = |_| {
        let mut gradients = model.gradients([1.0, 0.0], [[0.0, 0.0]]);
        model = optimizer.step(config.lr(), model.clone(), &mut gradients);
        model.values()[0]
    };
    (0..steps).map(step).collect()
}

#[test]
fn sgd_by_hand() {
    // Velocity 1, 1.5, 1.75.
    assert_close(&path(&sgd(0.1, Some(0.5), None, false), 3), &[1.9, 1.75, 1.575]);
    // Look-ahead: 1 + 0.5 v, that is 1.5, 1.75, 1.875.
    assert_close(&path(&sgd(0.1, Some(0.5), None, true), 3), &[1.85, 1.675, 1.4875]);
    // Decay goes into the momentum: g = 1 + 0.1 w is 1.2, then 1.188; v is 1.2, then 1.788.
    assert_close(&path(&sgd(0.1, Some(0.5), Some(0.1), false), 2), &[1.88, 1.7012]);
    assert_close(&path(&sgd(0.1, None, Some(0.1), false), 2), &[1.88, 1.7612]);
}

/// Three steps, and three more by the optimiser that was saved and read in between.
#[test]
fn what_was_saved_goes_on_to_the_bit() {
    for config in [sgd(0.1, None, None, false), sgd(0.1, Some(0.9), Some(0.1), true), adam(0.1, 0.5)] {
        let mut model = Pair::new([2.0, 0.0], [[0.0, 0.0]]);
        let mut optimizer = config.init(&model).unwrap();
        for _ in 0..2 {
            for _ in 0..3 {
                let mut gradients = model.gradients([1.0, 0.0], [[0.0, 0.0]]);
                model = optimizer.step(config.lr(), model, &mut gradients);
            }
            // Twice: what was read and not used yet is written, too.
            for _ in 0..2 {
                let bytes = optimizer.to_bytes().unwrap();
                optimizer = config.init(&model).unwrap().with_bytes(&bytes).unwrap();
            }
        }
        assert_eq!(model.values()[0], path(&config, 6)[5]);
    }
}

#[test]
fn what_another_rule_kept_is_refused() {
    let model = Pair::new([2.0, 0.0], [[0.0, 0.0]]);
    let mut optimizer = adam(0.1, 0.0).init(&model).unwrap();
    let mut gradients = model.gradients([1.0, 0.0], [[0.0, 0.0]]);
    let model = optimizer.step(0.1, model, &mut gradients);
    let bytes = optimizer.to_bytes().unwrap();
    let refused = |result: Result<Optimizer, String>| result.err().unwrap();
    let other = sgd(0.1, Some(0.9), None, false).init(&model).unwrap();
    assert!(refused(other.with_bytes(&bytes)).contains("2 tensors"));
    let smaller = adam(0.1, 0.0).init(&model.vector).unwrap();
    assert!(refused(smaller.with_bytes(&bytes)).contains("no parameter 1"));
    assert!(adam(0.1, 0.0).init(&model).unwrap().with_bytes(&bytes[..20]).is_err());
}

/// The update rule of PyTorch's documentation, in f64.
fn pytorch(lr: f64, momentum: f64, decay: f64, nesterov: bool, steps: usize) -> Vec<f64> {
    let (mut weight, mut velocity) = (2.0, None);
    let step = |_| {
        let gradient = 1.0 + decay * weight;
        let new = velocity.map_or(gradient, |old: f64| momentum * old + gradient);
        velocity = Some(new);
        weight -= lr * if nesterov { gradient + momentum * new } else { new };
        weight
    };
    (0..steps).map(step).collect()
}

#[test]
fn sgd_is_pytorchs_over_many_steps() {
    for nesterov in [false, true] {
        let found = path(&sgd(0.1, Some(0.9), Some(5e-4), nesterov), 30);
        let expected = pytorch(0.1, 0.9, 5e-4, nesterov, 30);
        let close =
            found.iter().zip(&expected).all(|(&found, expected)| (f64::from(found) - expected).abs() < 1e-4);
        assert!(close, "{found:?}, expected {expected:?}");
    }
}

fn clipped(clip: Clip, vector: [f32; 2], matrix: [[f32; 2]; 1]) -> Vec<f32> {
    let model = Pair::new([0.0; 2], [[0.0; 2]]);
    let mut gradients = model.gradients(vector, matrix);
    clip.apply(&model, &mut gradients);
    let vector = model.vector.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
    let matrix = model.matrix.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
    [vector, matrix].concat()
}

fn positive(value: f64) -> Positive {
    Positive::new(value).unwrap()
}

#[test]
fn the_norm_is_that_of_all_parameters_together() {
    // The whole norm is sqrt(4 + 16 + 4 + 1) = 5; the parts alone have sqrt(20) and sqrt(5).
    let found = clipped(Clip::Norm(positive(2.5)), [2.0, -4.0], [[2.0, 1.0]]);
    assert_close(&found, &[1.0, -2.0, 1.0, 0.5]);
    // The vector alone is longer than 4.5, the matrix is not: one factor for both all the same.
    assert_close(&clipped(Clip::Norm(positive(4.5)), [2.0, -4.0], [[2.0, 1.0]]), &[1.8, -3.6, 1.8, 0.9]);
}

#[test]
fn a_norm_that_is_small_enough_changes_no_bit() {
    assert_eq!(clipped(Clip::Norm(positive(5.1)), [2.0, -4.0], [[2.0, 1.0]]), [2.0, -4.0, 2.0, 1.0]);
    assert_eq!(clipped(Clip::Norm(positive(0.1)), [0.0, 0.0], [[0.0, 0.0]]), [0.0; 4]);
}

#[test]
fn pytorchs_1e_6_keeps_a_tiny_norm_below_the_limit() {
    // Norm 1e-6 with limit 1e-6: the factor is 1e-6 / 2e-6.
    let cut = clipped(Clip::Norm(positive(1e-6)), [1e-6, 0.0], [[0.0, 0.0]]);
    assert!((cut[0] - 0.5e-6).abs() < 1e-12, "{}", cut[0]);
}

#[test]
fn values_are_cut_one_by_one() {
    assert_eq!(clipped(Clip::Value(positive(1.5)), [2.0, -4.0], [[1.0, -1.0]]), [1.5, -1.5, 1.0, -1.0]);
}

#[test]
fn settings_are_read_and_checked() {
    let read = |text: &str| serde_json::from_str::<OptimizerConfig>(text);
    let config = read(
        r#"{"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": true, "clip": {"norm": 2.0}}"#,
    );
    let config = config.unwrap();
    assert_eq!((config.lr(), config.clip()), (0.1, Some(Clip::Norm(positive(2.0)))));
    assert_eq!(read(&serde_json::to_string(&config).unwrap()).unwrap(), config);
    let adam = read(r#"{"kind": "adam", "lr": 0.001, "clip": {"value": 1}}"#).unwrap();
    assert_eq!(adam.clip(), Some(Clip::Value(positive(1.0))));
    for bad in [
        r#"{"kind": "sgd", "lr": 0.1, "clip": {"norm": 0}}"#,
        r#"{"kind": "sgd", "lr": 0.1, "clip": {"length": 1}}"#,
        r#"{"kind": "adam", "lr": 0.1, "nesterov": true}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

fn non_negative(value: f64) -> NonNegative {
    NonNegative::new(value).unwrap()
}

fn adam(lr: f64, weight_decay: f64) -> OptimizerConfig {
    let weight_decay = Some(non_negative(weight_decay));
    OptimizerConfig::Adam(AdamConfig { weight_decay, ..AdamConfig::new(positive(lr)) })
}

fn adamw(lr: f64, weight_decay: f64) -> OptimizerConfig {
    OptimizerConfig::AdamW(AdamWConfig::new(positive(lr), non_negative(weight_decay)))
}

/// The algorithms of PyTorch's documentation of `Adam` and `AdamW`, in f64, from 2 with gradient 1.
fn pytorch_adam(lr: f64, decay: f64, decoupled: bool, steps: i32) -> Vec<f64> {
    let (mut weight, mut first, mut second) = (2.0, 0.0, 0.0);
    let step = |time| {
        let mut gradient = 1.0;
        if decoupled {
            weight -= lr * decay * weight;
        } else {
            gradient += decay * weight;
        }
        first = 0.9 * first + 0.1 * gradient;
        second = 0.999 * second + 0.001 * gradient * gradient;
        let (first, second): (f64, f64) =
            (first / (1.0 - 0.9f64.powi(time)), second / (1.0 - 0.999f64.powi(time)));
        weight -= lr * first / (second.sqrt() + 1e-8);
        weight
    };
    (1..=steps).map(step).collect()
}

#[test]
fn both_kinds_of_adam_are_pytorchs_over_many_steps() {
    // Large rates and decays, so that the two differ and a wrong order of the decay shows.
    for (decay, apart) in [(0.0, false), (0.5, true)] {
        let [coupled, decoupled] = [adam(0.1, decay), adamw(0.1, decay)].map(|config| path(&config, 30));
        for (found, decoupled) in [(&coupled, false), (&decoupled, true)] {
            let expected = pytorch_adam(0.1, decay, decoupled, 30);
            let close = found.iter().zip(&expected).all(|(&a, b)| (f64::from(a) - b).abs() < 1e-4);
            assert!(close, "{found:?}, expected {expected:?}");
        }
        assert_eq!(coupled != decoupled, apart);
    }
}

#[test]
fn adam_without_decay_is_the_same_to_the_bit() {
    let plain = OptimizerConfig::Adam(AdamConfig::new(positive(0.1)));
    assert_eq!(path(&plain, 10), path(&adam(0.1, 0.0), 10));
    assert_eq!(path(&plain, 10), path(&adamw(0.1, 0.0), 10));
}

/// Both parameters after a step of rate 0.1 with gradient 1, from ones.
fn grouped(groups: &str) -> Result<Vec<f32>, String> {
    let text = format!(r#"{{"kind": "sgd", "lr": 0.1, "weight_decay": 1, "groups": {groups}}}"#);
    let config: OptimizerConfig = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let model = Pair::new([1.0; 2], [[1.0; 2]]);
    let mut optimizer = config.init(&model).map_err(|error| error.to_string())?;
    let mut gradients = model.gradients([1.0; 2], [[1.0; 2]]);
    Ok(optimizer.step(config.lr(), model, &mut gradients).values())
}

#[test]
fn groups_have_rates_and_decays_of_their_own() {
    let check = |groups: &str, vector: f64, matrix: f64| {
        assert_close(&grouped(groups).unwrap(), &[vector, vector, matrix, matrix]);
    };
    check("[]", 0.8, 0.8);
    check(r#"[{"parameters": ["vector"], "weight_decay": 0}]"#, 0.9, 0.8);
    check(r#"[{"parameters": ["matrix"], "lr_factor": 0.1}]"#, 0.8, 0.98);
    check(r#"[{"parameters": ["matrix", "vector"], "lr_factor": 0}]"#, 1.0, 1.0);
    // Each setting is that of the last group that has it.
    let both = r#"[{"parameters": ["matrix", "vector"], "weight_decay": 0, "lr_factor": 2},
        {"parameters": ["matrix"], "lr_factor": 3}]"#;
    check(both, 0.8, 0.7);
}

#[test]
fn a_group_of_nothing_is_refused_with_what_there_is() {
    for part in ["vec", "", "matrix.vector"] {
        let error = grouped(&format!(r#"[{{"parameters": ["vector", "{part}"], "lr_factor": 2}}]"#));
        let error = error.unwrap_err();
        assert!(error.contains(&format!("`{part}`")) && error.contains("vector, matrix"), "{error}");
    }
    assert!(grouped(r#"[{"parameters": ["vector"], "lr": 2}]"#).unwrap_err().contains("lr_factor"));
}

/// Keys of stored runs are hashes of this text.
#[test]
fn options_that_are_not_used_are_not_written() {
    for text in [
        r#"{"kind":"adam","lr":0.01}"#,
        r#"{"kind":"adam","lr":0.01,"clip":{"value":1.0}}"#,
        r#"{"kind":"sgd","lr":0.1,"momentum":0.9,"weight_decay":0.0005,"nesterov":true,"clip":{"norm":2.0}}"#,
        r#"{"kind":"sgd","lr":0.1}"#,
        r#"{"kind":"adamw","lr":0.001,"weight_decay":0.05}"#,
    ] {
        let config: OptimizerConfig = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), text);
    }
}
