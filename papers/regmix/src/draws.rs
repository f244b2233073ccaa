//! Where random mixtures come from.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma};

use mixup_routines::proxies::{ProxyError, Result};

/// A source of the random draws that RegMix makes. Every generator of the `rand` crates is one;
/// [`crate::NumpyLegacy`] is the one behind the official numbers.
pub trait Draws {
    /// One draw from the Dirichlet distribution: non-negative weights that sum to 1.
    ///
    /// # Shapes
    /// `concentration`: `[domains]`, positive; returns `[domains]`.
    ///
    /// # Errors
    /// A concentration that is not positive, or so small that every weight underflows to zero.
    fn dirichlet(&mut self, concentration: &[f64]) -> Result<Vec<f64>>;

    /// A whole number below `bound`, all equally likely; 0 where `bound` is 0.
    fn below(&mut self, bound: u32) -> u32;
}

impl<R: Rng> Draws for R {
    fn dirichlet(&mut self, concentration: &[f64]) -> Result<Vec<f64>> {
        normalised_gammas(concentration, |shape| {
            Ok(Gamma::new(shape, 1.0).map_err(|_| not_positive(shape))?.sample(self))
        })
    }

    fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 { 0 } else { self.random_range(0..bound) }
    }
}

/// A Dirichlet draw: one Gamma draw per weight, divided by their sum.
pub(crate) fn normalised_gammas(
    concentration: &[f64],
    mut gamma: impl FnMut(f64) -> Result<f64>,
) -> Result<Vec<f64>> {
    let mut weights = Vec::with_capacity(concentration.len());
    for &shape in concentration {
        if !(shape > 0.0 && shape.is_finite()) {
            return Err(not_positive(shape));
        }
        weights.push(gamma(shape)?);
    }
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 {
        let scale = 1.0 / sum;
        weights.iter_mut().for_each(|weight| *weight *= scale);
        Ok(weights)
    } else {
        Err(ProxyError::Parameter {
            name: "concentration",
            value: "so small that every weight underflows to zero".to_owned(),
            allowed: "larger",
        })
    }
}

fn not_positive(shape: f64) -> ProxyError {
    ProxyError::Parameter {
        name: "concentration",
        value: shape.to_string(),
        allowed: "a positive number for every domain",
    }
}
