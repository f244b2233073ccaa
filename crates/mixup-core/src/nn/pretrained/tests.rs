//! Small networks written and read back, damaged files, and PyTorch's answers.

use std::process::Command;

use super::*;
use crate::augment::ImageShape;
use crate::nn::{Backbone, ImageNetwork, ModelConfig};
use crate::stream::Streams;
use crate::train::Network;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };

const SMALL: [&str; 3] = [
    r#"{"kind": "resnet", "width": 4, "blocks": [1, 2], "stem": "imagenet"}"#,
    r#"{"kind": "resnet", "width": 4, "blocks": [2, 1], "bottleneck": true, "stem": "imagenet"}"#,
    r#"{"kind": "resnet", "width": 4, "blocks": [1, 1]}"#,
];

fn network(json: &str, seed: u64) -> ImageNetwork {
    let config: ModelConfig = serde_json::from_str(json).unwrap();
    let mut streams = Streams::new("pretrained", seed);
    ImageNetwork::for_images(&config, SHAPE, 5, streams.get("init"), &Device::flex()).unwrap()
}

/// A network whose running statistics are not those of the start.
fn used(json: &str) -> ImageNetwork {
    let network = network(json, 0).into_training();
    (0..5).for_each(|seed| drop(network.forward(images(seed, 8))));
    network.evaluation()
}

fn images(seed: u64, rows: usize) -> Tensor<4> {
    let mut streams = Streams::new("images", seed);
    let values = super::super::init::uniform(rows * SHAPE.size(), 1.5, streams.get("x"));
    Tensor::from_data(TensorData::new(values, [rows, 3, 32, 32]), &Device::flex())
}

fn features(backbone: &Backbone) -> Vec<f64> {
    to_host(backbone.features(images(9, 3))).unwrap()
}

#[test]
fn a_network_is_the_same_behind_its_file() {
    for json in SMALL {
        let source = used(json);
        let bytes = source.backbone.weights().unwrap().unwrap().to_bytes().unwrap();
        let weights = Weights::parse("a.safetensors", &bytes).unwrap();
        let other = network(json, 1).backbone;
        assert_ne!(features(&other), features(&source.backbone));
        let loaded = other.with_weights(&weights).unwrap();
        assert_eq!(features(&loaded), features(&source.backbone), "{json}");
        // What was loaded is trained like any other.
        let trained = ImageNetwork { backbone: loaded, head: source.head.clone() }.into_training();
        let loss = trained.forward(images(3, 4)).mean();
        let config = serde_json::from_str(r#"{"kind": "sgd", "lr": 0.5}"#).unwrap();
        let mut optimizer = trained.optimizer(&config).unwrap();
        let after = trained.descended(loss, 0.5, None, &mut optimizer).evaluation();
        assert_ne!(features(&after.backbone), features(&source.backbone));
    }
}

#[test]
fn names_are_those_of_torchvision() {
    let names = |json: &str| -> Vec<String> {
        used(json).backbone.weights().unwrap().unwrap().arrays.into_keys().collect()
    };
    let basic = names(SMALL[0]);
    // A stem and three blocks of two layers, one with a shortcut: eight convolutions with five tensors each.
    assert_eq!(basic.len(), 5 * (1 + 6 + 1));
    for name in [
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv2.weight",
        "layer2.0.downsample.1.bias",
        "layer2.1.bn2.weight",
    ] {
        assert!(basic.iter().any(|known| known == name), "{name} in {basic:?}");
    }
    let bottleneck = names(SMALL[1]);
    assert!(bottleneck.iter().any(|name| name == "layer1.0.downsample.0.weight"));
    assert!(bottleneck.iter().any(|name| name == "layer2.0.conv3.weight"));
}

#[test]
fn heads_and_counts_are_passed_over_and_everything_else_must_fit() {
    let source = used(SMALL[0]);
    let whole = source.backbone.weights().unwrap().unwrap();
    let refused = |change: &dyn Fn(&mut BTreeMap<String, Array>)| {
        let mut weights = whole.clone();
        change(&mut weights.arrays);
        network(SMALL[0], 1).backbone.with_weights(&weights).unwrap_err().to_string()
    };
    let array = |shape: &[usize]| Array { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] };
    let mut more = whole.clone();
    more.arrays.insert("fc.weight".into(), array(&[1000, 8]));
    more.arrays.insert("fc.bias".into(), array(&[1000]));
    more.arrays.insert("bn1.num_batches_tracked".into(), array(&[]));
    let more = Weights::parse("b", &more.to_bytes().unwrap()).unwrap();
    let loaded = network(SMALL[0], 1).backbone.with_weights(&more).unwrap();
    assert_eq!(features(&loaded), features(&source.backbone));

    let missing = refused(&|arrays| _ = arrays.remove("layer2.0.bn1.running_mean"));
    assert!(missing.contains("missing: layer2.0.bn1.running_mean"), "{missing}");
    let shape = refused(&|arrays| _ = arrays.insert("conv1.weight".into(), array(&[4, 3, 3, 3])));
    assert!(shape.contains("conv1.weight is [4, 3, 3, 3], expected [4, 3, 7, 7]"), "{shape}");
    let over = refused(&|arrays| _ = arrays.insert("layer3.0.conv1.weight".into(), array(&[1])));
    assert!(over.contains("left over: layer3.0.conv1.weight"), "{over}");

    let error = |bytes: &[u8]| Weights::parse("c.safetensors", bytes).unwrap_err().to_string();
    assert!(error(b"no weights").contains("c.safetensors: is no safetensors file"));
    let bytes = whole.to_bytes().unwrap();
    assert!(error(&bytes[..bytes.len() - 4]).contains("is no safetensors file"));
    let half = TensorView::new(Dtype::F16, vec![2], &[0; 4]).unwrap();
    let half = safetensors::serialize([("conv1.weight", half)], None).unwrap();
    assert!(error(&half).contains("tensor conv1.weight is of type F16"));
    let other = network(r#"{"kind": "convnet", "channels": [4]}"#, 0).backbone;
    assert!(other.weights().unwrap().is_none());
    assert!(other.with_weights(&whole).unwrap_err().to_string().contains("this network is none"));
    assert!(Weights::read(Path::new("no/such.safetensors")).unwrap_err().to_string().contains("no/such"));
}

/// PyTorch builds the same networks, writes their tensors and answers for some images. Without a Python that has torch the test is
/// skipped, and says so.
#[test]
fn torch_s_networks_give_the_same_features() {
    let python = std::env::var("MIXUP_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let answers = |arguments: &[&str]| Command::new(&python).args(arguments).output();
    if !answers(&["-c", "import torch, numpy"]).is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: {python} has no torch; set MIXUP_PEER_PYTHON");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/nn/pretrained/peer.py");
    let output = answers(&[script, &folder.path().display().to_string()]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, json) in [("basic", SMALL[0]), ("bottleneck", SMALL[1])] {
        let weights = Weights::read(&folder.path().join(format!("{name}.safetensors"))).unwrap();
        let backbone = network(json, 1).backbone.with_weights(&weights).unwrap();
        let answers = std::fs::read(folder.path().join(format!("{name}.safetensors.answers"))).unwrap();
        let answers = Weights::parse("answers", &answers).unwrap().arrays;
        let (x, expected) = (&answers["x"], &answers["features"]);
        let x: Tensor<4> = on(x.values.clone(), x.shape.clone().try_into().unwrap(), &Device::flex());
        let found = to_host(backbone.features(x)).unwrap();
        assert_eq!(found.len(), expected.values.len());
        for (found, expected) in found.iter().zip(&expected.values) {
            assert!(
                (found - f64::from(*expected)).abs() < 1e-4 * (1.0 + found.abs()),
                "{name}: {found}, {expected}"
            );
        }
    }
}
