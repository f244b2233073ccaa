//! The points of a picture, method by method.

use crate::outcomes::figure::Figure;

use super::cell::{is_few, same_bits};
use super::training::Training;
use super::{CurveCheck, Level, Tolerance};

/// Compares the points that both sides have. `of` says how a method trains, and the worst of its metrics:
/// where those parted, points may.
pub(super) fn compare(
    committed: &Figure,
    fresh: &Figure,
    of: impl Fn(&str) -> (Training, Level),
    tolerance: Tolerance,
) -> Vec<CurveCheck> {
    let both =
        committed.points.iter().filter_map(|(method, old)| Some((method, old, fresh.points.get(method)?)));
    both.map(|(method, old, new)| {
        let (level, reason) = judge(old, new, of(method), tolerance);
        CurveCheck { method: method.clone(), curve: committed.info.name.clone(), level, reason }
    })
    .collect()
}

fn judge(
    committed: &[[f64; 2]],
    fresh: &[[f64; 2]],
    (training, metrics): (Training, Level),
    tolerance: Tolerance,
) -> (Level, String) {
    let [old, new] = [committed, fresh].map(<[_]>::as_flattened);
    if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_bits(*old, *new)) {
        return (Level::Identical, String::new());
    }
    let gone = lonely(committed, fresh, tolerance).max(lonely(fresh, committed, tolerance));
    if gone == 0 {
        return (Level::Same, String::new());
    }
    let all = committed.len().max(fresh.len());
    let parted = training == Training::Parted || metrics >= Level::Drift;
    let level = if parted || is_few(gone, all) { Level::Drift } else { Level::Regression };
    (level, format!("{gone} of {all} points moved"))
}

/// Points of one side that are not on the other; bins that become empty shift the places of the rest.
fn lonely(points: &[[f64; 2]], others: &[[f64; 2]], tolerance: Tolerance) -> usize {
    let near = |a: f64, b: f64| same_bits(a, b) || (a - b).abs() <= tolerance.around(a);
    let lonely =
        |point: &&[f64; 2]| !others.iter().any(|other| near(point[0], other[0]) && near(point[1], other[1]));
    points.iter().filter(lonely).count()
}
