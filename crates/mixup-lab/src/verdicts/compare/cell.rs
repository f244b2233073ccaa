//! One method and metric, seed by seed.

use crate::outcomes::aggregate::Summary;
use crate::verdicts::numbers::fixed;
use crate::verdicts::stats::{mean, sample_std, two_sided_quantile};

use super::training::Training;
use super::{CellCheck, Level, Moved, Tolerance};

/// From this many seeds on the spread of the differences can be trusted.
const ENOUGH_SEEDS: usize = 5;

/// Coverage of the interval that a chance shift of the mean stays in.
const CHANCE: f64 = 0.999;

/// How far a few samples on the other side of a decision move a seed's value, relative.
const SAMPLES: f64 = 0.1;

/// The values of the seeds that both sides have, in the committed order.
pub(super) fn by_seed(committed: (&[u64], &[f64]), fresh: (&[u64], &[f64])) -> Vec<Moved> {
    let value = |(seeds, values): (&[u64], &[f64]), seed: u64| {
        seeds.iter().position(|&other| other == seed).map(|at| values.get(at).copied().unwrap_or(f64::NAN))
    };
    committed
        .0
        .iter()
        .filter_map(|&seed| {
            Some(Moved { seed, committed: value(committed, seed)?, fresh: value(fresh, seed)? })
        })
        .collect()
}

/// Compares the two sides of a cell by the rule of [`super`]; `elsewhere` if they are of two devices.
pub(super) fn compare(
    (method, metric): (&str, &str),
    pairs: &[Moved],
    training: Training,
    elsewhere: bool,
    tolerance: Tolerance,
) -> CellCheck {
    let column = |side: fn(&Moved) -> f64| pairs.iter().map(side).collect::<Vec<f64>>();
    let (committed, fresh) = (Summary::of(&column(|p| p.committed)), Summary::of(&column(|p| p.fresh)));
    let (level, reason) = judge(pairs, training, elsewhere, tolerance);
    let moved = largest_move(pairs).filter(|_| level > Level::Same);
    CellCheck { method: method.to_owned(), metric: metric.to_owned(), level, committed, fresh, moved, reason }
}

/// Equal bits; every NaN stands for the same missing value.
pub(super) fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn judge(pairs: &[Moved], training: Training, elsewhere: bool, tolerance: Tolerance) -> (Level, String) {
    if pairs.iter().all(|pair| same_bits(pair.committed, pair.fresh)) {
        return (Level::Identical, String::new());
    }
    if let Some(reason) = one_sided_value(pairs) {
        return (Level::Regression, reason);
    }
    let pairs: Vec<Moved> = pairs.iter().copied().filter(|pair| pair.committed.is_finite()).collect();
    let moved = pairs.iter().filter(|pair| shift(pair).abs() > tolerance.around(pair.committed)).count();
    match training {
        _ if moved == 0 => (Level::Same, String::new()),
        Training::Close if is_few(moved, pairs.len()) => some_samples(&pairs, tolerance),
        Training::Close => {
            let n = pairs.len();
            (
                Level::Regression,
                format!("moved in {moved} of {n} seeds ({}), but training did not", means(&pairs)),
            )
        }
        Training::Unknown | Training::Changed => common_shift(&pairs, 0.25, tolerance),
        // That the losses agree as long as they do says that a step computes what it did; so a few seeds
        // that went another way afterwards may move as far as seeds do.
        Training::Parted if pairs.len() < ENOUGH_SEEDS => {
            // Shares of few samples are often the same for two seeds, which says nothing of how far seeds spread.
            let alike = elsewhere && pairs.iter().all(|pair| pair.committed == pairs[0].committed);
            let relative = if alike { tolerance.relative.max(SAMPLES) } else { tolerance.relative };
            common_shift(&pairs, 1.0, Tolerance { relative, ..tolerance })
        }
        Training::Parted => common_shift(&pairs, 0.25, tolerance),
    }
}

/// A seed, or a fifth of many: as many as rounding alone puts on the other side of a decision.
pub(super) fn is_few(moved: usize, of: usize) -> bool {
    moved <= of / 5 || (moved == 1 && of > 1)
}

/// Few seeds that moved where training did not.
fn some_samples(pairs: &[Moved], tolerance: Tolerance) -> (Level, String) {
    let samples = Tolerance { relative: SAMPLES, ..tolerance };
    match broken_seed(pairs, samples) {
        Some(reason) => (Level::Regression, reason),
        None => (Level::Drift, format!("{}, by some samples", means(pairs))),
    }
}

/// Whether the mean has shifted, or a seed broke. `share` of the committed standard deviation is nobody's
/// business.
fn common_shift(pairs: &[Moved], share: f64, tolerance: Tolerance) -> (Level, String) {
    if let Some(reason) = broken_seed(pairs, tolerance) {
        return (Level::Regression, reason);
    }
    let committed: Vec<f64> = pairs.iter().map(|pair| pair.committed).collect();
    let shifts: Vec<f64> = pairs.iter().map(shift).collect();
    let [old, shift] = [&committed, &shifts].map(|values| mean(values).unwrap_or(0.0));
    let std = sample_std(&committed).unwrap_or(0.0);
    let allowed = tolerance.around(old).max(share * std).max(chance(&shifts));
    let words = format!("{} (by {shift:.1e}, allowed {allowed:.1e})", means(pairs));
    if shift.abs() > allowed { (Level::Regression, words) } else { (Level::Drift, words) }
}

/// A seed far beyond the tolerance and the spread over seeds.
fn broken_seed(pairs: &[Moved], tolerance: Tolerance) -> Option<String> {
    let committed: Vec<f64> = pairs.iter().map(|pair| pair.committed).collect();
    let spread = 6.0 * sample_std(&committed).unwrap_or(0.0);
    let broken = |pair: &&Moved| shift(pair).abs() > tolerance.around(pair.committed).max(spread);
    pairs.iter().find(broken).map(|Moved { seed, committed, fresh }| {
        format!("seed {seed} moved from {} to {}, far beyond the spread", short(*committed), short(*fresh))
    })
}

fn means(pairs: &[Moved]) -> String {
    let side =
        |side: fn(&Moved) -> f64| mean(&pairs.iter().map(side).collect::<Vec<_>>()).unwrap_or(f64::NAN);
    format!("mean moved from {} to {}", short(side(|pair| pair.committed)), short(side(|pair| pair.fresh)))
}

impl Tolerance {
    /// That of a metric with so many printed decimals.
    pub(super) fn printed(self, decimals: usize) -> Self {
        let digit = self.digit * 0.1_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
        Self { absolute: self.absolute.max(digit), ..self }
    }

    pub(super) fn around(self, committed: f64) -> f64 {
        self.absolute + self.relative * committed.abs()
    }
}

/// How far the mean of the differences strays by chance; 0 where too few seeds tell.
fn chance(shifts: &[f64]) -> f64 {
    let n = shifts.len();
    match sample_std(shifts) {
        Some(std) if n >= ENOUGH_SEEDS => {
            two_sided_quantile(CHANCE, n as f64 - 1.0) * std / (n as f64).sqrt()
        }
        _ => 0.0,
    }
}

/// A seed that is finite on one side only.
fn one_sided_value(pairs: &[Moved]) -> Option<String> {
    let pair = pairs.iter().find(|pair| pair.committed.is_finite() != pair.fresh.is_finite())?;
    let (seed, which) = (pair.seed, if pair.fresh.is_finite() { "fresh" } else { "committed" });
    Some(format!("seed {seed} has a {which} value only"))
}

fn largest_move(pairs: &[Moved]) -> Option<Moved> {
    let finite = pairs.iter().filter(|pair| shift(pair).is_finite());
    finite.max_by(|a, b| shift(a).abs().total_cmp(&shift(b).abs())).copied()
}

fn shift(pair: &Moved) -> f64 {
    pair.fresh - pair.committed
}

fn short(value: f64) -> String {
    fixed(value, 5)
}
