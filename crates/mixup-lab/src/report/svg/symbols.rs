//! What stands for a thing, in a plot as in its legend.

use super::canvas::{Canvas, dash, level_dash};
use super::theme::Paint;

/// How a point is marked. With a mean and its interval goes the diamond of [`draw_mean`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Marker {
    Disc,
    Ring,
    Up,
    Down,
    Square,
}

/// Half the width of a marker.
const RADIUS: f64 = 4.5;

impl Marker {
    pub(super) fn draw(self, canvas: &mut Canvas, (x, y): (f64, f64), paint: Paint) {
        let r = RADIUS;
        let shape: &[(f64, f64)] = match self {
            Self::Disc => return canvas.discs(&[(x, y)], 3.5, paint, 1.0),
            Self::Ring => {
                canvas.discs(&[(x, y)], 4.5, paint, 1.0);
                return canvas.discs(&[(x, y)], 2.7, Paint::Ground, 1.0);
            }
            Self::Up => &[(x - r, y + r), (x + r, y + r), (x, y - r)],
            Self::Down => &[(x - r, y - r), (x + r, y - r), (x, y + r)],
            Self::Square => &[(x - 4.0, y - 4.0), (x + 4.0, y - 4.0), (x + 4.0, y + 4.0), (x - 4.0, y + 4.0)],
        };
        canvas.polygon(shape, paint, paint);
    }

    /// Only its outline, larger.
    pub(super) fn draw_open(self, canvas: &mut Canvas, (x, y): (f64, f64), paint: Paint) {
        let r = 5.5;
        let shape: &[(f64, f64)] = match self {
            Self::Square => &[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
            _ => &[(x - 6.5, y + r), (x + 6.5, y + r), (x, y - 6.5)],
        };
        canvas.outline(shape, paint);
    }
}

/// An interval with its ends, horizontal, and the mean in it.
pub(super) fn draw_mean(canvas: &mut Canvas, (low, x, high): (f64, f64, f64), y: f64, paint: Paint) {
    if low < high {
        canvas.line((low, y), (high, y), paint, 2.5, "");
        for end in [low, high] {
            canvas.line((end, y - 4.5), (end, y + 4.5), paint, 2.0, "");
        }
    }
    let r = 5.0;
    canvas.polygon(&[(x, y - r), (x + r, y), (x, y + r), (x - r, y)], paint, Paint::Ground);
}

/// What stands before an entry of a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A coloured disc.
    Disc(Paint),
    /// The faint dot of one unit.
    Unit,
    /// A mean with its interval.
    Mean,
    /// A marker, in the colour of text.
    Marker(Marker),
    /// The outline of a marker, in the colour of text.
    Open(Marker),
    /// A line of a colour, with the dashes of its `usize`-th.
    Line(Paint, usize),
    /// The line of a level, with the dashes of its `usize`-th.
    Level(Paint, usize),
}

impl Symbol {
    /// The room it needs.
    pub(super) fn width(self) -> f64 {
        match self {
            Self::Disc(_) | Self::Unit | Self::Marker(_) | Self::Open(_) => 14.0,
            Self::Mean | Self::Line(..) | Self::Level(..) => 26.0,
        }
    }

    /// Draws it right of `x`.
    pub(super) fn draw(self, canvas: &mut Canvas, x: f64, y: f64) {
        let right = x + self.width() - 6.0;
        match self {
            Self::Disc(paint) => canvas.discs(&[(x + 4.0, y)], 4.0, paint, 1.0),
            Self::Unit => canvas.discs(&[(x + 4.0, y)], super::UNIT, Paint::Ink, super::UNIT_OPACITY),
            Self::Mean => draw_mean(canvas, (x, (x + right) / 2.0, right), y, Paint::Ink),
            Self::Marker(marker) => marker.draw(canvas, (x + 4.0, y), Paint::Ink),
            Self::Open(marker) => marker.draw_open(canvas, (x + 4.0, y), Paint::Ink),
            Self::Line(paint, index) => canvas.line((x, y), (right, y), paint, 2.5, dash(index)),
            Self::Level(paint, index) => canvas.line((x, y), (right, y), paint, 1.5, level_dash(index)),
        }
    }
}
