use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::stream::Streams;
use mixup_core::tensor::to_host;
use mixup_routines::metric_learning::MetricLoss;
use rand::RngExt;

use super::*;
use crate::positivity;

fn loss(json: &str) -> MetricLoss {
    serde_json::from_str(json).unwrap()
}

/// Random embeddings of five samples of each class, with a proxy for each class and one more.
fn embedded(classes: usize, dtype: DType) -> Embedded {
    let mut streams = Streams::new("embedded", 1);
    let mut tensor = |rows: usize| -> Tensor<2> {
        let values: Vec<f64> = (0..rows * 6).map(|_| streams.get("values").random_range(-1.0..1.0)).collect();
        Tensor::from_data(TensorData::new(values, [rows, 6]), (&Device::flex().autodiff(), dtype))
            .require_grad()
    };
    Embedded {
        embeddings: tensor(5 * classes),
        proxies: Some(tensor(classes + 1)),
        classes: (0..5 * classes).map(|row| row / 5).collect(),
        all: classes + 1,
    }
}

fn mixed(loss: &MetricLoss, embedded: &Embedded, pairs: Pairs, lambda: f64) -> Tensor<1> {
    mixed_loss(loss, embedded, pairs, lambda, Divisors::of(&embedded.classes, embedded.all)).unwrap()
}

fn value(loss: &Tensor<1>) -> f64 {
    to_host(loss.clone()).unwrap()[0]
}

#[test]
fn with_lambda_1_a_mixture_is_its_positive() {
    let loss = loss(r#"{"kind": "multi-similarity", "beta": 3.0, "gamma": 9.0, "margin": 0.2}"#);
    let batch = embedded(3, DType::F64);
    let found = value(&mixed(&loss, &batch, Pairs::PositiveNegative, 1.0));
    let cosines = cosine_similarities(batch.embeddings.clone(), batch.embeddings.clone()).unwrap();
    let cosines = to_host(cosines).unwrap();
    // Each positive stands there once for each of ten negatives, and nothing is pushed away.
    let of_anchor = |a: usize| {
        let positives = (0..15).filter(|p| *p != a && p / 5 == a / 5);
        let sum: f64 = positives.map(|p| (-3.0 * (cosines[15 * a + p] - 0.2)).exp()).sum();
        (10.0 * sum).ln_1p() / 3.0
    };
    let expected = (0..15).map(of_anchor).sum::<f64>() / 15.0;
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
}

#[test]
fn single_precision_is_near_double_precision() {
    for json in [
        r#"{"kind": "multi-similarity", "beta": 18, "gamma": 75, "margin": 0.2}"#,
        r#"{"kind": "proxy-anchor", "beta": 54, "margin": 0.1}"#,
        r#"{"kind": "contrastive", "negative_margin": 1.2}"#,
    ] {
        let loss = loss(json);
        for pairs in [Pairs::PositiveNegative, Pairs::AnchorNegative] {
            let [single, double] =
                [DType::F32, DType::F64].map(|dtype| value(&mixed(&loss, &embedded(4, dtype), pairs, 0.3)));
            assert!((single - double).abs() < 1e-4 * double.abs().max(1.0), "{json}: {single}, {double}");
        }
    }
}

#[test]
fn nothing_is_mixed_where_there_is_no_pair() {
    let loss = loss(r#"{"kind": "contrastive"}"#);
    let one_class = embedded(1, DType::F64);
    assert_eq!(value(&mixed(&loss, &one_class, Pairs::PositiveNegative, 0.4)), 0.0);
    let batch = embedded(3, DType::F64);
    assert_eq!(value(&mixed(&loss, &batch, Pairs::OfficialAnchorNegative, 0.4)), 0.0);
}

#[test]
fn gradients_reach_proxies_and_samples_unless_detached() {
    let loss = loss(r#"{"kind": "proxy-anchor"}"#);
    let reached = |detach: Option<Detach>| {
        let batch = embedded(3, DType::F64);
        let metrix = Metrix::Embedding(Embeddings { detach, ..Embeddings::default() });
        let seen = metrix.detached(batch.clone());
        let gradients = mixed(&loss, &seen, Pairs::PositiveNegative, 0.4).backward();
        let some = |x: &Tensor<2>| {
            x.grad(&gradients).is_some_and(|slopes| to_host(slopes).unwrap().iter().any(|s| *s != 0.0))
        };
        [some(&batch.embeddings), some(batch.proxies.as_ref().unwrap())]
    };
    assert_eq!(reached(None), [true, true]);
    assert_eq!(reached(Some(Detach::Proxies)), [true, false]);
    assert_eq!(reached(Some(Detach::Network)), [false, true]);
}

#[test]
fn drawn_partners_are_of_other_classes_and_serve_the_class() {
    let classes: Vec<usize> = (0..12).map(|row| row / 4).collect();
    let mut streams = Streams::new("drawn", 0);
    let drawn = DrawnPairs::draw(&classes, size(2), streams.get("pairs"));
    assert_eq!(drawn.first, (0..12).flat_map(|row| [row, row]).collect::<Vec<_>>());
    assert!(drawn.first.iter().zip(&drawn.second).all(|(one, other)| classes[*one] != classes[*other]));
    assert!(DrawnPairs::draw(&[1; 4], size(2), streams.get("pairs")).first.is_empty());
}

/// With every pair drawn, building the vectors gives what the closed form gives.
#[test]
fn drawn_mixtures_agree_with_the_closed_form() {
    let loss = loss(r#"{"kind": "multi-similarity", "beta": 3.0, "gamma": 9.0, "margin": 0.2}"#);
    let batch = embedded(3, DType::F64);
    let pairs = (0..15).flat_map(|i| (0..15).map(move |j| (i, j))).filter(|(i, j)| i / 5 != j / 5);
    let (first, second) = pairs.unzip();
    let drawn = DrawnPairs { first, second };
    let unit = mixup_core::loss::metric::unit_rows(batch.embeddings.clone());
    for pairs in [Pairs::PositiveNegative, Pairs::AnchorNegative] {
        let mixtures = drawn.mixed(unit.clone(), 0.3).unwrap();
        let built = value(
            &drawn_loss(
                &loss,
                &batch,
                &drawn,
                mixtures,
                (pairs, 0.3, Divisors::of(&batch.classes, batch.all)),
            )
            .unwrap(),
        );
        let closed = value(&mixed(&loss, &batch, pairs, 0.3));
        assert!((built - closed).abs() < 1e-12, "{pairs:?}: {built}, {closed}");
    }
}

#[test]
fn positivity_of_a_loss_whose_slopes_are_known() {
    // -lambda s + (1 - lambda) max(s - margin, 0): positive below the margin, and everywhere from lambda 1/2 on.
    let batch = embedded(3, DType::F64);
    let loss = loss(r#"{"kind": "contrastive-similarity", "margin": 0.1}"#);
    assert_eq!(positivity(&loss, &batch, 0.6).unwrap(), 1.0);
    let (points, sets) = points(&loss, &batch, Pairs::PositiveNegative).unwrap();
    let cosines = cosine_similarities(points.clone(), points).unwrap();
    let mixed = to_host(sets.similarities(&cosines, 0.4, Length::One).unwrap()).unwrap();
    let entries: Vec<f64> =
        mixed.into_iter().zip(sets.used()).filter(|(_, used)| **used).map(|(s, _)| s).collect();
    let expected = entries.iter().filter(|s| **s <= 0.1).count() as f64 / entries.len() as f64;
    assert!(expected > 0.2 && expected < 0.8);
    assert_eq!(positivity(&loss, &batch, 0.4).unwrap(), expected);
}

#[test]
fn rows_that_make_no_sense_are_refused() {
    let check = |mixing: &str, kind: &str| {
        let mixing: Metrix = serde_json::from_str(mixing).unwrap();
        mixing.check(&loss(&format!(r#"{{"kind": "{kind}"}}"#)))
    };
    assert!(check(r#"{"kind": "embedding"}"#, "contrastive").is_ok());
    assert!(check(r#"{"kind": "embedding"}"#, "triplet").is_err());
    assert!(check(r#"{"kind": "feature"}"#, "proxy-anchor").is_err());
    assert!(check(r#"{"kind": "feature", "pairs": "positive-negative"}"#, "proxy-anchor").is_ok());
    assert!(check(r#"{"kind": "input", "pairs": "official"}"#, "contrastive").is_err());
    assert!(check(r#"{"kind": "embedding", "divisor": "present"}"#, "contrastive").is_err());
    assert!(check(r#"{"kind": "embedding", "detach": "proxies"}"#, "contrastive").is_err());
    assert!(check(r#"{"kind": "embedding", "detach": "proxies"}"#, "proxy-anchor").is_ok());
}

#[test]
fn the_divisor_is_that_of_the_anchors_of_mixtures() {
    // Three classes in the batch and one more: the negative side counts 4/3 as much.
    let loss = loss(r#"{"kind": "proxy-anchor", "beta": 4.0}"#);
    let batch = embedded(3, DType::F64);
    let at = |divisor: Option<Divisor>, pairs| {
        value(&mixed_loss(&loss, &batch, pairs, 0.4, Divisor::of(divisor, &batch)).unwrap())
    };
    let only_negatives = Pairs::NegativeNegative;
    let ratio = at(Some(Divisor::Present), only_negatives) / at(None, only_negatives);
    assert!((ratio - 4.0 / 3.0).abs() < 1e-12, "{ratio}");
    let only_positives = Pairs::PositivePositive;
    assert_eq!(at(Some(Divisor::Present), only_positives), at(None, only_positives));
}
