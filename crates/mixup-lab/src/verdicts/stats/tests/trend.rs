use proptest::prelude::*;

use super::super::*;
use super::assert_close;

// Four units of five rows; the last unit has a tie.
const UNITS: [[f64; 5]; 4] = [
    [3.1, 2.9, 3.6, 3.5, 4.2],
    [2.2, 2.5, 2.1, 3.0, 3.3],
    [1.0, 1.4, 1.2, 1.1, 1.9],
    [4.0, 4.1, 4.0, 4.6, 4.5],
];

fn rows(units: &[[f64; 5]]) -> Vec<Vec<f64>> {
    (0..5).map(|row| units.iter().map(|unit| unit[row]).collect()).collect()
}

fn borrowed(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}

#[test]
fn scores_are_spearmans_correlations() {
    // stats.spearmanr(range(5), unit).statistic; of the last without its correction for the tie,
    // (stats.rankdata(unit) - 3) @ (np.arange(5) - 2) / 10
    let scores = trend_scores(&borrowed(&rows(&UNITS)));
    for (score, want) in scores.iter().zip([0.8, 0.7, 0.6, 0.7]) {
        assert_close(*score, want, 1e-12);
    }
    assert_eq!(trend_scores(&[&[1.0, 2.0], &[1.0, 1.0]]), [0.0, -1.0]);
    assert_eq!(trend_scores(&[&[1.0, 2.0]]), [0.0, 0.0]);
    assert!(trend_scores(&[]).is_empty());
}

#[test]
fn pages_test_is_scipys() {
    // stats.page_trend_test(units, method='asymptotic'): statistic, and twice its p
    let rows = rows(&UNITS);
    let rising = page(Design::Fixed, &borrowed(&rows)).unwrap();
    assert_close(rising.statistic(), 208.0, 1e-12);
    assert_close(rising.p_value(), 0.005110260660855864, 1e-10);
    assert_close(rising.estimate(), 0.7, 1e-12);
    assert_eq!((rising.units(), rising.log_e()), (4, None));
    // .7 -+ stats.norm.ppf(.975) / np.sqrt(4 * 4), but no more than 1
    let interval = rising.interval(0.05).unwrap();
    assert_close(interval.low, 0.21000900386498645, 1e-9);
    assert_eq!(interval.high, 1.0);

    let falling: Vec<&[f64]> = borrowed(&rows).into_iter().rev().collect();
    let falling = page(Design::Fixed, &falling).unwrap();
    assert_close(falling.statistic(), 152.0, 1e-12);
    assert_close(falling.p_value(), rising.p_value(), 1e-12);
}

#[test]
fn a_perfect_trend_is_evidence_in_every_design() {
    let rows: Vec<Vec<f64>> = (0..4).map(|row| vec![f64::from(row); 30]).collect();
    let test = page(Design::Sequential, &borrowed(&rows)).unwrap();
    // E = 31^(-1/2) exp(30^2 * 3 / (2 * 31))
    assert_close(test.log_e().unwrap(), 2700.0 / 62.0 - 31.0_f64.ln() / 2.0, 1e-12);
    assert_close(test.p_value(), (-test.log_e().unwrap()).exp(), 1e-12);
    assert!(page(Design::Fixed, &borrowed(&rows)).unwrap().p_value() < 1e-10);
    let resampled = page(Design::Bootstrap, &borrowed(&rows)).unwrap();
    assert_eq!((resampled.units(), resampled.estimate()), (29, 1.0));
    assert_close(resampled.p_value(), 2.0 / 30.0, 1e-12);
    assert_eq!(resampled.interval(0.2), Some(Interval { low: 1.0, high: 1.0 }));
    assert_eq!(resampled.interval(0.05), None);
}

#[test]
fn rows_without_an_order_say_why() {
    assert_eq!(page(Design::Fixed, &[&[1.0, 2.0]]), Err(NoTest::TooFewPairs));
    assert_eq!(page(Design::Fixed, &[&[], &[]]), Err(NoTest::TooFewPairs));
    assert_eq!(page(Design::Bootstrap, &[&[1.0], &[2.0]]), Err(NoTest::TooFewPairs));
    assert_eq!(page(Design::Fixed, &[&[1.0, 2.0], &[1.0, 2.0]]), Err(NoTest::Identical));
    // Not tied, but as often up as down.
    assert_eq!(page(Design::Fixed, &[&[1.0, 2.0], &[2.0, 1.0]]).unwrap().p_value(), 1.0);
}

/// All orders of `0..n`.
fn orders(n: usize) -> Vec<Vec<f64>> {
    let Some(last) = n.checked_sub(1) else { return vec![Vec::new()] };
    let insert = |order: &Vec<f64>, at: usize| [&order[..at], &[last as f64], &order[at..]].concat();
    orders(last).iter().flat_map(|order| (0..n).map(move |at| insert(order, at))).collect()
}

#[test]
fn scores_without_a_trend_have_the_known_variance_and_light_tails() {
    for count in 2..=7 {
        let orders = orders(count);
        let rows: Vec<Vec<f64>> =
            (0..count).map(|row| orders.iter().map(|order| order[row]).collect()).collect();
        let scores = trend_scores(&borrowed(&rows));
        let mean_of =
            |f: &dyn Fn(f64) -> f64| scores.iter().map(|s| f(*s)).sum::<f64>() / scores.len() as f64;
        let variance = 1.0 / (count as f64 - 1.0);
        assert_close(mean_of(&|s| s * s), variance, 1e-12);
        // What `Trend::log_e` rests on: below the moment generating function of a normal variable.
        for step in 1..200 {
            let l = 0.1 * f64::from(step);
            let log_moment = mean_of(&|s| (l * (s - 1.0)).exp()).ln() + l;
            assert!(log_moment < l * l * variance / 2.0, "{count} rows at {l}");
        }
    }
}

proptest! {
    #[test]
    fn trends_are_rejected_where_their_interval_excludes_0(
        values in prop::collection::vec(prop::array::uniform5(-1.0..1.0), 1..60),
        slope in -0.5..0.5, alpha in 0.001_f64..0.3, sequential in any::<bool>(),
    ) {
        let mut rows = rows(&values);
        rows.iter_mut().enumerate().for_each(|(k, row)| row.iter_mut().for_each(|v| *v += slope * k as f64));
        let design = if sequential { Design::Sequential } else { Design::Fixed };
        let test = page(design, &borrowed(&rows)).unwrap();
        let p = test.p_value();
        prop_assume!((p - alpha).abs() > 1e-9);
        prop_assert_eq!(p < alpha, !test.interval(alpha).unwrap().contains(0.0));
        // The other way round it is the other way round.
        let turned: Vec<&[f64]> = borrowed(&rows).into_iter().rev().collect();
        let turned = page(design, &turned).unwrap();
        prop_assert!((turned.estimate() + test.estimate()).abs() < 1e-12);
        prop_assert!((turned.p_value() - p).abs() < 1e-9);
    }
}
