//! The rules of MixOE's code, which walks through the samples one by one.

use super::{Detection, ascending};
use crate::checked::UnitInterval;

/// Samples that are left: inside, outside.
type Left = (usize, usize);

pub(super) fn detection(inside: &[f64], outside: &[f64], level: UnitInterval) -> Detection {
    let (n, m) = (inside.len() as f64, outside.len() as f64);
    let walk = walk(&ascending(inside), &ascending(outside));
    let accepted = |&(tp, fp): &Left| (tp as f64 / n, fp as f64 / m);
    let mut tnr = (f64::INFINITY, 0.0);
    let (mut accuracy, mut roc) = (0.0f64, Area::new((1.0, 0.0)));
    let (mut precise_in, mut precise_out) = (Area::new((1.0, 0.5)), Area::new((0.0, 0.0)));
    for point in &walk {
        let (tpr, fpr) = accepted(point);
        let distance = (tpr - level.get()).abs();
        if distance < tnr.0 {
            tnr = (distance, 1.0 - fpr);
        }
        accuracy = accuracy.max(0.5 * (tpr + 1.0 - fpr));
        roc.to((tpr, 1.0 - fpr));
        let (tp, fp) = (point.0 as f64, point.1 as f64);
        if tp + fp > 0.0 {
            precise_in.to((tpr, tp / (tp + fp)));
        }
        let rejected = (n - tp) + (m - fp);
        if rejected > 0.0 {
            precise_out.to((1.0 - fpr, (m - fp) / rejected));
        }
    }
    roc.to((0.0, 1.0));
    precise_in.to((0.0, 0.0));
    precise_out.to((1.0, 0.5));
    Detection {
        auroc: -roc.area,
        tnr: tnr.1,
        accuracy,
        aupr_in: -precise_in.area,
        aupr_out: precise_out.area,
    }
}

/// From everything accepted to nothing: the smaller score is rejected, of equal ones that inside.
fn walk(inside: &[f64], outside: &[f64]) -> Vec<Left> {
    let (mut tp, mut fp) = (inside.len(), outside.len());
    let mut points = Vec::with_capacity(tp + fp + 1);
    points.push((tp, fp));
    while tp + fp > 0 {
        let heads = (inside.get(inside.len() - tp), outside.get(outside.len() - fp));
        match heads {
            (Some(own), Some(other)) if other < own => fp -= 1,
            (Some(_), _) => tp -= 1,
            (None, _) => fp -= 1,
        }
        points.push((tp, fp));
    }
    points
}

/// Area under straight lines, negative where x falls.
struct Area {
    at: (f64, f64),
    area: f64,
}

impl Area {
    fn new(at: (f64, f64)) -> Self {
        Self { at, area: 0.0 }
    }

    fn to(&mut self, next: (f64, f64)) {
        self.area += (next.0 - self.at.0) * 0.5 * (next.1 + self.at.1);
        self.at = next;
    }
}
