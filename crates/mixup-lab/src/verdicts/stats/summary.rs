//! What a t-statistic needs of its sample.

use statrs::distribution::ContinuousCDF;

use super::{Interval, evalue, mean, sample_std, students_t};

/// Size, mean and standard deviation of differences that vary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    /// Number of units.
    pub(super) n: f64,
    /// Mean.
    pub(super) mean: f64,
    /// Sample standard deviation.
    pub(super) std: f64,
    /// Degrees of freedom of `std`.
    pub(super) freedom: f64,
}

impl Summary {
    /// Of one sample; `None` for fewer than two values.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        Some(Self { n, mean: mean(values)?, std: sample_std(values)?, freedom: n - 1.0 })
    }

    /// Of several samples that may have means of their own: the mean over all units, and the
    /// standard deviation within the samples.
    pub(super) fn pooled(samples: &[Self]) -> Self {
        let n: f64 = samples.iter().map(|s| s.n).sum();
        let freedom: f64 = samples.iter().map(|s| s.freedom).sum();
        let squares: f64 = samples.iter().map(|s| s.freedom * s.std.powi(2)).sum();
        let mean = samples.iter().map(|s| s.n * s.mean).sum::<f64>() / n;
        Self { n, mean, std: (squares / freedom).sqrt(), freedom }
    }

    /// Standard error of the mean.
    pub(super) fn standard_error(&self) -> f64 {
        self.std / self.n.sqrt()
    }

    /// The same with the standard error of Nadeau and Bengio's (2003) corrected resampled test:
    /// random splits of one data set share samples, and their differences are correlated by about
    /// the share of the samples that is tested on. With `test_over_train` the variance of the mean
    /// is `(1 / n + test_over_train) std^2` instead of `std^2 / n`.
    pub(super) fn with_overlap(self, test_over_train: f64) -> Self {
        Self { std: self.std * (1.0 + self.n * test_over_train).sqrt(), ..self }
    }

    /// Student's statistic about a supposed mean.
    pub(super) fn t(&self, mean: f64) -> f64 {
        (self.mean - mean) / self.standard_error()
    }

    /// Logarithm of the E-value about a supposed mean.
    pub(super) fn log_e(&self, mean: f64) -> f64 {
        evalue::log_e(self.t(mean), self.n)
    }

    /// One-sided p of Student's test against means at or below `bound`.
    pub(super) fn p_above(&self, bound: f64) -> f64 {
        // `cdf(-t)` and not `1 - cdf(t)`: a small p keeps its digits.
        students_t(self.freedom).cdf(-self.t(bound))
    }

    /// One-sided p of Student's test against means at or above `bound`.
    pub(super) fn p_below(&self, bound: f64) -> f64 {
        students_t(self.freedom).cdf(self.t(bound))
    }

    /// Student's interval, missing the true mean with probability `alpha`.
    pub(super) fn interval(&self, alpha: f64) -> Interval {
        let quantile = -students_t(self.freedom).inverse_cdf(alpha / 2.0);
        Interval::around(self.mean, quantile * self.standard_error())
    }
}
