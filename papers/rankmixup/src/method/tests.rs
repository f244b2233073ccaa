use burn::tensor::{Device, Tensor, TensorData};
use mixup_core::mix::Mixture;
use mixup_core::stream::Streams;
use mixup_core::tensor::{one_hot, to_host};
use mixup_routines::classification::Method as _;
use proptest::prelude::*;
use std::cell::RefCell;

use super::*;

fn read(json: &str) -> Result<Method, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn a_kind_alone_has_the_defaults() {
    assert_eq!(read(r#"{"kind": "m-ndcg"}"#), Ok(Method::MNdcg(Mndcg::default())));
    let Ok(Method::Mrl(mrl)) = read(r#"{"kind": "mrl", "margin": 5, "score": "probability"}"#) else {
        panic!("an mrl with two parameters is one");
    };
    assert_eq!((mrl.margin.get(), mrl.score, mrl.weight.get()), (5.0, Score::Probability, 0.1));
    assert_eq!(Mndcg::default().copies.get(), 3);
    assert!(read(r#"{"kind": "mrl", "copies": 3}"#).unwrap_err().contains("copies"));
    assert!(read(r#"{"kind": "m-ndcg", "copies": 0}"#).is_err());
}

/// Logits are the pixels times a weight; how many rows passed together is written down.
struct Linear {
    weight: Tensor<2>,
    passes: RefCell<Vec<usize>>,
}

impl Classifier for Linear {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        self.passes.borrow_mut().push(x.dims()[0]);
        Ok(x.flatten::<2>(1, 3).matmul(self.weight.clone()))
    }

    fn mixed_logits(&self, _: Tensor<4>, _: usize, _: &Mixture) -> Result<Tensor<2>, CoreError> {
        unreachable!("RankMixup mixes images")
    }
}

/// The loss, the gradient of the weight, and the rows of each forward pass.
fn step(json: &str, pixels: &[f64; 8], seed: u64) -> (f64, Vec<f64>, Vec<usize>) {
    let device = Device::flex();
    let x = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), [4, 1, 1, 2]), &device);
    let batch = Batch { x, targets: one_hot(&[0, 1, 1, 0], 2, &device).unwrap() };
    let weight = Tensor::<2>::from_data([[0.9, -0.1], [0.2, 1.1]], &device.autodiff()).require_grad();
    let network = Linear { weight: weight.clone(), passes: RefCell::default() };
    let streams = &mut Streams::new("step", seed);
    let mut step = Step { rows: &[0, 1, 2, 3], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
    let loss = read(json).unwrap().loss(&network, batch, &mut NoState, &mut step).unwrap();
    let gradient = to_host(weight.grad(&loss.backward()).unwrap()).unwrap();
    (to_host(loss).unwrap()[0], gradient, network.passes.into_inner())
}

const PIXELS: [f64; 8] = [4.0, -4.0, -3.0, 4.5, 1.0, 2.0, 3.0, 0.5];

#[test]
fn raw_and_mixed_samples_pass_apart() {
    assert_eq!(step(r#"{"kind": "mrl"}"#, &PIXELS, 0).2, [4, 4]);
    assert_eq!(step(r#"{"kind": "m-ndcg"}"#, &PIXELS, 0).2, [4, 12]);
    assert_eq!(step(r#"{"kind": "m-ndcg", "copies": 5}"#, &PIXELS, 0).2, [4, 20]);
}

#[test]
fn without_its_weight_a_method_is_cross_entropy() {
    let plain = step(r#"{"kind": "mrl", "weight": 0}"#, &PIXELS, 0).0;
    assert!((plain - step(r#"{"kind": "m-ndcg", "weight": 0}"#, &PIXELS, 1).0).abs() < 1e-6);
    for kind in ["mrl", "m-ndcg"] {
        let loss = step(&format!(r#"{{"kind": "{kind}", "weight": 1}}"#), &PIXELS, 0).0;
        assert!((loss - plain).abs() > 1e-4, "{kind}: {loss} and {plain}");
    }
}

#[test]
fn a_seed_gives_the_same_loss_and_another_seed_another() {
    for kind in ["mrl", "m-ndcg"] {
        let json = format!(r#"{{"kind": "{kind}"}}"#);
        assert_eq!(step(&json, &PIXELS, 1), step(&json, &PIXELS, 1), "{kind}");
        assert_ne!(step(&json, &PIXELS, 1).0, step(&json, &PIXELS, 2).0, "{kind}");
    }
}

#[test]
fn the_paper_orders_by_lambda_and_the_code_by_the_largest_target() {
    let targets = Tensor::<2>::from_data([[0.3, 0.7], [1.0, 0.0], [0.9, 0.1], [0.9, 0.1]], &Device::flex());
    let relevance = |relevance| {
        let method = Mndcg { relevance, ..Mndcg::default() };
        to_host(method.relevance(targets.clone(), &[0.3, 0.9]).unwrap()).unwrap()
    };
    let close = |a: Vec<f64>, b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close(relevance(Relevance::LargestTarget), [0.7, 1.0, 0.9, 0.9]));
    assert!(close(relevance(Relevance::Lambda), [0.3, 0.3, 0.9, 0.9]));
}

proptest! {
    #[test]
    fn every_step_is_finite(pixels in prop::array::uniform8(-8.0f64..8.0), seed: u64) {
        for kind in ["mrl", "m-ndcg"] {
            let (loss, gradient, _) = step(&format!(r#"{{"kind": "{kind}"}}"#), &pixels, seed);
            prop_assert!(loss.is_finite() && gradient.iter().all(|slope| slope.is_finite()), "{kind}");
            prop_assert!(gradient.iter().any(|slope| *slope != 0.0), "{kind}");
        }
    }
}
