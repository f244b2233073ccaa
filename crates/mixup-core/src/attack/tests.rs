use burn::tensor::{DType, Device, TensorData};
use proptest::prelude::*;

use super::*;
use crate::{
    augment::ImageShape,
    checked::{NonNegative, Positive},
    loss::soft_cross_entropy,
    nn::{ImageNetwork, ModelConfig},
    stream::Streams,
    tensor::{one_hot, to_host},
    train::Network,
};

fn points(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / 2, 2]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// `sum w x`: its gradient is `w` everywhere.
fn plane(w: [f64; 2]) -> impl FnMut(Tensor<2>) -> Result<Tensor<1>, CoreError> {
    move |x| Ok((x * points(&w)).sum())
}

fn pgd(epsilon: f64, step: f64, iterations: usize) -> Pgd {
    Pgd {
        epsilon: NonNegative::new(epsilon).unwrap(),
        step: Positive::new(step).unwrap(),
        iterations: iterations.try_into().unwrap(),
    }
}

#[test]
fn a_plane_has_its_gradient_and_one_corner() {
    let x = points(&[0.5, 0.95, 0.05, 0.5]);
    assert_eq!(
        to_host(input_gradient(x.clone(), plane([2.0, -3.0])).unwrap()).unwrap(),
        [2.0, -3.0, 2.0, -3.0]
    );
    let near = |got: Tensor<2>, want: [f64; 4]| {
        to_host(got).unwrap().iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12)
    };
    let epsilon = NonNegative::new(0.1).unwrap();
    assert!(near(fgsm(x.clone(), epsilon, plane([2.0, 3.0])).unwrap(), [0.6, 1.0, 0.15, 0.6]));
    // Steps of 0.04 reach the corner in three.
    for (iterations, reached) in [(1, 0.54), (2, 0.58), (3, 0.6), (9, 0.6)] {
        let attacked = pgd(0.1, 0.04, iterations).attack(x.clone(), x.clone(), plane([1.0, 1.0])).unwrap();
        assert!((to_host(attacked).unwrap()[0] - reached).abs() < 1e-12, "{iterations}");
    }
}

#[test]
fn odin_makes_an_answer_surer() {
    let x = points(&[0.3, 0.4]);
    let (temperature, epsilon) = (Positive::new(10.0).unwrap(), NonNegative::new(0.01).unwrap());
    let moved = odin_inputs(x, temperature, epsilon, Ok).unwrap();
    // The answer is the second class: its logit goes up, the other one down.
    let moved = to_host(moved).unwrap();
    assert!((moved[0] - 0.29).abs() < 1e-12 && (moved[1] - 0.41).abs() < 1e-12, "{moved:?}");
}

/// As attacks are made: on a network in evaluation mode, with batch norm, in f32.
#[test]
fn an_attack_on_a_network_in_evaluation_mode_changes_no_weight_and_raises_the_loss() {
    let config: ModelConfig = serde_json::from_str(r#"{"kind": "convnet", "channels": [3, 4]}"#).unwrap();
    let shape = ImageShape { channels: 1, height: 6, width: 6 };
    let (device, streams) = (Device::flex(), &mut Streams::new("attack", 0));
    let network = ImageNetwork::for_images(&config, shape, 3, streams.get("init"), &device).unwrap();
    for network in [network.clone(), network.clone().into_training().evaluation()] {
        let x = Tensor::<4>::from_data(TensorData::new(vec![0.5f32; 72], [2, 1, 6, 6]), &device);
        let targets = one_hot(&[0, 2], 3, &device).unwrap();
        let loss = |x: Tensor<4>| soft_cross_entropy(network.forward(x), targets.clone());
        let value = |x: Tensor<4>| to_host(loss(x).unwrap()).unwrap()[0];
        let attack = pgd(0.1, 0.05, 4);
        let start = attack.random_start(x.clone(), streams.get("start"));
        let attacked = attack.attack(x.clone(), start, loss).unwrap();
        assert!(value(attacked.clone()) > value(x.clone()));
        assert!(!attacked.device().is_autodiff());
        let largest = to_host((attacked - x).abs().max()).unwrap()[0];
        assert!(largest > 0.05 && largest <= 0.1 + 1e-6, "{largest}");
    }
}

proptest! {
    #[test]
    fn attacks_stay_in_the_box_and_in_the_image(
        x in prop::collection::vec(0.0f64..=1.0, 8), w in [-2.0f64..2.0, -2.0f64..2.0], epsilon in 0.0f64..0.5,
        step in 0.01f64..0.5, iterations in 1usize..5, seed: u64,
    ) {
        let (attack, inputs) = (pgd(epsilon, step, iterations), points(&x));
        let start = attack.random_start(inputs.clone(), Streams::new("start", seed).get("start"));
        let attacked = attack.attack(inputs.clone(), start.clone(), plane(w)).unwrap();
        let one = fgsm(inputs, NonNegative::new(epsilon).unwrap(), plane(w)).unwrap();
        for moved in [attacked, start, one] {
            for (moved, x) in to_host(moved).unwrap().iter().zip(&x) {
                prop_assert!((0.0..=1.0).contains(moved) && (moved - x).abs() <= epsilon + 1e-12);
            }
        }
    }
}
