//! Plots as SVG text. The same numbers give the same bytes.

mod axis;
mod canvas;
mod dots;
mod lines;

pub use dots::{DotPlot, DotRow, Mark};
pub use lines::{Level, LinePlot, Point, Series};
