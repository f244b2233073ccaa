use burn::tensor::{Device, TensorData};
use mixup_core::loss::soft_cross_entropy;
use mixup_core::stream::Streams;
use mixup_core::tensor::{one_hot, to_host};

use super::*;
use mixup_routines::classification::Method as _;

/// Logits are the pixels; a stage other than 0 doubles the mixed state.
struct Pixels;

impl Classifier for Pixels {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(x.flatten::<2>(1, 3))
    }

    fn mixed_logits(&self, x: Tensor<4>, stage: usize, mixture: &Mixture) -> Result<Tensor<2>, CoreError> {
        Ok(mixture.hidden(self.logits(x)?)?.mul_scalar(if stage == 0 { 1.0 } else { 2.0 }))
    }
}

fn batch() -> Batch<4> {
    let device = Device::flex();
    let pixels = vec![2.0_f32, -1.0, 0.5, 0.0, 1.0, -2.0, 3.0, 0.25, 1.5];
    let x = Tensor::from_data(TensorData::new(pixels, [3, 1, 1, 3]), &device);
    Batch { x, targets: one_hot(&[0, 1, 2], 3, &device).unwrap() }
}

fn loss(json: &str, seed: u64) -> f64 {
    let method: Method = serde_json::from_str(json).unwrap();
    let streams = &mut Streams::new("step", seed);
    let mut step = Step { rows: &[0, 1, 2], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
    to_host(method.loss(&Pixels, batch(), &mut NoState, &mut step).unwrap()).unwrap()[0]
}

/// The mixture that a step with this seed draws.
fn mixture(alpha: f64, seed: u64) -> Mixture {
    let streams = &mut Streams::new("step", seed);
    let lambda = Lambda::beta(Positive::new(alpha).unwrap()).unwrap().draw(streams.get("lambda"));
    Mixture::permuted(3, Ratio::Batch(lambda), streams.get("pairs")).unwrap()
}

#[test]
fn without_mixing_every_class_is_a_question_of_its_own() {
    let Batch { x, targets } = batch();
    let plain = bce_softmax(x.clone().flatten::<2>(1, 3), targets.clone()).unwrap();
    assert_eq!(loss(r#"{"kind": "bce"}"#, 0), to_host(plain).unwrap()[0]);
    // The mean over three classes of two logarithms each: not cross-entropy.
    let ce = to_host(soft_cross_entropy(x.flatten::<2>(1, 3), targets).unwrap()).unwrap()[0];
    assert!((loss(r#"{"kind": "bce"}"#, 0) - ce).abs() > 1e-2);
}

#[test]
fn stage_zero_mixes_inputs_and_other_stages_hidden_states() {
    for seed in 0..8 {
        let of = |stage: usize| loss(&format!(r#"{{"kind": "manifold-bce", "stages": [{stage}]}}"#), seed);
        let mixture = mixture(2.0, seed);
        let Batch { x, targets } = batch();
        let mixed = mixture.inputs(x).unwrap().flatten::<2>(1, 3);
        let expected = |scale: f64| {
            let targets = mixture.targets(targets.clone()).unwrap();
            to_host(bce_softmax(mixed.clone().mul_scalar(scale), targets).unwrap()).unwrap()[0]
        };
        assert_eq!(of(0), expected(1.0));
        assert_eq!(of(1), expected(2.0));
        // By default one of three stages is drawn.
        let drawn = loss(r#"{"kind": "manifold-bce"}"#, seed);
        assert!(drawn == of(0) || drawn == of(1), "{drawn}");
    }
    let default = |seed| {
        loss(r#"{"kind": "manifold-bce"}"#, seed) == loss(r#"{"kind": "manifold-bce", "stages": [0]}"#, seed)
    };
    let inputs = (0..300).filter(|&seed| default(seed)).count();
    assert!((70..130).contains(&inputs), "{inputs} of 300");
    let none: Method = serde_json::from_str(r#"{"kind": "manifold-bce", "stages": []}"#).unwrap();
    assert!(none.check(&ModelConfig::Lenet {}).unwrap_err().contains("`stages` is empty"));
}
