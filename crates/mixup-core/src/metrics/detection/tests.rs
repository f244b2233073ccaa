use super::*;
use crate::checked::Positive;
use ndarray::{Array2, array};
use proptest::prelude::*;

fn level() -> UnitInterval {
    UnitInterval::new(0.95).unwrap()
}

fn by(rules: Rules, inside: &[f64], outside: &[f64]) -> Detection {
    Detection::of(inside, outside, level(), rules).unwrap()
}

#[test]
fn from_never_to_always() {
    let value = |inside: &[f64], outside: &[f64]| auroc(inside, outside, Ties::Half).unwrap();
    assert_eq!(value(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
    assert_eq!(value(&[0.0], &[1.0, 2.0]), 0.0);
    assert_eq!(value(&[1.0, 3.0], &[0.0, 1.0, 2.0]), 4.5 / 6.0);
    assert_eq!(auroc(&[1.0; 3], &[1.0; 2], Ties::Half).unwrap(), 0.5);
    assert_eq!(auroc(&[1.0; 3], &[1.0; 2], Ties::Failure).unwrap(), 0.0);
}

#[test]
fn refuses_what_cannot_be_ranked() {
    assert!(auroc(&[], &[1.0], Ties::Half).is_err());
    assert!(auroc(&[1.0], &[f64::NAN], Ties::Half).is_err());
    assert!(Detection::of(&[1.0], &[], level(), Rules::Mixoe).is_err());
    assert!(fpr_at_tpr(&[f64::NAN], &[1.0], level()).is_err());
    assert!(average_precision(&[], &[1.0]).is_err());
}

#[test]
fn the_surer_sample_has_the_larger_score() {
    let probabilities = array![[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]];
    assert_eq!(max_probability(probabilities.view()), [1.0, 0.5]);
}

#[test]
fn scores_by_hand() {
    let logits = array![[0.0, 3f64.ln()], [2.0, 2.0]];
    let of = |score: Score| score.of(logits.view());
    let close = |got: Vec<f64>, want: [f64; 2]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12);
    let two = Positive::new(2.0).unwrap();
    assert!(close(of(Score::MaxProbability), [0.75, 0.5]));
    assert!(close(of(Score::MaxLogit), [3f64.ln(), 2.0]));
    assert!(close(of(Score::SumOfLogits), [3f64.ln(), 4.0]));
    assert!(close(of(Score::Energy(two)), [2.0 * (1.0 + 3f64.sqrt()).ln(), 2.0 + 2.0 * 2f64.ln()]));
    assert!(close(of(Score::Odin(two)), [3f64.sqrt() / (1.0 + 3f64.sqrt()), 0.5]));
}

/// One score for everybody, and the same samples under two names for each number.
#[test]
fn a_constant_score_is_worth_a_coin_or_nothing_by_name() {
    let (inside, outside) = ([0.5; 10], [0.5; 10]);
    let textbook = by(Rules::Textbook, &inside, &outside);
    assert_eq!((textbook.auroc, textbook.tnr, textbook.accuracy), (0.5, 0.0, 0.5));
    // A straight line from precision 1 to 1/2; average precision has no such line.
    assert_eq!((textbook.aupr_in, average_precision(&inside, &outside).unwrap()), (0.75, 0.5));
    let official = by(Rules::Mixoe, &inside, &outside);
    assert_eq!((official.auroc, official.tnr, official.accuracy), (0.0, 0.0, 0.5));
}

#[test]
fn false_positives_depend_on_who_is_positive() {
    // One of twenty inside is lost among those outside; one outside of twenty is high.
    let mut inside: Vec<f64> = (0..20).map(|sample| 100.0 + f64::from(sample)).collect();
    inside[0] = -1.0;
    let mut outside: Vec<f64> = (0..20).map(f64::from).collect();
    outside[0] = 105.5;
    let turned = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<_>>();
    let inside_positive = fpr_at_tpr(&inside, &outside, level()).unwrap();
    let openood = fpr_at_tpr(&turned(&outside), &turned(&inside), level()).unwrap();
    assert_eq!(inside_positive, 1.0 / 20.0);
    assert_eq!(by(Rules::Textbook, &inside, &outside).tnr, 1.0 - inside_positive);
    assert_eq!(openood, 1.0 / 20.0);
    // Two low ones inside: 95 % of them need the lowest threshold, 95 % outside lose just these two.
    inside[1] = -2.0;
    assert_eq!(fpr_at_tpr(&inside, &outside, level()).unwrap(), 1.0);
    assert_eq!(fpr_at_tpr(&turned(&outside), &turned(&inside), level()).unwrap(), 2.0 / 20.0);
}

#[test]
fn the_official_operating_point_is_the_nearest() {
    // Of ten inside nine are nearer to 95 % than ten by the last bit of a subtraction.
    let inside: Vec<f64> = (0..10).map(f64::from).collect();
    let outside = [-1.0, 0.5];
    assert_eq!(by(Rules::Mixoe, &inside, &outside).tnr, 0.5);
    // All ten must be accepted where 95 % is a bound.
    assert_eq!(by(Rules::Textbook, &inside, &outside).tnr, 0.5);
    assert_eq!(by(Rules::Textbook, &inside, &[0.0, 0.5]).tnr, 0.0);
    assert_eq!(by(Rules::Mixoe, &inside, &[0.0, 0.5]).tnr, 0.0);
}

#[test]
fn a_million_scores_take_less_than_a_second() {
    // A linear congruence, with ties.
    let list = |mut state: u32| -> Vec<f64> {
        let draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 12)
        };
        std::iter::repeat_with(draw).take(500_000).collect()
    };
    let (inside, outside) = (list(1), list(2));
    for rules in [Rules::Textbook, Rules::Mixoe] {
        // Of three, since others may be at work on the machine.
        let fastest = (0..3).map(|_| {
            let start = std::time::Instant::now();
            let measured = by(rules, &inside, &outside);
            assert!((measured.auroc - 0.5).abs() < 0.01, "{measured:?}");
            start.elapsed().as_secs_f64()
        });
        let fastest = fastest.fold(f64::INFINITY, f64::min);
        assert!(fastest < 1.0, "{rules:?}: {fastest} s");
    }
}

proptest! {
    #[test]
    fn exchanging_the_sides_is_the_complement(
        a in prop::collection::vec(0u8..9, 1..30), b in prop::collection::vec(0u8..9, 1..30),
    ) {
        let [a, b] = [a, b].map(|scores| scores.into_iter().map(f64::from).collect::<Vec<_>>());
        let (forth, back) = (auroc(&a, &b, Ties::Half).unwrap(), auroc(&b, &a, Ties::Half).unwrap());
        prop_assert!((forth + back - 1.0).abs() < 1e-12);
        prop_assert!(auroc(&a, &b, Ties::Failure).unwrap() <= forth);
    }

    #[test]
    fn both_rules_agree_with_counts_of_pairs_and_with_each_other_without_ties(
        a in prop::collection::vec(0u8..9, 1..30), b in prop::collection::vec(0u8..9, 1..30),
    ) {
        let [inside, outside] = [&a, &b].map(|scores| scores.iter().copied().map(f64::from).collect::<Vec<_>>());
        let (textbook, official) = (by(Rules::Textbook, &inside, &outside), by(Rules::Mixoe, &inside, &outside));
        prop_assert!((textbook.auroc - auroc(&inside, &outside, Ties::Half).unwrap()).abs() < 1e-12);
        prop_assert!((official.auroc - auroc(&inside, &outside, Ties::Failure).unwrap()).abs() < 1e-12);
        // Nothing inside equals anything outside: odd and even.
        let inside: Vec<f64> = a.iter().map(|&score| 2.0 * f64::from(score)).collect();
        let outside: Vec<f64> = b.iter().map(|&score| 2.0 * f64::from(score) + 1.0).collect();
        let (textbook, official) = (by(Rules::Textbook, &inside, &outside), by(Rules::Mixoe, &inside, &outside));
        prop_assert!((textbook.auroc - official.auroc).abs() < 1e-12);
        prop_assert!((textbook.accuracy - official.accuracy).abs() < 1e-12);
    }

    #[test]
    fn average_precision_is_the_mean_precision_at_each_positive(
        a in prop::collection::vec(0u16..500, 1..20), b in prop::collection::vec(0u16..500, 1..20),
    ) {
        let [a, b] = [a, b].map(|scores| scores.into_iter().map(f64::from).collect::<Vec<_>>());
        let precision = |threshold: f64| {
            let above = |scores: &[f64]| scores.iter().filter(|score| **score >= threshold).count() as f64;
            above(&a) / (above(&a) + above(&b))
        };
        let mean = a.iter().map(|&score| precision(score)).sum::<f64>() / a.len() as f64;
        prop_assert!((average_precision(&a, &b).unwrap() - mean).abs() < 1e-12);
    }

    #[test]
    fn shifted_logits_have_the_same_msp_and_a_shifted_energy(
        logits in prop::collection::vec(-20.0f64..20.0, 6), shift in -50.0f64..50.0, temperature in 0.1f64..1000.0,
    ) {
        let logits = Array2::from_shape_vec((2, 3), logits).unwrap();
        let (moved, temperature) = (&logits + shift, Positive::new(temperature).unwrap());
        let close = |score: Score, by: f64| {
            let pairs = score.of(logits.view()).into_iter().zip(score.of(moved.view()));
            pairs.into_iter().all(|(a, b)| (b - a - by).abs() < 1e-9 * (1.0 + a.abs()))
        };
        prop_assert!(close(Score::MaxProbability, 0.0) && close(Score::Odin(temperature), 0.0));
        prop_assert!(close(Score::Energy(temperature), shift) && close(Score::MaxLogit, shift));
    }
}
