//! How the units of a comparison came about, and when they allow no test.

use serde::{Deserialize, Serialize};

/// How the number of units came about, and so which inference is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// The number of units was fixed beforehand: Student's t-test and its interval.
    Fixed,
    /// Units were added after a look at the results, or the results of several repetitions are
    /// put together: E-values, which hold at whatever number one stops, and which multiply.
    Sequential,
    /// The units are resamples of one sample: percentiles. That there are many of them is no
    /// evidence; they only trace the distribution of one estimate.
    Bootstrap,
}

/// Why units allow no test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoTest {
    /// Fewer than two units have no spread to measure the difference by.
    TooFewPairs,
    /// Every difference is 0: the two methods gave the same numbers.
    Identical,
    /// Every difference is the same and not 0. The t statistic would be infinite and its p-value
    /// 0 with as few as two pairs, but seeds that change nothing are not repetitions: this is one
    /// observation and no measure of chance.
    ConstantDifference,
}
