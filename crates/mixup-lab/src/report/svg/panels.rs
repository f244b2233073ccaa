//! Small multiples of lines over a numeric axis: training curves, sweeps of a parameter.

use super::Tone;
use super::axis::{BELOW, Scale, Spread};
use super::canvas::{Anchor, Area, Canvas, PANEL, dash, level_dash};
use super::legend::Heading;
use super::symbols::{Marker, Symbol};
use super::theme::Paint;
use crate::verdicts::stats::Interval;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 16.0;
/// Above a panel, for its title.
const TITLE: f64 = 24.0;
/// Left of a panel, for ticks and the title of the axis.
const LEFT: f64 = 66.0;
/// Between two panels.
const GAP: f64 = 18.0;
/// From one series to the next at the same place of a plot with intervals.
const DODGE: f64 = 8.0;

/// A picture of lines in panels, each line with its name in the legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinePanels {
    /// Title.
    pub(crate) title: String,
    /// What the lines and bars are.
    pub(crate) subtitle: String,
    /// Title of the horizontal axes, with the unit.
    pub(crate) x_label: String,
    /// Logarithmic horizontal axes, where all numbers allow it.
    pub(crate) log_x: bool,
    /// Where the horizontal axes have ticks; round numbers when empty.
    pub(crate) x_ticks: Vec<f64>,
    /// Whether all panels have the same vertical axis.
    pub(crate) same_y: bool,
    /// Logarithmic vertical axes, where all numbers allow it.
    pub(crate) log_y: bool,
    /// Whether 0 is on the vertical axes, with a line.
    pub(crate) zero: bool,
    /// What the markers other than a disc are.
    pub(crate) markers: Vec<(Marker, String)>,
    /// The panels.
    pub(crate) panels: Vec<LinePanel>,
}

/// A panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinePanel {
    /// Title; none for a single panel.
    pub(crate) title: String,
    /// Title of the vertical axis, with the unit.
    pub(crate) y_label: String,
    /// Lines.
    pub(crate) series: Vec<Series>,
    /// Horizontal lines to compare with.
    pub(crate) levels: Vec<Level>,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// Name.
    pub(crate) name: String,
    /// Colour and dashes.
    pub(crate) tone: Tone,
    /// Whether its points are marked.
    pub(crate) marked: bool,
    /// In the order of `x`; the line is broken at values that are not finite.
    pub(crate) points: Vec<Point>,
}

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Horizontal place.
    pub(crate) x: f64,
    /// Value.
    pub(crate) y: f64,
    /// Error bar.
    pub(crate) interval: Option<Interval>,
    /// How it is marked.
    pub(crate) marker: Marker,
}

impl Point {
    fn is_finite(&self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// A horizontal line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Level {
    /// Name.
    pub(crate) name: String,
    /// Its colour.
    pub(crate) tone: Tone,
    /// Value.
    pub(crate) y: f64,
    /// Error bar, at the right end.
    pub(crate) interval: Option<Interval>,
}

impl LinePanel {
    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points).filter(|point| point.is_finite())
    }

    /// All that is drawn, on the vertical axis.
    fn extent(&self) -> Vec<f64> {
        let intervals = self.points().map(|point| point.interval);
        let intervals = intervals.chain(self.levels.iter().map(|level| level.interval)).flatten();
        let ends = intervals.flat_map(|interval| [interval.low, interval.high]);
        let values = self.points().map(|point| point.y).chain(self.levels.iter().map(|level| level.y));
        values.chain(ends).collect()
    }
}

impl LinePanels {
    /// The picture as SVG; `None` when there is no finite point.
    pub(crate) fn render(&self) -> Option<String> {
        let xs: Vec<f64> = self.panels.iter().flat_map(LinePanel::points).map(|point| point.x).collect();
        if xs.is_empty() {
            return None;
        }
        let heading = Heading::new(&self.title, &self.subtitle, self.legend(), WIDTH);
        let columns = match self.panels.len() {
            1 => 1,
            2 | 4 => 2,
            _ => 3,
        };
        let width = (WIDTH - 2.0 * MARGIN + GAP) / columns as f64 - GAP - LEFT;
        let tall = [280.0, 220.0, 180.0][columns - 1];
        let step = TITLE + tall + BELOW + GAP;
        let strips = self.panels.len().div_ceil(columns);
        let mut canvas = Canvas::new(WIDTH, heading.bottom() + step * strips as f64);
        heading.draw(&mut canvas);
        let together: Vec<f64> = self.panels.iter().flat_map(LinePanel::extent).collect();
        for (index, panel) in self.panels.iter().enumerate() {
            let (strip, column) = ((index / columns) as f64, (index % columns) as f64);
            let left = MARGIN + LEFT + (LEFT + width + GAP) * column;
            let top = heading.bottom() + TITLE + step * strip;
            let area = Area { left, right: left + width, top, bottom: top + tall };
            let values = if self.same_y { together.clone() } else { panel.extent() };
            canvas.group("panel", |canvas| self.draw_panel(canvas, panel, area, &xs, values));
        }
        Some(canvas.finish(&self.title, &self.description()))
    }

    /// Every name once, in the order of first appearance, then the markers.
    fn legend(&self) -> Vec<(Symbol, String)> {
        let mut entries: Vec<(Symbol, String)> = Vec::new();
        for panel in &self.panels {
            let series = panel.series.iter().map(|s| (Symbol::Line(s.tone.paint(), s.tone.variant), &s.name));
            let levels = panel
                .levels
                .iter()
                .map(|level| (Symbol::Level(level.tone.paint(), level.tone.variant), &level.name));
            for (symbol, name) in series.chain(levels) {
                if entries.iter().all(|(_, known)| known != name) {
                    entries.push((symbol, name.clone()));
                }
            }
        }
        entries.extend(self.markers.iter().map(|(marker, word)| (Symbol::Marker(*marker), word.clone())));
        entries
    }

    fn draw_panel(
        &self,
        canvas: &mut Canvas,
        panel: &LinePanel,
        area: Area,
        xs: &[f64],
        mut values: Vec<f64>,
    ) {
        canvas.text(
            (area.left, area.top - 8.0),
            &panel.title,
            PANEL.within(&panel.title, area.right - area.left),
            Anchor::Start,
        );
        canvas.frame(area);
        if self.zero {
            values.push(0.0);
        }
        let intervals = panel.points().any(|point| point.interval.is_some());
        let dodge = if intervals { DODGE } else { 0.0 };
        let side = dodge * panel.series.len().saturating_sub(1) as f64 / 2.0 + 2.0;
        // Bars of levels stand right of the last place.
        let bars = panel.levels.iter().filter(|level| level.interval.is_some()).count() as f64 * DODGE;
        let pixels = (area.left + side, area.right - side - bars);
        let spread = |log: bool| if log { Spread::Log } else { Spread::Linear };
        let x = Scale::new(xs.iter().copied(), spread(self.log_x), pixels);
        let y = Scale::new(values, spread(self.log_y), (area.bottom, area.top));
        let (Some(mut x), Some(y)) = (x, y) else { return };
        if !self.x_ticks.is_empty() {
            x = x.with_ticks(&self.x_ticks);
        }
        x.draw_below(canvas, area, &self.x_label);
        y.draw_left(canvas, area, &panel.y_label);
        if self.zero {
            canvas.line((area.left, y.at(0.0)), (area.right, y.at(0.0)), Paint::Faint, 1.5, "");
        }
        for (index, level) in panel.levels.iter().filter(|level| level.y.is_finite()).enumerate() {
            let (paint, dashes) = (level.tone.paint(), level_dash(level.tone.variant));
            canvas.line((area.left, y.at(level.y)), (area.right, y.at(level.y)), paint, 1.5, dashes);
            if let Some(interval) = level.interval {
                let at = area.right - 6.0 - DODGE * index as f64;
                draw_bar(canvas, at, (y.at(interval.low), y.at(interval.high)), paint);
                Marker::Disc.draw(canvas, (at, y.at(level.y)), paint);
            }
        }
        for (index, series) in panel.series.iter().enumerate() {
            let shift = dodge * (index as f64 - panel.series.len().saturating_sub(1) as f64 / 2.0);
            draw_series(canvas, |point| (x.at(point.x) + shift, y.at(point.y)), &y, series);
        }
    }

    /// Which lines each panel has.
    fn description(&self) -> String {
        let mut parts = vec![format!("{}.", self.subtitle.trim_end_matches('.'))];
        for panel in &self.panels {
            let names = panel
                .series
                .iter()
                .map(|s| s.name.as_str())
                .chain(panel.levels.iter().map(|l| l.name.as_str()));
            let names = names.collect::<Vec<_>>().join(", ");
            let title = if panel.title.is_empty() { &panel.y_label } else { &panel.title };
            parts.push(format!("{title} over {}: {names}.", self.x_label));
        }
        parts.join(" ")
    }
}

fn draw_series(canvas: &mut Canvas, place: impl Fn(&Point) -> (f64, f64), y: &Scale, series: &Series) {
    let paint = series.tone.paint();
    for unbroken in series.points.split(|point| !point.is_finite()).filter(|part| part.len() > 1) {
        let places: Vec<(f64, f64)> = unbroken.iter().map(&place).collect();
        canvas.polyline(&places, paint, if series.marked { 1.5 } else { 2.0 }, dash(series.tone.variant));
    }
    for point in series.points.iter().filter(|point| series.marked && point.is_finite()) {
        let at = place(point);
        if let Some(interval) = point.interval {
            draw_bar(canvas, at.0, (y.at(interval.low), y.at(interval.high)), paint);
        }
        point.marker.draw(canvas, at, paint);
    }
}

/// A vertical interval.
fn draw_bar(canvas: &mut Canvas, x: f64, (low, high): (f64, f64), paint: Paint) {
    canvas.line((x, low), (x, high), paint, 2.0, "");
    for end in [low, high] {
        canvas.line((x - 3.0, end), (x + 3.0, end), paint, 2.0, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(ys: &[f64], panels: usize) -> LinePanels {
        let points = ys.iter().enumerate().map(|(at, &y)| Point {
            x: at as f64 + 1.0,
            y,
            interval: None,
            marker: Marker::Disc,
        });
        let series =
            Series { name: "erm".to_owned(), tone: Tone::default(), marked: false, points: points.collect() };
        let panel = |index: usize| LinePanel {
            title: format!("panel {index}"),
            y_label: "error (%)".to_owned(),
            series: vec![series.clone()],
            levels: Vec::new(),
        };
        LinePanels {
            title: "Title".to_owned(),
            subtitle: "mean over 10 seeds".to_owned(),
            x_label: "epoch".to_owned(),
            log_x: false,
            x_ticks: Vec::new(),
            same_y: true,
            log_y: false,
            zero: false,
            markers: Vec::new(),
            panels: (0..panels).map(panel).collect(),
        }
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_value() {
        let svg = plot(&[1.0, 2.0, f64::NAN, 3.0, 2.5, 2.0], 1).render().unwrap();
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert_eq!(plot(&[f64::NAN], 1).render(), None);
    }

    #[test]
    fn a_name_stands_once_in_the_legend_of_many_panels() {
        let svg = plot(&[1.0, 2.0], 4).render().unwrap();
        assert_eq!(svg.matches(">erm<").count(), 1, "{svg}");
        assert_eq!(svg.matches("<g class=\"panel\">").count(), 4, "{svg}");
        assert!(svg.contains("panel 3 over epoch: erm.</desc>"), "{svg}");
    }

    #[test]
    fn series_with_intervals_stand_beside_each_other() {
        let mut plot = plot(&[1.0, 2.0], 1);
        plot.zero = true;
        let panel = &mut plot.panels[0];
        panel.series[0].marked = true;
        panel.series[0].points[0].interval = Some(Interval::around(1.0, 0.5));
        let twin = Series { name: "mixup".to_owned(), ..panel.series[0].clone() };
        panel.series.push(twin);
        let svg = plot.render().unwrap();
        let bars: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("<line"))
            .filter_map(|line| {
                let number = |name: &str| {
                    let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
                    rest.split('"').next().unwrap().parse::<f64>().unwrap()
                };
                (number("x1") == number("x2") && line.contains("hue")).then(|| number("x1"))
            })
            .collect();
        assert_eq!(bars.len(), 2, "{svg}");
        assert!((bars[1] - bars[0] - DODGE).abs() < 0.02, "{bars:?}");
    }
}
