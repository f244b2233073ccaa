//! Reference values are scipy 1.17.1's; the call stands beside each.

mod differences;
mod simulated;
mod trend;

use proptest::prelude::*;

use super::power::paired_t_power;
use super::*;

// a, b and d = a - b of the scipy calls.
const A: [f64; 10] = [2.71, 2.93, 2.66, 3.05, 2.84, 2.79, 2.98, 2.61, 2.88, 2.90];
const B: [f64; 10] = [2.95, 3.01, 2.85, 3.02, 3.11, 2.90, 3.20, 2.77, 2.86, 3.04];

#[track_caller]
fn assert_close(got: f64, want: f64, rtol: f64) {
    assert!((got - want).abs() <= rtol * want.abs(), "{got} is not {want}");
}

#[test]
fn mean_std_and_interval_are_scipys() {
    // np.mean(a), np.std(a, ddof=1), stats.t.interval(.95, 9, loc=np.mean(a), scale=stats.sem(a))
    assert_close(mean(&A).unwrap(), 2.835, 1e-14);
    assert_close(sample_std(&A).unwrap(), 0.1419898274916591, 1e-12);
    let interval = mean_interval(&A).unwrap();
    assert_close(interval.low, 2.7334265963262583, 1e-12);
    assert_close(interval.high, 2.9365734036737416, 1e-12);
}

#[test]
fn one_value_has_a_mean_but_no_spread() {
    assert_eq!(mean(&[3.0]), Some(3.0));
    assert_eq!((sample_std(&[3.0]), mean_interval(&[3.0])), (None, None));
    assert_eq!(mean(&[]), None);
}

#[test]
fn t_quantiles_are_scipys() {
    // stats.t.ppf(.975, df)
    for (freedom, want) in [
        (1.0, 12.706204736174694),
        (2.0, 4.302652729749462),
        (3.0, 3.1824463052837078),
        (9.0, 2.262157162798205),
        (19.0, 2.0930240544083087),
        (99.0, 1.9842169515864174),
        (10_000.0, 1.960201239890626),
    ] {
        assert_close(two_sided_quantile(0.95, freedom), want, 1e-9);
    }
}

#[test]
fn paired_test_is_scipys() {
    let test = PairedTest::new(&A, &B).unwrap();
    // stats.ttest_rel(a, b, alternative='less' and 'greater')
    assert_close(test.t.lower, 0.0011790736589915429, 1e-10);
    assert_close(test.t.higher, 0.9988209263410085, 1e-12);
    // statistic / sqrt(10)
    assert_close(test.effect_size, -4.185110693297313 / 10_f64.sqrt(), 1e-12);
    // stats.t.interval(.95, 9, loc=np.mean(d), scale=stats.sem(d))
    assert_close(test.interval.low, -0.2095114066715798, 1e-10);
    assert_close(test.interval.high, -0.06248859332842026, 1e-10);
    // stats.wilcoxon(np.round(d, 6), alternative='less' and 'greater', method='exact')
    assert_close(test.wilcoxon.lower, 0.0048828125, 1e-14);
    assert_close(test.wilcoxon.higher, 0.9970703125, 1e-14);
}

#[test]
fn a_tiny_p_value_keeps_its_digits_on_both_sides() {
    let near_constant: Vec<f64> = (0..10).map(|i| 5.0 + 0.01 * f64::from(i % 3)).collect();
    let up = PairedTest::new(&near_constant, &[0.0; 10]).unwrap();
    let down = PairedTest::new(&[0.0; 10], &near_constant).unwrap();
    // stats.ttest_1samp([5 + .01 * (i % 3) for i in range(10)], 0, alternative='greater').pvalue
    assert_close(up.t.higher, 1.2268918465252946e-26, 1e-9);
    assert_eq!(up.t.higher, down.t.lower);
}

#[test]
fn exact_wilcoxon_is_scipys_without_ties() {
    let d = [0.3, -0.1, 0.7, 1.2, -0.5, 0.9, 2.1, -0.2, 0.6, 1.1, 0.45];
    // stats.wilcoxon(d, alternative='less' and 'greater', method='exact')
    let tails = signed_rank(&d, 0.0).unwrap();
    assert_close(tails.lower, 0.99072265625, 1e-14);
    assert_close(tails.higher, 0.01220703125, 1e-14);
}

#[test]
fn exact_wilcoxon_is_scipys_permutation_test_with_ties_and_zeros() {
    let d = [0.0, 0.1, 0.1, -0.1, 0.2, 0.2, 0.3, -0.2, 0.4, 0.0];
    // stats.wilcoxon([x for x in d if x], alternative='less' and 'greater',
    //                method=stats.PermutationMethod(n_resamples=10**6))
    let tails = signed_rank(&d, 0.0).unwrap();
    assert_close(tails.lower, 0.95703125, 1e-14);
    assert_close(tails.higher, 0.08203125, 1e-14);
}

#[test]
fn differences_that_rounding_has_parted_are_tied() {
    // 0.3 - 0.2 and 0.2 - 0.1 differ in the last bits.
    let parted = [0.3 - 0.2, 0.2 - 0.1, -0.1, 0.5];
    assert_ne!(parted[0], parted[1]);
    assert_eq!(signed_rank(&parted, 1e-15), signed_rank(&[0.1, 0.1, -0.1, 0.5], 0.0));
}

#[test]
fn approximate_wilcoxon_is_scipys() {
    // i = np.arange(1, 31); d = np.where(i % 4 == 0, -1, 1) * np.floor((i * i % 37) + 1) / 8
    let d: Vec<f64> = (1..=30_u32)
        .map(|i| f64::from((i * i) % 37 + 1) / 8.0 * if i % 4 == 0 { -1.0 } else { 1.0 })
        .collect();
    // stats.wilcoxon(d, alternative='less' and 'greater', method='approx', correction=True)
    let tails = signed_rank(&d, 0.0).unwrap();
    assert_close(tails.lower, 0.9781176324262275, 1e-12);
    assert_close(tails.higher, 0.02297990337460043, 1e-10);
}

#[test]
fn pairs_that_allow_no_test_say_why() {
    assert_eq!(PairedTest::new(&[], &[]), Err(NoTest::TooFewPairs));
    assert_eq!(PairedTest::new(&[1.0], &[2.0]), Err(NoTest::TooFewPairs));
    assert_eq!(PairedTest::new(&A, &A), Err(NoTest::Identical));
    let moved = A.map(|a| a + 0.1);
    assert_eq!(PairedTest::new(&moved, &A), Err(NoTest::ConstantDifference));
}

#[test]
fn holm_worked_example() {
    // By hand: .005 * 4, .01 * 3, .03 * 2, max(.06, .04 * 1).
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (got, want) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert_close(*got, want, 1e-12);
    }
}

#[test]
fn holms_levels_worked_example() {
    // Steps: .005 < .05 / 4, .01 < .05 / 3, .03 >= .05 / 2: there it stops.
    let levels = holm_levels(&[0.01, 0.04, 0.03, 0.005], 0.05);
    assert_eq!(levels, [0.05 / 3.0, 0.05 / 2.0, 0.05 / 2.0, 0.05 / 4.0]);
    // Nothing left to stop at.
    assert_eq!(holm_levels(&[0.02, 0.01], 0.05), [0.05, 0.025]);
    // 0.3 stops it at once: also the equal one keeps the strictest level.
    assert_eq!(holm_levels(&[0.3, 0.3], 0.05), [0.025, 0.025]);
    assert!(holm_levels(&[], 0.05).is_empty());
}

#[test]
fn power_is_scipys() {
    // stats.nct.sf(stats.t.ppf(1 - alpha, n - 1), n - 1, d * np.sqrt(n))
    for (n, d, alpha, want) in [
        (10, 0.5, 0.05, 0.4272898267711785),
        (5, 1.2, 0.05, 0.7119106100631853),
        (27, 0.5, 0.05, 0.8118315517081682),
        (2, 3.0, 0.05, 0.4931149041554169),
        (3, 4.0, 0.0025, 0.21683552049248714),
        (1000, 0.08, 0.005, 0.4799785381526773),
        (100_000, 0.01, 0.05, 0.9354174715601689),
    ] {
        assert_close(paired_t_power(d, n, alpha), want, 1e-6);
    }
}

#[test]
fn sample_sizes_are_scipys() {
    // The first n whose power by the call above is 0.8.
    for (d, alpha, want) in [
        (0.5, 0.05, 27),
        (-1.0, 0.05, 8),
        (0.2, 0.05, 156),
        (3.0, 0.05, 3),
        (0.8, 0.005, 22),
        (0.08, 0.05, 968),
    ] {
        assert_eq!(seeds_needed(d, alpha, 0.8), Some(want), "effect {d} at level {alpha}");
    }
    assert_eq!(seeds_needed(0.0, 0.05, 0.8), None);
    assert_eq!(seeds_needed(0.001, 0.05, 0.8), None);
}

#[test]
fn welch_interval_is_scipys() {
    // v1, v2 = .12**2 / 10, .179**2 / 5; df = (v1 + v2)**2 / (v1**2 / 9 + v2**2 / 4)
    // 2.70 - 2.874 -+ stats.t.ppf(.975, df) * np.sqrt(v1 + v2)
    let ours = Printed { mean: 2.70, std: 0.12, n: 10 };
    let theirs = Printed { mean: 2.874, std: 0.179, n: 5 };
    let interval = welch_interval(ours, theirs).unwrap();
    assert_close(interval.low, -0.39195973152874375, 1e-9);
    assert_close(interval.high, 0.043959731528743884, 1e-9);
    assert_eq!(welch_interval(ours, Printed { n: 1, ..theirs }), None);
}

fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    prop::collection::vec((-100.0..100.0, -100.0..100.0), 2..40).prop_map(|pairs| pairs.into_iter().unzip())
}

proptest! {
    #[test]
    fn swapping_the_methods_mirrors_the_test((a, b) in pairs()) {
        let (forth, back) = (PairedTest::new(&a, &b), PairedTest::new(&b, &a));
        prop_assume!(forth.is_ok());
        let (forth, back) = (forth.unwrap(), back.unwrap());
        prop_assert_eq!(forth.difference, -back.difference);
        prop_assert_eq!(forth.t, Tails { lower: back.t.higher, higher: back.t.lower });
        let mirrored = back.wilcoxon;
        assert_close(forth.wilcoxon.lower, mirrored.higher, 1e-9);
        assert_close(forth.wilcoxon.higher, mirrored.lower, 1e-9);
    }

    #[test]
    fn shift_and_scale_leave_p_values_alone((a, b) in pairs(), shift in -50.0..50.0, scale in 0.01..100.0) {
        let moved = |side: &[f64]| side.iter().map(|v| (v + shift) * scale).collect::<Vec<f64>>();
        let before = PairedTest::new(&a, &b);
        prop_assume!(before.is_ok());
        let (before, after) = (before.unwrap(), PairedTest::new(&moved(&a), &moved(&b)).unwrap());
        prop_assert!((before.t.lower - after.t.lower).abs() < 1e-6);
        prop_assert!((before.t.higher - after.t.higher).abs() < 1e-6);
        prop_assert!((before.effect_size / after.effect_size - 1.0).abs() < 1e-6);
    }

    #[test]
    fn holm_is_monotone_and_never_below_the_raw_value(p in prop::collection::vec(0.0..=1.0, 0..30)) {
        let adjusted = holm(&p);
        prop_assert_eq!(adjusted.len(), p.len());
        for i in 0..p.len() {
            let bonferroni = (p[i] * p.len() as f64).min(1.0);
            prop_assert!(p[i] <= adjusted[i] && adjusted[i] <= bonferroni);
            for j in 0..p.len() {
                prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
            }
        }
    }

    #[test]
    fn holms_levels_reject_what_holm_rejects(p in prop::collection::vec(0.0..=0.1, 0..12)) {
        let levels = holm_levels(&p, ALPHA);
        for ((p, adjusted), level) in p.iter().zip(holm(&p)).zip(levels) {
            prop_assert!((ALPHA / 12.0..=ALPHA).contains(&level));
            prop_assume!((adjusted - ALPHA).abs() > 1e-12);
            prop_assert_eq!(adjusted < ALPHA, *p < level, "{} at {}", p, level);
        }
    }

    #[test]
    fn an_interval_of_the_mean_excludes_zero_when_the_two_sided_test_rejects((a, b) in pairs()) {
        let test = PairedTest::new(&a, &b);
        prop_assume!(test.is_ok());
        let test = test.unwrap();
        let p = 2.0 * test.t.lower.min(test.t.higher);
        prop_assume!((p - 0.05).abs() > 1e-6);
        prop_assert_eq!(p < 0.05, !test.interval.contains(0.0));
    }

    #[test]
    fn more_effect_needs_no_more_seeds(effect in 0.02..3.0, more in 1.0..2.0) {
        let (small, large) = (seeds_needed(effect, ALPHA, 0.8), seeds_needed(effect * more, ALPHA, 0.8));
        prop_assert!(large.is_some() && large <= small);
    }
}
