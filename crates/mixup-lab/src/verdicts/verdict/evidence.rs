//! The numbers behind a verdict.

use serde::{Deserialize, Serialize};

use crate::verdicts::stats::{Design, Interval, NoTest};

/// The numbers behind a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// How the units came about.
    pub design: Design,
    /// The metric for readers.
    pub label: String,
    /// Decimals that the metric is printed with.
    pub decimals: usize,
    /// The level at which the claim was tested; intervals cover with probability `1 - level`. Of a primary
    /// claim its level in Holm's procedure, else 0.05.
    pub level: f64,
    /// Primary claims of the paper, over which the level was corrected; absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<usize>,
    /// p of the claim, two-sided, before the correction: of a claim against several methods the larger
    /// on its own side, or the smallest on the other times their number.
    pub p: f64,
    /// One per method that it is compared with; one for a trend.
    pub rows: Vec<Row>,
}

/// One comparison. Differences are `method - against`, unit by unit; of a trend they are its scores, from -1
/// to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The method it is compared with; absent for a trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Units (seeds or resamples) with a finite value of every method, over all repetitions.
    pub units: usize,
    /// Experiments that were put together.
    pub repetitions: usize,
    /// Units left out, because a run failed or its value is not finite.
    pub left_out: usize,
    /// Mean of `method` over the units of the claim's own experiment; absent for a trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_mean: Option<f64>,
    /// Mean of `against` over the same units; absent for a trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_mean: Option<f64>,
    /// Mean difference over all units; of a bootstrap that of the original sample.
    pub difference: f64,
    /// Standard deviation of the differences; of a bootstrap the standard error. Absent for a trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// The mean differences that are not rejected at the claim's level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Two-sided p of "there is no difference"; `min(1, 1 / E)` of a sequential design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Logarithm (to base 10) of the E-value against "there is no difference", of a sequential design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log10_e: Option<f64>,
    /// Cohen's d_z: mean over standard deviation of the differences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect_size: Option<f64>,
    /// Share of the units on the claimed side, ties counted half: the probability that `method` is better
    /// than `against`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_claimed: Option<f64>,
    /// The published difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<f64>,
    /// p of "the difference does not lie within the margin" (two one-sided tests), or of "it loses the margin
    /// or more" for a claim that something is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_within: Option<f64>,
    /// The interval for new data from the same source (Nadeau and Bengio 2003), where units are splits of one
    /// data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_data: Option<Interval>,
    /// Why there is no test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_test: Option<NoTest>,
    /// For an undecided claim, the units with which a difference as large as the seen one would be told from
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_needed: Option<u64>,
}
