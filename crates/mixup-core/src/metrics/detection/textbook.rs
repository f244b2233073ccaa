//! Curves over thresholds that accept equal scores together.

use super::{Detection, ascending, check};
use crate::{CoreError, checked::UnitInterval};

/// Accepted samples at a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Accepted {
    positives: usize,
    negatives: usize,
}

/// One point for each distinct score, from the highest threshold to the lowest; before them nothing is accepted.
struct Curve {
    points: Vec<Accepted>,
    positives: f64,
    negatives: f64,
}

impl Curve {
    fn of(positives: &[f64], negatives: &[f64]) -> Self {
        let (first, second) = (ascending(positives), ascending(negatives));
        let (mut left, mut right) = (first.len(), second.len());
        let mut points = Vec::with_capacity(first.len() + second.len());
        while left + right > 0 {
            let next = |list: &[f64], left: usize| left.checked_sub(1).map(|at| list[at]);
            let threshold = match (next(&first, left), next(&second, right)) {
                (Some(a), Some(b)) => a.max(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => break,
            };
            while next(&first, left).is_some_and(|score| score >= threshold) {
                left -= 1;
            }
            while next(&second, right).is_some_and(|score| score >= threshold) {
                right -= 1;
            }
            points.push(Accepted { positives: first.len() - left, negatives: second.len() - right });
        }
        Self { points, positives: first.len() as f64, negatives: second.len() as f64 }
    }

    fn recall(&self, point: &Accepted) -> f64 {
        point.positives as f64 / self.positives
    }

    fn false_positives(&self, point: &Accepted) -> f64 {
        point.negatives as f64 / self.negatives
    }

    /// False positive rate at the first threshold that accepts enough.
    fn fpr_at(&self, level: UnitInterval) -> f64 {
        let enough = self.points.iter().find(|point| self.recall(point) >= level.get());
        enough.map_or(1.0, |point| self.false_positives(point))
    }

    fn roc_area(&self) -> f64 {
        let points = self.points.iter().map(|point| [self.false_positives(point), self.recall(point)]);
        trapezoid([0.0, 0.0], points)
    }

    fn precision_area(&self) -> f64 {
        trapezoid([0.0, 1.0], self.points.iter().map(|point| [self.recall(point), precision(point)]))
    }

    fn best_accuracy(&self) -> f64 {
        let accuracy = |point| 0.5 * (self.recall(point) + 1.0 - self.false_positives(point));
        self.points.iter().map(accuracy).fold(0.5, f64::max)
    }
}

fn precision(point: &Accepted) -> f64 {
    point.positives as f64 / (point.positives + point.negatives) as f64
}

/// Area under straight lines from `start` through points `[x, y]`.
fn trapezoid(start: [f64; 2], points: impl Iterator<Item = [f64; 2]>) -> f64 {
    let step = |(area, [x, y]): (f64, [f64; 2]), [new_x, new_y]: [f64; 2]| {
        (area + (new_x - x) * 0.5 * (y + new_y), [new_x, new_y])
    };
    points.fold((0.0, start), step).0
}

pub(super) fn detection(inside: &[f64], outside: &[f64], level: UnitInterval) -> Detection {
    let curve = Curve::of(inside, outside);
    Detection {
        auroc: curve.roc_area(),
        tnr: 1.0 - curve.fpr_at(level),
        accuracy: curve.best_accuracy(),
        aupr_in: curve.precision_area(),
        aupr_out: Curve::of(&turned(outside), &turned(inside)).precision_area(),
    }
}

fn turned(scores: &[f64]) -> Vec<f64> {
    scores.iter().map(|score| -score).collect()
}

/// Share of negatives that are accepted at the first threshold, from above, that accepts at least a share `level` of
/// the positives.
///
/// With samples inside as positives it is `1 - tnr` of [`Detection`]. OpenOOD 1.5 has samples *outside* as positives:
/// its FPR95 is that of the negated scores with the sides exchanged, `fpr_at_tpr(&-outside, &-inside, 0.95)`, another
/// number.
///
/// # Errors
/// No scores on a side, or a score that is NaN.
pub fn fpr_at_tpr(positives: &[f64], negatives: &[f64], level: UnitInterval) -> Result<f64, CoreError> {
    check("fpr_at_tpr", positives, negatives)?;
    Ok(Curve::of(positives, negatives).fpr_at(level))
}

/// Average precision: precision at each distinct score, weighted by the recall that it adds. Steps, and no straight lines
/// as in [`Detection::aupr_in`].
///
/// # Errors
/// No scores on a side, or a score that is NaN.
pub fn average_precision(positives: &[f64], negatives: &[f64]) -> Result<f64, CoreError> {
    check("average_precision", positives, negatives)?;
    let curve = Curve::of(positives, negatives);
    let step = |(sum, before): (f64, f64), point: &Accepted| {
        let recall = curve.recall(point);
        (sum + (recall - before) * precision(point), recall)
    };
    Ok(curve.points.iter().fold((0.0, 0.0), step).0)
}
