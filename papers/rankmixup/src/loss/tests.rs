//! Properties of the losses that hold for any logits.

use burn::tensor::{DType, Device, Tensor, TensorData, activation::softmax};
use mixup_core::checked::NonNegative;
use mixup_core::mix::{Copies, Mixture, Ratio as MixingRatio};
use mixup_core::tensor::{one_hot, to_host};
use proptest::prelude::*;

use super::{Masking, RankingLoss, Ratio, Score, largest_target, mndcg_loss, ndcg, ranking_loss};

const BATCH: usize = 5;
const CLASSES: usize = 3;

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / CLASSES, CLASSES]);
    Tensor::from_data(data, (&device(), DType::F64))
}

fn one_hot_of(labels: &[usize]) -> Tensor<2> {
    one_hot(labels, CLASSES, (&device(), DType::F64)).unwrap()
}

fn value(loss: Tensor<1>) -> f64 {
    to_host(loss).unwrap()[0]
}

fn config(margin: f64, score: Score, masking: Masking) -> RankingLoss {
    RankingLoss { margin: NonNegative::new(margin).unwrap(), score, masking }
}

fn logits(rows: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-8.0f64..8.0, rows * CLASSES)
}

fn labels() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..CLASSES, BATCH)
}

fn score() -> impl Strategy<Value = Score> {
    prop_oneof![Just(Score::Logit), Just(Score::Probability)]
}

/// Mixed targets of copies with these lambdas; the partner of row i is row i + 1.
fn mixed_targets(labels: &[usize], lambdas: &[f64]) -> Tensor<2> {
    let partners: Vec<usize> = (0..BATCH).map(|row| (row + 1) % BATCH).collect();
    let copy = |&lambda: &f64| Mixture::new(partners.clone(), MixingRatio::Batch(lambda)).unwrap();
    Copies(lambdas.iter().map(copy).collect()).targets(one_hot_of(labels)).unwrap()
}

/// Rows in another order: 0 goes last.
fn rotated(values: &[f64]) -> Vec<f64> {
    let rotated = |copy: &[f64]| [&copy[CLASSES..], &copy[..CLASSES]].concat();
    values.chunks(BATCH * CLASSES).flat_map(rotated).collect()
}

proptest! {
    #[test]
    fn mrl_is_zero_where_all_margins_hold(raw in logits(BATCH), margin in 0.0f64..3.0, labels in labels()) {
        // Every mixed logit is below the raw one by more than the margin.
        let mixed: Vec<f64> = raw.iter().map(|logit| logit - margin - 1e-6).collect();
        for masking in [Masking::Official, Masking::PerSample, Masking::None] {
            let loss = ranking_loss(
                tensor(&raw), tensor(&mixed), mixed_targets(&labels, &[0.6]), config(margin, Score::Logit, masking),
            );
            prop_assert_eq!(value(loss.unwrap()), 0.0);
        }
    }

    #[test]
    fn mrl_grows_with_the_margin_by_at_most_as_much(
        raw in logits(BATCH), mixed in logits(BATCH), labels in labels(), score in score(), margin in 0.0f64..3.0,
    ) {
        let of = |margin, masking| {
            let targets = mixed_targets(&labels, &[0.6]);
            value(ranking_loss(tensor(&raw), tensor(&mixed), targets, config(margin, score, masking)).unwrap())
        };
        for masking in [Masking::Official, Masking::PerSample, Masking::None] {
            let growth = of(margin + 0.5, masking) - of(margin, masking);
            prop_assert!((-1e-12..=0.5 + 1e-12).contains(&growth), "{growth}");
            prop_assert!(of(margin, masking) <= of(margin, Masking::None) + 1e-12);
        }
    }

    #[test]
    fn masks_agree_where_every_pair_or_none_is_ordered(
        raw in logits(BATCH), mixed in logits(BATCH), labels in labels(), score in score(),
    ) {
        let of = |targets: Tensor<2>, masking| {
            value(ranking_loss(tensor(&raw), tensor(&mixed), targets, config(1.0, score, masking)).unwrap())
        };
        // Row i has class i mod 3 and is mixed with the next class.
        let all = || tensor(&[0.7, 0.3, 0.0, 0.0, 0.7, 0.3, 0.3, 0.0, 0.7, 0.7, 0.3, 0.0, 0.0, 0.7, 0.3]);
        for masking in [Masking::Official, Masking::PerSample] {
            prop_assert!((of(all(), masking) - of(all(), Masking::None)).abs() < 1e-12);
            prop_assert_eq!(of(one_hot_of(&labels), masking), 0.0);
        }
    }

    #[test]
    fn mndcg_is_between_zero_and_one(
        raw in logits(BATCH), mixed in logits(3 * BATCH), labels in labels(),
        lambdas in prop::array::uniform3(0.0f64..=1.0),
    ) {
        let relevance = largest_target(mixed_targets(&labels, &lambdas), 3).unwrap();
        let loss = value(mndcg_loss(tensor(&raw), tensor(&mixed), relevance, Ratio::AtMostOne).unwrap());
        // Confidences are at least 1/3 and relevances at most 1, and the other way round at least 1/2.
        prop_assert!((0.0..=2.0 / 3.0).contains(&loss), "{loss}");
    }

    #[test]
    fn mndcg_is_zero_where_confidences_are_the_relevances(lambdas in prop::array::uniform3(0.5f64..0.99)) {
        // A certain raw sample, and copies whose probabilities are the mixed labels.
        let raw = [900.0, 0.0, 0.0].repeat(BATCH);
        let mixed: Vec<f64> = lambdas
            .iter()
            .flat_map(|lambda| [lambda.ln(), (1.0 - lambda).ln(), -900.0].repeat(BATCH))
            .collect();
        let relevance = largest_target(mixed_targets(&[0, 1, 2, 0, 1], &lambdas), 3).unwrap();
        let loss = mndcg_loss(tensor(&raw), tensor(&mixed), relevance, Ratio::AtMostOne);
        prop_assert!(value(loss.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_copies_does_not_matter_unless_they_tie(
        raw in logits(BATCH), mixed in logits(3 * BATCH), lambda in 0.51f64..0.6,
    ) {
        let (copy, end) = (BATCH * CLASSES, 3 * BATCH * CLASSES);
        let lambdas = [lambda, lambda + 0.1, lambda + 0.2];
        let turned = [&mixed[copy..end], &mixed[..copy]].concat();
        let of = |mixed: &[f64], lambdas: &[f64]| {
            let relevance = largest_target(mixed_targets(&[0, 1, 2, 0, 1], lambdas), 3).unwrap();
            to_host(ndcg(tensor(&raw), tensor(mixed), relevance, Ratio::Plain).unwrap()).unwrap()
        };
        let (straight, turned) = (of(&mixed, &lambdas), of(&turned, &[lambdas[1], lambdas[2], lambdas[0]]));
        for (a, b) in straight.iter().zip(turned) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn the_order_of_samples_does_not_matter(
        raw in logits(BATCH), mixed in logits(2 * BATCH), labels in labels(), score in score(),
    ) {
        let turned_labels = [&labels[1..], &labels[..1]].concat();
        let mndcg = |raw: &[f64], mixed: &[f64], labels: &[usize]| {
            let relevance = largest_target(mixed_targets(labels, &[0.7, 0.4]), 2).unwrap();
            value(mndcg_loss(tensor(raw), tensor(mixed), relevance, Ratio::AtMostOne).unwrap())
        };
        let straight = mndcg(&raw, &mixed, &labels);
        prop_assert!((straight - mndcg(&rotated(&raw), &rotated(&mixed), &turned_labels)).abs() < 1e-12);
        let one = &mixed[..BATCH * CLASSES];
        for masking in [Masking::Official, Masking::PerSample, Masking::None] {
            let mrl = |raw: &[f64], mixed: &[f64], labels: &[usize]| {
                let targets = mixed_targets(labels, &[0.7]);
                value(ranking_loss(tensor(raw), tensor(mixed), targets, config(1.0, score, masking)).unwrap())
            };
            let straight = mrl(&raw, one, &labels);
            prop_assert!((straight - mrl(&rotated(&raw), &rotated(one), &turned_labels)).abs() < 1e-12);
        }
    }

    #[test]
    fn every_gradient_is_the_slope(
        raw in logits(BATCH), mixed in logits(2 * BATCH), labels in labels(), plain: bool, at in 0usize..15,
    ) {
        let ratio = if plain { Ratio::Plain } else { Ratio::AtMostOne };
        let relevance = || largest_target(mixed_targets(&labels, &[0.7, 0.4]), 2).unwrap();
        let loss = |raw: Tensor<2>, mixed: Tensor<2>| mndcg_loss(raw, mixed, relevance(), ratio).unwrap();
        let (tracked_raw, tracked_mixed) = (tensor(&raw).require_grad(), tensor(&mixed).require_grad());
        let grads = loss(tracked_raw.clone(), tracked_mixed.clone()).backward();
        let gradient = |tensor: Tensor<2>| to_host(tensor.grad(&grads).unwrap()).unwrap()[at];
        let shifted = |values: &[f64], shift: f64| {
            let mut values = values.to_vec();
            values[at] += shift;
            tensor(&values)
        };
        // The largest entry must stay the same one, and the ratio on its side of 1, within the step.
        let step = 1e-6;
        let clear = |values: &[f64]| values.chunks(CLASSES).all(|row| {
            let mut row = row.to_vec();
            row.sort_by(f64::total_cmp);
            row[CLASSES - 1] - row[CLASSES - 2] > 1e-3
        });
        prop_assume!(clear(&raw) && clear(&mixed));
        let ratios = to_host(ndcg(tensor(&raw), tensor(&mixed), relevance(), ratio).unwrap()).unwrap();
        prop_assume!(ratios.iter().all(|ratio| (ratio - 1.0).abs() > 1e-3));
        let slope = |at: &dyn Fn(f64) -> Tensor<1>| (value(at(step)) - value(at(-step))) / (2.0 * step);
        let of_raw = slope(&|shift| loss(shifted(&raw, shift), tensor(&mixed)));
        let of_mixed = slope(&|shift| loss(tensor(&raw), shifted(&mixed, shift)));
        prop_assert!((gradient(tracked_raw) - of_raw).abs() < 1e-7, "{of_raw}");
        prop_assert!((gradient(tracked_mixed) - of_mixed).abs() < 1e-7, "{of_mixed}");
    }
}

/// At `DCG = IDCG` both branches are 1, but their slopes have opposite signs; the official code
/// takes the inverted one.
#[test]
fn equal_gains_take_the_inverted_ratio() {
    let mixed = tensor(&[1.0, 0.0, 0.0]).require_grad();
    let relevance = softmax(mixed.clone().detach(), 1).max_dim(1);
    let of = |ratio| {
        let raw = tensor(&[900.0, 0.0, 0.0]);
        let loss = mndcg_loss(raw, mixed.clone(), relevance.clone(), ratio).unwrap();
        let slope = mixed.grad(&loss.backward()).unwrap();
        assert_eq!(value(loss), 0.0);
        to_host(slope).unwrap()[0]
    };
    assert!(of(Ratio::AtMostOne) > 0.05);
    assert!(of(Ratio::Plain) < -0.05);
}
