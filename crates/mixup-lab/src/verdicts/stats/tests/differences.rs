//! Reference values are scipy 1.17.1's and, for E-values, of the formula in numpy; the call stands
//! beside each.

use std::iter;

use proptest::prelude::*;

use super::super::power::two_sided_power;
use super::super::*;
use super::{A, B, assert_close};

// A second repetition, C, and one that disagrees with the first, C + .25.
const C: [f64; 6] = [-0.21, 0.04, -0.13, -0.3, -0.02, -0.17];

fn first() -> Vec<f64> {
    A.iter().zip(B).map(|(a, b)| a - b).collect()
}

fn differences(design: Design, repetitions: &[&[f64]]) -> Differences {
    Differences::new(design, repetitions.iter().map(|values| values.to_vec()).collect()).unwrap()
}

#[track_caller]
fn assert_interval(got: Option<Interval>, low: f64, high: f64, rtol: f64) {
    let got = got.expect("an interval");
    assert_close(got.low, low, rtol);
    assert_close(got.high, high, rtol);
}

#[test]
fn a_fixed_design_is_students_test() {
    let test = differences(Design::Fixed, &[&first()]);
    assert_eq!((test.units(), test.design()), (10, Design::Fixed));
    // np.mean(d), np.std(d, ddof=1), their ratio, and eight of ten below 0.
    assert_close(test.estimate(), -0.136, 1e-13);
    assert_close(test.std(), 0.10276186062932108, 1e-12);
    assert_close(test.effect_size().unwrap(), -1.3234482050745888, 1e-12);
    assert_eq!(test.share_below(), 0.8);
    // stats.ttest_1samp(d, 0).pvalue and (d, -.2)
    assert_close(test.p_value(0.0), 0.0023581473179830857, 1e-10);
    assert_close(test.p_value(-0.2), 0.0804114399770046, 1e-10);
    // stats.t.interval(1 - alpha, 9, loc=np.mean(d), scale=stats.sem(d))
    assert_interval(test.interval(0.05), -0.2095114066715798, -0.06248859332842026, 1e-10);
    assert_interval(test.interval(0.01), -0.2416071549945814, -0.030392845005418653, 1e-10);
    assert_interval(test.interval(1e-4), -0.3502693221597901, 0.07826932215979004, 1e-10);
    // stats.ttest_1samp(d, -.25, alternative='greater').pvalue and (d, -.05, alternative='less')
    assert_close(test.within(-0.25, f64::INFINITY), 0.003319170676329838, 1e-10);
    assert_close(test.within(f64::NEG_INFINITY, -0.05), 0.013314983546661992, 1e-10);
    assert_eq!(test.within(-0.25, -0.05), test.within(f64::NEG_INFINITY, -0.05));
    // stats.t.interval(.95, 9, loc=np.mean(d), scale=np.sqrt(1 / 10 + .25) * np.std(d, ddof=1))
    assert_interval(test.overlap_interval(0.25, 0.05), -0.2735272488924299, 0.0015272488924298333, 1e-9);
    assert_eq!(test.log_e(0.0), None);
}

#[test]
fn the_tails_of_students_interval_are_scipys() {
    // stats.t.ppf(1 - alpha / 2, df), of a summary with mean 0 and standard error 1
    for (freedom, alpha, want) in [
        (1.0, 1e-2, 63.656741162871526),
        (1.0, 1e-5, 63661.977231105084),
        (3.0, 1e-3, 12.923978636687961),
        (9.0, 1e-5, 8.827483616815957),
        (9.0, 0.05 / 7.0, 3.4615911031383098),
        (59.0, 1e-5, 4.832152200623241),
        (59.0, 0.05 / 7.0, 2.787139559517705),
    ] {
        let summary = Summary { n: freedom + 1.0, mean: 0.0, std: (freedom + 1.0_f64).sqrt(), freedom };
        assert_close(summary.interval(alpha).high, want, 1e-10);
    }
}

#[test]
fn e_is_the_bayes_factor() {
    let test = differences(Design::Sequential, &[&first()]);
    // t = (np.mean(d) - m) / stats.sem(d); np.log of integrate.quad(lambda e: stats.nct.pdf(t, 9,
    // e * np.sqrt(10)) * stats.norm.pdf(e), -8, 8, epsrel=1e-12)[0] / stats.t.pdf(t, 9)
    for (mean, want) in [(0.0, 3.389003749682006), (-0.2, 0.40067937225076655), (-0.1, -0.6213832007899637)] {
        assert_close(test.log_e(mean).unwrap(), want, 1e-10);
        assert_close(test.p_value(mean), (-want).exp().min(1.0), 1e-10);
    }
    // optimize.brentq of log E - np.log(20) and - np.log(100)
    assert_interval(test.interval(0.05), -0.26175318435361444, -0.010246815646385651, 1e-10);
    assert_interval(test.interval(0.01), -0.3073448908028058, 0.03534489080280572, 1e-10);
    // The same with a standard error larger by np.sqrt(1 + 10 * .25).
    assert_interval(test.overlap_interval(0.25, 0.05), -0.3712626655735232, 0.09926266557352316, 1e-10);
    assert_eq!(test.within(-0.25, 0.0), test.p_value(0.0).max(test.p_value(-0.25)));
    // The estimate is outside.
    assert_eq!((test.within(-0.1, 0.1), test.within(-0.3, -0.2)), (1.0, 1.0));
}

#[test]
fn one_unit_is_no_evidence_and_few_units_bound_nothing() {
    assert_eq!(evalue::log_e(1e9, 1.0), 0.0);
    assert_eq!(evalue::log_e(1e9, 0.5), 0.0);
    // At 4 units E is at most 5^1.5 = 11.2, at 5 units 6^2 = 36.
    let values = [1.0, 1.1, 0.9, 1.05, 1.0];
    assert_eq!(differences(Design::Sequential, &[&values[..4]]).interval(0.05), None);
    assert!(differences(Design::Sequential, &[&values]).interval(0.05).is_some());
}

#[test]
fn e_values_of_repetitions_multiply() {
    let test = differences(Design::Sequential, &[&first(), &C]);
    assert_eq!(test.units(), 16);
    // np.mean of all, and the standard deviation with 9 + 5 degrees of freedom.
    assert_close(test.estimate(), -0.134375, 1e-12);
    assert_close(test.std(), 0.11113805228933371, 1e-12);
    assert_close(test.log_e(0.0).unwrap(), 4.436927871971223, 1e-10);
    assert_interval(test.interval(0.05), -0.24473835823856552, -0.024451505643908005, 1e-10);
}

#[test]
fn repetitions_that_disagree_leave_the_hull_of_what_both_allow_or_nothing() {
    let second = C.map(|d| d + 0.25);
    let test = differences(Design::Sequential, &[&first(), &second]);
    // A grid of 2 000 001 means, and optimize.brentq at its outermost that are allowed.
    assert_interval(test.interval(0.05), -0.1845892515343452, -0.05101614435887007, 1e-9);
    assert_interval(test.interval(0.001), -0.26757258151044055, 0.1661119079098185, 1e-9);
    // The largest p on a grid of 200 001 means beyond the end, refined by optimize.minimize_scalar.
    assert_close(test.within(-0.1, f64::INFINITY), 0.21699957951264218, 1e-9);
    assert_close(test.within(f64::NEG_INFINITY, 0.05), 0.00787563407558258, 1e-9);
    assert_close(test.within(-0.2, 0.2), 0.02455690059074142, 1e-9);

    let far = C.map(|d| d + 5.0);
    assert_eq!(differences(Design::Sequential, &[&first(), &far]).interval(0.05), None);
}

#[test]
fn a_fixed_design_pools_repetitions_by_the_spread_within_them() {
    let far = C.map(|d| d + 5.0);
    let test = differences(Design::Fixed, &[&first(), &far]);
    assert_close(test.std(), 0.11113805228933371, 1e-12);
    // 2 * stats.t.sf(abs(np.mean(all) - 1.7) / (std / 4), 14)
    let t = (test.estimate() - 1.7) / (0.11113805228933371 / 4.0);
    assert_close(test.p_value(1.7), 2.0 * students_t(14.0).cdf(-t.abs()), 1e-10);
}

/// A bootstrap with estimate 7 and resamples 1, 2, ..., `last`, in some order.
fn counted(last: i32) -> Vec<f64> {
    let mut values: Vec<f64> = iter::once(7).chain((1..=last).rev()).map(f64::from).collect();
    values.swap(3, 9);
    values
}

#[test]
fn a_bootstrap_counts_resamples() {
    let test = differences(Design::Bootstrap, &[&counted(39)]);
    assert_eq!((test.units(), test.estimate(), test.effect_size(), test.log_e(0.0)), (39, 7.0, None, None));
    // np.std(range(1, 40), ddof=1)
    assert_close(test.std(), 11.401_754_250_991_38, 1e-12);
    // None, one, three of 39 resamples at or below.
    for (mean, beyond) in [(0.5, 0.0), (1.0, 1.0), (3.2, 3.0), (37.0, 3.0)] {
        assert_close(test.p_value(mean), 2.0 * (beyond + 1.0) / 40.0, 1e-14);
    }
    assert_eq!(test.p_value(20.0), 1.0);
    assert_eq!(test.interval(0.1), Some(Interval { low: 1.0, high: 39.0 }));
    assert_eq!(test.interval(0.2), Some(Interval { low: 3.0, high: 37.0 }));
    assert_eq!(test.interval(0.05), None, "40 resamples more would bound it at this level");
    assert_close(test.within(0.0, 36.5), 4.0 / 40.0, 1e-14);
    assert_eq!((test.overlap_interval(0.25, 0.2), test.units_needed(0.05, 0.0)), (None, None));
}

#[test]
fn more_resamples_are_no_more_evidence() {
    let resamples = |count: usize| -> Vec<f64> {
        iter::once(1.0)
            .chain((0..count).map(|i| 1.0 + ((i * 7919 % count) as f64 / count as f64 - 0.5)))
            .collect()
    };
    let [few, many] = [400, 40_000].map(|count| {
        let test = differences(Design::Bootstrap, &[&resamples(count)]);
        let interval = test.interval(0.05).unwrap();
        (interval.high - interval.low, test.p_value(0.6))
    });
    assert!((few.0 / many.0 - 1.0).abs() < 0.02 && (few.1 / many.1 - 1.0).abs() < 0.05, "{few:?} {many:?}");
}

#[test]
fn independent_bootstraps_are_averaged() {
    let test = differences(Design::Bootstrap, &[&[1.0, 2.0, 4.0, 9.0], &[3.0, 0.0, 2.0]]);
    assert_eq!((test.units(), test.estimate()), (2, 2.0));
    assert_close(test.std(), 2.0_f64.sqrt(), 1e-14);
}

#[test]
fn ties_count_half() {
    let test = differences(Design::Fixed, &[&[-1.0, 0.0, 1e-17, 2.0, -3.0]]);
    assert_eq!(test.share_below(), 0.6);
}

#[test]
fn units_without_spread_say_why() {
    for design in [Design::Fixed, Design::Sequential] {
        let new = |repetitions: &[&[f64]]| {
            Differences::new(design, repetitions.iter().map(|values| values.to_vec()).collect()).unwrap_err()
        };
        assert_eq!(new(&[]), NoTest::TooFewPairs);
        assert_eq!(new(&[&[]]), NoTest::TooFewPairs);
        assert_eq!(new(&[&[1.0, 2.0], &[1.0]]), NoTest::TooFewPairs);
        assert_eq!(new(&[&[0.0, 0.0, 0.0]]), NoTest::Identical);
        // 0.1 but for rounding.
        let constant = [1.0, 3.0, 70.0, 500.0].map(|a: f64| (a + 0.1) - a);
        assert!(constant.iter().any(|d| *d != constant[0]));
        assert_eq!(new(&[&constant]), NoTest::ConstantDifference);
        assert_eq!(new(&[&[1.0, 2.0], &constant]), NoTest::ConstantDifference);
    }
    // The original sample's value is not one of chance.
    let bootstrap = |values: &[f64]| Differences::new(Design::Bootstrap, vec![values.to_vec()]).unwrap_err();
    assert_eq!(bootstrap(&[]), NoTest::TooFewPairs);
    assert_eq!(bootstrap(&[1.0, 2.0]), NoTest::TooFewPairs);
    assert_eq!(bootstrap(&[1.0, 0.0, 0.0]), NoTest::Identical);
    assert_eq!(bootstrap(&[1.0, 2.0, 2.0]), NoTest::ConstantDifference);
}

#[test]
fn two_sided_power_and_units_needed_are_scipys() {
    // c = stats.t.ppf(1 - alpha / 2, n - 1)
    // stats.nct.sf(c, n - 1, d * np.sqrt(n)) + stats.nct.cdf(-c, n - 1, d * np.sqrt(n))
    for (effect, n, alpha, want) in [
        (0.5, 10, 0.05, 0.29317560651407687),
        (-1.2, 5, 0.01, 0.19195657185462078),
        (0.05, 20, 0.05, 0.055190669457516085),
    ] {
        assert_close(two_sided_power(effect, n, alpha), want, 1e-6);
    }
    // A - 2.8 has the effect 0.24649653: the first n whose power is 0.8, and whose E is 20.
    let [fixed, sequential] = [Design::Fixed, Design::Sequential].map(|design| differences(design, &[&A]));
    assert_eq!(fixed.units_needed(0.05, 2.8), Some(132));
    assert_eq!(sequential.units_needed(0.05, 2.8), Some(191));
    assert_eq!(fixed.units_needed(0.05, fixed.estimate()), None);
    assert_eq!(sequential.units_needed(0.05, sequential.estimate()), None);
}

fn any_design() -> impl Strategy<Value = Design> {
    prop_oneof![Just(Design::Fixed), Just(Design::Sequential), Just(Design::Bootstrap)]
}

/// One to three repetitions about means that may or may not agree.
fn repetitions() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let repetition = (-1.0..1.0, 0.1..2.0, prop::collection::vec(-1.0..1.0, 3..40));
    prop::collection::vec(repetition, 1..4).prop_map(|repetitions| {
        let placed = |(mean, scale, values): (f64, f64, Vec<f64>)| -> Vec<f64> {
            values.iter().map(|value| mean + scale * value).collect()
        };
        repetitions.into_iter().map(placed).collect()
    })
}

fn mapped(repetitions: &[Vec<f64>], change: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    repetitions.iter().map(|values| values.iter().map(|value| change(*value)).collect()).collect()
}

/// Whether an interval without ends is all means, and not none.
fn bounds_nothing(test: &Differences, alpha: f64) -> bool {
    test.interval(alpha).is_none() && test.p_value(test.estimate() + 1e9) >= alpha
}

proptest! {
    #[test]
    fn intervals_hold_what_is_not_rejected(
        design in any_design(), values in repetitions(), mean in -2.0..2.0, alpha in 0.005_f64..0.3,
    ) {
        let test = Differences::new(design, values).unwrap();
        let p = test.p_value(mean);
        prop_assume!((p - alpha).abs() > 1e-9);
        prop_assert!(p > 0.0 && p <= 1.0);
        match test.interval(alpha) {
            // Several valleys of E leave gaps in a hull.
            Some(interval) if design == Design::Sequential => prop_assert!(p < alpha || interval.contains(mean)),
            Some(interval) => prop_assert_eq!(p < alpha, !interval.contains(mean)),
            None => prop_assert_eq!(p < alpha, !bounds_nothing(&test, alpha)),
        }
    }

    #[test]
    fn a_single_repetition_has_no_gaps(
        values in repetitions(), mean in -2.0..2.0, alpha in 0.005_f64..0.3,
    ) {
        let test = Differences::new(Design::Sequential, vec![values[0].clone()]).unwrap();
        let p = test.p_value(mean);
        prop_assume!((p - alpha).abs() > 1e-9);
        let interval = test.interval(alpha);
        prop_assert_eq!(p < alpha, interval.is_some_and(|interval| !interval.contains(mean)));
    }

    #[test]
    fn ends_of_an_interval_are_on_the_edge(values in repetitions(), alpha in 0.005_f64..0.3) {
        for design in [Design::Fixed, Design::Sequential] {
            let test = Differences::new(design, values.clone()).unwrap();
            if let Some(Interval { low, high }) = test.interval(alpha) {
                assert_close(test.p_value(low), alpha, 1e-6);
                assert_close(test.p_value(high), alpha, 1e-6);
            }
        }
    }

    #[test]
    fn being_within_is_that_an_interval_is_within(
        design in any_design(), values in repetitions(), low in -2.0..0.0, width in 0.0..3.0, alpha in 0.005_f64..0.3,
    ) {
        let test = Differences::new(design, values).unwrap();
        let p = test.within(low, low + width);
        prop_assume!((p - alpha).abs() > 1e-9);
        let level = if design == Design::Sequential { alpha } else { 2.0 * alpha };
        let inside = match test.interval(level) {
            Some(interval) => low < interval.low && interval.high < low + width,
            None => !bounds_nothing(&test, level),
        };
        prop_assert_eq!(p < alpha, inside);
        prop_assert_eq!(test.within(f64::NEG_INFINITY, f64::INFINITY), 0.0);
    }

    #[test]
    fn turning_the_methods_round_mirrors_everything(
        design in any_design(), values in repetitions(), mean in -2.0..2.0, width in 0.0..2.0,
    ) {
        let forth = Differences::new(design, values.clone()).unwrap();
        let back = Differences::new(design, mapped(&values, |d| -d)).unwrap();
        prop_assert_eq!(forth.estimate(), -back.estimate());
        prop_assert_eq!(forth.std(), back.std());
        assert_close(forth.share_below(), 1.0 - back.share_below(), 1e-12);
        prop_assert_eq!(forth.p_value(mean), back.p_value(-mean));
        let (here, there) = (forth.within(mean, mean + width), back.within(-mean - width, -mean));
        prop_assert!((here - there).abs() <= 1e-9, "{} {}", here, there);
        prop_assert_eq!(forth.units_needed(0.05, mean), back.units_needed(0.05, -mean));
        for (one, other) in [
            (forth.interval(0.05), back.interval(0.05)),
            (forth.overlap_interval(0.3, 0.05), back.overlap_interval(0.3, 0.05)),
        ] {
            let turned = other.map(|interval| Interval { low: -interval.high, high: -interval.low });
            prop_assert_eq!(one, turned);
        }
    }

    #[test]
    fn another_unit_of_the_metric_changes_no_p(
        design in any_design(), values in repetitions(), mean in -2.0..2.0, scale in 0.001_f64..1000.0,
    ) {
        let before = Differences::new(design, values.clone()).unwrap();
        let after = Differences::new(design, mapped(&values, |d| d * scale)).unwrap();
        prop_assert!((before.p_value(mean) - after.p_value(mean * scale)).abs() < 1e-9);
        prop_assert!((before.within(mean, 2.0) - after.within(mean * scale, 2.0 * scale)).abs() < 1e-9);
        prop_assert_eq!(before.interval(0.05).is_some(), after.interval(0.05).is_some());
        if let (Some(before), Some(after)) = (before.interval(0.05), after.interval(0.05)) {
            prop_assert!((before.low * scale - after.low).abs() < 1e-9 * scale);
            prop_assert!((before.high * scale - after.high).abs() < 1e-9 * scale);
        }
        if let (Some(before), Some(after)) = (before.effect_size(), after.effect_size()) {
            assert_close(before, after, 1e-9);
        }
    }

    #[test]
    fn overlap_only_widens(values in repetitions(), share in 0.0..2.0) {
        for design in [Design::Fixed, Design::Sequential] {
            let test = Differences::new(design, vec![values[0].clone()]).unwrap();
            let (plain, wide) = (test.interval(0.05), test.overlap_interval(share, 0.05));
            prop_assert_eq!(plain.is_some(), wide.is_some());
            if let (Some(plain), Some(wide)) = (plain, wide) {
                let rounding = 1e-9 * (plain.high - plain.low);
                prop_assert!(wide.low <= plain.low + rounding && plain.high <= wide.high + rounding);
            }
        }
    }

    #[test]
    fn what_is_undecided_needs_more_units_than_it_had(values in repetitions(), about in -1.0..1.0) {
        for design in [Design::Fixed, Design::Sequential] {
            let test = Differences::new(design, values.clone()).unwrap();
            // More repetitions have more degrees of freedom in a longer run than in theirs.
            if test.p_value(about) >= 0.05 && (design == Design::Sequential || values.len() == 1) {
                prop_assert!(test.units_needed(0.05, about).is_none_or(|needed| needed > test.units() as u64));
            }
        }
    }
}
