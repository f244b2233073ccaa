//! Small multiples of differences: per panel a metric, per row a comparison, with its units, mean and interval.

use super::axis::{BELOW, Scale, Spread};
use super::canvas::{Anchor, Area, Canvas, Font, LABEL, PANEL, TICK, text_width, widest};
use super::legend::Heading;
use super::symbols::{Marker, Symbol, draw_mean};
use super::theme::Paint;
use super::{Tone, UNIT, UNIT_OPACITY};
use crate::verdicts::numbers::with_interval;
use crate::verdicts::stats::Interval;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 16.0;
/// Between two panels, and above the first rows' titles.
const GAP: f64 = 26.0;
/// Above a panel, for the first line of its title, and for each further one.
const TITLE: f64 = 24.0;
const TITLE_LINE: f64 = 15.0;
/// Height that the units of a row are spread over.
const UNITS: f64 = 13.0;
/// Height of the part of a row that has data, and of a line of text below it.
const DATA: f64 = 21.0;
const LINE: f64 = 13.0;
/// Air at the end of a row.
const AIR: f64 = 4.0;
/// What titles of panels are measured by: lower case for the most part, they are no wider than plain text.
const PLAIN_PANEL: Font = Font { bold: false, ..PANEL };
/// What stands beside the title of a panel.
const NOTE: Font = Font { size: 10.0, ..TICK };
/// The numbers and words of a row.
const NUMBERS: Font = Font { size: 10.0, ..TICK };
const WORDS: Font = Font { size: 10.0, bold: true, paint: Paint::Ink };
/// What is said of a panel where large differences are drawn closer together.
const UNEVEN: &str = "axis not even";
/// A row whose interval ends within this share of the panel from 0 is too small to be seen there.
const VISIBLE: f64 = 0.03;

/// A picture of paired differences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ForestPlot {
    /// Title.
    pub(crate) title: String,
    /// What the rows and bars are.
    pub(crate) subtitle: String,
    /// What a faint dot is, as `one seed`; nothing where there are none.
    pub(crate) unit: Option<String>,
    /// The comparisons, from top to bottom, the same in every panel.
    pub(crate) rows: Vec<Row>,
    /// One per metric.
    pub(crate) panels: Vec<ForestPanel>,
}

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// What is compared.
    pub(crate) name: String,
    /// Its colour.
    pub(crate) tone: Tone,
    /// Whether a line divides it from the row above.
    pub(crate) apart: bool,
}

/// A metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ForestPanel {
    /// Title.
    pub(crate) title: String,
    /// Title of the axis, with the unit.
    pub(crate) axis: String,
    /// Decimals of printed differences.
    pub(crate) decimals: usize,
    /// One per row of the picture; nothing where the comparison has no numbers.
    pub(crate) cells: Vec<Option<Cell>>,
}

/// The differences of a comparison in a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// One per unit.
    pub(crate) units: Vec<f64>,
    /// Their mean.
    pub(crate) mean: f64,
    /// Its interval.
    pub(crate) interval: Option<Interval>,
    /// The verdicts of claims about it.
    pub(crate) words: Vec<String>,
    /// The published difference.
    pub(crate) paper: Option<f64>,
    /// The difference that the official code gave.
    pub(crate) official: Option<f64>,
}

impl Cell {
    fn numbers(&self, decimals: usize) -> String {
        with_interval(self.mean, self.interval, decimals)
    }

    /// All that is drawn of it.
    fn extent(&self) -> impl Iterator<Item = f64> {
        let ends = self.interval.into_iter().flat_map(|interval| [interval.low, interval.high]);
        let marks = [Some(self.mean), self.paper, self.official].into_iter().flatten();
        self.units.iter().copied().chain(ends).chain(marks)
    }

    /// The lines below its data that fit a width: numbers, with the first word beside them where there is room.
    fn lines(&self, decimals: usize, width: f64) -> Vec<(String, String)> {
        let mut lines = vec![(self.numbers(decimals), String::new())];
        for (index, word) in self.words.iter().enumerate() {
            let taken = 4.0 + text_width(&lines[0].0, NUMBERS) + 8.0 + text_width(word, WORDS);
            if index == 0 && taken <= width {
                lines[0].1.clone_from(word);
            } else {
                lines.push((String::new(), word.clone()));
            }
        }
        lines
    }
}

impl ForestPanel {
    /// The title in lines that fit a width, beside what is said of the axis.
    fn title_lines(&self, width: f64) -> Vec<String> {
        let note = match scale(self, (0.0, width)) {
            Some((_, note)) if !note.is_empty() => text_width(note, NOTE) + 8.0,
            _ => 0.0,
        };
        let columns = ((width - note) / text_width("m", PLAIN_PANEL)).max(1.0) as usize;
        textwrap::wrap(&self.title, columns).into_iter().map(String::from).collect()
    }
}

/// The room that the titles of panels beside each other need.
fn titles_height(strip: &[ForestPanel], width: f64) -> f64 {
    let lines = strip.iter().map(|panel| panel.title_lines(width).len()).max().unwrap_or(1);
    TITLE + TITLE_LINE * lines.saturating_sub(1) as f64
}

impl ForestPlot {
    /// The picture as SVG; `None` when there is nothing to show.
    pub(crate) fn render(&self) -> Option<String> {
        if !self.cells().any(|cell| cell.mean.is_finite()) {
            return None;
        }
        let heading = Heading::new(&self.title, &self.subtitle, self.legend(), WIDTH);
        let names = widest(self.rows.iter().map(|row| row.name.as_str()), LABEL);
        let left = MARGIN + names + 10.0;
        let columns = match self.panels.len() {
            1 => 1,
            2..=4 => 2,
            _ => 3,
        };
        let width = (WIDTH - MARGIN - left - GAP * (columns - 1) as f64) / columns as f64;

        // Panels beside each other have rows of the same height.
        let strips: Vec<(&[ForestPanel], Vec<f64>)> =
            self.panels.chunks(columns).map(|strip| (strip, self.heights(strip, width))).collect();
        let height = |(strip, rows): &(&[ForestPanel], Vec<f64>)| {
            titles_height(strip, width) + rows.iter().sum::<f64>() + BELOW + GAP
        };
        let height: f64 = strips.iter().map(height).sum();
        let mut canvas = Canvas::new(WIDTH, heading.bottom() + height);
        heading.draw(&mut canvas);
        let mut top = heading.bottom();
        for (strip, heights) in strips {
            top += titles_height(strip, width);
            let bottom = top + heights.iter().sum::<f64>();
            self.draw_names(&mut canvas, left - 10.0, top, &heights);
            for (column, panel) in strip.iter().enumerate() {
                let start = left + (width + GAP) * column as f64;
                let area = Area { left: start, right: start + width, top, bottom };
                canvas.group("panel", |canvas| self.draw_panel(canvas, panel, area, &heights));
            }
            top = bottom + BELOW + GAP;
        }
        Some(canvas.finish(&self.title, &self.description()))
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.panels.iter().flat_map(|panel| panel.cells.iter().flatten())
    }

    fn legend(&self) -> Vec<(Symbol, String)> {
        let mut entries: Vec<(Symbol, String)> =
            self.unit.iter().map(|unit| (Symbol::Unit, unit.clone())).collect();
        entries.push((Symbol::Mean, "mean with interval".to_owned()));
        if self.cells().any(|cell| cell.paper.is_some()) {
            entries.push((Symbol::Open(Marker::Up), "published".to_owned()));
        }
        if self.cells().any(|cell| cell.official.is_some()) {
            entries.push((Symbol::Open(Marker::Square), "official code, run".to_owned()));
        }
        entries
    }

    /// The height of each row over panels beside each other.
    fn heights(&self, strip: &[ForestPanel], width: f64) -> Vec<f64> {
        let lines = |row: usize| {
            let cells = strip.iter().filter_map(|panel| Some((panel, panel.cells.get(row)?.as_ref()?)));
            cells.map(|(panel, cell)| cell.lines(panel.decimals, width).len()).max().unwrap_or(1)
        };
        (0..self.rows.len()).map(|row| DATA + LINE * lines(row) as f64 + AIR).collect()
    }

    fn draw_names(&self, canvas: &mut Canvas, right: f64, top: f64, heights: &[f64]) {
        let mut y = top;
        for (row, height) in self.rows.iter().zip(heights) {
            if row.apart {
                canvas.line((MARGIN, y), (right + 10.0, y), Paint::Faint, 1.0, "");
            }
            canvas.text((right, y + DATA / 2.0 + 4.0), &row.name, LABEL, Anchor::End);
            y += height;
        }
    }

    fn draw_panel(&self, canvas: &mut Canvas, panel: &ForestPanel, area: Area, heights: &[f64]) {
        let width = area.right - area.left;
        let scale = scale(panel, (area.left, area.right));
        let note = scale.as_ref().map_or("", |(_, note)| note);
        let title = panel.title_lines(width);
        // Smaller only for a word that is wider than the panel.
        let longest = title.iter().max_by_key(|line| line.chars().count()).map_or("", String::as_str);
        let font = Font { bold: true, ..PLAIN_PANEL.within(longest, width) };
        for (line, above) in title.iter().rev().zip(0..) {
            let y = area.top - 8.0 - TITLE_LINE * f64::from(above);
            canvas.text((area.left, y), line, font, Anchor::Start);
        }
        canvas.frame(area);
        let Some((scale, _)) = scale else { return };
        canvas.text((area.right, area.top - 8.0), note, NOTE, Anchor::End);
        scale.draw_below(canvas, area, &panel.axis);
        let zero = scale.at(0.0);
        canvas.line((zero, area.top), (zero, area.bottom), Paint::Faint, 1.5, "");
        let mut top = area.top;
        for ((row, cell), height) in self.rows.iter().zip(&panel.cells).zip(heights) {
            let edge = if row.apart { Paint::Faint } else { Paint::Grid };
            canvas.line((area.left, top), (area.right, top), edge, 1.0, "");
            if let Some(cell) = cell {
                draw_cell(canvas, &scale, cell, top + DATA / 2.0, row.tone.paint());
                draw_lines(canvas, &cell.lines(panel.decimals, width), (area.left + 4.0, top + DATA));
            }
            top += height;
        }
    }

    /// The numbers, for those who do not see them.
    fn description(&self) -> String {
        let mut parts = vec![format!("{}.", self.subtitle.trim_end_matches('.'))];
        for panel in &self.panels {
            let rows = self.rows.iter().zip(&panel.cells).filter_map(|(row, cell)| {
                let cell = cell.as_ref()?;
                let words = cell.words.iter().map(|word| format!(" {word}")).collect::<String>();
                Some(format!("{} {}{words}", row.name, cell.numbers(panel.decimals)))
            });
            parts.push(format!("{} ({}): {}.", panel.title, panel.axis, rows.collect::<Vec<_>>().join("; ")));
        }
        parts.join(" ")
    }
}

/// The scale of a panel, with 0 on it, and what is to be said about it. Where even spacing would hide a
/// row beside much larger ones, large differences are drawn closer together.
fn scale(panel: &ForestPanel, pixels: (f64, f64)) -> Option<(Scale, &'static str)> {
    let cells = || panel.cells.iter().flatten();
    let values = || cells().flat_map(Cell::extent).filter(|value| value.is_finite());
    let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let reach = |cell: &Cell| match cell.interval {
        Some(interval) => interval.low.abs().max(interval.high.abs()),
        None => cell.mean.abs(),
    };
    let smallest = cells().map(reach).filter(|reach| *reach > 0.0).fold(f64::INFINITY, f64::min);
    let hidden = smallest < VISIBLE * (high - low);
    let spread = if hidden { Spread::Signed(smallest) } else { Spread::Linear };
    let note = if hidden { UNEVEN } else { "" };
    // Without any value there is no scale, and 0 alone would make one.
    values().next()?;
    Some((Scale::new(values().chain([0.0]), spread, pixels)?, note))
}

fn draw_cell(canvas: &mut Canvas, scale: &Scale, cell: &Cell, y: f64, paint: Paint) {
    let units = cell.units.iter().enumerate().filter(|(_, value)| value.is_finite());
    let dots: Vec<(f64, f64)> =
        units.map(|(unit, value)| (scale.at(*value), y + (jitter(unit) - 0.5) * UNITS)).collect();
    canvas.discs(&dots, UNIT, paint, UNIT_OPACITY);
    let ends = cell.interval.unwrap_or(Interval { low: cell.mean, high: cell.mean });
    for (mark, value) in [(Marker::Up, cell.paper), (Marker::Square, cell.official)] {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            mark.draw_open(canvas, (scale.at(value), y), Paint::Ink);
        }
    }
    // Last, so that no mark hides it.
    draw_mean(canvas, (scale.at(ends.low), scale.at(cell.mean), scale.at(ends.high)), y, paint);
}

/// The height of a unit within its row, from 0 to 1: multiples of the golden ratio without their whole part,
/// which keeps neighbours apart. A unit has the same height in every row, so that it can be followed by eye.
fn jitter(unit: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    ((unit as f64 + 0.5) * GOLDEN).fract()
}

/// Numbers and words, on a ground of their own where a line of the plot would strike them through.
fn draw_lines(canvas: &mut Canvas, lines: &[(String, String)], (left, top): (f64, f64)) {
    for (index, (numbers, words)) in lines.iter().enumerate() {
        let top = top + LINE * index as f64;
        let mut x = left;
        for (text, font) in
            [(numbers, NUMBERS), (words, WORDS)].into_iter().filter(|(text, _)| !text.is_empty())
        {
            let width = text_width(text, font);
            let ground = Area { left: x - 2.0, right: x + width + 2.0, top: top + 1.0, bottom: top + LINE };
            canvas.block(ground, Paint::Ground);
            canvas.text((x, top + LINE - 3.0), text, font, Anchor::Start);
            x += width + 8.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(units: &[f64], words: &[&str]) -> Cell {
        let mean = units.iter().sum::<f64>() / units.len() as f64;
        Cell {
            units: units.to_vec(),
            mean,
            interval: Some(Interval::around(mean, 0.1)),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            paper: None,
            official: None,
        }
    }

    fn plot(cells: Vec<Option<Cell>>) -> ForestPlot {
        let row = |name: &str| Row { name: name.to_owned(), tone: Tone::default(), apart: false };
        ForestPlot {
            title: "a < b & \"c\"".to_owned(),
            subtitle: "Each row minus erm.".to_owned(),
            unit: Some("one seed".to_owned()),
            rows: cells.iter().enumerate().map(|(index, _)| row(&format!("<m{index}>"))).collect(),
            panels: vec![ForestPanel {
                title: "RMSE (dB)".to_owned(),
                axis: "difference (dB), lower is better".to_owned(),
                decimals: 2,
                cells,
            }],
        }
    }

    #[test]
    fn a_row_has_its_numbers_and_its_words() {
        let svg = plot(vec![Some(cell(&[0.5, 0.7], &["CONTRADICTED"])), None]).render().unwrap();
        for text in
            [">0.60 [0.50, 0.70]<", ">CONTRADICTED<", ">&lt;m0&gt;<", ">a &lt; b &amp; &quot;c&quot;<"]
        {
            assert!(svg.contains(text), "{svg}\nhas no {text}");
        }
        assert!(svg.contains(
            "difference (dB), lower is better): &lt;m0&gt; 0.60 [0.50, 0.70] CONTRADICTED.</desc>"
        ));
        assert!(!svg.contains(UNEVEN), "{svg}");
    }

    #[test]
    fn a_small_difference_is_seen_beside_a_large_one() {
        let rows = vec![Some(cell(&[-11.0, -10.0], &[])), Some(cell(&[-0.2, -0.1], &[]))];
        let svg = plot(rows).render().unwrap();
        assert!(svg.contains(">axis not even<"), "{svg}");
    }

    #[test]
    fn a_word_without_room_has_a_line_of_its_own() {
        let cell = cell(&[0.5, 0.7], &["REPRODUCED", "EQUIVALENT"]);
        let own = |lines: Vec<(String, String)>| lines.into_iter().map(|line| line.1).collect::<Vec<_>>();
        assert_eq!(own(cell.lines(2, 400.0)), ["REPRODUCED", "EQUIVALENT"]);
        assert_eq!(own(cell.lines(2, 120.0)), ["", "REPRODUCED", "EQUIVALENT"]);
    }

    #[test]
    fn a_long_title_has_lines_and_stays_readable() {
        let mut wide = plot(vec![Some(cell(&[0.5, 0.7], &[]))]);
        let height = |plot: &ForestPlot| titles_height(&plot.panels, 170.0);
        assert_eq!(height(&wide), TITLE);
        wide.panels[0].title = "accuracy (%), statistics of raw images".to_owned();
        assert!(wide.panels[0].title_lines(170.0).len() > 1);
        assert!(height(&wide) > TITLE);
    }

    #[test]
    fn nothing_finite_makes_no_picture() {
        assert_eq!(plot(vec![None]).render(), None);
        let nan = Cell { units: vec![f64::NAN], mean: f64::NAN, interval: None, ..cell(&[1.0], &[]) };
        assert_eq!(plot(vec![Some(nan)]).render(), None);
    }

    proptest! {
        #[test]
        fn units_that_follow_each_other_are_apart(unit in 0_usize..10_000) {
            prop_assert!((0.0..1.0).contains(&jitter(unit)));
            prop_assert!((jitter(unit) - jitter(unit + 1)).abs() > 0.3);
        }
    }
}
