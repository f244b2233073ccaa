//! The picture of an experiment: paired differences in every metric.

use super::colors::Colors;
use super::paired::{Compared, Known, Pair};
use super::reference::Reference;
use super::svg::{
    Cell, ForestPanel, ForestPlot, Level, LinePanel, LinePanels, Marker, Point, Row, Series, Tone,
};
use super::sweep::{Arm, Sweep, base};
use crate::verdicts::numbers::count;
use crate::verdicts::stats::Design;
use crate::verdicts::verdict::Status;
use mixup_paper::{Direction, MetricInfo};

/// A picture's title and SVG.
pub(super) struct Picture {
    pub(super) title: String,
    pub(super) svg: String,
}

/// Every method minus the reference, in each metric that has a better side or that a claim is about. `None`
/// where there are no two rows or no such metric.
pub(super) fn picture(known: Known<'_>, colors: &Colors) -> Option<Picture> {
    let outcome = known.outcome;
    let claims: Vec<(&str, Pair<'_>)> = known.claims().collect();
    let metrics: Vec<&MetricInfo> = outcome
        .metrics
        .iter()
        .filter(|metric| metric.better.is_some() || claims.iter().any(|(name, _)| *name == metric.name))
        .collect();
    let pairs: Vec<Pair<'_>> = claims.iter().map(|(_, pair)| *pair).collect();
    let sweep = Sweep::of(outcome);
    let reference = Reference::of(outcome, sweep.as_ref(), &pairs)?;
    let scene = Scene { known, colors, metrics, pairs, sweep: sweep.as_ref(), reference };
    let (title, svg) = match &sweep {
        Some(sweep) => {
            let plot = scene.over(sweep);
            (plot.title.clone(), plot.render()?)
        }
        None => {
            let plot = scene.rows();
            (plot.title.clone(), plot.render()?)
        }
    };
    Some(Picture { title, svg })
}

/// Which side of a metric is better, behind its name.
fn side(metric: &MetricInfo) -> &'static str {
    match metric.better {
        Some(Direction::Lower) => " \u{2193}",
        Some(Direction::Higher) => " \u{2191}",
        None => "",
    }
}

/// What a picture is made of.
struct Scene<'a> {
    known: Known<'a>,
    colors: &'a Colors,
    metrics: Vec<&'a MetricInfo>,
    /// The rows that claims compare.
    pairs: Vec<Pair<'a>>,
    sweep: Option<&'a Sweep<'a>>,
    reference: Reference<'a>,
}

impl Scene<'_> {
    fn title(&self) -> String {
        format!("{}: differences to {}", self.known.outcome.experiment, self.reference.words(self.sweep))
    }

    /// What differences and intervals are.
    fn subtitle(&self, claims: &str) -> String {
        let seeds = self.known.outcome.seeds.len();
        let (units, interval) = match self.known.design() {
            Design::Fixed => (count(seeds, "paired seed"), "95 % interval"),
            Design::Sequential => {
                (count(seeds, "paired seed"), "95 % interval that holds at any number of seeds")
            }
            Design::Bootstrap => (
                count(seeds.saturating_sub(1), "paired resample"),
                "95 % interval by percentiles of resamples",
            ),
        };
        let reference = self.reference.words(self.sweep);
        format!(
            "Each method minus {reference}, over {units}: mean and {interval}{claims}. \u{2193}: lower is better, \
             \u{2191}: higher is better."
        )
    }

    /// A row per comparison, of every method with the reference and then of claims about other rows.
    fn rows(&self) -> ForestPlot {
        let methods = self.known.outcome.methods.keys();
        let with_reference: Vec<Pair<'_>> = methods
            .filter_map(|method| Some((method.as_str(), self.reference.against(self.sweep, method)?)))
            .collect();
        let mut others: Vec<Pair<'_>> = Vec::new();
        for &(method, against) in &self.pairs {
            let known =
                |pairs: &[Pair<'_>]| pairs.iter().any(|p| *p == (method, against) || *p == (against, method));
            if !known(&with_reference) && !known(&others) {
                others.push((method, against));
            }
        }
        let row = |name: String, method: &str, apart: bool| Row { name, tone: self.colors.of(method), apart };
        let rows = with_reference.iter().map(|(method, _)| row((*method).to_owned(), method, false));
        let more = others.iter().enumerate().map(|(index, (method, against))| {
            row(format!("{method} \u{2212} {against}"), method, index == 0)
        });
        let pairs: Vec<Pair<'_>> = with_reference.iter().chain(&others).copied().collect();
        let unit = (self.known.design() != Design::Bootstrap).then(|| "one seed".to_owned());
        ForestPlot {
            title: self.title(),
            subtitle: self.subtitle(if self.pairs.is_empty() {
                ""
            } else {
                "; beside a verdict, the interval of its claim"
            }),
            unit,
            rows: rows.chain(more).collect(),
            panels: self.metrics.iter().map(|metric| self.panel(metric, &pairs)).collect(),
        }
    }

    fn panel(&self, metric: &MetricInfo, pairs: &[Pair<'_>]) -> ForestPanel {
        let cell = |compared: Compared| Cell {
            units: compared.units,
            mean: compared.mean,
            interval: compared.interval,
            words: compared.verdicts.iter().map(|status| status.word().to_owned()).collect(),
            paper: compared.paper,
            official: compared.official,
        };
        ForestPanel {
            title: format!("{}{}", metric.label, side(metric)),
            axis: difference_in(&metric.label),
            decimals: metric.decimals,
            cells: pairs.iter().map(|pair| self.known.compare(&metric.name, *pair).map(cell)).collect(),
        }
    }

    /// Lines over the number of a sweep.
    fn over(&self, sweep: &Sweep<'_>) -> LinePanels {
        let mut statuses = Vec::new();
        let panels: Vec<LinePanel> =
            self.metrics.iter().map(|metric| self.line_panel(sweep, metric, &mut statuses)).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let claims =
            if statuses.is_empty() { "" } else { "; a point with a verdict has the interval of its claim" };
        LinePanels {
            title: self.title(),
            subtitle: self.subtitle(claims),
            x_label: sweep.label.clone(),
            log_x: sweep.is_wide(),
            x_ticks: sweep.values.clone(),
            same_y: false,
            log_y: false,
            zero: true,
            markers: statuses.into_iter().map(|status| (marker(status), status.word().to_owned())).collect(),
            panels,
        }
    }

    fn line_panel(&self, sweep: &Sweep<'_>, metric: &MetricInfo, statuses: &mut Vec<Status>) -> LinePanel {
        let compare = |method: &str| {
            let against = self.reference.against(self.sweep, method)?;
            self.known.compare(&metric.name, (method, against))
        };
        let mut series = Vec::new();
        for arm in &sweep.arms {
            let compared: Vec<(f64, Compared)> =
                arm.rows.iter().filter_map(|&(x, method)| Some((x, compare(method)?))).collect();
            if compared.is_empty() {
                continue;
            }
            statuses.extend(compared.iter().filter_map(|(_, compared)| compared.verdicts.first()));
            series.push(self.series(arm, &compared));
        }
        let level = |&method: &&str| {
            let compared = compare(method)?;
            let twins = sweep.others.iter().take_while(|other| **other != method);
            let before = twins.filter(|other| base(other) == base(method)).count();
            let tone = self.colors.of(method);
            Some(Level {
                name: method.to_owned(),
                tone: Tone { variant: tone.variant + before, ..tone },
                y: compared.mean,
                interval: compared.interval,
            })
        };
        LinePanel {
            title: format!("{}{}", metric.label, side(metric)),
            y_label: difference_in(&metric.label),
            series,
            levels: sweep.others.iter().filter_map(level).collect(),
        }
    }

    fn series(&self, arm: &Arm<'_>, compared: &[(f64, Compared)]) -> Series {
        let mut points: Vec<Point> = compared
            .iter()
            .map(|(x, compared)| Point {
                x: *x,
                y: compared.mean,
                interval: compared.interval,
                marker: compared.verdicts.first().map_or(Marker::Disc, |status| marker(*status)),
            })
            .collect();
        // The reference itself is on the line.
        if let Reference::Value(x) = self.reference {
            points.push(Point { x, y: 0.0, interval: None, marker: Marker::Disc });
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        Series { name: arm.name.to_owned(), tone: self.colors.of(arm.name), marked: true, points }
    }
}

/// How a point is marked that a claim is about.
fn marker(status: Status) -> Marker {
    match status {
        Status::Reproduced => Marker::Up,
        Status::Contradicted => Marker::Down,
        Status::Equivalent | Status::Smaller => Marker::Square,
        Status::Undecided | Status::NotRun | Status::Untested => Marker::Ring,
    }
}

/// `difference (dB)` for a label with a unit in brackets; differences of percentages are percentage points.
fn difference_in(label: &str) -> String {
    let unit = label.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    match unit {
        Some(("%", _)) => "difference (percentage points)".to_owned(),
        Some((unit, _)) => format!("difference ({unit})"),
        None => "difference".to_owned(),
    }
}
