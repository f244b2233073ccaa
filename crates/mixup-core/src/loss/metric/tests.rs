use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

use super::*;
use crate::checked::{NonNegative, Positive};
use crate::loss::testing::{gradient, tracked, value};
use crate::tensor::to_host;

fn positive(value: f64) -> Positive {
    Positive::new(value).unwrap()
}

fn non_negative(value: f64) -> NonNegative {
    NonNegative::new(value).unwrap()
}

/// Every loss of pairs, at moderate scales.
fn losses() -> [PairLoss; 5] {
    let (beta, gamma, margin) = (positive(3.0), positive(7.0), 0.4);
    [
        PairLoss::Contrastive { margin },
        PairLoss::MultiSimilarity { beta, gamma, margin },
        PairLoss::ProxyAnchor { beta, margin },
        PairLoss::BinomialDeviance { beta, gamma, margin },
        PairLoss::LiftedStructure { margin: -2.0 },
    ]
}

/// The equation, one anchor and entry at a time.
fn by_hand(loss: PairLoss, entries: &[(f64, Option<f64>)]) -> f64 {
    let sum = |side: Side, rho: &dyn Fn(f64) -> f64| -> f64 {
        let weight = |label: f64| if side == Side::Positive { label } else { 1.0 - label };
        entries.iter().filter_map(|(s, label)| Some(weight((*label)?) * rho(*s))).sum()
    };
    let (p, n) = (Side::Positive, Side::Negative);
    match loss {
        PairLoss::Contrastive { margin } => sum(p, &|s| -s) + sum(n, &|s| (s - margin).max(0.0)),
        PairLoss::MultiSimilarity { beta, gamma, margin } => {
            let (beta, gamma) = (beta.get(), gamma.get());
            (1.0 + sum(p, &|s| (-beta * (s - margin)).exp())).ln() / beta
                + (1.0 + sum(n, &|s| (gamma * (s - margin)).exp())).ln() / gamma
        }
        PairLoss::ProxyAnchor { beta, margin } => {
            let beta = beta.get();
            (1.0 + sum(p, &|s| (-beta * (s - margin)).exp())).ln()
                + (1.0 + sum(n, &|s| (beta * (s + margin)).exp())).ln()
        }
        PairLoss::BinomialDeviance { beta, gamma, margin } => {
            sum(p, &|s| (1.0 + (-beta.get() * (s - margin)).exp()).ln())
                + sum(n, &|s| (1.0 + (gamma.get() * (s - margin)).exp()).ln())
        }
        PairLoss::LiftedStructure { margin } => {
            let (near, far) = (sum(p, &|s| (-s).exp()), sum(n, &|s| (s - margin).exp()));
            if near == 0.0 || far == 0.0 { 0.0 } else { (near.ln() + far.ln()).max(0.0) }
        }
    }
}

fn similarities(rows: &[Vec<f64>], dtype: DType) -> Tensor<2> {
    let shape = [rows.len(), rows[0].len()];
    let values: Vec<f64> = rows.concat();
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex().autodiff(), dtype)).require_grad()
}

proptest! {
    #[test]
    fn losses_are_those_of_the_equation(
        entries in prop::collection::vec(
            prop::collection::vec((-1.0..1.0_f64, prop::option::of(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64])), 5),
            1..4,
        ),
    ) {
        let rows: Vec<Vec<f64>> = entries.iter().map(|row| row.iter().map(|(s, _)| *s).collect()).collect();
        let labels = entries.iter().flatten().map(|(_, label)| *label).collect();
        let labels = PairLabels::new(rows.len(), 5, labels).unwrap();
        for loss in losses() {
            let found = to_host(loss.per_anchor(similarities(&rows, DType::F64), &labels).unwrap()).unwrap();
            for (found, entries) in found.iter().zip(&entries) {
                let expected = by_hand(loss, entries);
                prop_assert!((found - expected).abs() < 1e-9, "{loss:?}: {found}, {expected}");
            }
        }
    }
}

#[test]
fn gradients_are_slopes() {
    let sims = [[0.9, -0.3, 0.45, 0.1], [0.2, 0.6, -0.8, 0.7]];
    let some = Some;
    let labels = vec![some(1.0), some(0.0), some(0.3), None, some(0.6), some(0.0), some(1.0), some(0.5)];
    let labels = PairLabels::new(2, 4, labels).unwrap();
    for loss in losses() {
        let slopes = gradient(sims, |s| loss.mean(s, &labels).unwrap());
        assert_eq!(slopes[3], 0.0, "an entry in no set: {loss:?}");
        assert!(slopes.iter().any(|slope| slope.abs() > 0.01), "{loss:?}");
    }
    let margins = MarginDistances { positive_margin: non_negative(0.1), negative_margin: non_negative(1.3) };
    gradient(sims, |s| margins.loss(s, &labels).unwrap());
    let square = [[1.0, 0.3, 0.5], [0.3, 1.0, -0.2], [0.5, -0.2, 1.0]];
    let batch = PairLabels::of_batch(&[0, 0, 1]);
    gradient(square, |s| nt_xent(s, &batch, positive(0.3)).unwrap());
    gradient([[0.9, 0.3, 0.5], [0.3, 0.8, -0.2], [0.5, -0.2, 0.7]], |s| {
        triplet(s, &[0, 0, 1], non_negative(0.3)).unwrap()
    });
    gradient([[0.4, -0.2, 0.9], [0.1, 0.7, 0.3]], |x| cosine_similarities(x.clone(), x).unwrap().sum());
}

/// gamma 75 and exponents up to 60, where exp in f32 is far from its f64 value.
#[test]
fn single_precision_is_near_double_precision() {
    let steps = 41;
    let row: Vec<f64> = (0..steps).map(|step| -1.0 + 2.0 * f64::from(step) / f64::from(steps - 1)).collect();
    let rows =
        vec![row.clone(), row.iter().map(|s| 0.01 * s).collect(), row.iter().map(|s| s - 1.0).collect()];
    let labels =
        (0..3 * steps).map(|place| [Some(1.0), Some(0.0), Some(0.3), Some(0.999)][place as usize % 4]);
    let labels = PairLabels::new(3, steps as usize, labels.collect()).unwrap();
    let scales = [
        PairLoss::MultiSimilarity { beta: positive(18.0), gamma: positive(75.0), margin: 0.2 },
        PairLoss::MultiSimilarity { beta: positive(60.0), gamma: positive(75.0), margin: 0.77 },
        PairLoss::ProxyAnchor { beta: positive(32.0), margin: 0.1 },
        PairLoss::ProxyAnchor { beta: positive(54.0), margin: 0.1 },
        PairLoss::BinomialDeviance { beta: positive(18.0), gamma: positive(75.0), margin: 0.2 },
    ];
    for loss in scales {
        let [single, double] = [DType::F32, DType::F64].map(|dtype| {
            let s = similarities(&rows, dtype);
            let values = to_host(loss.per_anchor(s.clone(), &labels).unwrap()).unwrap();
            let gradients = loss.mean(s.clone(), &labels).unwrap().backward();
            (values, to_host(s.grad(&gradients).unwrap()).unwrap())
        });
        for (single, double) in single.0.iter().zip(&double.0).chain(single.1.iter().zip(&double.1)) {
            assert!((single - double).abs() <= 1e-4 * double.abs().max(1.0), "{loss:?}: {single}, {double}");
        }
    }
}

#[test]
fn small_sums_are_exact_in_single_precision() {
    // log(1 + exp(-20)) / beta: a plain logarithm of 1 + x would say 0.
    let loss = PairLoss::MultiSimilarity { beta: positive(1.0), gamma: positive(40.0), margin: 0.5 };
    let labels = PairLabels::new(1, 1, vec![Some(0.0)]).unwrap();
    let found = value(loss.mean(similarities(&[vec![0.0]], DType::F32), &labels).unwrap());
    let expected = (-20.0_f64).exp() / 40.0;
    assert!((found / expected - 1.0).abs() < 1e-3, "{found}, {expected}");
}

/// Loss and gradient with respect to embeddings.
fn of_embeddings<const N: usize, const D: usize>(
    x: [[f64; D]; N],
    loss: impl Fn(Tensor<2>) -> Tensor<1>,
) -> (f64, Vec<f64>) {
    let x = tracked(x);
    let loss = loss(cosine_similarities(x.clone(), x.clone()).unwrap());
    let gradients = loss.backward();
    (value(loss), to_host(x.grad(&gradients).unwrap()).unwrap())
}

#[test]
fn identical_embeddings_have_finite_losses_and_no_gradient() {
    let x = [[0.3, -0.4, 0.7]; 4];
    let classes = [0, 0, 1, 1];
    let labels = PairLabels::of_batch(&classes);
    let margins = MarginDistances { positive_margin: non_negative(0.0), negative_margin: non_negative(0.5) };
    let all: Vec<Box<dyn Fn(Tensor<2>) -> Tensor<1>>> = vec![
        Box::new(|s| margins.loss(s, &labels).unwrap()),
        Box::new(|s| triplet(s, &classes, non_negative(0.2)).unwrap()),
        Box::new(|s| nt_xent(s, &labels, positive(0.1)).unwrap()),
    ];
    let pairs = losses().map(|loss| -> Box<dyn Fn(Tensor<2>) -> Tensor<1>> {
        let labels = &labels;
        Box::new(move |s| loss.mean(s, labels).unwrap())
    });
    let mut values = Vec::new();
    for loss in all.into_iter().chain(pairs) {
        let (value, gradient) = of_embeddings(x, loss);
        assert!(value.is_finite(), "{value}");
        assert!(gradient.iter().all(|slope| slope.abs() < 1e-12), "{gradient:?}");
        values.push(value);
    }
    // No distance counts as above 0, each negative lacks the whole margin.
    assert!(values[0] == 0.5 && (values[1] - 0.2).abs() < 1e-12, "{values:?}");
    // One positive against two equal negatives.
    assert!((values[2] - 3.0_f64.ln()).abs() < 1e-12);
    let zero = of_embeddings([[0.0; 3]; 4], |s| losses()[1].mean(s, &labels).unwrap());
    assert!(zero.0.is_finite() && zero.1.iter().all(|slope| *slope == 0.0));
}

#[test]
fn anchors_without_positives_or_negatives() {
    let x = [[0.3, -0.4], [0.1, 0.9], [-0.5, 0.2]];
    for classes in [[0, 0, 0], [0, 1, 2]] {
        let labels = PairLabels::of_batch(&classes);
        for loss in losses() {
            let (value, gradient) = of_embeddings(x, |s| loss.mean(s, &labels).unwrap());
            assert!(value.is_finite() && gradient.iter().all(|slope| slope.is_finite()), "{loss:?}");
        }
        let (value, gradient) = of_embeddings(x, |s| losses()[4].mean(s, &labels).unwrap());
        assert_eq!((value, gradient), (0.0, vec![0.0; 6]));
        let (value, gradient) = of_embeddings(x, |s| nt_xent(s, &labels, positive(1.0)).unwrap());
        assert_eq!((value, gradient), (0.0, vec![0.0; 6]));
        let (value, gradient) = of_embeddings(x, |s| triplet(s, &classes, non_negative(1.0)).unwrap());
        assert_eq!((value, gradient), (0.0, vec![0.0; 6]));
    }
}

#[test]
fn all_triplets_by_hand() {
    let s = [[1.0, 0.8, 0.5, 0.1], [0.8, 1.0, 0.6, 0.3], [0.5, 0.6, 1.0, -0.4], [0.1, 0.3, -0.4, 1.0]];
    let classes = [0, 0, 1, 0];
    let distance = |a: usize, b: usize| f64::max(2.0 - 2.0 * s[a][b], 0.0).sqrt();
    let mut hinges = Vec::new();
    for (a, p, n) in (0..64).map(|place| (place / 16, place / 4 % 4, place % 4)) {
        if a != p && classes[a] == classes[p] && classes[a] != classes[n] {
            hinges.push((distance(a, p) - distance(a, n) + 0.1_f64).max(0.0));
        }
    }
    let above: Vec<f64> = hinges.into_iter().filter(|hinge| *hinge > 0.0).collect();
    let expected = above.iter().sum::<f64>() / above.len() as f64;
    let found = value(triplet(tracked(s), &classes, non_negative(0.1)).unwrap());
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    assert!(triplet(tracked(s), &classes[..3], non_negative(0.1)).is_err());
}

#[test]
fn the_miner_keeps_what_is_hard() {
    let s = ndarray::array![
        [1.0, 0.9, 0.5, 0.1],
        [0.9, 1.0, 0.2, 0.1],
        [0.5, 0.2, 1.0, 0.4],
        [0.1, 0.1, 0.4, 1.0],
    ];
    let labels = PairLabels::of_batch(&[0, 0, 1, 1]);
    let mined = |epsilon| multi_similarity_miner(s.view(), &labels, non_negative(epsilon)).unwrap();
    // Of anchor 2 the positive has 0.4 and a negative 0.5; of all others positives are nearer by far.
    let tight = mined(0.0);
    assert_eq!((tight.positive, tight.negative), (vec![[2, 3]], vec![[2, 0]]));
    assert_eq!(mined(2.0).negative.len(), 8);
    let kept = mined(0.0).of(labels.clone());
    assert_eq!(kept.sizes(), [0, 0, 2, 0]);
    assert_eq!((kept.get(2, 0), kept.get(2, 1), kept.get(2, 3)), (Some(0.0), None, Some(1.0)));
    let alone = multi_similarity_miner(s.view(), &PairLabels::of_batch(&[0, 1, 2, 3]), non_negative(2.0));
    assert_eq!(alone.unwrap(), MinedPairs::default());
}

#[test]
fn labels_of_any_size_are_checked() {
    assert!(PairLabels::new(2, 2, vec![None; 3]).is_err());
    assert!(PairLabels::new(1, 1, vec![Some(1.5)]).is_err());
    assert!(PairLabels::uniform(1, f64::NAN, vec![true]).is_err());
    assert!(PairLabels::uniform(2, 0.5, vec![true; 3]).is_err());
    let labels = PairLabels::of_proxies(&[0, 2], &[0, 1, 2, 2]);
    assert_eq!((labels.dims(), labels.sizes()), ([2, 4], vec![4, 4]));
    assert_eq!(labels.has(Side::Positive), [true, true]);
    let wrong = losses()[0].mean(tracked([[0.0, 0.0]]), &labels).unwrap_err().to_string();
    assert!(wrong.contains("[1, 2]"), "{wrong}");
    assert_eq!(Divisors::of(&[3, 3, 5], 9), Divisors { present: 2, all: 9 });
}

#[test]
fn one_label_for_all_is_that_label_for_each() {
    let rows = vec![vec![0.3, -0.2, 0.8], vec![0.9, 0.1, -0.6]];
    let used = vec![true, false, true, true, true, false];
    for label in [0.0, 0.3, 1.0] {
        let one = PairLabels::uniform(2, label, used.clone()).unwrap();
        let each = PairLabels::new(2, 3, used.iter().map(|used| used.then_some(label)).collect()).unwrap();
        assert_eq!((one.sizes(), one.has(Side::Positive)), (each.sizes(), each.has(Side::Positive)));
        for loss in losses() {
            let of =
                |labels| to_host(loss.per_anchor(similarities(&rows, DType::F64), labels).unwrap()).unwrap();
            let pairs = of(&one).into_iter().zip(of(&each));
            pairs.for_each(|(one, each)| assert!((one - each).abs() < 1e-12, "{loss:?}: {one}, {each}"));
        }
    }
}
