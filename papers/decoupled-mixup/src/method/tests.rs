use burn::tensor::{Device, TensorData};
use mixup_core::mix::{Mixture, Ratio};
use mixup_core::stream::Streams;
use mixup_core::tensor::{one_hot, to_host};
use mixup_routines::classification::Method as _;
use proptest::prelude::*;

use super::*;
use crate::shares::Curve;

const LABELS: [usize; 4] = [0, 1, 2, 3];

/// Logits are the pixels.
struct Pixels;

impl Classifier for Pixels {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        Ok(x.flatten::<2>(1, 3))
    }

    fn mixed_logits(&self, _: Tensor<4>, stage: usize, _: &Mixture) -> Result<Tensor<2>, CoreError> {
        Err(CoreError::Invalid(format!("no stage {stage}")))
    }
}

fn read(json: &str) -> Method {
    serde_json::from_str(json).unwrap()
}

fn loss(json: &str, seed: u64) -> Result<f64, CoreError> {
    let device = Device::flex();
    let pixels: Vec<f32> = (0..16).map(|pixel| (pixel * 7 % 11) as f32 / 2.0 - 2.0).collect();
    let x = Tensor::from_data(TensorData::new(pixels, [4, 1, 2, 2]), &device);
    let batch = Batch { x, targets: one_hot(&LABELS, 4, &device).unwrap() };
    let streams = &mut Streams::new("step", seed);
    let mut step = Step { rows: &[0, 1, 2, 3], epoch: 0, epochs: 1, step: 0, steps: 1, streams };
    Ok(to_host(read(json).loss(&Pixels, batch, &mut NoState, &mut step)?)?[0])
}

#[test]
fn twice_the_cross_entropy_is_twice_the_loss_and_small_eta_is_the_loss() {
    for mixing in ["mixup", "cutmix"] {
        let mixing = format!(r#""mixing": {{"kind": "{mixing}"}}"#);
        for seed in 0..6 {
            let plain = loss(&format!(r#"{{"kind": "mce", {mixing}}}"#), seed).unwrap();
            let twice = loss(&format!(r#"{{"kind": "mce", {mixing}, "weight": 2}}"#), seed).unwrap();
            assert!((twice - 2.0 * plain).abs() < 1e-6);
            let least = loss(&format!(r#"{{"kind": "dm", {mixing}, "eta": 1e-9}}"#), seed).unwrap();
            assert!((least - plain).abs() < 1e-5);
            // The decoupled terms are positive.
            let dm =
                loss(&format!(r#"{{"kind": "dm", {mixing}, "eta": 1, "pairing": "class"}}"#), seed).unwrap();
            assert!(dm >= plain, "{dm} {plain}");
        }
    }
}

fn labels(lambdas: &[f64]) -> MixedLabels {
    let device = Device::flex();
    let partners = [1, 2, 3, 0].map(|row| LABELS[row]);
    let of = |labels: &[usize]| one_hot(labels, 4, &device).unwrap();
    MixedLabels::of_two(of(&LABELS), of(&partners), lambdas).unwrap()
}

proptest! {
    #[test]
    fn exactly_one_side_counts(lambda in 0.01_f64..0.99, threshold in 0.0_f64..=1.0) {
        let weights = |side| Dm { eta: positive(2.0), side, ..Dm::default() }.weights(lambda);
        let [both, less, more] =
            [Side::Both, Side::Less(unit(threshold)), Side::More(unit(threshold))].map(weights);
        prop_assert_eq!(both, [2.0 * lambda, 2.0 * (1.0 - lambda)]);
        prop_assert!(less.contains(&0.0) && more.contains(&0.0));
        // What one leaves out the other has.
        prop_assert_eq!([less[0] + more[0], less[1] + more[1]], both);
    }
}

#[test]
fn pairings_differ_where_the_own_class_is_the_higher() {
    let dm = |pairing| Dm { eta: positive(1.0), pairing, ..Dm::default() };
    let (class, official) = (dm(Pairing::Class), dm(Pairing::Official));
    let lambdas = labels(&[0.2; 4]);
    assert_eq!(class.etas(&lambdas).unwrap(), [[0.2; 4], [0.8; 4]]);
    assert_eq!(official.etas(&lambdas).unwrap(), [[0.2; 4], [0.8; 4]]);
    // The same mixtures told from the other side: classes 1, 2, 3, 0 mixed with 0, 1, 2, 3.
    let turned = {
        let [own, partner] = lambdas.points() else { panic!("two points") };
        MixedLabels::of_two(partner.clone(), own.clone(), &[0.2; 4]).unwrap()
    };
    assert_eq!(class.etas(&turned).unwrap(), [[0.2; 4], [0.8; 4]]);
    assert_eq!(official.etas(&turned).unwrap(), [[0.8; 4], [0.2; 4]]);
    assert_eq!(official.etas(&labels(&[0.5; 4])).unwrap(), [[0.0; 4], [0.0; 4]]);
    assert_eq!(class.etas(&labels(&[0.5; 4])).unwrap(), [[0.5; 4], [0.5; 4]]);
    // A lambda for each row: only the class pairing knows what to do.
    let each = [0.1, 0.2, 0.3, 0.4];
    assert_eq!(class.etas(&labels(&each)).unwrap()[0], each);
    assert!(official.etas(&labels(&each)).unwrap_err().to_string().contains("pairing: class"));
}

#[test]
fn two_hot_targets_by_hand() {
    let targets = |targets: Targets, scaled: &[bool]| {
        let bce = DmBce { targets, ..DmBce::default() };
        to_host(bce.targets(&labels(&[0.25; 4]), scaled)).unwrap()[..4].to_vec()
    };
    let half = Scale::Pow(Curve { threshold: positive(0.5), index: 1.0 });
    assert_eq!(targets(Targets::Mixed, &[]), [0.25, 0.75, 0.0, 0.0]);
    assert_eq!(targets(Targets::TwoHot(Scale::Constant), &[]), [1.0, 1.0, 0.0, 0.0]);
    assert_eq!(targets(Targets::TwoHot(half), &[]), [0.5, 1.0, 0.0, 0.0]);
    assert_eq!(targets(Targets::TwoHot(half), &[true, false]), [0.5, 0.75, 0.0, 0.0]);
    let same = MixedLabels::of(
        &Mixture::new(vec![0], Ratio::Batch(0.5)).unwrap(),
        one_hot(&[1], 2, &Device::flex()).unwrap(),
    );
    let bce = |scale: f64| DmBce {
        targets: Targets::TwoHot(Scale::Constant),
        target_scale: unit(scale),
        ..DmBce::default()
    };
    let of = |scale| to_host(bce(scale).targets(same.as_ref().unwrap(), &[])).unwrap();
    assert_eq!((of(1.0), of(0.75)), (vec![0.0, 2.0], vec![0.0, 1.0]));
}

#[test]
fn what_does_not_mix_all_images_is_refused() {
    let model = ModelConfig::Lenet {};
    for bad in [
        r#"{"kind": "mce", "mixing": {"kind": "ce"}}"#,
        r#"{"kind": "dm", "mixing": {"kind": "regmixup"}}"#,
        r#"{"kind": "dm", "mixing": {"kind": "mixup", "until": 0.5}}"#,
        r#"{"kind": "dm-bce", "mixing": {"kind": "mixup", "label_alpha": 1}}"#,
    ] {
        assert!(read(bad).check(&model).unwrap_err().contains("`mixing`"), "{bad}");
    }
    let scale = r#"{"kind": "dm", "scale": {"exp": {"threshold": 1, "index": 1}}}"#;
    assert!(read(scale).check(&model).unwrap_err().contains("goes nowhere"));
    let good = r#"{"kind": "dm-bce", "mixing": {"kind": "cutmix"}, "targets": {"two-hot": "constant"}}"#;
    assert_eq!(read(good).check(&model), Ok(()));
    assert!(loss(r#"{"kind": "mce", "mixing": {"kind": "ce"}}"#, 0).is_err());
}
