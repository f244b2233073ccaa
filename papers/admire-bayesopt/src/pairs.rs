//! The covariance of runs and its derivatives by the hyper-parameters, pair by pair: what a fit evaluates
//! again and again of the same runs.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::cholesky::Cholesky;
use crate::fit::NOISE_FLOOR;
use crate::kernel::{TwoFidelityKernel, matern};
use crate::surrogate::Hyperparameters;

/// What does not change while hyper-parameters do: of every run and each earlier one, row by row.
pub(crate) struct Pairs {
    /// `[pairs, domains]`: `(x_i - x_j)^2`.
    squares: Array2<f64>,
    between: Vec<Fidelities>,
    /// Of each run with itself.
    own: Vec<Fidelities>,
}

/// Of two fidelities `s` and `t`.
#[derive(Clone, Copy)]
struct Fidelities {
    /// `(1 - s)(1 - t)`.
    below_full: f64,
    /// `ln (1 + s t)`.
    log: f64,
}

impl Fidelities {
    fn of(s: f64, t: f64) -> Self {
        let (s, t) = (s.clamp(0.0, 1.0), t.clamp(0.0, 1.0));
        Self { below_full: (1.0 - s) * (1.0 - t), log: (s * t).ln_1p() }
    }

    /// The weight of the kernel's second term.
    fn weight(self, power: f64) -> f64 {
        self.below_full * (power * self.log).exp()
    }
}

/// The kernel's two terms for a pair, without the output scale, and the factors of their derivatives by a length
/// scale's logarithm.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    shared: f64,
    shared_slope: f64,
    deviation: f64,
    deviation_slope: f64,
}

impl Pairs {
    /// Of runs `[n, domains + 1]`, the last column is the fidelity.
    pub(crate) fn new(x: ArrayView2<'_, f64>) -> Self {
        let domains = x.ncols().saturating_sub(1);
        let fidelity = |run: usize| x.row(run).last().copied().unwrap_or(1.0);
        let pairs: Vec<(usize, usize)> = (0..x.nrows()).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
        let squares = Array2::from_shape_fn((pairs.len(), domains), |(pair, domain)| {
            let (i, j) = pairs[pair];
            (x[[i, domain]] - x[[j, domain]]).powi(2)
        });
        let between = pairs.iter().map(|&(i, j)| Fidelities::of(fidelity(i), fidelity(j))).collect();
        let own = (0..x.nrows()).map(|run| Fidelities::of(fidelity(run), fidelity(run))).collect();
        Self { squares, between, own }
    }

    /// One of each pair.
    pub(crate) fn terms(&self, kernel: &TwoFidelityKernel) -> Vec<Terms> {
        let distances = self.squares.dot(&inverse_squares(kernel));
        let pairs = distances.axis_iter(Axis(0)).zip(&self.between);
        let terms = pairs.map(|(distances, fidelities)| {
            let (shared, shared_slope) = matern(distances[0]);
            let weight = fidelities.weight(kernel.power);
            let (deviation, deviation_slope) = if weight > 0.0 { matern(distances[1]) } else { (0.0, 0.0) };
            Terms {
                shared,
                shared_slope,
                deviation: weight * deviation,
                deviation_slope: weight * deviation_slope,
            }
        });
        terms.collect()
    }

    /// The lower half of the covariance with its noise, `[n, n]`.
    pub(crate) fn covariance(&self, terms: &[Terms], hyper: &Hyperparameters) -> Array2<f64> {
        let Hyperparameters { kernel, noise } = hyper;
        let size = self.own.len();
        let mut covariance = Array2::zeros((size, size));
        let mut terms = terms.iter();
        for (i, own) in self.own.iter().enumerate() {
            for (j, Terms { shared, deviation, .. }) in (0..i).zip(&mut terms) {
                covariance[[i, j]] = kernel.outputscale * (shared + deviation);
            }
            covariance[[i, i]] = kernel.outputscale * (1.0 + own.weight(kernel.power)) + noise;
        }
        covariance
    }

    /// The gradient of the log likelihood by the logarithms of length scales, output scale, power, and of the
    /// noise above its floor: `1/2 tr((a a^T - K^-1) dK)` with the weights `a = K^-1 (y - mean)`.
    pub(crate) fn gradient(
        &self,
        terms: &[Terms],
        hyper: &Hyperparameters,
        factor: &Cholesky,
        weights: &Array1<f64>,
    ) -> Array1<f64> {
        let Hyperparameters { kernel, noise } = hyper;
        let inverse = factor.inverse();
        let (mut scale, mut power, mut trace) = (0.0, 0.0, 0.0);
        let mut by_squares = Array2::zeros((terms.len(), 2));
        let mut pairs = terms.iter().zip(&self.between).zip(by_squares.axis_iter_mut(Axis(0)));
        for (i, own) in self.own.iter().enumerate() {
            for (j, ((terms, fidelities), mut factors)) in (0..i).zip(&mut pairs) {
                // Each pair stands on both sides of the diagonal.
                let outer = kernel.outputscale * (weights[i] * weights[j] - inverse[[i, j]]);
                scale += outer * (terms.shared + terms.deviation);
                power += outer * terms.deviation * fidelities.log;
                factors[0] = outer * terms.shared_slope;
                factors[1] = outer * terms.deviation_slope;
            }
            let half = 0.5 * (weights[i] * weights[i] - inverse[[i, i]]);
            let weight = own.weight(kernel.power);
            scale += half * kernel.outputscale * (1.0 + weight);
            power += half * kernel.outputscale * weight * own.log;
            trace += half;
        }
        let scales = self.squares.t().dot(&by_squares) * inverse_squares(kernel);
        let rest = [scale, kernel.power * power, trace * (noise - NOISE_FLOOR)];
        scales.column(0).iter().chain(scales.column(1)).chain(&rest).copied().collect()
    }
}

/// `[domains, 2]`: `1 / l^2` of both terms.
fn inverse_squares(kernel: &TwoFidelityKernel) -> Array2<f64> {
    Array2::from_shape_fn((kernel.unbiased.len(), 2), |(domain, term)| {
        let scales = if term == 0 { &kernel.unbiased } else { &kernel.biased };
        scales[domain].powi(-2)
    })
}
