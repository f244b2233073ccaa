//! Methods that differ in one number, as `h-0.5`, `h-1.75`, `h-20`: a curve and not only rows.

use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::Outcome;
use mixup_paper::MetricInfo;

use super::svg::{Level, LinePlot, Point, Series};

/// From this many numbers on methods of one name make a curve.
const ENOUGH: usize = 3;

/// From this ratio of the largest to the smallest number on the axis is logarithmic.
const LOG_FROM: f64 = 10.0;

/// The plot of a metric over the number in the methods' names; the other methods are horizontal
/// lines. `None` when no three methods have one name and a number each.
pub(super) fn plot(outcome: &Outcome, metric: &MetricInfo) -> Option<LinePlot> {
    let mut series: Vec<Series> = Vec::new();
    let mut levels = Vec::new();
    for (method, row) in &outcome.methods {
        let Some(summary) = row.values.get(&metric.name).and_then(|values| Summary::of(values)) else {
            continue;
        };
        let level = Level { name: method.clone(), y: summary.mean };
        match numbered(method) {
            Some((name, x)) if is_sweep(outcome, name) => {
                let point = Point { x, y: summary.mean, interval: summary.ci };
                match series.iter_mut().find(|series| series.name == name) {
                    Some(series) => series.points.push(point),
                    None => series.push(Series { name: name.to_owned(), points: vec![point] }),
                }
            }
            _ => levels.push(level),
        }
    }
    for series in &mut series {
        series.points.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    let xs: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    let smallest = xs.iter().copied().reduce(f64::min)?;
    let largest = xs.iter().copied().reduce(f64::max)?;
    let x_label = match (&outcome.sweep, &series[..]) {
        (Some(what), _) => what.clone(),
        (None, [only]) => only.name.clone(),
        _ => "number in the method's name".to_owned(),
    };
    Some(LinePlot {
        title: format!("{}: {} over {x_label}", outcome.experiment, metric.label),
        subtitle: "mean and 95 % confidence interval over seeds".to_owned(),
        x_label,
        y_label: metric.label.clone(),
        log_x: smallest > 0.0 && largest / smallest >= LOG_FROM,
        log_y: false,
        series,
        levels,
    })
}

fn is_sweep(outcome: &Outcome, name: &str) -> bool {
    let of_name = |method: &&String| numbered(method).is_some_and(|(other, _)| other == name);
    outcome.methods.keys().filter(of_name).count() >= ENOUGH
}

/// `h-1.75` is `h` and 1.75; a name without a number at its end is none.
fn numbered(method: &str) -> Option<(&str, f64)> {
    let (name, number) = method.rsplit_once('-')?;
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && !name.is_empty()).then_some((name, number))
}
