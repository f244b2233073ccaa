//! What holds for every input.

use crate::{
    Draws, EarlyStopping, Gbdt, GbdtConfig, LinearModel, MixtureRules, MixtureSampler, best_mixture,
    simulate, spearman, temper_prior,
};
use ndarray::{Array2, ArrayView2, Axis};
use proptest::collection::vec;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Mixtures and losses of `runs` runs over `domains` domains; a third of the weights is zero.
fn runs(runs: std::ops::Range<usize>, domains: usize) -> impl Strategy<Value = (Array2<f64>, Vec<f64>)> {
    let weight = prop_oneof![1 => Just(0.0), 2 => 0.001_f64..1.0];
    runs.prop_flat_map(move |runs| (vec(weight.clone(), runs * domains), vec(2.0_f64..7.0, runs))).prop_map(
        move |(cells, losses)| (Array2::from_shape_vec((losses.len(), domains), cells).unwrap(), losses),
    )
}

fn small_trees() -> impl Strategy<Value = GbdtConfig> {
    (1_usize..20, 0.02_f64..1.0, 2_usize..10, 1_usize..9, 1_usize..5).prop_map(
        |(num_iterations, learning_rate, num_leaves, min_data_in_leaf, min_data_in_bin)| GbdtConfig {
            num_iterations,
            learning_rate,
            num_leaves,
            min_data_in_leaf,
            min_data_in_bin,
            ..GbdtConfig::default()
        },
    )
}

/// Pairs in which neither side is constant.
fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let value = prop_oneof![-3.0_f64..3.0, (-3_i32..3).prop_map(f64::from), Just(-0.0)];
    (2_usize..30)
        .prop_flat_map(move |count| (vec(value.clone(), count), vec(value.clone(), count)))
        .prop_filter("a constant has no correlation", |(a, b)| {
            [a, b].iter().all(|v| v.iter().any(|x| *x != v[0]))
        })
}

fn prior(domains: usize) -> impl Strategy<Value = Vec<f64>> {
    vec(0.01_f64..1.0, domains).prop_map(|shares| {
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    })
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #[test]
    fn rank_correlations_are_symmetric_and_bounded((a, b) in pairs()) {
        let value = spearman(&a, &b).unwrap();
        prop_assert!(value.abs() <= 1.0 + 1e-12);
        prop_assert!(close(value, spearman(&b, &a).unwrap(), 1e-12));
        let opposite: Vec<f64> = a.iter().map(|x| -x).collect();
        prop_assert!(close(spearman(&opposite, &b).unwrap(), -value, 1e-12));
        prop_assert!(close(spearman(&a, &a).unwrap(), 1.0, 1e-12));
    }

    #[test]
    fn spearman_sees_only_the_order((a, b) in pairs()) {
        let stretched: Vec<f64> = a.iter().map(|x| x.powi(3) * 7.0 + 1.0).collect();
        let value = spearman(&a, &b).unwrap();
        // The cube may make values equal that differ in their last bits only.
        prop_assume!(a.iter().all(|x| x.abs() > 1e-3 || *x == 0.0));
        prop_assert!(close(spearman(&stretched, &b).unwrap(), value, 1e-12));
    }

    #[test]
    fn tempering_flattens_without_reordering(prior in prior(6), temperature in 0.0_f64..1.0) {
        let tempered = temper_prior(&prior, temperature).unwrap();
        prop_assert!(close(tempered.iter().sum(), 1.0, 1e-12));
        for (i, j) in (0..6).flat_map(|i| (0..6).map(move |j| (i, j))) {
            prop_assert!(prior[i] < prior[j] || tempered[i] >= tempered[j]);
            if prior[i] > prior[j] {
                prop_assert!(tempered[i] / tempered[j] <= prior[i] / prior[j] * (1.0 + 1e-12));
            }
        }
        prop_assert!(temper_prior(&prior, 0.0).unwrap().iter().all(|share| close(*share, 1.0 / 6.0, 1e-12)));
        prop_assert!(temper_prior(&prior, 1.0).unwrap().iter().zip(&prior).all(|(a, b)| close(*a, *b, 1e-12)));
    }

    #[test]
    fn processed_mixtures_obey_the_rules(prior in prior(5), seed: u64, max_usage in 1.1_f64..6.0) {
        let rules = MixtureRules { minimum: 0.01, max_usage, dedup_l1: 1e-5 };
        let candidates = simulate(&prior, 60, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        let processed = rules.apply(&prior, candidates.view()).unwrap();
        for (candidate, accepted) in candidates.rows().into_iter().zip(&processed.accepted) {
            let within = candidate.iter().zip(&prior).all(|(weight, share)| *weight <= (share * max_usage).min(1.0));
            prop_assert_eq!(*accepted, within);
        }
        prop_assert!(processed.mixtures.nrows() <= processed.accepted.iter().filter(|accepted| **accepted).count());
        for mixture in processed.mixtures.rows() {
            prop_assert!((mixture.sum() - 1.0).abs() <= 0.01 * 2.5 + 1e-9);
            prop_assert!(mixture.iter().all(|weight| (weight / 0.01 - (weight / 0.01).round()).abs() < 1e-9));
        }
        for pair in processed.mixtures.axis_windows(Axis(0), 2) {
            let (first, second) = (pair.row(0), pair.row(1));
            prop_assert!((&second - &first).mapv(f64::abs).sum() > 1e-5);
            let last_difference = first.iter().zip(second).rev().find(|(a, b)| a != b).unwrap();
            prop_assert!(last_difference.0 < last_difference.1);
        }
        let reversed = candidates.select(Axis(0), &(0..60).rev().collect::<Vec<_>>());
        prop_assert_eq!(rules.apply(&prior, reversed.view()).unwrap().mixtures, processed.mixtures);
    }

    #[test]
    fn sampled_mixtures_are_different_and_bounded(prior in prior(4), seed: u64) {
        let sampler = MixtureSampler { oversampling: 40, ..MixtureSampler::default() };
        let mixtures = sampler.sample(&prior, 10, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        prop_assert_eq!(mixtures.dim(), (10, 4));
        for (index, mixture) in mixtures.rows().into_iter().enumerate() {
            prop_assert!((mixture.sum() - 1.0).abs() < 2e-3);
            for other in mixtures.rows().into_iter().take(index) {
                prop_assert!((&mixture - &other).mapv(f64::abs).sum() > 1e-5);
            }
        }
    }

    #[test]
    fn draws_lie_on_the_simplex(concentration in vec(0.01_f64..30.0, 1..9), seed: u64, bound in 1_u32..50) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = rng.dirichlet(&concentration).unwrap();
        prop_assert!(weights.iter().all(|weight| *weight >= 0.0));
        prop_assert!(close(weights.iter().sum(), 1.0, 1e-12));
        prop_assert!(rng.below(bound) < bound);
    }

    #[test]
    fn the_recommended_mixture_has_the_lowest_losses((mixtures, losses) in runs(2..30, 3), best in 1_usize..40) {
        let mixture = best_mixture(mixtures.view(), &losses, best).unwrap();
        let mut sorted = losses.clone();
        sorted.sort_by(f64::total_cmp);
        let worst = sorted[best.min(losses.len()) - 1];
        let chosen: Vec<usize> = (0..losses.len()).filter(|&row| losses[row] <= worst).collect();
        prop_assume!(chosen.len() == best.min(losses.len()));
        let mean = mixtures.select(Axis(0), &chosen).mean_axis(Axis(0)).unwrap();
        prop_assert!(mixture.iter().zip(&mean).all(|(a, b)| close(*a, *b, 1e-12)));
    }

    #[test]
    fn residuals_of_least_squares_are_orthogonal_to_the_features((mixtures, losses) in runs(1..40, 4)) {
        let model = LinearModel::fit(mixtures.view(), &losses).unwrap();
        let predicted = model.predict(mixtures.view()).unwrap();
        let residuals: Vec<f64> = losses.iter().zip(&predicted).map(|(loss, predicted)| loss - predicted).collect();
        prop_assert!(residuals.iter().sum::<f64>().abs() < 1e-9);
        for column in mixtures.columns() {
            let product: f64 = column.iter().zip(&residuals).map(|(a, b)| a * b).sum();
            prop_assert!(product.abs() < 1e-8, "{}", product);
        }
    }

    #[test]
    fn equal_features_share_their_coefficient((mixtures, losses) in runs(5..40, 2)) {
        let single = LinearModel::fit(mixtures.view(), &losses).unwrap();
        let doubled = ndarray::concatenate![Axis(1), mixtures, mixtures];
        let model = LinearModel::fit(doubled.view(), &losses).unwrap();
        for (index, coefficient) in single.coefficients.iter().enumerate() {
            prop_assert!(close(model.coefficients[index], coefficient / 2.0, 1e-7));
            prop_assert!(close(model.coefficients[index + 2], coefficient / 2.0, 1e-7));
        }
    }

    #[test]
    fn one_round_stays_within_the_labels((mixtures, losses) in runs(1..60, 3), config in small_trees()) {
        let model = Gbdt::fit(mixtures.view(), &losses, &GbdtConfig { num_iterations: 1, ..config }).unwrap();
        let low = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let high = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let others = ArrayView2::from_shape((2, 3), &[0.0, 0.0, 0.0, 5.0, 5.0, 5.0]).unwrap();
        for predicted in [model.predict(mixtures.view()).unwrap(), model.predict(others).unwrap()].concat() {
            prop_assert!((low - 1e-5..=high + 1e-5).contains(&predicted));
        }
    }

    #[test]
    fn trees_keep_the_mean((mixtures, losses) in runs(1..60, 3), config in small_trees()) {
        let predicted = Gbdt::fit(mixtures.view(), &losses, &config).unwrap().predict(mixtures.view()).unwrap();
        let count = losses.len() as f64;
        prop_assert!(close(predicted.iter().sum::<f64>() / count, losses.iter().sum::<f64>() / count, 1e-6));
    }

    #[test]
    fn every_leaf_keeps_its_rows((mixtures, losses) in runs(2..60, 3), config in small_trees()) {
        let config = GbdtConfig { num_iterations: 1, ..config };
        let model = Gbdt::fit(mixtures.view(), &losses, &config).unwrap();
        let mut predicted = model.predict(mixtures.view()).unwrap();
        predicted.sort_by(f64::total_cmp);
        let leaves: Vec<usize> = predicted.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
        prop_assert!(leaves.len() <= config.num_leaves);
        prop_assert!(leaves.len() == 1 || leaves.iter().all(|rows| *rows >= config.min_data_in_leaf));
    }

    #[test]
    fn more_rounds_fit_the_training_runs_better((mixtures, losses) in runs(10..60, 3), config in small_trees()) {
        let mut last = f64::INFINITY;
        for num_iterations in 0..6 {
            let model = Gbdt::fit(mixtures.view(), &losses, &GbdtConfig { num_iterations, ..config }).unwrap();
            let predicted = model.predict(mixtures.view()).unwrap();
            let error: f64 = predicted.iter().zip(&losses).map(|(p, a)| (p - a).powi(2)).sum();
            prop_assert!(error <= last + 1e-6);
            last = error;
        }
    }

    #[test]
    fn scaling_a_feature_changes_no_tree((mixtures, losses) in runs(10..60, 3), config in small_trees()) {
        let scaled = &mixtures * &ndarray::array![[4.0, 0.5, 1024.0]];
        let model = Gbdt::fit(mixtures.view(), &losses, &config).unwrap();
        let other = Gbdt::fit(scaled.view(), &losses, &config).unwrap();
        prop_assert_eq!(model.predict(mixtures.view()).unwrap(), other.predict(scaled.view()).unwrap());
    }

    #[test]
    fn a_constant_feature_changes_no_tree((mixtures, losses) in runs(2..60, 3), config in small_trees(), value in 0.0_f64..2.0) {
        let constant = Array2::from_elem((losses.len(), 1), value);
        let wider = ndarray::concatenate![Axis(1), constant, mixtures];
        let model = Gbdt::fit(mixtures.view(), &losses, &config).unwrap();
        let other = Gbdt::fit(wider.view(), &losses, &config).unwrap();
        prop_assert_eq!(model.predict(mixtures.view()).unwrap(), other.predict(wider.view()).unwrap());
    }

    #[test]
    fn too_few_rows_give_the_mean((mixtures, losses) in runs(1..16, 3)) {
        let model = Gbdt::fit(mixtures.view(), &losses, &GbdtConfig { min_data_in_leaf: 8, ..GbdtConfig::default() }).unwrap();
        let mean = losses.iter().map(|&loss| f64::from(loss as f32)).sum::<f64>() / losses.len() as f64;
        prop_assert_eq!(model.rounds(), 0);
        prop_assert!(model.predict(mixtures.view()).unwrap().iter().all(|predicted| *predicted == mean));
    }

    #[test]
    fn a_zero_is_left_of_every_positive_weight(losses in vec(2.0_f64..3.0, 10), gap in 1.0_f64..3.0) {
        let mixtures = Array2::from_shape_fn((20, 1), |(row, _)| if row < 10 { 0.0 } else { 0.5 });
        let losses: Vec<f64> = losses.iter().copied().chain(losses.iter().map(|loss| loss + gap)).collect();
        let config = GbdtConfig { num_iterations: 1, learning_rate: 1.0, min_data_in_leaf: 5, ..GbdtConfig::default() };
        let model = Gbdt::fit(mixtures.view(), &losses, &config).unwrap();
        let weights = [0.0, -0.0, 1e-36, 1e-34, 1e-9, 0.5];
        let predicted = model.predict(ArrayView2::from_shape((6, 1), &weights).unwrap()).unwrap();
        prop_assert!(predicted[0] < predicted[5]);
        prop_assert_eq!(predicted.clone(), [[predicted[0]; 3], [predicted[5]; 3]].concat());
    }

    #[test]
    fn early_stopping_cuts_the_same_model_short(
        (mixtures, losses) in runs(20..60, 3),
        (held_out, held_out_losses) in runs(1..20, 3),
        config in small_trees(),
        patience in 1_usize..5,
    ) {
        let stopping = EarlyStopping { mixtures: held_out.view(), losses: &held_out_losses, patience };
        let model = Gbdt::fit_until(mixtures.view(), &losses, &config, &stopping).unwrap();
        let cut = GbdtConfig { num_iterations: model.rounds(), ..config };
        prop_assert_eq!(&model, &Gbdt::fit(mixtures.view(), &losses, &cut).unwrap());
        let error = |rounds: usize, measure: fn(f64) -> f64| {
            let config = GbdtConfig { num_iterations: rounds, ..config };
            let model = Gbdt::fit(mixtures.view(), &losses, &config).unwrap();
            let predicted = model.predict(held_out.view()).unwrap();
            let residuals = predicted.iter().zip(&held_out_losses).map(|(p, a)| measure(p - f64::from(*a as f32)));
            residuals.sum::<f64>() / predicted.len() as f64
        };
        let fitted = Gbdt::fit(mixtures.view(), &losses, &config).unwrap().rounds();
        if model.rounds() > 0 {
            // The round that it stops at is the best so far, and the next ones are no better, by one
            // of the two errors.
            let best = [f64::abs as fn(f64) -> f64, |x| x * x].iter().any(|&measure| {
                let best = error(model.rounds(), measure);
                (1..model.rounds()).all(|round| error(round, measure) > best)
                    && (model.rounds() + 1..=fitted.min(model.rounds() + patience)).all(|round| error(round, measure) >= best)
            });
            prop_assert!(best);
        }
    }
}
