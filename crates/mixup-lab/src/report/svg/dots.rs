//! Per method a row: one dot per seed, the mean with its interval, and others' numbers.

use super::axis::Scale;
use super::canvas::{Anchor, Canvas, GRID, LABEL, SUBTITLE, TICK, TITLE, color, text_width};
use crate::outcomes::aggregate::Summary;
use crate::verdicts::numbers::with_std;

const WIDTH: f64 = 760.0;
const TOP: f64 = 64.0;
const DOT: f64 = 3.6;
/// Height that the dots of one row are spread over.
const SPREAD: f64 = 14.0;

/// A plot of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct DotPlot {
    /// Title.
    pub title: String,
    /// Label of the axis, with its unit.
    pub label: String,
    /// Decimals of the printed means.
    pub decimals: usize,
    /// One per method, from top to bottom.
    pub rows: Vec<DotRow>,
}

/// A method's values.
#[derive(Debug, Clone, PartialEq)]
pub struct DotRow {
    /// Method.
    pub name: String,
    /// One per seed; those that are not finite are left out.
    pub values: Vec<f64>,
    /// Others' means.
    pub marks: Vec<Mark>,
}

/// Somebody else's mean of the same thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// The paper's, drawn as a triangle.
    Paper(f64),
    /// The official code's, drawn as a square.
    Official(f64),
}

impl Mark {
    fn value(self) -> f64 {
        match self {
            Self::Paper(value) | Self::Official(value) => value,
        }
    }
}

/// Heights within a row, from its middle.
struct Layout {
    row: f64,
    dots: f64,
    mean: f64,
    marks: f64,
}

impl DotPlot {
    /// The picture as SVG; `None` when there is no finite value.
    pub fn render(&self) -> Option<String> {
        let marked = self.rows.iter().any(|row| !row.marks.is_empty());
        let layout = if marked {
            Layout { row: 62.0, dots: -15.0, mean: 3.0, marks: 18.0 }
        } else {
            Layout { row: 46.0, dots: -8.0, mean: 11.0, marks: 0.0 }
        };
        let texts: Vec<String> = self.rows.iter().map(|row| self.mean_text(row)).collect();
        let widest = |texts: &[String]| texts.iter().map(|text| text_width(text, LABEL)).fold(0.0, f64::max);
        let names: Vec<String> = self.rows.iter().map(|row| row.name.clone()).collect();
        let (left, right) = (24.0 + widest(&names), WIDTH - 24.0 - widest(&texts));
        let bottom = TOP + layout.row * self.rows.len() as f64;
        let scale = Scale::new(self.extent(), false, (left, right))?;

        let mut canvas = Canvas::new(WIDTH, bottom + 56.0);
        canvas.text((16.0, 26.0), &self.title, TITLE, Anchor::Start);
        self.draw_legend(&mut canvas, marked);
        scale.draw_below(&mut canvas, (TOP, bottom), &self.label);
        for (index, (row, text)) in self.rows.iter().zip(&texts).enumerate() {
            let middle = TOP + layout.row * (index as f64 + 0.5);
            let edge = TOP + layout.row * index as f64;
            canvas.line((16.0, edge), (WIDTH - 16.0, edge), GRID, 1.0, "");
            canvas.text((left - 12.0, middle + 4.0), &row.name, LABEL, Anchor::End);
            canvas.text((WIDTH - 16.0, middle + 4.0), text, LABEL, Anchor::End);
            draw_row(&mut canvas, &scale, row, middle, &layout, color(index));
        }
        Some(canvas.finish(&self.title))
    }

    fn mean_text(&self, row: &DotRow) -> String {
        Summary::of(&row.values)
            .map_or("failed".to_owned(), |summary| with_std(summary.mean, summary.std, self.decimals))
    }

    /// All that is drawn: values, ends of intervals, marks.
    fn extent(&self) -> Vec<f64> {
        self.rows
            .iter()
            .flat_map(|row| {
                let interval = Summary::of(&row.values).and_then(|summary| summary.ci);
                let ends = interval.into_iter().flat_map(|interval| [interval.low, interval.high]);
                row.values.iter().copied().chain(row.marks.iter().map(|mark| mark.value())).chain(ends)
            })
            .collect()
    }

    fn draw_legend(&self, canvas: &mut Canvas, marked: bool) {
        const AT: f64 = 46.0;
        let ink = TICK.color;
        let mut x = 16.0;
        let mut entry = |canvas: &mut Canvas, draw: &dyn Fn(&mut Canvas, f64), text: &str| {
            draw(canvas, x + 6.0);
            canvas.text((x + 18.0, AT), text, SUBTITLE, Anchor::Start);
            x += 18.0 + text_width(text, SUBTITLE) + 14.0;
        };
        entry(canvas, &|c, x| c.circle((x, AT - 4.0), DOT, ink, 0.7), "one seed");
        entry(canvas, &|c, x| draw_mean(c, x, AT - 4.0, ink), "mean with 95 % interval");
        if marked {
            entry(canvas, &|c, x| draw_mark(c, x, AT - 4.0, Mark::Paper(0.0), ink), "paper");
            entry(canvas, &|c, x| draw_mark(c, x, AT - 4.0, Mark::Official(0.0), ink), "official code, run");
        }
        canvas.text((WIDTH - 16.0, AT), "mean ± std", SUBTITLE, Anchor::End);
    }
}

fn draw_row(canvas: &mut Canvas, scale: &Scale, row: &DotRow, middle: f64, layout: &Layout, color: &str) {
    let last = row.values.len().saturating_sub(1).max(1) as f64;
    for (seed, value) in row.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        // Every method has a seed at the same height, so that pairs can be followed by eye.
        let height = (seed as f64 / last - 0.5) * SPREAD;
        canvas.circle((scale.at(*value), middle + layout.dots + height), DOT, color, 0.7);
    }
    if let Some(summary) = Summary::of(&row.values) {
        let y = middle + layout.mean;
        if let Some(interval) = summary.ci {
            let (low, high) = (scale.at(interval.low), scale.at(interval.high));
            canvas.line((low, y), (high, y), color, 2.5, "");
            for end in [low, high] {
                canvas.line((end, y - 4.0), (end, y + 4.0), color, 2.0, "");
            }
        }
        draw_mean(canvas, scale.at(summary.mean), y, color);
    }
    for mark in &row.marks {
        draw_mark(canvas, scale.at(mark.value()), middle + layout.marks, *mark, TICK.color);
    }
}

fn draw_mean(canvas: &mut Canvas, x: f64, y: f64, color: &str) {
    canvas.polygon(&[(x, y - 6.0), (x + 6.0, y), (x, y + 6.0), (x - 6.0, y)], color, "white");
}

fn draw_mark(canvas: &mut Canvas, x: f64, y: f64, mark: Mark, color: &str) {
    match mark {
        Mark::Paper(_) => {
            canvas.polygon(&[(x - 5.5, y + 4.5), (x + 5.5, y + 4.5), (x, y - 5.5)], "none", color)
        }
        Mark::Official(_) => canvas.polygon(
            &[(x - 4.5, y - 4.5), (x + 4.5, y - 4.5), (x + 4.5, y + 4.5), (x - 4.5, y + 4.5)],
            "none",
            color,
        ),
    }
}
