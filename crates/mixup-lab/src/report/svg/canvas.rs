//! The elements that plots are made of.

use std::fmt::Write as _;

/// Width of a character in ems, on the generous side for the usual sans-serif fonts.
const CHARACTER: f64 = 0.6;

const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// Colours for text and lines that carry no data.
pub(super) const INK: &str = "#222222";
pub(super) const FAINT: &str = "#666666";
pub(super) const GRID: &str = "#dddddd";

/// Okabe and Ito's colours, which the common forms of colour blindness keep apart; their yellow is
/// too light for lines on white.
const PALETTE: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/// Dashes that keep apart what repeats a colour.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];

/// The colour of the `index`-th method.
pub(super) fn color(index: usize) -> &'static str {
    PALETTE[index % PALETTE.len()]
}

/// The dashes of the `index`-th line; its colour repeats only with other dashes.
pub(super) fn dash(index: usize) -> &'static str {
    DASHES[index / PALETTE.len() % DASHES.len()]
}

/// Where a text is held.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) color: &'static str,
}

pub(super) const TITLE: Font = Font { size: 16.0, bold: true, color: INK };
pub(super) const SUBTITLE: Font = Font { size: 12.0, bold: false, color: FAINT };
pub(super) const LABEL: Font = Font { size: 13.0, bold: false, color: INK };
pub(super) const TICK: Font = Font { size: 12.0, bold: false, color: FAINT };

/// The room that a text needs at most.
pub(super) fn text_width(text: &str, font: Font) -> f64 {
    text.chars().count() as f64 * font.size * CHARACTER
}

/// A picture under construction.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64, dashes: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.element(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{color}\" stroke-width=\"{}\"{}/>",
            number(width),
            dash_attribute(dashes)
        ));
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], color: &str, width: f64, dashes: &str) {
        let points: Vec<String> =
            points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.element(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{}\" \
             stroke-linejoin=\"round\"{}/>",
            points.join(" "),
            number(width),
            dash_attribute(dashes)
        ));
    }

    /// A filled disc.
    pub(super) fn circle(&mut self, centre: (f64, f64), radius: f64, color: &str, opacity: f64) {
        let [x, y, r, opacity] = [centre.0, centre.1, radius, opacity].map(number);
        self.element(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{color}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    /// A closed shape with an outline in `color`.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, color: &str) {
        let points: Vec<String> =
            points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.element(&format!(
            "<polygon points=\"{}\" fill=\"{fill}\" stroke=\"{color}\" stroke-width=\"1.5\"/>",
            points.join(" ")
        ));
    }

    pub(super) fn text(&mut self, at: (f64, f64), text: &str, font: Font, anchor: Anchor) {
        self.turned_text(at, text, font, anchor, "");
    }

    /// Text that reads upwards, for the vertical axis.
    pub(super) fn upward_text(&mut self, at: (f64, f64), text: &str, font: Font) {
        let [x, y] = [at.0, at.1].map(number);
        self.turned_text(at, text, font, Anchor::Middle, &format!(" transform=\"rotate(-90 {x} {y})\""));
    }

    fn turned_text(&mut self, at: (f64, f64), text: &str, font: Font, anchor: Anchor, transform: &str) {
        let [x, y, size] = [at.0, at.1, font.size].map(number);
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if font.bold { " font-weight=\"bold\"" } else { "" };
        self.element(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{}\"{weight}{anchor}{transform}>{}</text>",
            font.color,
            escaped(text)
        ));
    }

    fn element(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The file; `title` is what screen readers say.
    pub(super) fn finish(self, title: &str) -> String {
        let [width, height] = [self.width, self.height].map(number);
        let mut svg = String::new();
        // Writing to a String does not fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\" role=\"img\">\n<title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n{}</svg>\n",
            escaped(title),
            self.body
        );
        svg
    }
}

fn dash_attribute(dashes: &str) -> String {
    if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") }
}

/// At most two decimals, which is finer than a pixel.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
