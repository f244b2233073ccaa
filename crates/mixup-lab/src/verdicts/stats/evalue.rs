//! Anytime-valid inference about the mean of paired differences.
//!
//! For `n` differences whose t-statistic about a supposed mean is `t`, and effects (mean over
//! standard deviation) of variance `g` under the alternative,
//!
//! `E = (1 + n g)^(-1/2) [(1 + t^2 / (n-1)) / (1 + t^2 / ((n-1) (1 + n g)))]^(n/2)`,
//!
//! the Bayes factor of Gönen et al. (2005), with the right Haar prior on the standard deviation.
//! For normal differences it is a test martingale in `n` (Hendriksen, de Heide and Grünwald,
//! 2021): whenever one stops, the chance that a true mean was ever rejected at `E >= 1 / alpha`
//! is at most `alpha`. For other distributions that is no theorem; the simulations in the tests
//! say how it goes. E-values of independent repetitions multiply.

use super::{Interval, Summary};

/// Variance `g` of the effect (mean over standard deviation of the differences) under the
/// alternative, fixed before any run.
///
/// 1 is the prior that weighs as much as one unit (Kass and Wasserman's unit information). It
/// finds quickest the effects of about one standard deviation, which tens of seeds can tell from
/// none; the level holds for every value, and a claim decided with one is seldom undecided with
/// another.
pub const EFFECT_VARIANCE: f64 = 1.0;

/// Points at which [`least`] looks before it refines.
const GRID: usize = 1024;

/// Natural logarithm of the E-value for a t-statistic over `n` differences. One difference, or
/// fewer, is no evidence: 0.
pub(super) fn log_e(t: f64, n: f64) -> f64 {
    if n <= 1.0 {
        return 0.0;
    }
    let shrinkage = 1.0 + n * EFFECT_VARIANCE;
    let ratio = t * t / (n - 1.0);
    n / 2.0 * (ratio.ln_1p() - (ratio / shrinkage).ln_1p()) - shrinkage.ln() / 2.0
}

/// Logarithm of the product of the repetitions' E-values about `mean`.
pub(super) fn total(repetitions: &[Summary], mean: f64) -> f64 {
    repetitions.iter().map(|repetition| repetition.log_e(mean)).sum()
}

/// The hull of the means whose total stays at or below `threshold`. `None` when that are all
/// means, as with very few units, or none, as with repetitions that contradict each other.
pub(super) fn hull(repetitions: &[Summary], threshold: f64) -> Option<Interval> {
    // What the total tends to as the supposed mean goes to infinity.
    let limit: f64 = repetitions.iter().map(|r| (r.n - 1.0) / 2.0 * (1.0 + r.n * EFFECT_VARIANCE).ln()).sum();
    if limit <= threshold {
        return None;
    }
    Some(Interval {
        low: -highest(&mirrored(repetitions), threshold)?,
        high: highest(repetitions, threshold)?,
    })
}

/// The smallest total over the means at or below `bound`.
pub(super) fn least(repetitions: &[Summary], bound: f64) -> f64 {
    let (first, last) = reach(repetitions);
    if bound <= first {
        // Every E-value falls on the way from `-inf` to the first repetition's own mean.
        return total(repetitions, bound);
    }
    // ... and every one grows beyond the last, so the least is between them, near one of them.
    let to = bound.min(last);
    let step = (to - first) / GRID as f64;
    let mut points: Vec<f64> = (0..GRID).map(|i| first + step * i as f64).collect();
    points.extend(repetitions.iter().map(|r| r.mean).filter(|mean| *mean < to));
    points.push(to);
    points.sort_by(f64::total_cmp);
    let values: Vec<f64> = points.iter().map(|&mean| total(repetitions, mean)).collect();
    let best = (0..values.len()).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0);
    let (left, right) = (points[best.saturating_sub(1)], points[(best + 1).min(points.len() - 1)]);
    values[best].min(valley(|mean| total(repetitions, mean), left, right))
}

/// The same with every mean on the other side of 0.
pub(super) fn mirrored(repetitions: &[Summary]) -> Vec<Summary> {
    repetitions.iter().map(|r| Summary { mean: -r.mean, ..*r }).collect()
}

/// The largest mean whose total is at most `threshold`, if any is; [`hull`] has seen that the
/// total passes the threshold somewhere.
fn highest(repetitions: &[Summary], threshold: f64) -> Option<f64> {
    let (first, last) = reach(repetitions);
    let mut step = repetitions.iter().map(Summary::standard_error).fold(0.0, f64::max);
    while total(repetitions, last + step) <= threshold && step.is_finite() {
        step *= 2.0;
    }
    let outside = last + step;
    search(repetitions, threshold, first, outside, (outside - first) * 1e-13)
}

/// The right end of the rightmost stretch of `low ..= high` that may hold a mean with a total of
/// at most `threshold`, found by halving. Where repetitions disagree the total has several
/// valleys, so a half is left out only when the least that each E-value takes in it adds up to
/// more.
fn search(repetitions: &[Summary], threshold: f64, low: f64, high: f64, width: f64) -> Option<f64> {
    let at_least: f64 = repetitions.iter().map(|r| r.log_e(r.mean.clamp(low, high))).sum();
    if at_least > threshold {
        return None;
    }
    let middle = low + (high - low) / 2.0;
    if high - low <= width || middle <= low || middle >= high {
        return Some(high);
    }
    search(repetitions, threshold, middle, high, width)
        .or_else(|| search(repetitions, threshold, low, middle, width))
}

/// Smallest and largest of the repetitions' own means.
fn reach(repetitions: &[Summary]) -> (f64, f64) {
    let means = repetitions.iter().map(|r| r.mean);
    (means.clone().fold(f64::INFINITY, f64::min), means.fold(f64::NEG_INFINITY, f64::max))
}

/// The least value of a function with one valley between `low` and `high`, by golden sections.
fn valley(value: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let mut least = f64::INFINITY;
    for _ in 0..80 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        let (at_left, at_right) = (value(left), value(right));
        least = least.min(at_left).min(at_right);
        if at_left < at_right { high = right } else { low = left }
    }
    least
}
