use std::cell::RefCell;

use burn::tensor::{Device, TensorData};
use mixup_core::stream::Streams;
use mixup_core::tensor::{one_hot, to_host};
use proptest::prelude::*;

use super::*;

/// Logits are the pixels times a weight; how many rows passed together, and mixed at which stage, is
/// written down.
struct Linear {
    weight: Tensor<2>,
    passes: RefCell<Vec<(usize, Option<usize>)>>,
}

impl Linear {
    fn pass(&self, x: Tensor<4>, stage: Option<usize>) -> Tensor<2> {
        self.passes.borrow_mut().push((x.dims()[0], stage));
        x.flatten::<2>(1, 3).matmul(self.weight.clone())
    }
}

impl Classifier for Linear {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(self.pass(x, None))
    }

    fn mixed_logits(&self, x: Tensor<4>, stage: usize, mixture: &Mixture) -> Result<Tensor<2>, CoreError> {
        mixture.hidden(self.pass(x, Some(stage)))
    }
}

type Stepped = (f64, Vec<f64>, Vec<(usize, Option<usize>)>);

/// The loss, the gradient of the weight, and the forward passes.
fn step(json: &str, pixels: &[f64; 8], seed: u64) -> Stepped {
    step_of(json, pixels, seed, [0, 1])
}

/// The same at a step of so many.
fn step_of(json: &str, pixels: &[f64; 8], seed: u64, [step, steps]: [usize; 2]) -> Stepped {
    let baseline: Baseline = serde_json::from_str(json).unwrap();
    let device = Device::flex();
    let x = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), [4, 1, 1, 2]), &device);
    let batch = Batch { x, targets: one_hot(&[0, 1, 1, 0], 2, &device).unwrap() };
    let weight = Tensor::<2>::from_data([[0.9, -0.1], [0.2, 1.1]], &device.autodiff()).require_grad();
    let network = Linear { weight: weight.clone(), passes: RefCell::default() };
    let streams = &mut Streams::new("step", seed);
    let mut step = Step { rows: &[0, 1, 2, 3], epoch: 0, epochs: 1, step, steps, streams };
    let loss = baseline.loss(&network, batch, &mut step).unwrap();
    let gradient = to_host(weight.grad(&loss.backward()).unwrap()).unwrap();
    (to_host(loss).unwrap()[0], gradient, network.passes.into_inner())
}

fn of_kind(kind: &str) -> String {
    format!(r#"{{"kind": "{kind}"}}"#)
}

const PIXELS: [f64; 8] = [4.0, -4.0, -3.0, 4.5, 1.0, 2.0, 3.0, 0.5];

#[test]
fn the_list_of_kinds_is_the_list_of_variants() {
    let error = serde_json::from_str::<Baseline>(r#"{"kind": "?"}"#).unwrap_err().to_string();
    let named: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(named, Baseline::KINDS);
}

#[test]
fn raw_and_mixed_samples_pass_apart() {
    for kind in Baseline::KINDS {
        let passes = step(&of_kind(kind), &PIXELS, 0).2;
        match *kind {
            "regmixup" => assert_eq!(passes, [(4, None), (4, None)], "{kind}"),
            "alternate" => assert_eq!(passes.len(), 1, "{kind}"),
            "manifold-mixup" => assert!(matches!(passes[..], [(4, Some(0..=2))]), "{passes:?}"),
            _ => assert_eq!(passes, [(4, None)], "{kind}"),
        }
    }
}

#[test]
fn what_mixes_images_is_read_and_written_as_any_baseline() {
    for kind in ImageMixing::KINDS {
        assert!(Baseline::KINDS.contains(kind), "{kind}");
        let read: Baseline = serde_json::from_str(&of_kind(kind)).unwrap();
        assert!(matches!(read, Baseline::Mixing(_)), "{kind}");
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Baseline>(&written).unwrap(), read, "{written}");
    }
    let refused = |json: &str| serde_json::from_str::<Baseline>(json).unwrap_err().to_string();
    assert!(refused(r#"{"kind": "cutmix", "beta": 1}"#).contains("unknown field `beta`"));
    assert!(refused(r#"{"alpha": 1}"#).contains("kind"));
}

#[test]
fn turns_are_taken_step_by_step() {
    let alternate = r#"{"kind": "alternate", "of": [{"kind": "ce"}, {"kind": "mixup"}, {"kind": "cutmix"}]}"#;
    let loss = |json: &str, place: usize| step_of(json, &PIXELS, 1, [place, 6]).0;
    for place in 0..6 {
        let kind = ["ce", "mixup", "cutmix"][place % 3];
        assert_eq!(loss(alternate, place), loss(&of_kind(kind), place), "{kind}");
    }
    let none: Baseline = serde_json::from_str(r#"{"kind": "alternate", "of": []}"#).unwrap();
    assert!(none.check().unwrap_err().contains("`of` is empty"));
}

#[test]
fn every_stage_of_manifold_mixup_is_drawn_and_no_other() {
    let json = r#"{"kind": "manifold-mixup", "stages": [1, 3]}"#;
    let mut seen: Vec<_> = (0..40).filter_map(|seed| step(json, &PIXELS, seed).2[0].1).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [1, 3]);
    let none: Baseline = serde_json::from_str(r#"{"kind": "manifold-mixup", "stages": []}"#).unwrap();
    assert!(none.check().unwrap_err().contains("`stages` is empty"));
}

#[test]
fn without_its_weight_a_penalised_method_is_cross_entropy() {
    let plain = step(r#"{"kind": "ce"}"#, &PIXELS, 0).0;
    for kind in ["mbls", "ecp", "mmce", "regmixup"] {
        let loss = step(&format!(r#"{{"kind": "{kind}", "weight": 0}}"#), &PIXELS, 0).0;
        assert!((loss - plain).abs() < 1e-6, "{kind}: {loss} and {plain}");
        let loss = step(&format!(r#"{{"kind": "{kind}", "weight": 1}}"#), &PIXELS, 0).0;
        assert!((loss - plain).abs() > 1e-4, "{kind}: {loss} and {plain}");
    }
}

#[test]
fn a_seed_gives_the_same_loss_and_another_seed_another() {
    for kind in ["mixup", "manifold-mixup", "regmixup"] {
        assert_eq!(step(&of_kind(kind), &PIXELS, 1), step(&of_kind(kind), &PIXELS, 1), "{kind}");
        assert_ne!(step(&of_kind(kind), &PIXELS, 1).0, step(&of_kind(kind), &PIXELS, 2).0, "{kind}");
    }
}

#[test]
fn mixing_stops_after_its_share_of_the_training() {
    let plain = step(r#"{"kind": "ce"}"#, &PIXELS, 1).0;
    let always = step(r#"{"kind": "mixup"}"#, &PIXELS, 1).0;
    let early = |place: usize| step_of(r#"{"kind": "mixup", "until": 0.5}"#, &PIXELS, 1, [place, 4]).0;
    assert_eq!([0, 1, 2, 3].map(early), [always, always, plain, plain]);
    assert_ne!(always, plain);
}

#[test]
fn labels_may_have_a_lambda_of_their_own_that_favours_the_same_sample() {
    let mixup = |json: &str| match serde_json::from_str(json).unwrap() {
        Baseline::Mixup(mixup) => mixup,
        other => panic!("{other:?}"),
    };
    let (coupled, decoupled) =
        (mixup(r#"{"kind": "mixup"}"#), mixup(r#"{"kind": "mixup", "label_alpha": 0.5}"#));
    let mut differ = 0;
    for seed in 0..50 {
        let draw = |mixup: &Mixup| {
            let streams = &mut Streams::new("decoupled", seed);
            let mut step = Step { rows: &[0, 1], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
            mixup.draw(2, &mut step).unwrap().unwrap()
        };
        let [inputs, labels] = draw(&coupled);
        assert_eq!(inputs, labels);
        let [same, own] = draw(&decoupled);
        assert_eq!(same, inputs, "what is mixed does not depend on the labels");
        assert_eq!(own.partners, same.partners);
        let (lambda, label) = (same.shares().unwrap()[0], own.shares().unwrap()[0]);
        assert_eq!(lambda < 0.5, label < 0.5, "{lambda} and {label}");
        differ += usize::from(lambda != label);
    }
    assert_eq!(differ, 50);
}

proptest! {
    #[test]
    fn every_step_is_finite(pixels in prop::array::uniform8(-8.0f64..8.0), seed: u64) {
        for kind in Baseline::KINDS {
            let (loss, gradient, _) = step(&of_kind(kind), &pixels, seed);
            prop_assert!(loss.is_finite() && gradient.iter().all(|slope| slope.is_finite()), "{kind}");
        }
    }
}
