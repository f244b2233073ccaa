//! Names beside their colours.

use super::canvas::{Anchor, Canvas, SUBTITLE, text_width};

/// Height of a line.
const LINE: f64 = 18.0;
/// From an entry's start to its text.
const SYMBOL: f64 = 14.0;
/// Least distance of two entries.
const GAP: f64 = 16.0;

/// A legend in as many lines as its width asks for.
pub(super) struct Legend {
    entries: Vec<Entry>,
}

struct Entry {
    text: String,
    color: &'static str,
    x: f64,
    line: usize,
}

impl Legend {
    /// Sets the entries, from left to right.
    pub(super) fn new(names: impl IntoIterator<Item = (String, &'static str)>, width: f64) -> Self {
        let (mut x, mut line) = (0.0, 0);
        let mut entries = Vec::new();
        for (text, color) in names {
            let room = SYMBOL + text_width(&text, SUBTITLE);
            if x > 0.0 && x + room > width {
                (x, line) = (0.0, line + 1);
            }
            entries.push(Entry { text, color, x, line });
            x += room + GAP;
        }
        Self { entries }
    }

    pub(super) fn height(&self) -> f64 {
        self.entries.last().map_or(0.0, |entry| (entry.line + 1) as f64 * LINE)
    }

    /// Draws it below and right of a corner.
    pub(super) fn draw(&self, canvas: &mut Canvas, (left, top): (f64, f64)) {
        for entry in &self.entries {
            let (x, middle) = (left + entry.x, top + (entry.line as f64 + 0.5) * LINE);
            canvas.circle((x + 4.0, middle), 4.0, entry.color, 1.0);
            canvas.text((x + SYMBOL, middle + 4.0), &entry.text, SUBTITLE, Anchor::Start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_to_the_next_line() {
        let name = "m".repeat(20);
        let room = SYMBOL + text_width(&name, SUBTITLE);
        let legend = |width| Legend::new([(name.clone(), "red"), (name.clone(), "blue")], width);
        assert_eq!(legend(2.0 * room + GAP).height(), LINE);
        assert_eq!(legend(2.0 * room).height(), 2.0 * LINE);
        // A name that is wider than the picture still gets a line of its own.
        assert_eq!(legend(10.0).height(), 2.0 * LINE);
    }
}
