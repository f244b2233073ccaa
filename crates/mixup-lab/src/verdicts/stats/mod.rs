//! The statistics of the verdicts: means with intervals, paired tests over seeds, Holm's
//! correction, sample sizes. Distributions come from `statrs`.
//!
//! Every function here works on finite numbers; [`crate::verdicts::verdict`] and [`crate::outcomes::aggregate`] leave
//! out the others and count them.

mod bootstrap;
mod design;
mod differences;
mod evalue;
mod holm;
mod paired;
mod power;
mod summary;
mod trend;
mod wilcoxon;

pub use design::{Design, NoTest};
pub use differences::Differences;
pub use evalue::EFFECT_VARIANCE;
pub use holm::{holm, holm_levels};
pub use paired::PairedTest;
pub use power::{MAX_SEEDS, MAX_UNITS, POWER, seeds_needed};
pub use trend::{Trend, page, trend_scores};
pub use wilcoxon::signed_rank;

use summary::Summary;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use mixup_paper::Direction;

/// The level of every test.
pub const ALPHA: f64 = 0.05;

/// Coverage of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// `centre - half ..= centre + half`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self { low: centre - half, high: centre + half }
    }

    /// Whether `value` lies in the interval, ends included.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// One-sided p-values of a test of paired differences, for both alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tails {
    /// Against "the differences are below 0".
    pub lower: f64,
    /// Against "the differences are above 0".
    pub higher: f64,
}

impl Tails {
    /// The p-value for the alternative in one direction.
    pub fn toward(self, direction: Direction) -> f64 {
        match direction {
            Direction::Lower => self.lower,
            Direction::Higher => self.higher,
        }
    }
}

/// Mean; `None` for no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, with `n - 1`; `None` for fewer than two values.
pub fn sample_std(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The 95 % confidence interval of a mean by Student's t; `None` for fewer than two values.
pub fn mean_interval(values: &[f64]) -> Option<Interval> {
    let n = values.len() as f64;
    let half = sample_std(values)? / n.sqrt() * two_sided_quantile(CONFIDENCE, n - 1.0);
    Some(Interval::around(mean(values)?, half))
}

/// A mean that is known by its summary only, as papers print it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Printed {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation.
    pub std: f64,
    /// Number of values.
    pub n: u32,
}

/// The 95 % confidence interval of the difference of two independent means (`a - b`), with
/// unequal variances: Welch, with Satterthwaite's degrees of freedom. `None` when a side has fewer
/// than two values. Where neither side varies it is the difference itself.
pub fn welch_interval(a: Printed, b: Printed) -> Option<Interval> {
    if a.n < 2 || b.n < 2 {
        return None;
    }
    let [va, vb] = [a, b].map(|side| side.std.powi(2) / f64::from(side.n));
    let difference = a.mean - b.mean;
    if va + vb == 0.0 {
        return Some(Interval::around(difference, 0.0));
    }
    let freedom =
        (va + vb).powi(2) / (va.powi(2) / (f64::from(a.n) - 1.0) + vb.powi(2) / (f64::from(b.n) - 1.0));
    Some(Interval::around(difference, two_sided_quantile(CONFIDENCE, freedom) * (va + vb).sqrt()))
}

/// `t` such that Student's t with `freedom` degrees lies within `-t ..= t` with probability
/// `coverage`.
pub fn two_sided_quantile(coverage: f64, freedom: f64) -> f64 {
    -students_t(freedom).inverse_cdf((1.0 - coverage) / 2.0)
}

/// The standard t-distribution.
fn students_t(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom)
        .expect("degrees of freedom are above 0: every caller has two values or more")
}

#[cfg(test)]
mod tests;
