//! Hyper-parameters of the surrogate by the posterior density at its maximum: marginal likelihood times the
//! priors that botorch 0.10.0 gives a `SingleTaskMultiFidelityGP`.
//!
//! The search runs over logarithms (of the noise: over its floor), the densities are those of the values
//! themselves, as gpytorch takes them; so the maximum is the same one.

use std::f64::consts::TAU;

use mixup_routines::proxies::Result;
use ndarray::{Array1, ArrayView1, ArrayView2};

use crate::cholesky::Cholesky;
use crate::kernel::TwoFidelityKernel;
use crate::lbfgs::{Evaluated, minimise};
use crate::pairs::Pairs;
use crate::surrogate::{Hyperparameters, Surrogate, generalised_mean};

/// A Gamma distribution by shape and rate.
#[derive(Debug, Clone, Copy)]
struct Gamma(f64, f64);

const UNBIASED: Gamma = Gamma(3.0, 6.0);
const BIASED: Gamma = Gamma(6.0, 2.0);
const POWER: Gamma = Gamma(3.0, 3.0);
const OUTPUTSCALE: Gamma = Gamma(2.0, 0.15);
const NOISE: Gamma = Gamma(1.1, 0.05);

/// The noise that botorch does not go below.
pub const NOISE_FLOOR: f64 = 1e-4;

/// Where botorch starts: `softplus(0)` for what must be positive.
const START: f64 = std::f64::consts::LN_2;

/// Where botorch starts with the noise: the mode of its prior.
const START_NOISE: f64 = 2.0;

/// A step that gains less, in nats, ends a fit. Of no consequence to any prediction.
const TOLERANCE: f64 = 1e-5;

/// Steps of a fit at most.
const ITERATIONS: usize = 100;

impl Gamma {
    /// The logarithm of the density up to a constant, and its derivative by the logarithm of `value`.
    fn log_density(self, value: f64) -> (f64, f64) {
        let Self(shape, rate) = self;
        ((shape - 1.0) * value.ln() - rate * value, shape - 1.0 - rate * value)
    }
}

/// Numbers of this file that a short run does not reach.
pub(crate) fn constants() -> Vec<f64> {
    let priors = [UNBIASED, BIASED, POWER, OUTPUTSCALE, NOISE];
    let priors = priors.into_iter().flat_map(|Gamma(shape, rate)| [shape, rate]);
    priors.chain([NOISE_FLOOR, START, START_NOISE, TOLERANCE, ITERATIONS as f64]).collect()
}

impl Hyperparameters {
    /// Where botorch's search starts.
    pub fn start(domains: usize) -> Self {
        let scales = vec![START; domains];
        let kernel =
            TwoFidelityKernel { unbiased: scales.clone(), biased: scales, outputscale: START, power: START };
        Self { kernel, noise: START_NOISE }
    }

    /// `[2 domains + 3]`: logarithms of both lists of length scales, the output scale, the power, and of the
    /// noise above its floor.
    fn logarithms(&self) -> Array1<f64> {
        let TwoFidelityKernel { unbiased, biased, outputscale, power } = &self.kernel;
        // Noise on the floor itself starts a search just above it.
        let rest = [*outputscale, *power, (self.noise - NOISE_FLOOR).max(1e-3 * NOISE_FLOOR)];
        unbiased.iter().chain(biased).chain(&rest).map(|value| value.ln()).collect()
    }

    fn from_logarithms(logarithms: &Array1<f64>) -> Self {
        let domains = (logarithms.len() - 3) / 2;
        let values = logarithms.mapv(f64::exp).to_vec();
        let kernel = TwoFidelityKernel {
            unbiased: values[..domains].to_vec(),
            biased: values[domains..2 * domains].to_vec(),
            outputscale: values[2 * domains],
            power: values[2 * domains + 1],
        };
        Self { kernel, noise: NOISE_FLOOR + values[2 * domains + 2] }
    }

    /// The logarithm of the priors' density up to a constant, and its gradient by the [logarithms].
    ///
    /// [logarithms]: Self::logarithms
    fn log_prior(&self) -> (f64, Array1<f64>) {
        let TwoFidelityKernel { unbiased, biased, outputscale, power } = &self.kernel;
        let one = std::slice::from_ref::<f64>;
        let lists = [
            (UNBIASED, unbiased.as_slice()),
            (BIASED, biased.as_slice()),
            (OUTPUTSCALE, one(outputscale)),
            (POWER, one(power)),
        ];
        let each =
            lists.into_iter().flat_map(|(prior, values)| values.iter().map(move |v| prior.log_density(*v)));
        let (mut values, mut gradient): (Vec<f64>, Vec<f64>) = each.unzip();
        let (value, slope) = NOISE.log_density(self.noise);
        values.push(value);
        gradient.push(slope * (self.noise - NOISE_FLOOR) / self.noise);
        (values.iter().sum(), gradient.into())
    }
}

/// The surrogate whose hyper-parameters are the best that are found from any of `starts`.
///
/// # Shapes
/// - `x`: `[n, domains + 1]`, the last column is the fidelity
/// - `y`: `[n]`, larger is better
///
/// # Errors
/// As [`Surrogate::new`], whose message comes from the first start.
pub fn fit(starts: &[Hyperparameters], x: ArrayView2<'_, f64>, y: ArrayView1<'_, f64>) -> Result<Surrogate> {
    let pairs = Pairs::new(x);
    let objective = |logarithms: &Array1<f64>| negative_log_posterior(logarithms, &pairs, y);
    let minima =
        starts.iter().filter_map(|start| minimise(objective, start.logarithms(), TOLERANCE, ITERATIONS));
    let best = minima.min_by(|a, b| a.value.total_cmp(&b.value));
    let found = best.map(|minimum| Hyperparameters::from_logarithms(&minimum.point));
    let domains = x.ncols().saturating_sub(1);
    let hyper = found.or_else(|| starts.first().cloned()).unwrap_or_else(|| Hyperparameters::start(domains));
    Surrogate::new(hyper, None, x, y)
}

/// Minus the logarithm of likelihood times priors, and its gradient by the logarithms; nothing where the
/// covariance has no factor. The mean is the best one, so that it adds nothing to the gradient.
fn negative_log_posterior(logarithms: &Array1<f64>, pairs: &Pairs, y: ArrayView1<'_, f64>) -> Evaluated {
    let hyper = Hyperparameters::from_logarithms(logarithms);
    let terms = pairs.terms(&hyper.kernel);
    let factor = Cholesky::new(pairs.covariance(&terms, &hyper).view())?;
    let residuals = &y - generalised_mean(&factor, y);
    let weights = factor.solve(residuals.view());
    let likelihood = -0.5 * (residuals.dot(&weights) + factor.log_determinant() + y.len() as f64 * TAU.ln());
    let (prior, prior_gradient) = hyper.log_prior();
    let value = -(likelihood + prior);
    let gradient = -(pairs.gradient(&terms, &hyper, &factor, &weights) + prior_gradient);
    (value.is_finite() && gradient.iter().all(|part| part.is_finite())).then_some((value, gradient))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Axis, array, concatenate};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Random runs of three domains and three sizes, and an outcome that depends on the first domain.
    fn runs(count: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mixtures = Array2::from_shape_fn((count, 3), |_| rng.random::<f64>());
        let sizes = Array2::from_shape_fn((count, 1), |(row, _)| [0.001, 0.06, 1.0][row % 3]);
        let y = mixtures.column(0).mapv(|weight| (6.0 * weight).sin() - 3.0);
        (concatenate![Axis(1), mixtures, sizes], y)
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let (x, y) = runs(12);
        let at = array![-0.5, 0.1, 0.3, 0.9, 1.2, 1.0, 0.4, -0.2, -3.0];
        let value = |at: &Array1<f64>| negative_log_posterior(at, &Pairs::new(x.view()), y.view()).unwrap().0;
        let (_, gradient) = negative_log_posterior(&at, &Pairs::new(x.view()), y.view()).unwrap();
        for place in 0..at.len() {
            let moved = |by: f64| {
                let mut moved = at.clone();
                moved[place] += by;
                value(&moved)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - gradient[place]).abs() < 1e-6 * slope.abs().max(1.0), "{place}: {slope}");
        }
    }

    #[test]
    fn the_value_is_the_surrogates_likelihood_with_the_priors() {
        let (x, y) = runs(7);
        let hyper = Hyperparameters::start(3);
        let (value, _) =
            negative_log_posterior(&hyper.logarithms(), &Pairs::new(x.view()), y.view()).unwrap();
        let likelihood =
            Surrogate::new(hyper.clone(), None, x.view(), y.view()).unwrap().log_marginal_likelihood();
        assert!((value + likelihood + hyper.log_prior().0).abs() < 1e-10);
    }

    #[test]
    fn a_fit_ends_where_nothing_is_better_and_finds_what_matters() {
        let (x, y) = runs(40);
        let surrogate = fit(&[Hyperparameters::start(3)], x.view(), y.view()).unwrap();
        let hyper = surrogate.hyperparameters();
        let (_, gradient) =
            negative_log_posterior(&hyper.logarithms(), &Pairs::new(x.view()), y.view()).unwrap();
        assert!(gradient.iter().all(|part| part.abs() < 0.1), "{gradient}");
        let scales = &hyper.kernel.unbiased;
        assert!(scales[0] < 0.7 * scales[1].min(scales[2]), "{scales:?}");
        assert!(hyper.noise < 0.01, "{}", hyper.noise);
    }

    #[test]
    fn of_several_starts_the_best_end_is_taken() {
        let (x, y) = runs(15);
        let mut noisy = Hyperparameters::start(3);
        noisy.noise = 1e3;
        noisy.kernel.outputscale = 1e-6;
        let starts = [noisy, Hyperparameters::start(3)];
        let likelihood = |starts: &[Hyperparameters]| {
            let surrogate = fit(starts, x.view(), y.view()).unwrap();
            surrogate.log_marginal_likelihood() + surrogate.hyperparameters().log_prior().0
        };
        let alone = starts.each_ref().map(|start| likelihood(std::slice::from_ref(start)));
        assert!((likelihood(&starts) - alone[0].max(alone[1])).abs() < 1e-9);
    }

    #[test]
    fn logarithms_come_back() {
        let hyper = Hyperparameters::start(2);
        let back = Hyperparameters::from_logarithms(&hyper.logarithms());
        assert!((back.noise - 2.0).abs() < 1e-12 && (back.kernel.power - START).abs() < 1e-12);
    }
}
