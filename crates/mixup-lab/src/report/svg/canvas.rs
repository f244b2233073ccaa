//! The elements that plots are made of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::theme::{Paint, style_sheet};

/// Width of a character in ems, on the generous side for the usual sans-serif fonts.
const CHARACTER: f64 = 0.6;
/// How much wider bold capitals are, which verdicts are set in.
const BOLD: f64 = 1.22;

const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/// Dashes that keep apart what repeats a colour.
const DASHES: [&str; 4] = ["", "6 4", "2 3", "9 3 2 3"];

/// The dashes of the `index`-th line of a colour.
pub(super) fn dash(index: usize) -> &'static str {
    DASHES[index % DASHES.len()]
}

/// The same of horizontal lines to compare with, which are never solid.
pub(super) fn level_dash(index: usize) -> &'static str {
    DASHES[1 + index % (DASHES.len() - 1)]
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
    pub(super) paint: Paint,
}

pub(super) const TITLE: Font = Font { size: 16.0, bold: true, paint: Paint::Ink };
pub(super) const PANEL: Font = Font { size: 13.0, bold: true, paint: Paint::Ink };
pub(super) const SUBTITLE: Font = Font { size: 12.0, bold: false, paint: Paint::Faint };
pub(super) const LABEL: Font = Font { size: 12.0, bold: false, paint: Paint::Ink };
pub(super) const TICK: Font = Font { size: 11.0, bold: false, paint: Paint::Faint };

impl Font {
    /// The font, smaller where the text would be wider than `width`.
    pub(super) fn within(self, text: &str, width: f64) -> Self {
        let share = (width / text_width(text, self)).min(1.0);
        Self { size: (self.size * share * 10.0).floor() / 10.0, ..self }
    }
}

/// The room that a text needs at most.
pub(super) fn text_width(text: &str, font: Font) -> f64 {
    let weight = if font.bold { BOLD } else { 1.0 };
    text.chars().count() as f64 * font.size * CHARACTER * weight
}

/// The widest of some texts.
pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t str>, font: Font) -> f64 {
    texts.into_iter().map(|text| text_width(text, font)).fold(0.0, f64::max)
}

/// A rectangle that data are drawn in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A picture under construction.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    body: String,
    used: BTreeSet<Paint>,
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut canvas = Self { width, height, body: String::new(), used: BTreeSet::new() };
        canvas.block(Area { left: 0.0, right: width, top: 0.0, bottom: height }, Paint::Ground);
        canvas
    }

    /// Draws a part whose elements belong together; `class` names it for tests and for those who read the file.
    pub(super) fn group(&mut self, class: &str, draw: impl FnOnce(&mut Self)) {
        self.element(&format!("<g class=\"{class}\">"));
        draw(self);
        self.element("</g>");
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), paint: Paint, width: f64, dashes: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        let stroke = self.stroke(paint, width, dashes);
        self.element(&format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"{stroke}/>"));
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], paint: Paint, width: f64, dashes: &str) {
        let points = listed(points);
        let stroke = self.stroke(paint, width, dashes);
        self.element(&format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke-linejoin=\"round\"{stroke}/>"
        ));
    }

    /// Filled discs that are darker where they lie on each other.
    pub(super) fn circles(&mut self, centres: &[(f64, f64)], radius: f64, paint: Paint, opacity: f64) {
        let [radius, opacity] = [radius, opacity].map(number);
        let class = self.class(paint);
        self.element(&format!("<g fill=\"currentColor\" fill-opacity=\"{opacity}\"{class}>"));
        for (x, y) in centres {
            let [x, y] = [*x, *y].map(|at| shortened(at, 1));
            self.element(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
        }
        self.element("</g>");
    }

    /// Filled discs, all in one element: a line of no length with round ends is one.
    pub(super) fn discs(&mut self, centres: &[(f64, f64)], radius: f64, paint: Paint, opacity: f64) {
        if centres.is_empty() {
            return;
        }
        let path: String =
            centres.iter().map(|(x, y)| format!("M{} {}h0", shortened(*x, 1), shortened(*y, 1))).collect();
        let stroke = self.stroke(paint, 2.0 * radius, "");
        let opacity = if opacity < 1.0 { format!(" opacity=\"{}\"", number(opacity)) } else { String::new() };
        self.element(&format!("<path d=\"{path}\" stroke-linecap=\"round\"{stroke}{opacity}/>"));
    }

    /// A closed shape, filled and with an outline.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: Paint, outline: Paint) {
        // An element has one class, and so one colour.
        let class = self.class(fill);
        self.element(&format!("<polygon points=\"{}\" fill=\"currentColor\"{class}/>", listed(points)));
        self.outline(points, outline);
    }

    /// The outline of a closed shape.
    pub(super) fn outline(&mut self, points: &[(f64, f64)], paint: Paint) {
        let stroke = self.stroke(paint, 1.5, "");
        self.element(&format!("<polygon points=\"{}\" fill=\"none\"{stroke}/>", listed(points)));
    }

    /// A filled rectangle.
    pub(super) fn block(&mut self, area: Area, paint: Paint) {
        let class = self.class(paint);
        self.element(&format!("<rect {} fill=\"currentColor\"{class}/>", extent(area)));
    }

    /// The outline of an area.
    pub(super) fn frame(&mut self, area: Area) {
        let stroke = self.stroke(Paint::Grid, 1.0, "");
        self.element(&format!("<rect {} fill=\"none\"{stroke}/>", extent(area)));
    }

    /// An image of 16 levels, whose tones are the same on any ground: its pixels are `pixel` long.
    pub(super) fn pixels(
        &mut self,
        (left, top): (f64, f64),
        pixel: f64,
        width: usize,
        levels: &[u8],
        tones: &[String; 16],
    ) {
        let [left, top, pixel] = [left, top, pixel].map(number);
        self.element(&format!(
            "<g transform=\"translate({left} {top}) scale({pixel})\" fill=\"none\" shape-rendering=\"crispEdges\">"
        ));
        for (level, tone) in tones.iter().enumerate() {
            let mut path = String::new();
            for (row, line) in levels.chunks(width.max(1)).enumerate() {
                let mut column = 0;
                for run in line.chunk_by(|a, b| a == b) {
                    if usize::from(run[0]) == level {
                        // Writing to a String does not fail.
                        let _ = write!(path, "M{column} {row}.5h{}", run.len());
                    }
                    column += run.len();
                }
            }
            if !path.is_empty() {
                self.element(&format!("<path d=\"{path}\" stroke=\"{tone}\"/>"));
            }
        }
        self.element("</g>");
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
        let class = self.class(font.paint);
        self.element(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"currentColor\"{class}{weight}{anchor}{transform}>\
             {}</text>",
            escaped(text)
        ));
    }

    fn class(&mut self, paint: Paint) -> String {
        self.used.insert(paint);
        format!(" class=\"{}\"", paint.class())
    }

    fn stroke(&mut self, paint: Paint, width: f64, dashes: &str) -> String {
        let dashes =
            if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        let class = self.class(paint);
        format!(" stroke=\"currentColor\" stroke-width=\"{}\"{dashes}{class}", number(width))
    }

    fn element(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The file; screen readers say `title`, and `description` to those who ask for more.
    pub(super) fn finish(self, title: &str, description: &str) -> String {
        let [width, height] = [self.width, self.height].map(number);
        let mut svg = String::new();
        // Writing to a String does not fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\" role=\"img\" aria-labelledby=\"title desc\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n{}{}</svg>\n",
            escaped(title),
            escaped(description),
            style_sheet(&self.used),
            self.body
        );
        svg
    }
}

fn extent(area: Area) -> String {
    let [x, y, width, height] =
        [area.left, area.top, area.right - area.left, area.bottom - area.top].map(number);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn listed(points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
    points.join(" ")
}

/// At most two decimals, which is finer than a pixel.
fn number(value: f64) -> String {
    shortened(value, 2)
}

fn shortened(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// Text that stands in XML or HTML, or in an attribute of it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
