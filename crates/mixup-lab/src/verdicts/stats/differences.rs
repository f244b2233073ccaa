//! The paired differences of one comparison and what can be said of their mean.

use super::power::{first_enough, two_sided_power};
use super::{Design, Interval, NoTest, POWER, Summary, bootstrap, evalue, sample_std};

/// Differences that are apart by no more than this share of the largest one count as equal: that
/// much rounding does to differences of large numbers, and no experiment is as exact.
const ROUNDING: f64 = 1e-9;

/// Paired differences `method - against` of one comparison, one list per independent repetition
/// (experiment), each with finite values that vary.
///
/// p-values are two-sided, and an interval holds exactly the means that are not rejected at its
/// level.
#[derive(Debug, Clone, PartialEq)]
pub struct Differences {
    design: Design,
    /// Of a bootstrap one list: the value of the original sample and those of the resamples.
    values: Vec<Vec<f64>>,
    /// Per repetition; of a bootstrap none, as resamples are no observations.
    repetitions: Vec<Summary>,
}

impl Differences {
    /// Takes the differences of every repetition.
    ///
    /// Of a bootstrap the first value is the original sample's and the others are those of
    /// resamples. Independent bootstraps are averaged, resample by resample, which is what
    /// resampling all of them would have given.
    ///
    /// # Errors
    /// [`NoTest`] when a repetition has no spread to measure the mean by.
    pub fn new(design: Design, repetitions: Vec<Vec<f64>>) -> Result<Self, NoTest> {
        if repetitions.is_empty() {
            return Err(NoTest::TooFewPairs);
        }
        if design == Design::Bootstrap {
            let values = averaged(&repetitions);
            check_spread(values.get(1..).unwrap_or_default())?;
            return Ok(Self { design, values: vec![values], repetitions: Vec::new() });
        }
        let mut summaries = Vec::with_capacity(repetitions.len());
        for values in &repetitions {
            check_spread(values)?;
            summaries.push(Summary::of(values).ok_or(NoTest::TooFewPairs)?);
        }
        Ok(Self { design, values: repetitions, repetitions: summaries })
    }

    /// How the units came about.
    pub fn design(&self) -> Design {
        self.design
    }

    /// Number of units over all repetitions; of a bootstrap, of resamples.
    pub fn units(&self) -> usize {
        self.units_of_chance().count()
    }

    /// The mean over all units; of a bootstrap the value of the original sample.
    pub fn estimate(&self) -> f64 {
        match self.design {
            Design::Bootstrap => self.values[0][0],
            Design::Fixed | Design::Sequential => Summary::pooled(&self.repetitions).mean,
        }
    }

    /// Standard deviation of the differences within the repetitions; of a bootstrap that of the
    /// resamples, the standard error of the estimate.
    pub fn std(&self) -> f64 {
        match self.design {
            // At least two resamples, by `new`.
            Design::Bootstrap => sample_std(&self.values[0][1..]).unwrap_or(f64::NAN),
            Design::Fixed | Design::Sequential => Summary::pooled(&self.repetitions).std,
        }
    }

    /// Cohen's d_z: mean over standard deviation of the differences. `None` of a bootstrap: its
    /// standard error shrinks with the sample and is no measure of an effect.
    pub fn effect_size(&self) -> Option<f64> {
        (self.design != Design::Bootstrap).then(|| self.estimate() / self.std())
    }

    /// The share of units in which the method is below the other, ties counted half: the
    /// probability that it is, on a unit drawn at random. Of a bootstrap the share of resamples.
    pub fn share_below(&self) -> f64 {
        let rounding = ROUNDING * self.units_of_chance().fold(0.0, |most: f64, d| most.max(d.abs()));
        let wins: f64 = self
            .units_of_chance()
            .map(|d| if d.abs() <= rounding { 0.5 } else { f64::from(u8::from(d < 0.0)) })
            .sum();
        wins / self.units() as f64
    }

    /// Two-sided p of "the true mean is `mean`". Of a sequential design it is `min(1, 1 / E)`, of
    /// a fixed one Student's, with the standard deviation within the repetitions.
    pub fn p_value(&self, mean: f64) -> f64 {
        match self.design {
            Design::Fixed => {
                let pooled = Summary::pooled(&self.repetitions);
                (2.0 * pooled.p_above(mean).min(pooled.p_below(mean))).min(1.0)
            }
            Design::Sequential => (-evalue::total(&self.repetitions, mean)).exp().min(1.0),
            Design::Bootstrap => bootstrap::p_value(&self.values[0][1..], mean),
        }
    }

    /// Natural logarithm of the E-value against "the true mean is `mean`", of a sequential design:
    /// the sum over its repetitions.
    pub fn log_e(&self, mean: f64) -> Option<f64> {
        (self.design == Design::Sequential).then(|| evalue::total(&self.repetitions, mean))
    }

    /// Every mean whose [`p_value`](Self::p_value) is at least `alpha`, or the hull of them.
    ///
    /// `None` when that are all means: five units or fewer of a sequential design, as the level
    /// has it, or too few resamples. Also `None` when there is no such mean, because repetitions
    /// contradict each other.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        match self.design {
            Design::Fixed => Some(Summary::pooled(&self.repetitions).interval(alpha)),
            Design::Sequential => evalue::hull(&self.repetitions, -alpha.ln()),
            Design::Bootstrap => bootstrap::interval(&self.values[0][1..], alpha),
        }
    }

    /// p of the conclusion that the true mean lies between `low` and `high`: the larger p of two
    /// one-sided tests (Schuirmann 1987). An infinite end is not tested, which leaves
    /// non-inferiority.
    ///
    /// Of a fixed design and a bootstrap it is below `alpha` exactly when the interval at level
    /// `2 alpha` lies between the ends. Half of a two-sided E-value's level is not generally that
    /// of one side, so a sequential design takes the largest two-sided p of the means beyond an
    /// end: below `alpha` when the interval at level `alpha` itself lies between them, which is
    /// conservative.
    pub fn within(&self, low: f64, high: f64) -> f64 {
        let below = if low == f64::NEG_INFINITY { 0.0 } else { self.p_above(low) };
        let above = if high == f64::INFINITY { 0.0 } else { self.p_below(high) };
        below.max(above)
    }

    /// The interval for new data from the same source, where the units are random splits of one
    /// data set: that of [`interval`](Self::interval) with Nadeau and Bengio's (2003) variance of
    /// the mean, `(1 / n + test_over_train) std^2`; of a fixed design with `n - 1` degrees of
    /// freedom, as they have it. `None` of a bootstrap, and where there is no plain interval.
    pub fn overlap_interval(&self, test_over_train: f64, alpha: f64) -> Option<Interval> {
        let widened = self.repetitions.iter().map(|r| r.with_overlap(test_over_train)).collect::<Vec<_>>();
        match self.design {
            Design::Fixed => {
                let pooled = Summary::pooled(&self.repetitions);
                Some(pooled.with_overlap(test_over_train).interval(alpha))
            }
            Design::Sequential => evalue::hull(&widened, -alpha.ln()),
            Design::Bootstrap => None,
        }
    }

    /// The units with which an effect as large as the seen one would be told from a mean of
    /// `about` at level `alpha`: of a fixed design with probability [`POWER`], by the two-sided
    /// test; of a sequential one when every repetition went on as it began. A seen effect is taken
    /// at its face value, so this is a guide and no promise. `None` beyond
    /// [`MAX_UNITS`](super::MAX_UNITS), and of a
    /// bootstrap, which more resamples do not decide.
    pub fn units_needed(&self, alpha: f64, about: f64) -> Option<u64> {
        match self.design {
            Design::Fixed => {
                let effect = (self.estimate() - about) / self.std();
                first_enough(|n| two_sided_power(effect, n, alpha) >= POWER)
            }
            Design::Sequential => {
                let units = self.units() as f64;
                first_enough(|n| {
                    let longer = self.repetitions.iter().map(|r| Summary { n: r.n * n as f64 / units, ..*r });
                    longer.map(|r| r.log_e(about)).sum::<f64>() >= -alpha.ln()
                })
            }
            Design::Bootstrap => None,
        }
    }

    /// One-sided p against means at or below `bound`.
    fn p_above(&self, bound: f64) -> f64 {
        match self.design {
            Design::Fixed => Summary::pooled(&self.repetitions).p_above(bound),
            Design::Sequential => (-evalue::least(&self.repetitions, bound)).exp().min(1.0),
            Design::Bootstrap => bootstrap::p_above(&self.values[0][1..], bound),
        }
    }

    /// One-sided p against means at or above `bound`.
    fn p_below(&self, bound: f64) -> f64 {
        match self.design {
            Design::Fixed => Summary::pooled(&self.repetitions).p_below(bound),
            Design::Sequential => {
                let mirrored = evalue::mirrored(&self.repetitions);
                (-evalue::least(&mirrored, -bound)).exp().min(1.0)
            }
            Design::Bootstrap => bootstrap::p_below(&self.values[0][1..], bound),
        }
    }

    /// The differences that vary by chance: all but a bootstrap's original sample.
    fn units_of_chance(&self) -> impl Iterator<Item = f64> {
        let skipped = usize::from(self.design == Design::Bootstrap);
        self.values.iter().flat_map(move |values| values.iter().skip(skipped).copied())
    }
}

/// Resample by resample, the mean over independent bootstraps; as long as the shortest.
fn averaged(repetitions: &[Vec<f64>]) -> Vec<f64> {
    let shortest = repetitions.iter().map(Vec::len).min().unwrap_or(0);
    let count = repetitions.len() as f64;
    (0..shortest).map(|i| repetitions.iter().map(|values| values[i]).sum::<f64>() / count).collect()
}

/// Whether values vary by more than rounding.
fn check_spread(values: &[f64]) -> Result<(), NoTest> {
    let &[first, _, ..] = values else { return Err(NoTest::TooFewPairs) };
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    if largest == 0.0 {
        return Err(NoTest::Identical);
    }
    let varies = values.iter().any(|value| (value - first).abs() > ROUNDING * largest);
    if varies { Ok(()) } else { Err(NoTest::ConstantDifference) }
}
