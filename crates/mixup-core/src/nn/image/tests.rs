use super::*;
use crate::mix::{Mask, Ratio};
use crate::stream::Streams;
use crate::tensor::to_host;
use burn::tensor::TensorData;
use ndarray::array;

const EVERY: [(&str, usize); 9] = [
    (r#"{"kind":"mlp","hidden":[32,16],"activation":"relu"}"#, 2),
    (r#"{"kind":"mlp","hidden":[],"activation":"relu"}"#, 0),
    (r#"{"kind":"lenet"}"#, 2),
    (r#"{"kind":"convnet","channels":[8,12,16]}"#, 3),
    (r#"{"kind":"convnet","channels":[8,12],"pooling":"average-and-maximum"}"#, 2),
    (r#"{"kind":"resnet","width":4,"blocks":[1,2],"pooling":"maximum"}"#, 2),
    (r#"{"kind":"wide-resnet","blocks":1,"widen":1}"#, 3),
    (r#"{"kind":"vit","patch":4,"dim":16,"depth":2,"heads":4}"#, 2),
    (r#"{"kind":"vit","patch":4,"dim":16,"depth":2,"heads":4,"pool":"class-token"}"#, 2),
];

const SHAPE: ImageShape = ImageShape { channels: 2, height: 16, width: 12 };

fn network(json: &str) -> ImageNetwork {
    let config = serde_json::from_str(json).unwrap();
    ImageNetwork::for_images(&config, SHAPE, 5, Streams::new("image", 0).get("init"), &Device::flex())
        .unwrap()
}

fn images(rows: usize) -> Tensor<4> {
    let ImageShape { channels, height, width } = SHAPE;
    let values = super::super::init::uniform(rows * SHAPE.size(), 1.0, Streams::new("image", 1).get("x"));
    Tensor::from_data(TensorData::new(values, [rows, channels, height, width]), &Device::flex())
}

fn close(what: &str, ours: Tensor<2>, expected: Tensor<2>) {
    assert_eq!(ours.dims(), expected.dims(), "{what}");
    for (ours, expected) in to_host(ours).unwrap().iter().zip(to_host(expected).unwrap()) {
        assert!((ours - expected).abs() < 1e-5, "{what}: {ours} instead of {expected}");
    }
}

/// Left half of the own image.
fn half() -> Mask {
    let mut mask = ndarray::Array2::ones((SHAPE.height, SHAPE.width));
    mask.slice_mut(ndarray::s![.., SHAPE.width / 2..]).fill(0.0);
    Mask::shared(mask).unwrap()
}

#[test]
fn a_forward_pass_is_made_of_its_parts() {
    for (json, stages) in EVERY {
        let (network, x) = (network(json), images(3));
        assert_eq!(network.stages(), stages, "{json}");
        let features = network.features(x.clone());
        assert_eq!(features.dims(), [3, network.backbone.width()], "{json}");
        close(json, network.head(features.clone()), network.forward(x.clone()));
        match network.feature_maps(x) {
            Ok(maps) if !json.contains("class-token") => {
                close(json, network.backbone.pooled(maps).unwrap(), features);
            }
            Ok(maps) => {
                assert!(network.backbone.pooled(maps).unwrap_err().to_string().contains("class token"))
            }
            Err(error) => assert!(json.contains("mlp") && error.to_string().contains("no feature maps")),
        }
    }
}

#[test]
fn mixing_nothing_after_any_stage_is_the_forward_pass() {
    for (json, stages) in EVERY {
        let (network, x) = (network(json), images(3));
        for stage in 0..=stages {
            let expected = network.forward(x.clone());
            for ratio in [Ratio::Batch(1.0), Ratio::Sample(vec![1.0; 3])] {
                let own = Mixture::new(vec![2, 0, 1], ratio).unwrap();
                close(json, network.forward_mixed(x.clone(), stage, &own).unwrap(), expected.clone());
            }
            let partners = Mixture::new(vec![2, 0, 1], Ratio::Batch(0.0)).unwrap();
            let mixed = network.forward_mixed(x.clone(), stage, &partners).unwrap();
            close(json, mixed, crate::tensor::select_rows(expected, &[2, 0, 1]).unwrap());
        }
        let mixture = Mixture::new(vec![0], Ratio::Batch(0.5)).unwrap();
        let message = network.forward_mixed(x, stages + 1, &mixture).unwrap_err().to_string();
        assert_eq!(message, format!("stage {} of a network with {stages}; 0 is its input", stages + 1));
    }
}

#[test]
fn joined_partners_give_what_rows_of_the_batch_give() {
    for (json, stages) in EVERY {
        let (network, x) = (network(json), images(3));
        let joined =
            Tensor::cat(vec![x.clone(), crate::tensor::select_rows(x.clone(), &[2, 0, 0]).unwrap()], 0);
        for stage in 0..=stages {
            let ratio = Ratio::Sample(vec![0.3, 0.9, 0.5]);
            let within = Mixture::new(vec![2, 0, 0], ratio.clone()).unwrap();
            let behind = Mixture::joined(3, ratio).unwrap();
            let expected = network.forward_mixed(x.clone(), stage, &within).unwrap();
            close(json, network.forward_mixed(joined.clone(), stage, &behind).unwrap(), expected);
        }
    }
}

/// After the last stage the features are mixed, before the first one the inputs, and between is neither.
#[test]
fn hidden_states_are_mixed_where_it_is_said() {
    let json = r#"{"kind":"mlp","hidden":[6,4],"activation":{"leaky-relu":0.5}}"#;
    let (network, x) = (network(json), images(2));
    let (own, partner) = (x.clone().slice_dim(0, 0..1), x.clone().slice_dim(0, 1..2));
    let mixture = Mixture::new(vec![1], Ratio::Batch(0.25)).unwrap();
    let features = |x| network.features(x);
    let expected = network.head(crate::mix::mix(features(own.clone()), features(partner.clone()), 0.25));
    close("last", network.forward_mixed(x.clone(), 2, &mixture).unwrap(), expected.clone());
    let inputs = network.forward(crate::mix::mix(own, partner, 0.25));
    close("inputs", network.forward_mixed(x.clone(), 0, &mixture).unwrap(), inputs.clone());
    let between = to_host(network.forward_mixed(x, 1, &mixture).unwrap()).unwrap();
    assert!(between != to_host(inputs).unwrap() && between != to_host(expected).unwrap());
}

#[test]
fn a_mask_reaches_hidden_maps_and_tokens_but_no_rows() {
    let cut = Mixture::new(vec![1, 0], Ratio::Mask(half())).unwrap();
    for (json, stages) in EVERY {
        let (network, x) = (network(json), images(2));
        for stage in 0..=stages {
            let mixed = network.forward_mixed(x.clone(), stage, &cut);
            assert_eq!(mixed.is_ok(), stage == 0 || !json.contains("mlp"), "{json} after {stage}");
        }
        // Equal images: any mixture is the image.
        let twice = Tensor::cat(vec![x.clone().slice_dim(0, 0..1), x.slice_dim(0, 0..1)], 0);
        if !json.contains("mlp") {
            let mixed = network.forward_mixed(twice.clone(), stages, &cut).unwrap();
            close(json, mixed, network.forward(twice));
        }
    }
}

/// Patches of the left half of the first image stay, the others come from the second one; the class
/// token is the mean.
#[test]
fn a_mask_cuts_patches() {
    let network = network(EVERY[8].0);
    let cut = Mixture::new(vec![1, 0], Ratio::Mask(Mask::shared(array![[1.0, 1.0, 0.0]]).unwrap())).unwrap();
    let x = images(2);
    let Backbone::Vit(vit) = &network.backbone else { panic!("a vit") };
    use super::super::staged::{HiddenState, Staged};
    let before = vit.enter(x);
    let after = before.clone().mixed(&cut).unwrap();
    let token = |tokens: &Tensor<3>, row: usize, token: usize| {
        tokens.clone().slice_dim(0, row..row + 1).slice_dim(1, token..token + 1).reshape([1, 16])
    };
    for patch in 0..12 {
        let from = usize::from(patch % 3 == 2);
        close("patch", token(&after.values, 0, 1 + patch), token(&before.values, from, 1 + patch));
    }
    let mean = crate::mix::mix(token(&before.values, 0, 0), token(&before.values, 1, 0), 2.0 / 3.0);
    close("class token", token(&after.values, 0, 0), mean);
}

#[test]
fn maps_halve_and_those_of_stage_zero_are_the_images() {
    let network = network(EVERY[3].0);
    let sizes = (0..=3).map(|stage| network.backbone.maps_after(images(1), stage).unwrap().dims());
    assert_eq!(sizes.collect::<Vec<_>>(), [[1, 2, 16, 12], [1, 8, 16, 12], [1, 12, 8, 6], [1, 16, 4, 3]]);
    assert_eq!(self::network(EVERY[8].0).feature_maps(images(1)).unwrap().dims(), [1, 16, 4, 3]);
}

#[test]
fn a_class_token_tells_where_it_looks() {
    let (network, x) = (network(EVERY[8].0), images(3));
    let attended = network.attended(x.clone()).unwrap();
    close("features", attended.features, network.features(x.clone()));
    assert_eq!(attended.patches.dims(), [3, 12, 16]);
    let weights = attended.attention.weights.clone();
    assert_eq!(weights.dims(), [3, 4, 13, 13]);
    let weights = to_host(weights).unwrap();
    let weight = |b: usize, h: usize, q: usize, k: usize| weights[((b * 4 + h) * 13 + q) * 13 + k];
    let (looks, received) = (network.attention(x.clone()).unwrap(), attended.attention.received());
    assert_eq!((looks.dims(), received.dims()), ([3, 12], [3, 12]));
    let (looks, received) = (to_host(looks).unwrap(), to_host(received).unwrap());
    for b in 0..3 {
        for patch in 0..12 {
            let expected = (0..4).map(|h| weight(b, h, 0, 1 + patch)).sum::<f64>() / 4.0;
            assert!((looks[b * 12 + patch] - expected).abs() < 1e-6);
            let among = (0..4).flat_map(|h| (1..13).map(move |q| (h, q)));
            let expected = among.map(|(h, q)| weight(b, h, q, 1 + patch)).sum::<f64>() / 48.0;
            assert!((received[b * 12 + patch] - expected).abs() < 1e-6);
        }
        let own = (0..4).map(|h| weight(b, h, 0, 0)).sum::<f64>() / 4.0;
        assert!((looks[b * 12..][..12].iter().sum::<f64>() + own - 1.0).abs() < 1e-5);
    }
    let message = self::network(EVERY[7].0).attention(x.clone()).unwrap_err().to_string();
    assert!(message.contains("no class token"), "{message}");
    assert!(self::network(EVERY[2].0).attention(x).unwrap_err().to_string().contains("no attention"));
}

#[test]
fn gradients_reach_own_rows_and_partners_through_a_mixture() {
    for (json, stages) in EVERY {
        let network = network(json).train();
        let x = Tensor::from_data(images(4).into_data(), &Device::flex().autodiff()).require_grad();
        let mixture = Mixture::joined(2, Ratio::Batch(0.3)).unwrap();
        let logits = network.forward_mixed(x.clone(), stages, &mixture).unwrap();
        let grads = logits.powi_scalar(2).sum().backward();
        let gradient = to_host(x.grad(&grads).unwrap()).unwrap();
        for row in gradient.chunks(SHAPE.size()) {
            assert!(row.iter().any(|value| *value != 0.0), "{json}");
        }
        assert!(network.head.weight.val().grad(&grads).is_some(), "{json}");
    }
}

#[test]
fn a_backbone_takes_any_head() {
    let mut streams = Streams::new("image", 0);
    let config = serde_json::from_str(EVERY[3].0).unwrap();
    let backbone = Backbone::new(&config, SHAPE, streams.get("init"), &Device::flex()).unwrap();
    let heads = [7, 64].map(|outputs| backbone.new_head(outputs, streams.get("init"), &Device::flex()));
    let features = backbone.features(images(3));
    assert_eq!(heads.map(|head| linear(&head, features.clone(), None).dims()), [[3, 7], [3, 64]]);
}

#[test]
fn what_cannot_be_built_is_refused() {
    let refused = |json: &str, size: usize| {
        let (config, task) =
            (serde_json::from_str(json).unwrap(), ImageTask { channels: 1, size, classes: 2 });
        let network = ImageNetwork::new(&config, task, Streams::new("image", 0).get("init"), &Device::flex());
        network.unwrap_err().to_string()
    };
    assert!(refused(r#"{"kind":"lenet"}"#, 11).contains("12 pixels or more, not 11"));
    assert!(refused(r#"{"kind":"vit","patch":4,"dim":16,"depth":1,"heads":3}"#, 8).contains("3 heads"));
    assert!(refused(r#"{"kind":"vit","patch":9,"dim":16,"depth":1,"heads":2}"#, 8).contains("patches of 9"));
    let lstnet = r#"{"kind":"lstnet","conv":1,"kernel":1,"recurrent":1,"skip_recurrent":1,"skip":1,"highway":1,
        "dropout":0}"#;
    assert!(refused(lstnet, 8).contains("not for images"));
}

#[test]
fn another_head_stands_behind_the_classes() {
    let network = network(r#"{"kind":"convnet","channels":[8,12]}"#);
    let other = network.backbone.new_head(4, Streams::new("image", 2).get("head"), &Device::flex());
    let expected = linear(&other, network.features(images(3)), None);
    let both = network.clone().with_further(other).forward(images(3));
    assert_eq!(both.dims(), [3, 9]);
    close("classes", both.clone().slice_dim(1, 0..5), network.forward(images(3)));
    close("further outputs", both.slice_dim(1, 5..9), expected);
}
