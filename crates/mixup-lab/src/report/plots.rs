//! Which plots an outcome has.

use std::collections::BTreeSet;

use super::svg::{DotPlot, DotRow, LinePlot, Mark, Point, Series};
use super::{figures, sweep};
use crate::outcomes::outcome::Outcome;
use crate::verdicts::verdict::{ReferenceNote, Yardstick};
use mixup_paper::MetricInfo;

/// From this ratio of the largest to the smallest value on a curve is shown logarithmically.
const LOG_FROM: f64 = 20.0;

/// A plot and its file.
pub(super) struct Plot {
    /// Name in the results folder.
    pub(super) file: String,
    /// What it shows, for those who do not see it.
    pub(super) alt: String,
    /// Whether it belongs to the metrics, or else to the course of training.
    pub(super) of_metric: bool,
    /// The text below it.
    pub(super) caption: Option<String>,
    /// The picture.
    pub(super) svg: String,
}

/// The paper's own; per metric the seeds of each method, and the sweep where there is one; then the curves.
pub(super) fn plots(outcome: &Outcome, notes: &[ReferenceNote]) -> Vec<Plot> {
    let mut plots = figures::plots(outcome);
    let mut add = |file: String, alt: String, of_metric: bool, svg: Option<String>| {
        plots.extend(svg.map(|svg| Plot { file, alt, of_metric, caption: None, svg }));
    };
    let experiment = &outcome.experiment;
    for metric in &outcome.metrics {
        if let Some(plot) = sweep::plot(outcome, metric) {
            add(format!("{experiment}-sweep-{}.svg", metric.name), plot.title.clone(), true, plot.render());
        }
        let alt = format!("{} of each method and seed on {experiment}", metric.label);
        add(format!("{experiment}-{}.svg", metric.name), alt, true, dots(outcome, metric, notes).render());
    }
    let curves: BTreeSet<&String> =
        outcome.methods.values().flat_map(|method| method.curves.keys()).collect();
    for curve in curves {
        let alt = format!("{curve} of each method on {experiment}");
        add(format!("{experiment}-curve-{curve}.svg"), alt, false, course(outcome, curve).render());
    }
    plots
}

fn dots(outcome: &Outcome, metric: &MetricInfo, notes: &[ReferenceNote]) -> DotPlot {
    let row = |method: &String, values: &Vec<f64>| DotRow {
        name: method.clone(),
        values: values.clone(),
        marks: notes
            .iter()
            .filter(|note| {
                (&note.experiment, &note.metric, &note.method) == (&outcome.experiment, &metric.name, method)
            })
            .map(|note| match note.yardstick {
                Yardstick::Paper | Yardstick::ThirdParty => Mark::Paper(note.mean),
                Yardstick::OfficialCode => Mark::Official(note.mean),
            })
            .collect(),
    };
    DotPlot {
        title: format!("{}: {} over {} seeds", outcome.experiment, metric.label, outcome.seeds.len()),
        label: metric.label.clone(),
        decimals: metric.decimals,
        rows: outcome
            .methods
            .iter()
            .filter_map(|(method, row_of)| Some(row(method, row_of.values.get(&metric.name)?)))
            .collect(),
    }
}

fn course(outcome: &Outcome, curve: &str) -> LinePlot {
    let series: Vec<Series> = outcome
        .methods
        .iter()
        .filter_map(|(method, row)| {
            let values = row.curves.get(curve)?;
            let points =
                values.iter().enumerate().map(|(at, &y)| Point { x: at as f64 + 1.0, y, interval: None });
            Some(Series { name: method.clone(), points: points.collect() })
        })
        .collect();
    let values = || series.iter().flat_map(|s| &s.points).map(|point| point.y).filter(|y| y.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let name = curve.replace('-', " ");
    LinePlot {
        title: format!("{}: {name}", outcome.experiment),
        subtitle: format!("mean over {} seeds at each epoch", outcome.seeds.len()),
        x_label: "epoch".to_owned(),
        y_label: name,
        log_x: false,
        log_y: low > 0.0 && high / low >= LOG_FROM,
        series,
        levels: Vec::new(),
    }
}
