//! Plots as SVG text. The same numbers give the same bytes.

mod axis;
mod bars;
mod canvas;
mod forest;
mod images;
mod legend;
mod panels;
mod scatter;
mod symbols;
mod theme;

pub(super) use bars::{BarGroup, BarPlot};
pub(crate) use canvas::escaped;
pub(super) use forest::{Cell, ForestPanel, ForestPlot, Row};
pub(super) use images::{Images, NamedImage};
pub(super) use panels::{Level, LinePanel, LinePanels, Point, Series};
pub(super) use scatter::{PointGroup, ScatterPlot};
pub(super) use symbols::Marker;
pub(super) use theme::HUES;

/// A hue of the palette, and which of those that have it: lines of one hue differ in their dashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tone {
    pub(super) hue: usize,
    pub(super) variant: usize,
}

impl Tone {
    fn paint(self) -> theme::Paint {
        theme::Paint::Hue(self.hue)
    }
}

/// Radius and opacity of the dot of one unit.
const UNIT: f64 = 2.4;
const UNIT_OPACITY: f64 = 0.45;
