//! The covariance of losses of models of several sizes: the linear truncated kernel of two fidelities.

use mixup_routines::proxies::{Result, all_finite, require, same_size};
use ndarray::{Array2, ArrayView2};

/// Hyper-parameters of the kernel
/// `K = outputscale (M(x, z; unbiased) + (1 - s)(1 - t)(1 + s t)^power M(x, z; biased))`
/// where `M` is Matern's kernel of smoothness 5/2 with a length scale per domain, and `s`, `t` are the
/// fidelities of the two runs. Runs of full size (fidelity 1) have the first term only; smaller ones share
/// it and deviate by the second.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoFidelityKernel {
    /// `[domains]`: length scales of what all sizes share, in units of weight.
    pub unbiased: Vec<f64>,
    /// `[domains]`: length scales of how smaller sizes deviate.
    pub biased: Vec<f64>,
    /// Variance of runs of full size, in squared units of the outcome.
    pub outputscale: f64,
    /// Power of `1 + s t`.
    pub power: f64,
}

/// Matern's kernel of smoothness 5/2 at the squared scaled distance `r2`, and the factor `f` of its derivative
/// `dM / d ln l = f (x - z)^2 / l^2` by the logarithm of a length scale.
pub(crate) fn matern(r2: f64) -> (f64, f64) {
    let root = (5.0 * r2).sqrt();
    let decay = (-root).exp();
    ((1.0 + root + 5.0 / 3.0 * r2) * decay, 5.0 / 3.0 * (1.0 + root) * decay)
}

/// `(1 - s)(1 - t)(1 + s t)^power`, the weight of the second term. Fidelities outside of `[0, 1]` count as its nearer end.
pub(crate) fn bias_weight(s: f64, t: f64, power: f64) -> f64 {
    let (s, t) = (s.clamp(0.0, 1.0), t.clamp(0.0, 1.0));
    (1.0 - s) * (1.0 - t) * (1.0 + s * t).powf(power)
}

/// Mixtures divided by the length scales, with the fidelities beside them.
pub(crate) struct Scaled {
    pub(crate) unbiased: Array2<f64>,
    pub(crate) biased: Array2<f64>,
    pub(crate) fidelities: Vec<f64>,
}

impl TwoFidelityKernel {
    /// Covariances of two lists of runs.
    ///
    /// # Shapes
    /// - `x`: `[n, domains + 1]`, the last column is the fidelity
    /// - `z`: `[m, domains + 1]`
    /// - returns `[n, m]`
    ///
    /// # Errors
    /// Widths that do not agree, values that are not finite, hyper-parameters that are not positive.
    pub fn covariance(&self, x: ArrayView2<'_, f64>, z: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.check()?;
        let (x, z) = (self.scaled(x)?, self.scaled(z)?);
        Ok(self.between(&x, &z))
    }

    /// The variance of a run before anything is known.
    pub fn variance(&self, fidelity: f64) -> f64 {
        self.outputscale * (1.0 + bias_weight(fidelity, fidelity, self.power))
    }

    pub(crate) fn scaled(&self, x: ArrayView2<'_, f64>) -> Result<Scaled> {
        same_size("columns of a run", self.unbiased.len() + 1, x.ncols())?;
        all_finite("runs", x)?;
        let domains = self.unbiased.len();
        let by = |scales: &[f64]| {
            Array2::from_shape_fn((x.nrows(), domains), |(row, domain)| x[[row, domain]] / scales[domain])
        };
        let fidelities = x.column(domains).to_vec();
        Ok(Scaled { unbiased: by(&self.unbiased), biased: by(&self.biased), fidelities })
    }

    /// The two terms of the covariances `[n, m]`, the second weighted. Runs of full size share the first one
    /// with any other run, and have none of the second.
    pub(crate) fn terms(&self, x: &Scaled, z: &Scaled) -> (Array2<f64>, Array2<f64>) {
        let mut shared = squared_distances(&x.unbiased, &z.unbiased);
        shared.mapv_inplace(|r2| self.outputscale * matern(r2).0);
        let mut deviation = squared_distances(&x.biased, &z.biased);
        for ((i, j), cell) in deviation.indexed_iter_mut() {
            let weight = bias_weight(x.fidelities[i], z.fidelities[j], self.power);
            *cell = if weight > 0.0 { self.outputscale * weight * matern(*cell).0 } else { 0.0 };
        }
        (shared, deviation)
    }

    /// Covariances, `[n, m]`.
    pub(crate) fn between(&self, x: &Scaled, z: &Scaled) -> Array2<f64> {
        let (shared, deviation) = self.terms(x, z);
        shared + deviation
    }

    fn check(&self) -> Result<()> {
        same_size("biased length scales", self.unbiased.len(), self.biased.len())?;
        let lists = [("lengthscale_unbiased", &self.unbiased), ("lengthscale_biased", &self.biased)];
        let scales = lists.into_iter().flat_map(|(name, list)| list.iter().map(move |value| (name, *value)));
        for (name, value) in scales.chain([("outputscale", self.outputscale), ("power", self.power)]) {
            require(value > 0.0 && value.is_finite(), name, value, "positive")?;
        }
        Ok(())
    }
}

/// Squared distances `[n, m]` of the rows of two lists, by `x^2 + z^2 - 2 x z`. Rounding leaves some 1e-16 of
/// the squares where rows are equal, and Matern's kernel is flat there.
fn squared_distances(x: &Array2<f64>, z: &Array2<f64>) -> Array2<f64> {
    let squares = |x: &Array2<f64>| x.rows().into_iter().map(|row| row.dot(&row)).collect::<Vec<_>>();
    let (of_x, of_z) = (squares(x), squares(z));
    let mut products = x.dot(&z.t());
    for ((i, j), cell) in products.indexed_iter_mut() {
        *cell = (of_x[i] + of_z[j] - 2.0 * *cell).max(0.0);
    }
    products
}
