//! The paired comparison of two methods over seeds.

use statrs::distribution::ContinuousCDF;

use super::{Interval, NoTest, Tails, mean, mean_interval, sample_std, signed_rank, students_t};

/// Paired differences (`method - against`) and the tests of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTest {
    /// Number of pairs.
    pub n: usize,
    /// Mean difference.
    pub difference: f64,
    /// 95 % confidence interval of the mean difference.
    pub interval: Interval,
    /// Cohen's d_z: mean difference over the standard deviation of the differences.
    pub effect_size: f64,
    /// Student's t-test of the differences with `n - 1` degrees of freedom.
    pub t: Tails,
    /// Wilcoxon's signed-rank test of the differences.
    pub wilcoxon: Tails,
}

impl PairedTest {
    /// Compares two methods, seed by seed.
    ///
    /// Differences count as equal, and absolute differences as tied, when they are apart by no
    /// more than what rounding of the inputs can do.
    ///
    /// # Errors
    /// [`NoTest`] when the pairs allow no test.
    ///
    /// # Panics
    /// When the two sides have not the same length.
    pub fn new(method: &[f64], against: &[f64]) -> Result<Self, NoTest> {
        assert_eq!(method.len(), against.len(), "values are paired by seed");
        let differences: Vec<f64> = method.iter().zip(against).map(|(a, b)| a - b).collect();
        let rounding = rounding(method).max(rounding(against));
        let (Some(difference), Some(std), Some(interval)) =
            (mean(&differences), sample_std(&differences), mean_interval(&differences))
        else {
            return Err(NoTest::TooFewPairs);
        };
        if differences.iter().all(|d| d.abs() <= rounding) {
            return Err(NoTest::Identical);
        }
        if differences.iter().all(|d| (d - difference).abs() <= rounding) {
            return Err(NoTest::ConstantDifference);
        }
        let n = differences.len();
        let effect_size = difference / std;
        let t = effect_size * (n as f64).sqrt();
        let distribution = students_t(n as f64 - 1.0);
        Ok(Self {
            n,
            difference,
            interval,
            effect_size,
            // `cdf(-t)` and not `1 - cdf(t)`: the upper tail keeps its digits.
            t: Tails { lower: distribution.cdf(t), higher: distribution.cdf(-t) },
            wilcoxon: signed_rank(&differences, rounding).ok_or(NoTest::Identical)?,
        })
    }
}

/// What rounding may do to a difference of numbers as large as these.
fn rounding(values: &[f64]) -> f64 {
    4.0 * f64::EPSILON * values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}
