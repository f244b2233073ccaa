//! Lines over a numeric axis: training curves, sweeps of a parameter.

use super::axis::Scale;
use super::canvas::{Anchor, Canvas, FAINT, Font, LABEL, SUBTITLE, TITLE, color, dash, text_width};
use crate::verdicts::stats::Interval;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 430.0;
const TOP: f64 = 66.0;
const BOTTOM: f64 = 374.0;
const LEFT: f64 = 84.0;
/// Least distance of two labels.
const LABEL_GAP: f64 = 17.0;
/// Up to so many points a line has marks and is thick.
const MARKED_POINTS: usize = 30;

/// A plot of lines, each with its name at its right end.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlot {
    /// Title.
    pub title: String,
    /// What the lines and bars are.
    pub subtitle: String,
    /// Label of the horizontal axis, with its unit.
    pub x_label: String,
    /// Label of the vertical axis, with its unit.
    pub y_label: String,
    /// Logarithmic horizontal axis, where all numbers allow it.
    pub log_x: bool,
    /// Logarithmic vertical axis, where all numbers allow it.
    pub log_y: bool,
    /// Lines.
    pub series: Vec<Series>,
    /// Horizontal lines to compare with.
    pub levels: Vec<Level>,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name, at its right end.
    pub name: String,
    /// In the order of `x`; the line is broken at values that are not finite.
    pub points: Vec<Point>,
}

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Horizontal place.
    pub x: f64,
    /// Value.
    pub y: f64,
    /// Error bar.
    pub interval: Option<Interval>,
}

/// A horizontal line.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Name, at its right end.
    pub name: String,
    /// Value.
    pub y: f64,
}

/// A name at the right end of a line.
struct EndLabel<'a> {
    text: &'a str,
    color: &'static str,
    y: f64,
}

impl LinePlot {
    /// The picture as SVG; `None` when there is no finite point.
    pub fn render(&self) -> Option<String> {
        let names = self.series.iter().map(|s| &s.name).chain(self.levels.iter().map(|l| &l.name));
        let right = WIDTH - 34.0 - names.map(|name| text_width(name, LABEL)).fold(0.0, f64::max);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = Scale::new(points().map(|point| point.x), self.log_x, (LEFT, right))?;
        let bars = points().filter_map(|point| point.interval).flat_map(|bar| [bar.low, bar.high]);
        let values = points().map(|point| point.y).chain(self.levels.iter().map(|level| level.y)).chain(bars);
        let y = Scale::new(values, self.log_y, (BOTTOM, TOP))?;

        let mut canvas = Canvas::new(WIDTH, HEIGHT);
        canvas.text((16.0, 26.0), &self.title, TITLE, Anchor::Start);
        canvas.text((16.0, 46.0), &self.subtitle, SUBTITLE, Anchor::Start);
        x.draw_below(&mut canvas, (TOP, BOTTOM), &self.x_label);
        y.draw_left(&mut canvas, (LEFT, right), &self.y_label);
        let mut labels = Vec::new();
        for (index, level) in self.levels.iter().filter(|level| level.y.is_finite()).enumerate() {
            let at = y.at(level.y);
            let color = color(self.series.len() + index);
            canvas.line((LEFT, at), (right, at), color, 1.5, "5 4");
            labels.push(EndLabel { text: &level.name, color, y: at });
        }
        for (index, series) in self.series.iter().enumerate() {
            draw_series(&mut canvas, (&x, &y), series, index);
            if let Some(last) = series.points.iter().rev().find(|point| point.y.is_finite()) {
                labels.push(EndLabel { text: &series.name, color: color(index), y: y.at(last.y) });
            }
        }
        draw_labels(&mut canvas, right, labels);
        Some(canvas.finish(&self.title))
    }
}

fn draw_series(canvas: &mut Canvas, (x, y): (&Scale, &Scale), series: &Series, index: usize) {
    let place = |point: &Point| (x.at(point.x), y.at(point.y));
    let marked = series.points.len() <= MARKED_POINTS;
    let drawable = |point: &Point| point.x.is_finite() && point.y.is_finite();
    for unbroken in series.points.split(|point| !drawable(point)).filter(|part| part.len() > 1) {
        let places: Vec<(f64, f64)> = unbroken.iter().map(place).collect();
        canvas.polyline(&places, color(index), if marked { 2.0 } else { 1.5 }, dash(index));
    }
    for point in series.points.iter().filter(|point| drawable(point)) {
        if let Some(bar) = point.interval {
            let (at, low, high) = (x.at(point.x), y.at(bar.low), y.at(bar.high));
            canvas.line((at, low), (at, high), color(index), 1.5, "");
            for end in [low, high] {
                canvas.line((at - 4.0, end), (at + 4.0, end), color(index), 1.5, "");
            }
        }
        if marked {
            canvas.circle(place(point), 3.6, color(index), 1.0);
        }
    }
}

/// Names beside the ends of their lines, moved apart where they would overlap.
fn draw_labels(canvas: &mut Canvas, right: f64, mut labels: Vec<EndLabel<'_>>) {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let wanted: Vec<f64> = labels.iter().map(|label| label.y).collect();
    for (label, at) in labels.iter().zip(apart(&wanted)) {
        canvas.line((right + 2.0, label.y), (right + 14.0, at), FAINT, 0.7, "");
        canvas.text(
            (right + 18.0, at + 4.0),
            label.text,
            Font { color: label.color, ..LABEL },
            Anchor::Start,
        );
    }
}

/// Heights in rising order, moved so that neighbours are [`LABEL_GAP`] apart: overlapping ones
/// are gathered around their mean, and the whole is kept inside the plot.
fn apart(wanted: &[f64]) -> Vec<f64> {
    // Groups of labels that stand without space: (mean of what they want, members).
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for &height in wanted {
        let mut group = (height, 1);
        while let Some(&(mean, members)) = groups.last() {
            let reach = (members + group.1) as f64 / 2.0 * LABEL_GAP;
            if group.0 - mean >= reach {
                break;
            }
            let all = members + group.1;
            group = ((mean * members as f64 + group.0 * group.1 as f64) / all as f64, all);
            groups.pop();
        }
        groups.push(group);
    }
    let mut placed: Vec<f64> = groups
        .into_iter()
        .flat_map(|(mean, members)| {
            (0..members).map(move |i| mean + (i as f64 - (members as f64 - 1.0) / 2.0) * LABEL_GAP)
        })
        .collect();
    let mut lowest = TOP;
    for at in &mut placed {
        *at = at.max(lowest);
        lowest = *at + LABEL_GAP;
    }
    let mut highest = HEIGHT - 12.0;
    for at in placed.iter_mut().rev() {
        *at = at.min(highest);
        highest = *at - LABEL_GAP;
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_meet_are_gathered_around_their_mean() {
        assert_eq!(apart(&[200.0, 200.0, 300.0]), [191.5, 208.5, 300.0]);
        assert_eq!(apart(&[200.0, 210.0, 220.0]), [193.0, 210.0, 227.0]);
    }

    proptest! {
        #[test]
        fn labels_do_not_overlap_and_keep_their_order(mut wanted in prop::collection::vec(TOP..BOTTOM, 1..16)) {
            wanted.sort_by(f64::total_cmp);
            let placed = apart(&wanted);
            prop_assert_eq!(placed.len(), wanted.len());
            prop_assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= LABEL_GAP - 1e-9), "{placed:?}");
            prop_assert!(placed.iter().all(|at| (TOP - 1e-9..HEIGHT - 11.0).contains(at)), "{placed:?}");
        }

        #[test]
        fn labels_with_room_stay_where_they_are(first in TOP..100.0, second in 200.0..BOTTOM) {
            prop_assert_eq!(apart(&[first, second]), [first, second]);
        }
    }
}
