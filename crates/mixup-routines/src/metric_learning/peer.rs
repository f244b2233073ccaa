//! Our losses beside those of pytorch-metric-learning, where a Python has it: `MIXUP_PEER_PYTHON`, or `python3`.

use std::io::Write;
use std::process::{Command, Stdio};

use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::{stream::Streams, tensor::to_host};
use rand::RngExt;
use serde_json::{Value, json};

use super::{Embedded, MetricLoss};

const DIMENSIONS: usize = 5;

/// Classes of the proxies.
const CLASSES: usize = 4;

fn rows(count: usize, streams: &mut Streams) -> Vec<Vec<f64>> {
    let mut row = || (0..DIMENSIONS).map(|_| streams.get("values").random_range(-1.0..1.0)).collect();
    (0..count).map(|_| row()).collect()
}

/// Random batches, among them one with equal rows, one of one class, and one whose classes have one sample each.
fn batches() -> Vec<(Vec<Vec<f64>>, Vec<usize>)> {
    let mut streams = Streams::new("peer", 0);
    let mut batches = vec![
        (rows(12, &mut streams), (0..12).map(|row| row % 4).collect()),
        (rows(12, &mut streams), vec![0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 0, 1]),
        (rows(5, &mut streams), vec![2; 5]),
        (rows(4, &mut streams), vec![0, 1, 2, 3]),
    ];
    let mut ties = rows(8, &mut streams);
    (ties[1], ties[5]) = (ties[0].clone(), ties[2].clone());
    batches.push((ties, vec![0, 0, 1, 1, 2, 2, 3, 3]));
    batches
}

fn cases() -> Vec<Value> {
    let losses = [
        json!({"kind": "contrastive", "positive_margin": 0.0, "negative_margin": 0.5}),
        json!({"kind": "contrastive", "positive_margin": 0.2, "negative_margin": 1.1}),
        json!({"kind": "multi-similarity", "beta": 2.0, "gamma": 40.0, "margin": 0.5, "miner": null}),
        json!({"kind": "multi-similarity", "beta": 17.97, "gamma": 75.66, "margin": 0.77, "miner": 0.39}),
        json!({"kind": "proxy-anchor", "beta": 32.0, "margin": 0.1}),
        json!({"kind": "triplet", "margin": 0.1}),
        json!({"kind": "nt-xent", "temperature": 0.1}),
    ];
    let proxies = rows(CLASSES, &mut Streams::new("peer proxies", 0));
    let of = |loss: &Value| -> Vec<Value> {
        let case = |(embeddings, labels)| json!({"loss": loss, "embeddings": embeddings, "labels": labels, "proxies": proxies});
        batches().into_iter().map(case).collect()
    };
    losses.iter().flat_map(of).collect()
}

fn tensor(rows: &Value) -> Tensor<2> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(rows.clone()).unwrap();
    let data = TensorData::new(rows.concat(), [rows.len(), DIMENSIONS]);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad()
}

fn ours(case: &Value) -> (f64, Vec<f64>) {
    let loss: MetricLoss = serde_json::from_value(case["loss"].clone()).unwrap();
    let batch = Embedded {
        embeddings: tensor(&case["embeddings"]),
        proxies: Some(tensor(&case["proxies"])),
        classes: serde_json::from_value(case["labels"].clone()).unwrap(),
        all: CLASSES,
    };
    let value = loss.of_batch(&batch).unwrap();
    let gradient = batch.embeddings.grad(&value.backward()).unwrap();
    (to_host(value).unwrap()[0], to_host(gradient).unwrap())
}

/// What the library answers, or why it does not.
fn theirs(cases: &[Value]) -> Result<Vec<Value>, String> {
    let python = std::env::var("MIXUP_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(&python)
        .args(["-c", include_str!("peer.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{python}: {error}"))?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    // A Python that ends early closes its input; what it says then counts.
    let _ = input.write_all(serde_json::to_string(cases).unwrap().as_bytes());
    drop(input);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.lines().last().unwrap_or("no answer").to_owned()
    })
}

#[test]
fn losses_and_gradients_are_those_of_pytorch_metric_learning() {
    let cases = cases();
    let answers = match theirs(&cases) {
        Ok(answers) => answers,
        Err(why) if why.contains("No module named") || why.contains("os error") => {
            eprintln!("SKIPPED: pytorch-metric-learning is not here ({why})");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    for (case, answer) in cases.iter().zip(&answers) {
        let (value, gradient) = ours(case);
        let theirs: Vec<f64> = serde_json::from_value(answer["gradient"].clone()).unwrap();
        let expected = answer["loss"].as_f64().unwrap();
        let near = |ours: f64, theirs: f64| (ours - theirs).abs() < 1e-7 * theirs.abs().max(1.0);
        let (loss, labels) = (&case["loss"], &case["labels"]);
        assert!(near(value, expected), "{loss} of {labels}: {value} instead of {expected}");
        for (ours, theirs) in gradient.iter().zip(&theirs) {
            assert!(near(*ours, *theirs), "{loss} of {labels}: a slope of {ours} instead of {theirs}");
        }
    }
}
