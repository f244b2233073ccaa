//! Whether a metric goes one way along rows in a claimed order.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Design, EFFECT_VARIANCE, Interval, NoTest, bootstrap, mean};

/// Per unit how well the values follow the claimed order of the rows, from -1 (the opposite order)
/// to 1: Spearman's correlation of the two, `12 (sum_k k r_k - K (K + 1)^2 / 4) / (K (K^2 - 1))`
/// for ranks `r_k` over `K` rows. Tied values share their mean rank and bring the score nearer to
/// 0, as there is no correction for them; all tied is 0.
///
/// `rows[k][unit]`, in the claimed ascending order. As many scores as the shortest row has units;
/// all 0 for fewer than two rows.
pub fn trend_scores(rows: &[&[f64]]) -> Vec<f64> {
    let units = rows.iter().map(|row| row.len()).min().unwrap_or(0);
    let count = rows.len() as f64;
    let centre = (count + 1.0) / 2.0;
    let largest = count * (count * count - 1.0) / 12.0;
    let score = |values: Vec<f64>| {
        let place = (1..=values.len()).map(|k| k as f64 - centre);
        let along: f64 = place.zip(mean_ranks(&values)).map(|(place, rank)| place * (rank - centre)).sum();
        along / largest.max(f64::MIN_POSITIVE)
    };
    (0..units).map(|unit| score(rows.iter().map(|row| row[unit]).collect())).collect()
}

/// Ranks from 1; ties share their mean.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: f64| {
        let below = values.iter().filter(|other| **other < value).count() as f64;
        let tied = values.iter().filter(|other| **other == value).count() as f64;
        below + (tied + 1.0) / 2.0
    };
    values.iter().map(|&value| rank(value)).collect()
}

/// Page's (1963) test for ordered alternatives: are the rows the same, or does the metric rise (or
/// fall) along them? Without a trend every order of the values of a unit is equally likely, so the
/// variance of a score is known, `1 / (K - 1)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    design: Design,
    rows: f64,
    scores: Vec<f64>,
}

/// Takes the values of the rows in their claimed ascending order, `rows[k][unit]`.
///
/// # Errors
/// [`NoTest::TooFewPairs`] for fewer than two rows or no unit, of a bootstrap for no resample;
/// [`NoTest::Identical`] when the rows are tied in every unit.
pub fn page(design: Design, rows: &[&[f64]]) -> Result<Trend, NoTest> {
    let scores = trend_scores(rows);
    if rows.len() < 2 || scores.len() < 1 + usize::from(design == Design::Bootstrap) {
        return Err(NoTest::TooFewPairs);
    }
    let tied = |unit: usize| rows.iter().all(|row| row[unit] == rows[0][unit]);
    if (0..scores.len()).all(tied) {
        return Err(NoTest::Identical);
    }
    Ok(Trend { design, rows: rows.len() as f64, scores })
}

impl Trend {
    /// Number of units; of a bootstrap, of resamples.
    pub fn units(&self) -> usize {
        self.chance().len()
    }

    /// The mean score; of a bootstrap that of the original sample.
    pub fn estimate(&self) -> f64 {
        // `page` has seen that there is a score.
        match self.design {
            Design::Bootstrap => self.scores[0],
            Design::Fixed | Design::Sequential => mean(&self.scores).unwrap_or(f64::NAN),
        }
    }

    /// Page's `L`: the sum over units and rows of place times rank.
    pub fn statistic(&self) -> f64 {
        let (units, rows) = (self.units() as f64, self.rows);
        let scores: f64 = self.chance().iter().sum();
        units * rows * (rows + 1.0).powi(2) / 4.0 + scores * rows * (rows * rows - 1.0) / 12.0
    }

    /// Two-sided p of "there is no trend". Of a fixed design by the normal approximation of
    /// Page's `L`; of a sequential one `min(1, 1 / E)`.
    pub fn p_value(&self) -> f64 {
        match self.design {
            Design::Fixed => {
                let z = self.estimate() / self.standard_error();
                (2.0 * Normal::standard().cdf(-z.abs())).min(1.0)
            }
            Design::Sequential => (-self.log_e_about(0.0)).exp().min(1.0),
            Design::Bootstrap => bootstrap::p_value(self.chance(), 0.0),
        }
    }

    /// Natural logarithm of the E-value against "there is no trend", of a sequential design.
    ///
    /// Robbins' normal mixture for a known variance,
    /// `E = (1 + n g)^(-1/2) exp(g n^2 s^2 (K - 1) / (2 (1 + n g)))` for a mean score `s` and
    /// `g` = [`EFFECT_VARIANCE`]. Its expectation is at most 1 at any number of units, whatever
    /// the values are distributed like: the moment generating function of a score is below that
    /// of a normal variable of the same variance.
    pub fn log_e(&self) -> Option<f64> {
        (self.design == Design::Sequential).then(|| self.log_e_about(0.0))
    }

    /// The mean scores that are not rejected at level `alpha`, by the variance that scores have
    /// without a trend, within -1 and 1. It excludes 0 exactly when the p-value is below `alpha`.
    /// `None` of a bootstrap with too few resamples.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        let n = self.units() as f64;
        let half = match self.design {
            Design::Fixed => -Normal::standard().inverse_cdf(alpha / 2.0) * self.standard_error(),
            Design::Sequential => {
                let shrinkage = 1.0 + n * EFFECT_VARIANCE;
                let squared = (shrinkage.ln() / 2.0 - alpha.ln()) * 2.0 * shrinkage / (n * EFFECT_VARIANCE);
                squared.sqrt() * self.standard_error()
            }
            Design::Bootstrap => return bootstrap::interval(self.chance(), alpha),
        };
        let around = Interval::around(self.estimate(), half);
        Some(Interval { low: around.low.max(-1.0), high: around.high.min(1.0) })
    }

    fn log_e_about(&self, score: f64) -> f64 {
        let n = self.units() as f64;
        let shrinkage = 1.0 + n * EFFECT_VARIANCE;
        let z = (self.estimate() - score) / self.standard_error();
        n * EFFECT_VARIANCE * z * z / (2.0 * shrinkage) - shrinkage.ln() / 2.0
    }

    /// Of the mean score, without a trend.
    fn standard_error(&self) -> f64 {
        1.0 / (self.units() as f64 * (self.rows - 1.0)).sqrt()
    }

    fn chance(&self) -> &[f64] {
        &self.scores[usize::from(self.design == Design::Bootstrap)..]
    }
}
