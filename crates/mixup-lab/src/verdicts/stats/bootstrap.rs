//! Inference from resamples of one sample.
//!
//! The interval is the percentile interval. It needs nothing but the resamples; the
//! bias-corrected and accelerated one also needs a jackknife, which is to say as many outcomes
//! without one unit each.

use super::Interval;

/// Two-sided p of "the true value is `value`": twice the smaller share of resamples on a side,
/// with the original sample counted on both (Davison and Hinkley 1997, section 4.2), so that it is
/// never 0.
pub(super) fn p_value(resamples: &[f64], value: f64) -> f64 {
    (2.0 * p_above(resamples, value).min(p_below(resamples, value))).min(1.0)
}

/// One-sided p against values at or below `bound`.
pub(super) fn p_above(resamples: &[f64], bound: f64) -> f64 {
    share(resamples.iter().filter(|r| **r <= bound).count(), resamples.len())
}

/// One-sided p against values at or above `bound`.
pub(super) fn p_below(resamples: &[f64], bound: f64) -> f64 {
    share(resamples.iter().filter(|r| **r >= bound).count(), resamples.len())
}

/// Every value whose [`p_value`] is at least `alpha`: from the k-th smallest resample to the k-th
/// largest. `None` when there are too few resamples for the level.
pub(super) fn interval(resamples: &[f64], alpha: f64) -> Option<Interval> {
    let count = resamples.len();
    let beyond = (0..=count).find(|k| (2.0 * share(*k, count)).min(1.0) >= alpha)?;
    let mut sorted = resamples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let low = *sorted.get(beyond.checked_sub(1)?)?;
    let high = *sorted.get(count.checked_sub(beyond)?)?;
    (low <= high).then_some(Interval { low, high })
}

fn share(beyond: usize, resamples: usize) -> f64 {
    (beyond as f64 + 1.0) / (resamples as f64 + 1.0)
}
