//! The standard normal distribution, with relative precision far into its lower tail.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use libm::erfc;

/// Below this argument the plain formulas lose digits, and the continued fraction has them.
const TAIL: f64 = -5.0;

/// Terms of the continued fraction: at 5 standard deviations each of the last ones changes no bit.
const TERMS: u32 = 60;

/// `ln phi(u)`.
pub fn log_density(u: f64) -> f64 {
    -0.5 * (u * u + TAU.ln())
}

/// `Phi(u)`.
pub fn cumulative(u: f64) -> f64 {
    0.5 * erfc(-u * FRAC_1_SQRT_2)
}

/// `ln Phi(u)`, which stays finite where `Phi(u)` is zero to the computer.
pub fn log_cumulative(u: f64) -> f64 {
    if u > 0.0 {
        (-cumulative(-u)).ln_1p()
    } else if u > TAIL {
        cumulative(u).ln()
    } else {
        log_density(u) - (tail(-u) - u).ln()
    }
}

/// `phi(u) / Phi(u)`, the mean of how far a variable that is below `u` lies below 0.
pub fn hazard(u: f64) -> f64 {
    if u > TAIL { log_density(u).exp() / cumulative(u) } else { tail(-u) - u }
}

/// `ln (phi(u) + u Phi(u))`: the logarithm of a standard normal variable's expected excess over `-u`.
pub fn log_excess(u: f64) -> f64 {
    if u > TAIL {
        (log_density(u).exp() + u * cumulative(u)).ln()
    } else {
        // 1 - x R(x) with R = 1 / (x + k) is k / (x + k), in which nothing cancels.
        let (x, k) = (-u, tail(-u));
        log_density(u) + (k / (x + k)).ln()
    }
}

/// `k` of Mills' ratio `(1 - Phi(x)) / phi(x) = 1 / (x + k)`, by Laplace's continued fraction
/// `k = 1 / (x + 2 / (x + 3 / (x + ...)))`.
fn tail(x: f64) -> f64 {
    (1..=TERMS).rev().fold(0.0, |rest, term| f64::from(term) / (x + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `scipy.special.log_ndtr`, SciPy 1.17.1.
    const LOG_NDTR: [(f64, f64); 6] = [
        (3.0, -0.001_350_809_964_748_192_5),
        (0.5, -0.368_946_415_288_656_35),
        (-2.0, -3.783_184_333_682_031_7),
        (-5.0, -15.064_998_393_988_727),
        (-7.5, -31.075_890_902_890_006),
        (-40.0, -804.608_442_013_753_9),
    ];

    #[test]
    fn logarithms_of_the_distribution_are_scipys() {
        for (u, expected) in LOG_NDTR {
            let found = log_cumulative(u);
            assert!((found / expected - 1.0).abs() < 1e-13, "{u}: {found} instead of {expected}");
        }
    }

    #[test]
    fn both_sides_of_the_tail_agree() {
        let (above, below) = (TAIL + 1e-12, TAIL - 1e-12);
        for function in [log_cumulative, hazard, log_excess] {
            assert!((function(above) / function(below) - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn the_excess_is_the_integral_of_the_distribution() {
        // d/du (phi + u Phi) = Phi.
        for u in [-60.0, -9.0, -4.0, -0.5, 0.0, 2.0] {
            let step = 1e-6;
            let slope = (log_excess(u + step) - log_excess(u - step)) / (2.0 * step);
            let expected = (log_cumulative(u) - log_excess(u)).exp();
            assert!((slope / expected - 1.0).abs() < 1e-6, "{u}: {slope} instead of {expected}");
        }
    }
}
