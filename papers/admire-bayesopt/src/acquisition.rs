//! What another run is worth: expected improvement, and what it tells about the largest outcome.

use mixup_core::stream::Streams;
use mixup_routines::proxies::{Result, all_finite, require, same_size};
use rand::RngExt;

use crate::normal::{hazard, log_cumulative, log_density, log_excess};
use crate::surrogate::{Posterior, Projected};

/// Variances below it count as this much, as in botorch 0.10.0.
pub const VARIANCE_FLOOR: f64 = 1e-8;

/// The logarithm of the expected improvement over `best`, `ln (std (phi(u) + u Phi(u)))` with
/// `u = (mean - best) / std`; larger outcomes are better.
///
/// # Shapes
/// `mean` and `std`: `[n]`; returns `[n]`. Finite where the improvement itself is zero to the computer.
///
/// # Errors
/// Lengths that do not agree, values that are not finite, a `std` that is not positive.
///
/// ```
/// use admire_bayesopt::log_expected_improvement;
///
/// // At the best outcome so far the improvement is that of half a normal distribution.
/// let known = log_expected_improvement(&[0.0], &[1.0], 0.0).unwrap();
/// assert!((known[0] + (2.0 * std::f64::consts::PI).sqrt().ln()).abs() < 1e-9);
/// ```
pub fn log_expected_improvement(mean: &[f64], std: &[f64], best: f64) -> Result<Vec<f64>> {
    check(mean, std)?;
    require(best.is_finite(), "best_f", best, "a finite number")?;
    Ok(mean.iter().zip(std).map(|(mean, std)| std.ln() + log_excess((mean - best) / std)).collect())
}

/// Max-value entropy search (Wang and Jegelka 2017): how many nats the outcome tells about the largest one,
/// the mean over samples of it of `g phi(g) / (2 Phi(g)) - ln Phi(g)` with `g = (largest - mean) / std`.
///
/// # Shapes
/// `mean` and `std`: `[n]`; `largest`: `[samples]`; returns `[n]`.
///
/// # Errors
/// As [`log_expected_improvement`], and no samples.
///
/// ```
/// use admire_bayesopt::max_value_entropy;
///
/// // Where the outcome is as likely above the largest one as below: ln 2.
/// let known = max_value_entropy(&[1.0], &[0.5], &[1.0]).unwrap();
/// assert!((known[0] - 2_f64.ln()).abs() < 1e-9);
/// ```
pub fn max_value_entropy(mean: &[f64], std: &[f64], largest: &[f64]) -> Result<Vec<f64>> {
    check(mean, std)?;
    require(!largest.is_empty(), "max_values", "empty", "at least one")?;
    all_finite("max_values", largest)?;
    let gain = |mean: f64, std: f64| {
        let gains = largest.iter().map(|largest| noiseless_gain((largest - mean) / std));
        gains.sum::<f64>() / largest.len() as f64
    };
    Ok(mean.iter().zip(std).map(|(mean, std)| gain(*mean, *std)).collect())
}

/// The same of runs of any size and with noise (Takeno et al. 2020): how many nats what is *observed* of a
/// run tells about the largest outcome at *full* size.
///
/// # Shapes
/// `known`: of `[n]` runs; returns `[n]`.
pub fn two_fidelity_entropy(known: &Projected, noise: f64, largest: f64) -> Vec<f64> {
    let Projected { own, full, covariance } = known;
    let runs = full.mean.iter().zip(&full.variance).zip(own.variance.iter().zip(covariance));
    let gain = |((mean, full), (own, covariance)): ((&f64, &f64), (&f64, &f64))| {
        let full = full.max(VARIANCE_FLOOR);
        let correlation = covariance / (full * (own.max(VARIANCE_FLOOR) + noise)).sqrt();
        correlated_gain((largest - mean) / full.sqrt(), correlation)
    };
    runs.map(gain).collect()
}

/// Of the outcome itself.
fn noiseless_gain(g: f64) -> f64 {
    0.5 * g * hazard(g) - log_cumulative(g)
}

/// Of a standard normal variable `x` with the given correlation to the outcome. Its density given that the
/// outcome is below `g` standard deviations is `p(x) = phi(x) Phi(t) / Phi(g)` with `t = (g - r x) /
/// sqrt(1 - r^2)`, hence a gain of
///
/// `r^2 g phi(g) / (2 Phi(g)) - ln Phi(g) + E_p[ln Phi(t)]`.
///
/// botorch estimates it from 128 draws of `x`; here it is integrated.
fn correlated_gain(g: f64, correlation: f64) -> f64 {
    // Its sign is that of `x`, which is symmetric.
    let r = correlation.abs().min(1.0);
    let rest = (1.0 - r * r).sqrt();
    if rest == 0.0 {
        return noiseless_gain(g);
    }
    let log_normal = log_cumulative(g);
    let integrand = |x: f64, t: f64| {
        let log = log_cumulative(t);
        (log_density(x) + log - log_normal).exp() * log
    };
    // Over whichever of the two the other one changes slowly with. Where `g` is far below, the outcome lies
    // just under it, and both follow.
    let outcome = g.min(0.0);
    let expected = if r * r <= 0.5 {
        integral(r * outcome, |x| integrand(x, (g - r * x) / rest))
    } else {
        rest / r * integral(rest * outcome, |t| integrand((g - rest * t) / r, t))
    };
    (r * r * 0.5 * g * hazard(g) - log_normal + expected).max(0.0)
}

/// The trapezoidal rule, which for smooth functions that fall like a normal density is exact to many digits.
fn integral(centre: f64, function: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 0.5;
    const STEPS: i32 = 18;
    STEP * (-STEPS..=STEPS).map(|step| function(centre + STEP * f64::from(step))).sum::<f64>()
}

/// One sample of the largest outcome of some runs, by botorch's approximation: a Gumbel distribution with the
/// quartiles of the maximum of independent outcomes, each counted `times`.
///
/// Streams read here: `max-value`.
pub fn sample_largest(known: &Posterior, times: f64, streams: &mut Streams) -> f64 {
    let std: Vec<f64> = known.variance.iter().map(|variance| variance.max(VARIANCE_FLOOR).sqrt()).collect();
    let [lower, median, upper] = [0.25, 0.5, 0.75].map(|part| quantile(known, &std, times, part));
    let log_log = |part: f64| (-part.ln()).ln();
    let scale = (lower - upper) / (log_log(0.75) - log_log(0.25));
    let location = median + scale * log_log(0.5);
    // In (0, 1], as the logarithm needs it; at 1 it would be infinite.
    let draw = (1.0 - streams.get("max-value").random::<f64>()).min(1.0 - f64::EPSILON);
    location - scale * log_log(draw)
}

/// Bisections of a quantile: 9 standard deviations by 2^-50 are below any rounding.
const BISECTIONS: usize = 50;

fn quantile(known: &Posterior, std: &[f64], times: f64, part: f64) -> f64 {
    let ends = known.mean.iter().zip(std).map(|(mean, std)| (mean - 3.0 * std, mean + 5.0 * std));
    let (mut low, mut high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (below, above)| {
        (low.min(below), high.max(above))
    });
    let log_probability = |y: f64| {
        let each = known.mean.iter().zip(std).map(|(mean, std)| log_cumulative((y - mean) / std));
        times * each.sum::<f64>()
    };
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if log_probability(middle) < part.ln() { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

fn check(mean: &[f64], std: &[f64]) -> Result<()> {
    same_size("standard deviations", mean.len(), std.len())?;
    all_finite("means", mean)?;
    all_finite("standard deviations", std)?;
    match std.iter().find(|std| **std <= 0.0) {
        None => Ok(()),
        Some(std) => require(false, "std", std, "positive"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;
    use proptest::prelude::*;

    /// The entropies themselves, by a fine sum over densities.
    fn gain_by_entropies(g: f64, r: f64) -> f64 {
        let rest = (1.0 - r * r).sqrt();
        let step = 1e-3;
        let points = (-60_000..=60_000).map(|point| f64::from(point) * step);
        let entropy = points.map(|x| {
            let log = log_density(x) + log_cumulative((g - r * x) / rest) - log_cumulative(g);
            -log.exp() * log * step
        });
        0.5 * (1.0 + std::f64::consts::TAU.ln()) - entropy.filter(|part| part.is_finite()).sum::<f64>()
    }

    #[test]
    fn the_gain_of_two_fidelities_is_a_difference_of_entropies() {
        for g in [-12.0, -3.0, -0.4, 0.0, 1.3, 4.0] {
            for r in [0.05, 0.4, 0.7, 0.72, 0.95, 0.999] {
                let (found, expected) = (correlated_gain(g, r), gain_by_entropies(g, r));
                assert!((found - expected).abs() < 1e-7, "g {g}, r {r}: {found} instead of {expected}");
                assert_eq!(found, correlated_gain(g, -r));
            }
        }
    }

    proptest! {
        /// What is observed tells at most what the outcome itself would, nothing without a correlation, and
        /// more with a larger one.
        #[test]
        fn gains_grow_with_the_correlation(g in -20.0_f64..6.0, r in 0.0_f64..1.0) {
            prop_assert!(correlated_gain(g, 0.0).abs() < 1e-9);
            let (less, more) = (correlated_gain(g, 0.9 * r), correlated_gain(g, r));
            prop_assert!(less <= more + 1e-9 && more <= noiseless_gain(g) + 1e-9, "{less} {more}");
        }

        #[test]
        fn improvement_grows_with_mean_and_spread(mean in -9.0_f64..3.0, std in 0.01_f64..2.0) {
            let of = |mean: f64, std: f64| log_expected_improvement(&[mean], &[std], 0.0).unwrap()[0];
            prop_assert!(of(mean, std).is_finite());
            prop_assert!(of(mean + 0.1, std) > of(mean, std) && of(mean, 1.1 * std) >= of(mean, std) - 1e-12);
            // Never less than what the mean itself improves.
            prop_assert!(of(mean, std).exp() >= mean - 1e-12);
        }
    }

    #[test]
    fn samples_of_the_largest_have_the_quartiles_of_the_maximum() {
        let known = Posterior { mean: Array1::from_elem(4, 0.3), variance: Array1::from_elem(4, 0.25) };
        let mut samples: Vec<f64> =
            (0..4000).map(|seed| sample_largest(&known, 2.0, &mut Streams::new("largest", seed))).collect();
        samples.sort_by(f64::total_cmp);
        for part in [0.25, 0.5, 0.75] {
            let found = samples[(part * 4000.0) as usize];
            // Eight independent outcomes: Phi(u)^8 = part.
            let below = (8.0 * log_cumulative((found - 0.3) / 0.5)).exp();
            assert!((below - part).abs() < 0.03, "{part}: {below}");
        }
    }

    #[test]
    fn what_they_refuse_is_named() {
        let message = |result: Result<Vec<f64>>| result.unwrap_err().to_string();
        assert!(message(log_expected_improvement(&[1.0], &[0.0], 0.0)).starts_with("std is 0"));
        assert!(
            message(log_expected_improvement(&[1.0], &[1.0, 1.0], 0.0)).starts_with("standard deviations")
        );
        assert!(message(log_expected_improvement(&[1.0], &[1.0], f64::NAN)).starts_with("best_f is NaN"));
        assert!(message(max_value_entropy(&[1.0], &[1.0], &[])).starts_with("max_values is empty"));
    }
}
