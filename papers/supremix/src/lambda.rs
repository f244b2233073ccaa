//! Lambdas of negative mixtures: tens of thousands a step, so that drawing them must not take longer than the loss.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, RngExt};

/// A beta distribution with whole parameters, drawn by its quantiles. Between 4096 of them, evenly spaced in probability, a
/// quantile is interpolated; in the first and in the last cell, where it bends, it is solved for.
#[derive(Debug, Clone, PartialEq)]
pub struct BetaQuantiles {
    a: usize,
    b: usize,
    /// Quantiles of `0, 1 / CELLS, ... 1`.
    knots: Vec<f64>,
}

const CELLS: usize = 4096;

/// Halvings of an interval until it is as short as numbers go.
const HALVINGS: usize = 60;

impl BetaQuantiles {
    /// Beta(a, b).
    pub fn new(a: NonZeroUsize, b: NonZeroUsize) -> Self {
        let mut this = Self { a: a.get(), b: b.get(), knots: Vec::new() };
        this.knots = (0..=CELLS).map(|cell| this.solved(cell as f64 / CELLS as f64)).collect();
        this
    }

    /// Beta(a, b), whose quantiles are computed once in a process.
    pub fn shared(a: NonZeroUsize, b: NonZeroUsize) -> Arc<Self> {
        static KNOWN: Mutex<BTreeMap<[NonZeroUsize; 2], Arc<BetaQuantiles>>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry([a, b]).or_insert_with(|| Arc::new(Self::new(a, b))))
    }

    /// The value below which a share `p` of all draws is.
    pub fn quantile(&self, p: f64) -> f64 {
        let place = p.clamp(0.0, 1.0) * CELLS as f64;
        match place as usize {
            0 => self.solved(p),
            cell if cell + 1 >= CELLS => self.solved(p),
            cell => self.knots[cell] + place.fract() * (self.knots[cell + 1] - self.knots[cell]),
        }
    }

    /// One draw.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        self.quantile(rng.random())
    }

    /// By halving: the share of draws below `x` rises with it.
    fn solved(&self, p: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.share_below(middle) < p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The a-th smallest of `n = a + b - 1` uniform numbers is below `x` where at least `a` of them are:
    /// `sum_{j >= a} (n choose j) x^j (1 - x)^(n - j)`.
    fn share_below(&self, x: f64) -> f64 {
        let n = self.a + self.b - 1;
        let (mut choose, mut share) = (1.0, 0.0);
        for j in 0..=n {
            if j >= self.a {
                share += choose * x.powi(j as i32) * (1.0 - x).powi((n - j) as i32);
            }
            choose *= (n - j) as f64 / (j + 1) as f64;
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::stream::Streams;

    fn beta(a: usize, b: usize) -> BetaQuantiles {
        BetaQuantiles::new(NonZeroUsize::new(a).unwrap(), NonZeroUsize::new(b).unwrap())
    }

    #[test]
    fn quantiles_are_those_of_the_distribution() {
        for (a, b) in [(2, 8), (8, 2), (5, 5), (1, 1)] {
            let beta = beta(a, b);
            for step in 0..=1000 {
                let p = f64::from(step) / 1000.0 + 1e-5 * f64::from(500 - step) / 500.0;
                let found = beta.share_below(beta.quantile(p));
                assert!((found - p).abs() < 1e-5, "Beta({a}, {b}): {found} at {p}");
            }
        }
        assert!((beta(1, 1).quantile(0.3) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn draws_have_mean_and_variance_of_the_distribution() {
        let mut streams = Streams::new("lambda", 0);
        for (a, b) in [(2.0, 8.0), (5.0, 5.0)] {
            let beta = beta(a as usize, b as usize);
            let draws: Vec<f64> = (0..40_000).map(|_| beta.draw(streams.get("lambda"))).collect();
            let mean = draws.iter().sum::<f64>() / 4e4;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 4e4;
            let expected = a * b / ((a + b) * (a + b) * (a + b + 1.0));
            assert!((mean - a / (a + b)).abs() < 0.003, "{mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{variance}");
        }
    }
}
