//! One method and metric, seed by seed.

use crate::outcomes::aggregate::Summary;
use crate::verdicts::numbers::fixed;
use crate::verdicts::stats::{mean, sample_std, two_sided_quantile};

use super::{CellCheck, Level, Moved, Tolerance};

/// From this many seeds on the spread of the differences can be trusted.
const ENOUGH_SEEDS: usize = 5;

/// Coverage of the interval that a chance shift of the mean stays in.
const CHANCE: f64 = 0.999;

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

/// Compares the two sides of a cell by the rule of [`super`].
pub(super) fn compare(method: &str, metric: &str, pairs: &[Moved], tolerance: Tolerance) -> CellCheck {
    let column = |side: fn(&Moved) -> f64| pairs.iter().map(side).collect::<Vec<f64>>();
    let (committed, fresh) = (Summary::of(&column(|p| p.committed)), Summary::of(&column(|p| p.fresh)));
    let (level, reason) = judge(pairs, tolerance);
    let moved = largest_move(pairs).filter(|_| level > Level::Same);
    CellCheck { method: method.to_owned(), metric: metric.to_owned(), level, committed, fresh, moved, reason }
}

/// Equal bits; every NaN stands for the same missing value.
pub(super) fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn judge(pairs: &[Moved], tolerance: Tolerance) -> (Level, String) {
    if pairs.iter().all(|pair| same_bits(pair.committed, pair.fresh)) {
        return (Level::Identical, String::new());
    }
    if let Some(reason) = one_sided_value(pairs) {
        return (Level::Regression, reason);
    }
    let pairs: Vec<Moved> = pairs.iter().copied().filter(|pair| pair.committed.is_finite()).collect();
    if pairs.iter().all(|pair| shift(pair).abs() <= tolerance.around(pair.committed)) {
        return (Level::Same, String::new());
    }
    let committed: Vec<f64> = pairs.iter().map(|pair| pair.committed).collect();
    let std = sample_std(&committed).unwrap_or(0.0);
    if let Some(broken) =
        pairs.iter().find(|pair| shift(pair).abs() > tolerance.around(pair.committed).max(6.0 * std))
    {
        let Moved { seed, committed, fresh } = broken;
        let reason = format!(
            "seed {seed} moved from {} to {}, far beyond the spread",
            short(*committed),
            short(*fresh)
        );
        return (Level::Regression, reason);
    }
    let shifts: Vec<f64> = pairs.iter().map(shift).collect();
    // `pairs` is not empty: it has a seed beyond the tolerance.
    let [old, shift] = [&committed, &shifts].map(|values| mean(values).unwrap_or(0.0));
    let allowed = tolerance.around(old).max(std / 4.0).max(chance(&shifts));
    let words = format!(
        "mean moved from {} to {} (by {shift:.1e}, allowed {allowed:.1e})",
        short(old),
        short(old + shift)
    );
    if shift.abs() > allowed { (Level::Regression, words) } else { (Level::Drift, words) }
}

impl Tolerance {
    fn around(self, committed: f64) -> f64 {
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
