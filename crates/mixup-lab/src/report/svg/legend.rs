//! What stands above the data: title, what is shown, and names beside their symbols.

use super::canvas::{Anchor, Canvas, SUBTITLE, TITLE, text_width};
use super::symbols::Symbol;

/// Height of a line of the legend.
const LINE: f64 = 18.0;
/// Height of a line of the subtitle.
const SUBTITLE_LINE: f64 = 15.0;
/// Least distance of two entries.
const GAP: f64 = 16.0;
/// From the edge of the picture.
const MARGIN: f64 = 16.0;

/// Title, subtitle and legend of a picture, outside of everything that is drawn.
pub(super) struct Heading<'a> {
    title: &'a str,
    subtitle: Vec<String>,
    legend: Legend,
    width: f64,
}

impl<'a> Heading<'a> {
    /// Sets them for a picture of this width; an empty subtitle takes no room.
    pub(super) fn new(
        title: &'a str,
        subtitle: &str,
        entries: impl IntoIterator<Item = (Symbol, String)>,
        width: f64,
    ) -> Self {
        let inside = width - 2.0 * MARGIN;
        let columns = (inside / text_width("m", SUBTITLE)) as usize;
        let subtitle = if subtitle.is_empty() {
            Vec::new()
        } else {
            textwrap::wrap(subtitle, columns).into_iter().map(String::from).collect()
        };
        Self { title, subtitle, legend: Legend::new(entries, inside), width }
    }

    /// Where it ends and data may begin.
    pub(super) fn bottom(&self) -> f64 {
        self.legend_top() + self.legend.height() + 6.0
    }

    fn legend_top(&self) -> f64 {
        36.0 + SUBTITLE_LINE * self.subtitle.len() as f64
    }

    pub(super) fn draw(&self, canvas: &mut Canvas) {
        let font = TITLE.within(self.title, self.width - 2.0 * MARGIN);
        canvas.text((MARGIN, 26.0), self.title, font, Anchor::Start);
        for (index, line) in self.subtitle.iter().enumerate() {
            let y = 45.0 + SUBTITLE_LINE * index as f64;
            canvas.text((MARGIN, y), line, SUBTITLE, Anchor::Start);
        }
        canvas.group("legend", |canvas| self.legend.draw(canvas, (MARGIN, self.legend_top())));
    }
}

/// A legend in as many lines as its width asks for.
struct Legend {
    entries: Vec<Entry>,
}

struct Entry {
    symbol: Symbol,
    text: String,
    x: f64,
    line: usize,
}

impl Legend {
    /// Sets the entries, from left to right.
    fn new(entries: impl IntoIterator<Item = (Symbol, String)>, width: f64) -> Self {
        let (mut x, mut line) = (0.0, 0);
        let mut placed = Vec::new();
        for (symbol, text) in entries {
            let room = symbol.width() + text_width(&text, SUBTITLE);
            if x > 0.0 && x + room > width {
                (x, line) = (0.0, line + 1);
            }
            placed.push(Entry { symbol, text, x, line });
            x += room + GAP;
        }
        Self { entries: placed }
    }

    fn height(&self) -> f64 {
        self.entries.last().map_or(0.0, |entry| (entry.line + 1) as f64 * LINE)
    }

    /// Draws it below and right of a corner.
    fn draw(&self, canvas: &mut Canvas, (left, top): (f64, f64)) {
        for entry in &self.entries {
            let (x, middle) = (left + entry.x, top + (entry.line as f64 + 0.5) * LINE);
            entry.symbol.draw(canvas, x, middle);
            canvas.text((x + entry.symbol.width(), middle + 4.0), &entry.text, SUBTITLE, Anchor::Start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_to_the_next_line() {
        let name = "m".repeat(20);
        let room = Symbol::Unit.width() + text_width(&name, SUBTITLE);
        let legend = |width| Legend::new([(Symbol::Unit, name.clone()), (Symbol::Unit, name.clone())], width);
        assert_eq!(legend(2.0 * room + GAP).height(), LINE);
        assert_eq!(legend(2.0 * room).height(), 2.0 * LINE);
        // A name that is wider than the picture still gets a line of its own.
        assert_eq!(legend(10.0).height(), 2.0 * LINE);
    }

    #[test]
    fn a_heading_ends_below_its_last_line() {
        let entries = || [(Symbol::Unit, "one seed".to_owned())];
        let bare = Heading::new("t", "", [], 400.0).bottom();
        let with_legend = Heading::new("t", "", entries(), 400.0).bottom();
        let with_both = Heading::new("t", &"word ".repeat(30), entries(), 400.0).bottom();
        assert_eq!(with_legend - bare, LINE);
        assert!(with_both - with_legend >= 2.0 * SUBTITLE_LINE, "{with_both}");
    }
}
