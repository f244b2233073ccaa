//! Runs on small trees of photographs, from weights of a file.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use jpeg_encoder::{ColorType, Encoder};
use mixup_core::augment::ImageShape;
use mixup_core::nn::{ImageNetwork, ModelConfig};
use mixup_core::stream::Streams;
use mixup_data::Library;
use mixup_paper::{Json, Measured, Routine, RunContext, RunError, RunSpec};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::classification::{Classification, NoOwn};
use crate::metric_learning::{MetricLearning, NoMixing};

fn photograph(path: &Path, colour: [u8; 3], [width, height]: [u16; 2]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixels = colour.repeat(usize::from(width) * usize::from(height));
    Encoder::new_file(path, 90).unwrap().encode(&pixels, width, height, ColorType::Rgb).unwrap();
}

/// A colour for each class, with something of its own for each image.
fn colour(class: usize, image: usize) -> [u8; 3] {
    [(60 * class + 5 * image) as u8, 200 - 40 * class as u8, (100 + 9 * image) as u8]
}

/// A data directory and its library.
fn directory() -> (TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new(Some(folder.path().to_owned()), folder.path().join("cache"));
    (folder, library)
}

/// CUB-200-2011 with two kinds of birds to train on and two to test on, six images each.
fn birds(folder: &Path) {
    let root = folder.join("cub-200-2011");
    let (mut images, mut labels) = (String::new(), String::new());
    for (at, class) in [3, 50, 101, 200].into_iter().enumerate() {
        for image in 0..6 {
            let (number, path) = (6 * at + image + 1, format!("{class:03}.Bird/{image}.jpg"));
            photograph(&root.join("images").join(&path), colour(at, image), [24 + image as u16, 20]);
            images += &format!("{number} {path}\n");
            labels += &format!("{number} {class}\n");
        }
    }
    fs::write(root.join("images.txt"), images).unwrap();
    fs::write(root.join("image_class_labels.txt"), labels).unwrap();
}

/// In-Shop with two clothes to train on, and queries and a gallery of two others.
fn clothes(folder: &Path) {
    let root = folder.join("in-shop");
    let mut list = "24\nimage_name item_id evaluation_status\n".to_owned();
    for item in 0..4 {
        for image in 0..6 {
            let path = format!("img/id_{item}/{image}.jpg");
            photograph(&root.join(&path), colour(item, image), [20, 24]);
            let part = if item % 2 == 1 {
                "train"
            } else if image < 2 {
                "query"
            } else {
                "gallery"
            };
            list += &format!("{path} id_{item} {part}\n");
        }
    }
    fs::write(root.join("list_eval_partition.txt"), list).unwrap();
}

/// FGVC-Aircraft with four variants, six images to train and two to test each; and some outliers of WebVision.
fn aircraft(folder: &Path) {
    let data = folder.join("fgvc-aircraft-2013b/data");
    let (mut train, mut test) = (String::new(), String::new());
    for class in 0..4 {
        for image in 0..8 {
            let name = format!("{class}{image}");
            photograph(
                &data.join(format!("images/{name}.jpg")),
                colour(class, image),
                [30, 20 + image as u16],
            );
            let part = if image < 6 { &mut train } else { &mut test };
            *part += &format!("{name} Plane {class}\n");
        }
    }
    fs::write(data.join("variants.txt"), "Plane 0\nPlane 1\nPlane 2\nPlane 3\n").unwrap();
    fs::write(data.join("images_variant_trainval.txt"), train).unwrap();
    fs::write(data.join("images_variant_test.txt"), test).unwrap();
    let root = folder.join("webvision");
    (0..5).for_each(|at| {
        photograph(&root.join(format!("google/q0001/{at}.jpg")), [9, 40 * at as u8, 90], [20, 20])
    });
    fs::create_dir_all(root.join("info")).unwrap();
    fs::write(root.join("info/synsets.txt"), "n07747607 orange\n").unwrap();
    let list: String = (0..5).map(|at| format!("google/q0001/{at}.jpg 0\n")).collect();
    fs::write(root.join("info/train_filelist_google.txt"), list).unwrap();
    fs::write(root.join("info/train_filelist_flickr.txt"), "").unwrap();
}

fn model(width: usize) -> Value {
    json!({"kind": "resnet", "width": width, "blocks": [1, 1], "stem": "imagenet", "frozen_norms": true})
}

/// The weights of a network of another seed than any run's.
fn weights(folder: &Path, width: usize) {
    let config: ModelConfig = serde_json::from_value(model(width)).unwrap();
    let shape = ImageShape { channels: 3, height: 12, width: 12 };
    let mut streams = Streams::new("weights", 99);
    let network = ImageNetwork::for_images(&config, shape, 7, streams.get("init"), &Device::flex()).unwrap();
    let bytes = network.backbone.weights().unwrap().unwrap().to_bytes().unwrap();
    fs::create_dir_all(folder.join("resnet50-imagenet")).unwrap();
    fs::write(folder.join("resnet50-imagenet/model.safetensors"), bytes).unwrap();
}

fn metric_spec(data: &str, setting: Value) -> Value {
    let mut whole = json!({
        "train_groups": 2, "order": "given", "side": 16, "per_class": 2, "dimensions": 4, "course": 2,
        "augment": {"window": {"side": 12, "area": 0.5}, "flip": true}
    });
    whole.as_object_mut().unwrap().extend(setting.as_object().unwrap().clone());
    json!({
        "paper": "p", "experiment": "e", "routine": "metric-learning", "method": "clean",
        "parameters": {"loss": {"kind": "contrastive", "negative_margin": 1.0}}, "setting": whole, "seed": 3, "data": data,
        "model": model(4), "optimizer": {"kind": "sgd", "lr": 0.001}, "train": {"epochs": 1, "batch": 4, "select": "last"},
        "train_samples": null, "metrics": ["recall-1", "recall-10"], "device": "flex"
    })
}

type SpecOf<R> = RunSpec<<R as Routine>::Method, <R as Routine>::Setting>;

fn read<R: Routine>(spec: &Value) -> SpecOf<R> {
    SpecOf::<R>::from_json(spec).unwrap()
}

fn run<R: Routine>(spec: &Value, library: &Library) -> Result<Measured, RunError> {
    let spec = read::<R>(spec);
    R::check(&spec).map_err(RunError::Spec)?;
    R::run(&spec, &RunContext::plain(library))
}

type Retrieval = MetricLearning<NoMixing>;

#[test]
fn birds_are_retrieved_from_weights_of_a_file() {
    let (folder, library) = directory();
    birds(folder.path());
    let from_file = metric_spec("cub-200-2011", json!({"initial_weights": "resnet50-imagenet"}));
    let absent = run::<Retrieval>(&from_file, &library).unwrap_err().to_string();
    assert!(absent.contains("DIR/resnet50-imagenet/model.safetensors"), "{absent}");
    weights(folder.path(), 6);
    let misfit = run::<Retrieval>(&from_file, &library).unwrap_err().to_string();
    assert!(misfit.contains("conv1.weight is [6, 3, 7, 7], expected [4, 3, 7, 7]"), "{misfit}");
    weights(folder.path(), 4);
    let loaded = run::<Retrieval>(&from_file, &library).unwrap();
    assert!((0.0..=100.0).contains(&loaded.metrics["recall-1"]));
    assert!(loaded.metrics.contains_key("recall-10") && !loaded.metrics.contains_key("recall-20"));
    let drawn = run::<Retrieval>(&metric_spec("cub-200-2011", json!({})), &library).unwrap();
    assert_ne!(loaded.opening, drawn.opening, "other weights, other losses");
    assert_eq!(loaded.opening, run::<Retrieval>(&from_file, &library).unwrap().opening);
    let groups =
        run::<Retrieval>(&metric_spec("cub-200-2011", json!({"train_groups": 3})), &library).unwrap_err();
    assert!(groups.to_string().contains("trained on 2 classes"), "{groups}");
    assert_eq!(Retrieval::data(&read::<Retrieval>(&from_file)), ["cub-200-2011", "resnet50-imagenet"]);
}

#[test]
fn clothes_are_searched_in_a_gallery() {
    let (folder, library) = directory();
    clothes(folder.path());
    let measured = run::<Retrieval>(&metric_spec("in-shop", json!({})), &library).unwrap();
    let predictions = measured.predictions.unwrap();
    assert_eq!(predictions.classes("test-classes").unwrap(), [0, 0, 1, 1]);
    assert_eq!(predictions.classes("gallery-classes").unwrap(), [0, 0, 0, 0, 1, 1, 1, 1]);
    // Of eight in the gallery each query finds one of its own among ten.
    assert_eq!(measured.metrics["recall-10"], 100.0);
}

#[test]
fn aircraft_are_classified_beside_outliers() {
    let (folder, library) = directory();
    aircraft(folder.path());
    weights(folder.path(), 4);
    let spec = json!({
        "paper": "p", "experiment": "e", "routine": "classification", "method": "ce", "parameters": {"kind": "ce"},
        "setting": {
            "hold_out": {"validation": 6}, "resize": 16, "unseen": 1, "initial_weights": "resnet50-imagenet",
            "ood": "digits", "outliers": "webvision",
            "augment": {"window": {"side": 12}, "flip": true,
                "jitter": {"brightness": 0.125, "contrast": 0, "saturation": 0.5, "share": 1}}
        },
        "seed": 1, "data": "fgvc-aircraft", "model": model(4), "optimizer": {"kind": "sgd", "lr": 0.01},
        "train": {"epochs": 2, "batch": 4, "select": "best-validation"}, "train_samples": null, "test_samples": 40,
        "metrics": ["accuracy", "fine-auroc", "ood-auroc"], "device": "flex"
    });
    let measured = run::<Classification>(&spec, &library).unwrap();
    for metric in ["accuracy", "fine-auroc", "ood-auroc"] {
        assert!((0.0..=100.0).contains(&measured.metrics[metric]), "{metric}: {:?}", measured.metrics);
    }
    assert_eq!(measured.opening, run::<Classification>(&spec, &library).unwrap().opening);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut spec = spec.clone();
        change(&mut spec);
        Classification::<NoOwn>::check(&read::<Classification>(&spec)).unwrap_err()
    };
    let size = refused(&|spec| _ = spec["setting"].as_object_mut().unwrap().remove("resize"));
    assert!(size.contains("photographs of any size"), "{size}");
    let weights = refused(&|spec| spec["setting"]["initial_weights"] = json!("airfoil"));
    assert!(weights.contains("no set of weights"), "{weights}");
    let network = refused(&|spec| spec["model"] = json!({"kind": "lenet"}));
    assert!(network.contains("those of a `resnet`"), "{network}");
}
