//! What a row says, and what a step does.

use std::cell::RefCell;

use burn::tensor::Device;
use mixup_core::mix::Mixture;
use mixup_core::stream::Streams;
use mixup_core::tensor::one_hot;
use mixup_routines::classification::Method as _;
use mixup_routines::positive;

use super::*;
use crate::mixing::Form;

fn read(json: &str) -> Result<Method, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn a_row_says_loss_and_partners() {
    assert_eq!(read(r#"{"kind": "cll"}"#), Ok(Method::Cll(Cll::default())));
    let icm = read(r#"{"kind": "cll", "loss": "lw", "mixing": {"partner": {"clusters": {"count": 20}}}}"#);
    let Ok(Method::Cll(Cll { loss: Loss::Lw, mixing: Some(mixing) })) = icm else { panic!("{icm:?}") };
    assert_eq!(mixing.alpha, positive(0.2));
    let Partners::Clusters(clusters) = mixing.partner else { panic!("clusters were asked for") };
    assert_eq!((clusters.count.get(), clusters.dimensions.get(), clusters.form), (20, 64, Form::Paper));
    assert!(read(r#"{"kind": "cll", "mixing": {"partner": "none"}}"#).unwrap_err().contains("clean"));
    assert!(
        Method::Cll(Cll::default()).check_setting(&Setting::default()).unwrap_err().contains("complementary")
    );
}

/// Logits are two pixels; what went in is written down.
struct Seen(RefCell<Vec<f64>>);

impl Classifier for Seen {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        self.0.borrow_mut().extend(to_host(x.clone())?);
        Ok(x.flatten::<2>(1, 3))
    }

    fn mixed_logits(&self, _: Tensor<4>, _: usize, _: &Mixture) -> Result<Tensor<2>, CoreError> {
        unreachable!("only images are mixed")
    }
}

/// One step on six images of two clusters and three classes; images seen, and noise counted in percent.
fn step(json: &str, seed: u64) -> (Vec<f64>, f64) {
    let device = Device::flex();
    let pixels: Vec<f64> = (0..18).map(f64::from).collect();
    let x = Tensor::<4>::from_data(TensorData::new(pixels, [6, 1, 1, 3]), &device);
    let complementary = vec![1, 2, 0, 2, 0, 1];
    let targets = one_hot(&complementary, 3, &device).unwrap();
    let mut known = Known {
        counted: Param::initialized(ParamId::new(), Tensor::zeros([2], &device)),
        transition: Param::initialized(ParamId::new(), Tensor::full([3, 3], 1.0 / 3.0, &device)),
        truth: vec![0, 0, 1, 1, 2, 2],
        complementary,
        clusters: vec![0, 0, 1, 1, 2, 2],
        priors: vec![1.0 / 3.0; 3],
        expected: 0.0,
    };
    let streams = &mut Streams::new("step", seed);
    let mut step = Step { rows: &[0, 1, 2, 3, 4, 5], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
    let (seen, method) = (Seen(RefCell::default()), read(json).unwrap());
    let loss = method.loss(&seen, Batch { x, targets }, &mut known, &mut step).unwrap();
    assert!(to_host(loss).unwrap()[0].is_finite());
    (seen.0.into_inner(), method.told(&known).unwrap().metrics[NOISE])
}

#[test]
fn partners_are_as_the_row_says() {
    let noise = |partner: &str| -> f64 {
        let json = format!(r#"{{"kind": "cll", "mixing": {{"alpha": 1, "partner": {partner}}}}}"#);
        (0..40).map(|seed| step(&json, seed).1).sum::<f64>() / 40.0
    };
    // 9 of the 15 pairs are noisy; five sixths of the rows of a permutation have another partner.
    let expected = 100.0 * 9.0 / 15.0 * 5.0 / 6.0;
    assert!((noise(r#""any""#) - expected).abs() < 12.0, "{}", noise(r#""any""#));
    assert_eq!(noise(r#""clean""#), 0.0);
    for form in ["paper", "official", "official-head", "micm"] {
        assert_eq!(
            noise(&format!(r#"{{"clusters": {{"count": 3, "form": "{form}"}}}}"#)),
            0.0,
            "one class each"
        );
    }
}

#[test]
fn images_stay_where_the_row_leaves_them() {
    let raw: Vec<f64> = (0..18).map(f64::from).collect();
    assert_eq!(step(r#"{"kind": "cll"}"#, 0).0, raw);
    let clusters = |form: &str| {
        format!(
            r#"{{"kind": "cll", "mixing": {{"alpha": 5, "partner": {{"clusters": {{"form": "{form}"}}}}}}}}"#
        )
    };
    assert_eq!(step(&clusters("official-head"), 0).0, raw);
    for form in ["paper", "official", "micm"] {
        let seen = step(&clusters(form), 0).0;
        assert_ne!(seen, raw, "{form}");
        // Images 0 and 1 are of one cluster, [0, 1, 2] and [3, 4, 5]: what is mixed of them stays between.
        assert!(
            seen[..6].iter().zip([0.0, 1.0, 2.0].repeat(2)).all(|(x, low)| (low..=low + 3.0).contains(x))
        );
    }
}

#[test]
fn every_loss_trains() {
    for loss in ["scl-nl", "scl-exp", "scl-lin", "fwd", "lw", "ure-ga"] {
        step(&format!(r#"{{"kind": "cll", "loss": "{loss}", "mixing": {{}}}}"#), 0);
    }
}
