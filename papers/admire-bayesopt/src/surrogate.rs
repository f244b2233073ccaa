//! The surrogate: a Gaussian process over mixtures and sizes, with given hyper-parameters.

use std::f64::consts::TAU;

use mixup_routines::proxies::{ProxyError, Result, all_finite, require, same_size};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};

use crate::cholesky::Cholesky;
use crate::kernel::{Scaled, TwoFidelityKernel};

/// Everything that a fit chooses but the mean, which follows from these.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// Covariance of what is observed, without the noise.
    pub kernel: TwoFidelityKernel,
    /// Variance of the noise, in squared units of the outcome.
    pub noise: f64,
}

/// A Gaussian process with a constant mean, conditioned on runs.
pub struct Surrogate {
    hyper: Hyperparameters,
    mean: f64,
    runs: Scaled,
    /// `K^-1 (y - mean)`, `[n]`.
    weights: Array1<f64>,
    /// `L^-1`, `[n, n]`.
    inverse: Array2<f64>,
    log_marginal_likelihood: f64,
}

/// Means and variances of the latent outcome, without noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// `[m]`.
    pub mean: Array1<f64>,
    /// `[m]`, never negative.
    pub variance: Array1<f64>,
}

impl Posterior {
    /// Of these rows only.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { mean: self.mean.select(Axis(0), rows), variance: self.variance.select(Axis(0), rows) }
    }
}

/// What is known of mixtures at sizes of their own and at full size.
#[derive(Debug, Clone, PartialEq)]
pub struct Projected {
    /// At the sizes that were asked for.
    pub own: Posterior,
    /// The same mixtures at full size.
    pub full: Posterior,
    /// `[m]`: covariance of the two.
    pub covariance: Array1<f64>,
}

impl Surrogate {
    /// Conditions on runs. Without a `mean` it is the one of the largest likelihood, the generalised mean
    /// `1^T K^-1 y / 1^T K^-1 1`.
    ///
    /// # Shapes
    /// - `x`: `[n, domains + 1]`, the last column is the fidelity
    /// - `y`: `[n]`, larger is better
    ///
    /// # Errors
    /// No runs, sizes that do not agree, values that are not finite, hyper-parameters that are not positive,
    /// a covariance that is not positive definite to the computer.
    pub fn new(
        hyper: Hyperparameters,
        mean: Option<f64>,
        x: ArrayView2<'_, f64>,
        y: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        same_size("outcomes", x.nrows(), y.len())?;
        require(!y.is_empty(), "runs", "empty", "at least one")?;
        all_finite("outcomes", y)?;
        require(hyper.noise > 0.0 && hyper.noise.is_finite(), "noise", hyper.noise, "positive")?;
        let mut covariance = hyper.kernel.covariance(x, x)?;
        covariance.diag_mut().mapv_inplace(|variance| variance + hyper.noise);
        let factor = Cholesky::new(covariance.view()).ok_or_else(|| ProxyError::Parameter {
            name: "noise",
            value: hyper.noise.to_string(),
            allowed: "large enough for a positive definite covariance",
        })?;
        let mean = mean.unwrap_or_else(|| generalised_mean(&factor, y));
        let residuals = &y - mean;
        let weights = factor.solve(residuals.view());
        let log_marginal_likelihood =
            -0.5 * (residuals.dot(&weights) + factor.log_determinant() + y.len() as f64 * TAU.ln());
        let (runs, inverse) = (hyper.kernel.scaled(x)?, factor.inverse_factor().to_owned());
        Ok(Self { hyper, mean, runs, weights, inverse, log_marginal_likelihood })
    }

    /// Nats; not divided by the number of runs.
    pub fn log_marginal_likelihood(&self) -> f64 {
        self.log_marginal_likelihood
    }

    /// The hyper-parameters.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyper
    }

    /// Means and variances, `[m]` each, of runs `[m, domains + 1]`.
    ///
    /// # Errors
    /// A width that is not the fitted one, a value that is not finite.
    pub fn posterior(&self, z: ArrayView2<'_, f64>) -> Result<Posterior> {
        let z = self.hyper.kernel.scaled(z)?;
        let prior = z.fidelities.iter().map(|&fidelity| self.hyper.kernel.variance(fidelity)).collect();
        let with_runs = self.hyper.kernel.between(&self.runs, &z);
        Ok(self.posterior_of(&with_runs, &self.inverse.dot(&with_runs), prior))
    }

    /// Covariances `[m, m]` of runs `[m, domains + 1]`.
    ///
    /// # Errors
    /// As [`Surrogate::posterior`].
    pub fn covariance(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let z = self.hyper.kernel.scaled(z)?;
        let explained = self.inverse.dot(&self.hyper.kernel.between(&self.runs, &z));
        Ok(self.hyper.kernel.between(&z, &z) - explained.t().dot(&explained))
    }

    /// What is known of runs `[m, domains + 1]` at their own sizes and at full size.
    ///
    /// # Errors
    /// As [`Surrogate::posterior`].
    pub fn projected(&self, z: ArrayView2<'_, f64>) -> Result<Projected> {
        let kernel = &self.hyper.kernel;
        let z = kernel.scaled(z)?;
        // At full size nothing but the shared term is left, whatever the other run's size.
        let (shared, deviation) = kernel.terms(&self.runs, &z);
        let with_runs = &shared + &deviation;
        let (own, full) = (self.inverse.dot(&with_runs), self.inverse.dot(&shared));
        let prior = z.fidelities.iter().map(|&fidelity| kernel.variance(fidelity)).collect();
        let at_full = Array1::from_elem(z.fidelities.len(), kernel.variance(1.0));
        let explained = (&own * &full).sum_axis(Axis(0));
        Ok(Projected {
            own: self.posterior_of(&with_runs, &own, prior),
            covariance: &at_full - &explained,
            full: self.posterior_of(&shared, &full, at_full),
        })
    }

    /// Of the covariances with the observed runs, `[n, m]`, the same by `L^-1`, and prior variances.
    fn posterior_of(
        &self,
        with_runs: &Array2<f64>,
        explained: &Array2<f64>,
        prior: Array1<f64>,
    ) -> Posterior {
        let mean = with_runs.t().dot(&self.weights) + self.mean;
        let mut variance = prior;
        for row in explained.rows() {
            Zip::from(&mut variance).and(row).for_each(|variance, part| *variance -= part * part);
        }
        // What is known exactly has a variance of 0 up to rounding.
        variance.mapv_inplace(|variance| variance.max(0.0));
        Posterior { mean, variance }
    }
}

pub(crate) fn generalised_mean(factor: &Cholesky, y: ArrayView1<'_, f64>) -> f64 {
    let ones = factor.solve(Array1::ones(y.len()).view());
    ones.dot(&y) / ones.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    fn hyper(noise: f64) -> Hyperparameters {
        let kernel = TwoFidelityKernel {
            unbiased: vec![0.4, 0.7],
            biased: vec![1.5, 2.5],
            outputscale: 1.3,
            power: 1.2,
        };
        Hyperparameters { kernel, noise }
    }

    fn runs() -> (Array2<f64>, Array1<f64>) {
        let x = array![[0.2, 0.8, 0.001], [0.5, 0.5, 0.06], [0.7, 0.3, 0.001], [0.9, 0.1, 1.0]];
        (x, array![-5.1, -4.0, -4.8, -2.9])
    }

    #[test]
    fn without_noise_it_passes_through_its_runs() {
        let (x, y) = runs();
        let surrogate = Surrogate::new(hyper(1e-9), None, x.view(), y.view()).unwrap();
        let Posterior { mean, variance } = surrogate.posterior(x.view()).unwrap();
        assert!((mean - y).iter().all(|error| error.abs() < 1e-6));
        assert!(variance.iter().all(|variance| *variance < 1e-6));
    }

    #[test]
    fn projection_is_the_joint_posterior_of_two_lists() {
        let (x, y) = runs();
        let surrogate = Surrogate::new(hyper(0.01), None, x.view(), y.view()).unwrap();
        let own = array![[0.3, 0.7, 0.001], [0.6, 0.4, 0.06], [0.1, 0.9, 1.0]];
        let mut full = own.clone();
        full.column_mut(2).fill(1.0);
        let projected = surrogate.projected(own.view()).unwrap();
        let both = ndarray::concatenate![Axis(0), own, full];
        let (posterior, joint) =
            (surrogate.posterior(both.view()).unwrap(), surrogate.covariance(both.view()).unwrap());
        let close = |a: &Array1<f64>, b: Array1<f64>| (a - &b).iter().all(|error| error.abs() < 1e-12);
        assert!(close(&projected.own.mean, posterior.mean.slice(s![..3]).to_owned()));
        assert!(close(&projected.full.mean, posterior.mean.slice(s![3..]).to_owned()));
        assert!(close(&projected.own.variance, joint.diag().slice(s![..3]).to_owned()));
        assert!(close(&projected.full.variance, joint.diag().slice(s![3..]).to_owned()));
        assert!(close(&projected.covariance, joint.slice(s![..3, 3..]).diag().to_owned()));
    }

    #[test]
    fn its_mean_has_the_largest_likelihood() {
        let (x, y) = runs();
        let likelihood = |mean: Option<f64>| {
            Surrogate::new(hyper(0.01), mean, x.view(), y.view()).unwrap().log_marginal_likelihood()
        };
        let best = Surrogate::new(hyper(0.01), None, x.view(), y.view()).unwrap().mean;
        assert!((likelihood(None) - likelihood(Some(best))).abs() < 1e-12);
        assert!(likelihood(Some(best + 0.1)) < likelihood(None));
        assert!(likelihood(Some(best - 0.1)) < likelihood(None));
    }

    #[test]
    fn what_it_refuses_is_named() {
        let (x, y) = runs();
        let message = |hyper: Hyperparameters, y: &Array1<f64>| {
            Surrogate::new(hyper, None, x.view(), y.view()).err().map(|error| error.to_string()).unwrap()
        };
        assert!(message(hyper(0.01), &array![1.0]).starts_with("outcomes: 1 given, 4 needed"));
        assert!(message(hyper(0.0), &y).starts_with("noise is 0"));
        let mut negative = hyper(0.01);
        negative.kernel.biased[1] = -1.0;
        assert!(message(negative, &y).starts_with("lengthscale_biased is -1"));
        let mut wide = hyper(0.01);
        wide.kernel.unbiased.push(1.0);
        wide.kernel.biased.push(1.0);
        assert!(message(wide, &y).starts_with("columns of a run: 3 given, 4 needed"));
    }
}
