//! Against mixtures that are built, and against theory.

use burn::tensor::{DType, Device};
use mixup_core::stream::Streams;
use mixup_core::tensor::select_rows;
use rand::RngExt;

use super::*;

fn random(samples: usize, dimensions: usize, scale: f64) -> Tensor<2> {
    let mut streams = Streams::new("embeddings", samples as u64);
    let values: Vec<f64> =
        (0..samples * dimensions).map(|_| scale * streams.get("values").random_range(-1.0..1.0)).collect();
    let data = TensorData::new(values, [samples, dimensions]);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad()
}

fn tau(value: f64) -> Positive {
    Positive::new(value).unwrap()
}

fn constant(values: Vec<f64>) -> Tensor<2> {
    let columns = values.len();
    Tensor::from_data(TensorData::new(values, [1, columns]), (&Device::flex(), DType::F64))
}

/// Each anchor by itself, every mixture a vector.
fn naive(embeddings: Tensor<2>, labels: &[f64], terms: &Terms<'_>) -> Tensor<1> {
    let samples = labels.len();
    let fixed = embeddings.clone().detach();
    let row = |index: usize| fixed.clone().slice_dim(0, index..index + 1);
    let (mut lambdas, mut total) = (terms.lambdas.unwrap_or(&[]).iter(), Vec::new());
    for anchor in 0..samples {
        let own = labels[anchor];
        let anchored = embeddings.clone().slice_dim(0, anchor..anchor + 1);
        let others: Vec<usize> = (0..samples).filter(|other| *other != anchor).collect();
        let real = anchored.clone().matmul(select_rows(embeddings.clone(), &others).unwrap().transpose());
        let weight = |difference: f64| terms.distance.map_or(1.0, |by| by.of_sample(difference));
        let mixed_weight = |difference: f64| terms.distance.map_or(1.0, |by| by.of_mixture(difference));
        let mut weights: Vec<f64> = others.iter().map(|other| weight(own - labels[*other])).collect();
        let mut positive: Vec<f64> = others.iter().map(|other| f64::from(labels[*other] == own)).collect();
        let mut mixtures = Vec::new();
        if terms.lambdas.is_some() {
            for other in (0..samples).filter(|other| labels[*other] != own) {
                let lambda = *lambdas.next().unwrap();
                mixtures.push(row(anchor).mul_scalar(lambda) + row(other).mul_scalar(1.0 - lambda));
                weights.push(mixed_weight(own - (lambda * own + (1.0 - lambda) * labels[other])));
                positive.push(0.0);
            }
        }
        for (j, low) in labels.iter().enumerate() {
            for (k, high) in labels.iter().enumerate() {
                let within = terms.window.is_some_and(|window| own - low < window && high - own < window);
                if within && *low < own && own < *high {
                    let alpha = (high - own) / (high - low);
                    mixtures.push(row(j).mul_scalar(alpha) + row(k).mul_scalar(1.0 - alpha));
                    weights.push(mixed_weight(0.0));
                    positive.push(1.0);
                }
            }
        }
        let mut blocks = vec![real.div_scalar(terms.tau.get())];
        if !mixtures.is_empty() {
            let mixed = anchored.matmul(Tensor::cat(mixtures, 0).transpose()).div_scalar(terms.tau.get());
            blocks.push(mixed);
        }
        if terms.form == Form::Official {
            let itself = row(anchor).matmul(fixed.clone().transpose()).div_scalar(terms.tau.get());
            let largest =
                |tensor: Tensor<2>| to_host(tensor.detach()).unwrap().into_iter().fold(f64::MIN, f64::max);
            blocks[0] = blocks[0].clone().sub_scalar(largest(itself));
            if let Some(mixed) = blocks.get_mut(1) {
                *mixed = mixed.clone().sub_scalar(largest(mixed.clone()).max(0.0));
            }
        }
        let similarities = Tensor::cat(blocks, 1);
        let denominator = (similarities.clone().exp() * constant(weights)).sum().log();
        let count: f64 = positive.iter().sum();
        total.push(denominator - (similarities * constant(positive)).sum().div_scalar(count));
    }
    Tensor::cat(total, 0).mean()
}

fn value_and_gradient(loss: Tensor<1>, embeddings: &Tensor<2>) -> (f64, Vec<f64>) {
    let gradient = to_host(embeddings.grad(&loss.clone().backward()).unwrap()).unwrap();
    (to_host(loss).unwrap()[0], gradient)
}

#[test]
fn factorised_sums_are_those_of_built_mixtures() {
    let labels = [3.0, 5.0, 4.0, 9.0, 5.0, 3.0, 5.0, 4.0, 9.0, 5.0];
    let mut streams = Streams::new("lambdas", 0);
    let lambdas: Vec<f64> = (0..mixed_pairs(&labels)).map(|_| streams.get("lambdas").random()).collect();
    let distances =
        [None, Some(Distance::L1Inv), Some(Distance::L2Inv), Some(Distance::L1), Some(Distance::L2)];
    for (case, distance) in distances.into_iter().enumerate() {
        for (form, window, mixed) in [
            (Form::Clean, Some(5.0), true),
            (Form::Official, Some(5.0), true),
            (Form::Clean, Some(1.5), false),
            (Form::Official, Some(2.0), false),
            (Form::Clean, None, true),
            (Form::Clean, None, false),
        ] {
            let lambdas = mixed.then_some(&lambdas[..]);
            let terms = Terms { tau: tau(0.3 + case as f64), distance, window, lambdas, form };
            let embeddings = random(labels.len(), 4, 1.0);
            let found = value_and_gradient(loss(embeddings.clone(), &labels, &terms).unwrap(), &embeddings);
            let expected = value_and_gradient(naive(embeddings.clone(), &labels, &terms), &embeddings);
            assert!((found.0 - expected.0).abs() < 1e-12 * expected.0.abs().max(1.0), "{terms:?}");
            let error = found.1.iter().zip(&expected.1).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // Automatic differentiation takes some constants through single precision.
            assert!(error < 1e-6, "{terms:?}: {error}");
        }
    }
}

/// All embeddings in one place: every similarity is the same, so that the loss counts: `ln sum w`.
#[test]
fn one_place_is_a_count() {
    let labels = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0];
    let embeddings = Tensor::<2>::ones([6, 3], (&Device::flex().autodiff(), DType::F64));
    let plain = Terms { tau: tau(0.1), distance: None, window: None, lambdas: None, form: Form::Clean };
    let found = |terms: &Terms<'_>| to_host(loss(embeddings.clone(), &labels, terms).unwrap()).unwrap()[0];
    assert!((found(&plain) - 5.0_f64.ln()).abs() < 1e-12);
    let lambdas = vec![0.25; mixed_pairs(&labels)];
    let mixed = Terms { window: Some(1.5), lambdas: Some(&lambdas), ..plain };
    // Two anchors of six have two lower and two upper neighbours each: four positive mixtures.
    let expected = (4.0 * 9.0_f64.ln() + 2.0 * 13.0_f64.ln()) / 6.0;
    assert!((found(&mixed) - expected).abs() < 1e-12);
}

#[test]
fn large_similarities_do_not_overflow_and_the_official_form_is_another_objective() {
    let labels = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0];
    let (large, embeddings) = (random(6, 3, 30.0), random(6, 3, 1.0));
    let lambdas = vec![0.2; mixed_pairs(&labels)];
    let terms = |form| Terms {
        tau: tau(0.05),
        distance: Some(Distance::L1Inv),
        window: Some(5.0),
        lambdas: Some(&lambdas),
        form,
    };
    let of = |embeddings: &Tensor<2>, form| {
        value_and_gradient(loss(embeddings.clone(), &labels, &terms(form)).unwrap(), embeddings)
    };
    let (value, gradient) = of(&large, Form::Clean);
    assert!(value.is_finite() && gradient.iter().all(|slope| slope.is_finite()), "{value}, {gradient:?}");
    let (clean, official) = (of(&embeddings, Form::Clean).0, of(&embeddings, Form::Official).0);
    assert!((clean - official).abs() > 0.1, "{clean}, {official}");
}

#[test]
fn other_numbers_of_labels_and_lambdas_are_refused() {
    let terms = |lambdas| Terms { tau: tau(1.0), distance: None, window: None, lambdas, form: Form::Clean };
    assert!(loss(random(3, 2, 1.0), &[1.0, 2.0], &terms(None)).is_err());
    assert!(loss(random(2, 2, 1.0), &[1.0, 2.0], &terms(Some(&[0.5]))).is_err());
    assert!(loss(random(2, 2, 1.0), &[1.0, 2.0], &terms(Some(&[0.5, 0.5]))).is_ok());
}

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn the_loss_takes_less_than_four_times_as_long_as_supcon() {
    let labels: Vec<f64> = (0..512).map(|row| f64::from(row % 256 * 37 % 91)).collect();
    let values = to_host(random(512, 128, 1.0)).unwrap();
    let device = Device::flex().autodiff();
    let embeddings: Tensor<2> = Tensor::from_data(TensorData::new(values, [512, 128]), (&device, DType::F32));
    let embeddings = mixup_core::loss::metric::unit_rows(embeddings).detach().require_grad();
    let beta = crate::BetaQuantiles::new(2.try_into().unwrap(), 8.try_into().unwrap());
    let mut streams = Streams::new("lambda", 0);
    let mut time = |mixed: bool| {
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let start = std::time::Instant::now();
                let rng = streams.get("lambda");
                let lambdas: Vec<f64> =
                    (0..if mixed { mixed_pairs(&labels) } else { 0 }).map(|_| beta.draw(rng)).collect();
                let terms = Terms {
                    tau: tau(0.5),
                    distance: Some(Distance::L1Inv),
                    window: mixed.then_some(5.0),
                    lambdas: mixed.then_some(&lambdas[..]),
                    form: Form::Clean,
                };
                let loss = loss(embeddings.clone(), &labels, &terms).unwrap();
                let _ = embeddings.grad(&loss.backward()).unwrap();
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[7]
    };
    let (plain, mixed) = (time(false), time(true));
    println!("SupCon {:.2} ms, SupReMix {:.2} ms", 1e3 * plain, 1e3 * mixed);
    assert!(mixed < 4.0 * plain);
}

/// Issue 15's bound, at its size: 256 embeddings of dimension 128, lambdas drawn anew, value and gradient, turn and turn about.
#[test]
fn costs_at_most_four_times_supcon() {
    let mut streams = Streams::new("cost", 0);
    let labels: Vec<f64> =
        (0..256).map(|_| f64::from(streams.get("labels").random_range(0..=90_u8))).collect();
    let embeddings = random(256, 128, 0.1);
    let size = |value: usize| std::num::NonZeroUsize::new(value).unwrap();
    let beta = crate::lambda::BetaQuantiles::shared(size(2), size(8));
    let supcon = Terms { tau: tau(0.5), distance: None, window: None, lambdas: None, form: Form::Clean };
    let seconds = |step: &mut dyn FnMut() -> Tensor<1>| {
        let start = std::time::Instant::now();
        step().backward();
        start.elapsed().as_secs_f64()
    };
    // The fastest of each, for other work on the machine only makes them slower.
    let mut fastest = [f64::INFINITY; 2];
    for _ in 0..40 {
        let plain = seconds(&mut || loss(embeddings.clone(), &labels, &supcon).unwrap());
        let mixed = seconds(&mut || {
            let lambdas: Vec<f64> =
                (0..mixed_pairs(&labels)).map(|_| beta.draw(streams.get("lambdas"))).collect();
            let distance = Some(Distance::L1Inv);
            let terms = Terms { distance, window: Some(5.0), lambdas: Some(&lambdas), ..supcon };
            loss(embeddings.clone(), &labels, &terms).unwrap()
        });
        fastest = [fastest[0].min(plain), fastest[1].min(mixed)];
    }
    let ratio = fastest[1] / fastest[0];
    println!("SupReMix / SupCon: {ratio:.2}");
    assert!(ratio < 4.0, "{fastest:?}");
}
