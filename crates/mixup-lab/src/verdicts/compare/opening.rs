//! The losses of a run's first steps, where rounding has had no time to grow.

use super::Level;
use super::cell::same_bits;
use super::training::{Side, relative};

/// What the openings of a method show, where both sides have them.
pub(super) struct Opening {
    pub(super) level: Level,
    /// What was found, in words.
    pub(super) reason: String,
    /// The largest shift of a loss, relative.
    pub(super) shift: f64,
}

/// Compares the openings of the seeds that both sides have: no loss may have moved by more than `close`, relative.
pub(super) fn compare((old_seeds, old): Side<'_>, (new_seeds, new): Side<'_>, close: f64) -> Option<Opening> {
    let of = |seeds: &[u64], openings: &[Vec<f64>], seed: u64| {
        seeds.iter().position(|&known| known == seed).and_then(|at| openings.get(at).cloned())
    };
    let mut all = Opening { level: Level::Identical, reason: String::new(), shift: 0.0 };
    if old.openings.is_empty() || new.openings.is_empty() {
        return None;
    }
    for &seed in old_seeds {
        let (Some(old), Some(new)) = (of(old_seeds, &old.openings, seed), of(new_seeds, &new.openings, seed))
        else {
            continue;
        };
        let Opening { level, reason, shift } = one(seed, &old, &new, close);
        all.shift = all.shift.max(shift);
        if level > all.level {
            (all.level, all.reason) = (level, reason);
        }
    }
    Some(all)
}

/// The opening of one run.
fn one(seed: u64, old: &[f64], new: &[f64], close: f64) -> Opening {
    let shifts = || old.iter().zip(new).map(|(old, new)| relative(*old, *new));
    let shift = shifts().fold(0.0, f64::max);
    let (level, reason) = if old.len() != new.len() {
        (Level::Regression, format!("seed {seed} has {} first steps, committed are {}", new.len(), old.len()))
    } else if old.iter().zip(new).all(|(old, new)| same_bits(*old, *new)) {
        (Level::Identical, String::new())
    } else {
        // A shift that is no number is one, too.
        match shifts().position(|shift| shift.is_nan() || shift > close) {
            None => (Level::Same, String::new()),
            Some(step) => {
                let [old, new] = [old[step], new[step]];
                let reason = format!("step {} of seed {seed} moved from {old:.5e} to {new:.5e}", step + 1);
                (Level::Regression, reason)
            }
        }
    };
    Opening { level, reason, shift }
}

#[cfg(test)]
mod tests {
    use super::super::{Tolerance, compare_outcomes};
    use super::*;
    use crate::outcomes::fixtures::outcome;

    const OPENING: [f64; 3] = [2.3, 2.2, 2.0];

    /// The level of two seeds whose openings are these, each against [`OPENING`].
    fn level(fresh: [&[f64]; 2]) -> Level {
        let mut old = outcome("a", &[("x", &[1.0, 2.0])]);
        let mut new = old.clone();
        old.methods["x"].openings = vec![OPENING.to_vec(); 2];
        new.methods["x"].openings = fresh.map(<[f64]>::to_vec).into();
        let check = compare_outcomes(&old, &new, Tolerance::default());
        assert_eq!(check.level, check.curves[0].level);
        check.level
    }

    #[test]
    fn first_steps_agree_but_for_rounding() {
        let moved = |factor: f64| OPENING.map(|loss| loss * factor);
        assert_eq!(level([&OPENING, &OPENING]), Level::Identical);
        assert_eq!(level([&OPENING, &moved(1.0 + 1e-7)]), Level::Same);
        assert_eq!(level([&moved(1.0 + 1e-4), &OPENING]), Level::Regression);
        assert_eq!(level([&OPENING, &[2.3, 2.2, f64::NAN]]), Level::Regression);
        assert_eq!(level([&OPENING, &[]]), Level::Regression);
    }

    #[test]
    fn another_device_may_be_further_off() {
        let mut old = outcome("a", &[("x", &[1.0, 2.0])]);
        old.methods["x"].openings = vec![OPENING.to_vec(); 2];
        let level = |device: &str, factor: f64| {
            let mut new = old.clone();
            new.provenance.device = device.to_owned();
            new.methods["x"].openings = vec![OPENING.map(|loss| loss * factor).to_vec(); 2];
            compare_outcomes(&old, &new, Tolerance::default()).level
        };
        assert_eq!(level("wgpu", 1.0 + 7e-5), Level::Same);
        assert_eq!(level("wgpu", 1.0 + 2e-4), Level::Regression);
        assert_eq!(level("flex", 1.0 + 7e-5), Level::Regression);
    }

    #[test]
    fn an_outcome_from_before_there_were_openings_is_compared_without() {
        let old = outcome("a", &[("x", &[1.0, 2.0])]);
        let mut new = old.clone();
        new.methods["x"].openings = vec![OPENING.to_vec(); 2];
        assert_eq!(compare_outcomes(&old, &new, Tolerance::default()).level, Level::Identical);
    }

    #[test]
    fn seeds_are_matched_by_number() {
        let mut old = outcome("a", &[("x", &[1.0, 2.0])]);
        old.methods["x"].openings = vec![OPENING.to_vec(), vec![1.0]];
        let mut new = old.clone();
        new.seeds.reverse();
        new.methods["x"].openings.reverse();
        new.methods["x"].values.get_mut("rmse").unwrap().reverse();
        assert_eq!(compare_outcomes(&old, &new, Tolerance::default()).level, Level::Identical);
    }
}
