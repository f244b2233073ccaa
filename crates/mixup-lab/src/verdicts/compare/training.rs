//! Does a method train as it did? Its curves say so, long before its metrics can.
//!
//! Processors round differently, and training makes the difference grow: from some 1e-8 in the mean loss of a
//! first epoch (an Intel Xeon against an AMD EPYC), by a factor of up to 60 from one epoch of Airfoil to the
//! next and of 10 000 in an epoch of Communities and Crime (with AVX-512 and without), until two trainings have
//! nothing in common but their beginning. A change of the method does not wait: a loss that is doubled, a
//! penalty that is dropped or a margin that is ignored moves the loss at once, or as soon as it is reached, and
//! then it jumps.
//! So a curve of losses may at every epoch be as far from the committed one as rounding could have grown from
//! what was seen before, and no further. The losses of the first steps, where an outcome has them, come first.
//!
//! Other curves (error rates) are counts and move by whole samples: they are held to [`COUNTED`] as long as
//! the losses agree.

use crate::outcomes::outcome::MethodOutcome;

use super::cell::same_bits;
use super::{CurveCheck, Level, Tolerance, opening};

/// What rounding makes of a loss before the first epoch, relative.
const ROUNDING: f64 = 1e-8;

/// By how much rounding grows in an epoch at most; ten times what was seen.
const GROWTH: f64 = 1e5;

/// How far trainings are apart, relative, that rounding has not had a say in yet.
const CLOSE: f64 = 1e-5;

/// The same of another device, whose operations add up in another order: a value that a ReLU has just let through here it may
/// just not let through there.
const CLOSE_ELSEWHERE: f64 = 1e-4;

/// What some samples on the other side of a decision make of an error rate: relative, and absolute for
/// small ones.
const COUNTED: Tolerance = Tolerance { relative: 0.02, absolute: 0.005, digit: 0.0 };

/// What the curves of a method say about its training, and so about what its metrics may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Training {
    /// There are no curves of losses.
    Unknown,
    /// The losses agree to the end: rounding has moved no metric but for a sample or two.
    Close,
    /// The losses part as rounding makes them.
    Parted,
    /// The losses part as rounding cannot make them.
    Changed,
}

/// One method's outcome, and the seeds that its lists are of.
pub(super) type Side<'a> = (&'a [u64], &'a MethodOutcome);

/// Compares the openings and the curves that both sides have, openings first, then losses; `elsewhere` on two devices.
pub(super) fn compare(
    method: &str,
    committed: Side<'_>,
    fresh: Side<'_>,
    elsewhere: bool,
    tolerance: Tolerance,
) -> (Vec<CurveCheck>, Training) {
    let check = |curve: &str, (level, reason): Judged| CurveCheck {
        method: method.to_owned(),
        curve: curve.to_owned(),
        level,
        reason,
    };
    let opening = opening::compare(committed, fresh, if elsewhere { CLOSE_ELSEWHERE } else { CLOSE });
    let rounding = opening.as_ref().map_or(ROUNDING, |opening| opening.shift.max(ROUNDING));
    let curves = committed.1.curves.iter();
    let both = curves.filter_map(|(name, old)| Some((name, &old[..], &fresh.1.curves.get(name)?[..])));
    let (losses, others): (Vec<Curve<'_>>, Vec<Curve<'_>>) =
        both.map(|(name, old, new)| Curve { name, old, new }).partition(|curve| curve.name.ends_with("loss"));
    let judged = of_losses(&losses, rounding, tolerance);
    let training = match &opening {
        Some(opening) if opening.level == Level::Regression => Training::Changed,
        _ => training(&losses, &judged),
    };
    let mut checks = Vec::new();
    checks.extend(opening.map(|opening| check("opening", (opening.level, opening.reason))));
    checks.extend(losses.iter().zip(judged).map(|(curve, judged)| check(curve.name, judged)));
    checks.extend(others.iter().map(|curve| check(curve.name, curve.counted(training, tolerance))));
    (checks, training)
}

type Judged = (Level, String);

/// Both sides of a curve, one value per epoch.
struct Curve<'a> {
    name: &'a str,
    old: &'a [f64],
    new: &'a [f64],
}

/// The curves of losses, epoch by epoch, each within what rounding makes of what all showed before.
fn of_losses(losses: &[Curve<'_>], rounding: f64, tolerance: Tolerance) -> Vec<Judged> {
    let mut judged: Vec<Judged> = losses.iter().map(Curve::whole).collect();
    let epochs = losses.iter().map(|curve| curve.old.len()).max().unwrap_or(0);
    let mut largest = rounding;
    for epoch in 0..epochs {
        let allowed = GROWTH * largest;
        for (curve, judged) in losses.iter().zip(&mut judged) {
            let Some(shift) = curve.shift(epoch) else { continue };
            largest = largest.max(shift);
            if judged.0 == Level::Regression {
                continue;
            }
            if shift > allowed {
                let reason =
                    format!("{}, by {shift:.1e}, rounding by {allowed:.0e} at most", curve.moved(epoch));
                *judged = (Level::Regression, reason);
            } else if shift > tolerance.relative && judged.0 < Level::Drift {
                *judged = (Level::Drift, format!("{}, as rounding grows", curve.moved(epoch)));
            }
        }
    }
    for (curve, judged) in losses.iter().zip(&mut judged) {
        let parted = judged.0 == Level::Drift;
        if let Some(other) = curve.of_another_length(parted) {
            *judged = other;
        }
    }
    judged
}

fn training(losses: &[Curve<'_>], judged: &[Judged]) -> Training {
    let far = |curve: &Curve<'_>| {
        (0..curve.old.len()).filter_map(|epoch| curve.shift(epoch)).any(|shift| shift > CLOSE)
    };
    match judged.iter().map(|(level, _)| *level).max() {
        None => Training::Unknown,
        Some(Level::Regression) => Training::Changed,
        Some(_) if losses.iter().any(far) => Training::Parted,
        Some(_) => Training::Close,
    }
}

impl Curve<'_> {
    /// Identical or the same, as far as there are values on both sides; a regression where only one has one.
    fn whole(&self) -> Judged {
        let values = || self.old.iter().zip(self.new);
        if values().all(|(old, new)| same_bits(*old, *new)) {
            return (Level::Identical, String::new());
        }
        match values().position(|(old, new)| old.is_finite() != new.is_finite()) {
            Some(epoch) => {
                let which = if self.new[epoch].is_finite() { "fresh" } else { "committed" };
                (Level::Regression, format!("epoch {} has a {which} value only", epoch + 1))
            }
            None => (Level::Same, String::new()),
        }
    }

    /// Patience ends a training earlier or later only after it parted from the committed one.
    fn of_another_length(&self, parted: bool) -> Option<Judged> {
        let (old, new) = (self.old.len(), self.new.len());
        let level = if parted { Level::Drift } else { Level::Regression };
        (old != new).then(|| (level, format!("{new} epochs, committed are {old}")))
    }

    /// A curve of counts.
    fn counted(&self, training: Training, tolerance: Tolerance) -> Judged {
        if let Some(judged) = self.of_another_length(training == Training::Parted) {
            return judged;
        }
        let whole = self.whole();
        if whole.0 != Level::Same {
            return whole;
        }
        let beyond = |tolerance: Tolerance| {
            let values = self.old.iter().zip(self.new).filter(|(old, _)| old.is_finite());
            let mut values = values.map(|(old, new)| (new - old).abs() > tolerance.around(*old));
            values.position(|beyond| beyond)
        };
        match (beyond(tolerance), beyond(COUNTED)) {
            (None, _) => whole,
            (Some(epoch), None) => (Level::Drift, format!("{}, by some samples", self.moved(epoch))),
            (Some(_), Some(epoch)) if training == Training::Parted => {
                (Level::Drift, format!("{}, as its losses parted", self.moved(epoch)))
            }
            (Some(_), Some(epoch)) => {
                (Level::Regression, format!("{}, and its losses do not tell why", self.moved(epoch)))
            }
        }
    }

    /// How far the two sides are apart at an epoch, where both have a value.
    fn shift(&self, epoch: usize) -> Option<f64> {
        let shift = relative(*self.old.get(epoch)?, *self.new.get(epoch)?);
        shift.is_finite().then_some(shift)
    }

    fn moved(&self, epoch: usize) -> String {
        format!("epoch {} moved from {:.5e} to {:.5e}", epoch + 1, self.old[epoch], self.new[epoch])
    }
}

/// How far a loss has moved, relative to the committed one. Losses below 1e-6 are as good as 0.
pub(super) fn relative(committed: f64, fresh: f64) -> f64 {
    (fresh - committed).abs() / committed.abs().max(1e-6)
}

#[cfg(test)]
mod tests;
