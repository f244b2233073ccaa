//! How many seeds an effect needs.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

use super::students_t;

/// [`Differences::units_needed`](super::Differences::units_needed) gives up beyond this many.
pub const MAX_UNITS: u64 = 100_000;

/// Power that [`Differences::units_needed`](super::Differences::units_needed) asks for.
pub const POWER: f64 = 0.8;

/// [`MAX_UNITS`] by its old name.
pub const MAX_SEEDS: u64 = MAX_UNITS;

/// Even number of Simpson's intervals in [`paired_t_power`].
const INTERVALS: usize = 2000;

/// The smallest number of pairs with which the one-sided paired t-test at level `alpha` finds a
/// true effect of `effect_size` (Cohen's d_z, sign ignored) with probability `power`. `None` when
/// more than [`MAX_SEEDS`] would be needed, or there is no effect.
///
/// Exact for normal differences (by the noncentral t-distribution); a seen effect is taken at its
/// face value, so that the answer is a guide and not a promise.
pub fn seeds_needed(effect_size: f64, alpha: f64, power: f64) -> Option<u64> {
    first_enough(|n| paired_t_power(effect_size.abs(), n, alpha) >= power)
}

/// Power of the two-sided paired t-test with `n >= 2` pairs for a true effect `effect_size`.
pub(super) fn two_sided_power(effect_size: f64, n: u64, alpha: f64) -> f64 {
    paired_t_power(effect_size, n, alpha / 2.0) + paired_t_power(-effect_size, n, alpha / 2.0)
}

/// The smallest number of units, from 2, that is enough, where more never are fewer; `None`
/// beyond [`MAX_UNITS`].
pub(super) fn first_enough(enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut low = 1;
    let mut high = 2;
    while !enough(high) {
        if high == MAX_UNITS {
            return None;
        }
        low = high;
        high = (high * 2).min(MAX_UNITS);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Power of the one-sided paired t-test with `n >= 2` pairs for a true effect `effect_size`.
///
/// The statistic is `(Z + effect_size sqrt(n)) / S`, with `Z` standard normal and `S` the root of
/// a chi-squared variable over its degrees of freedom; Simpson's rule over the density of `S`.
pub(super) fn paired_t_power(effect_size: f64, n: u64, alpha: f64) -> f64 {
    let freedom = n as f64 - 1.0;
    let shift = effect_size * (n as f64).sqrt();
    let critical = -students_t(freedom).inverse_cdf(alpha);
    let normal = Normal::standard();
    let log_scale = std::f64::consts::LN_2 + freedom / 2.0 * (freedom / 2.0).ln() - ln_gamma(freedom / 2.0);
    // S has mean near 1 and standard deviation below 1 / sqrt(2 freedom).
    let reach = 10.0 / (2.0 * freedom).sqrt();
    let from = (1.0 - reach).max(0.0);
    let step = (1.0 + reach - from) / INTERVALS as f64;
    let sum: f64 = (0..=INTERVALS)
        .map(|i| {
            let s = from + i as f64 * step;
            // At 0 the power is 1 for a single degree of freedom and 0 for more.
            let log_power = if freedom > 1.0 { (freedom - 1.0) * s.ln() } else { 0.0 };
            let density = (log_scale + log_power - freedom * s * s / 2.0).exp();
            simpson_weight(i) * density * normal.cdf(shift - critical * s)
        })
        .sum();
    (sum * step / 3.0).min(1.0)
}

/// 1, 4, 2, 4, ..., 2, 4, 1.
fn simpson_weight(i: usize) -> f64 {
    match i {
        0 | INTERVALS => 1.0,
        _ if i % 2 == 1 => 4.0,
        _ => 2.0,
    }
}
