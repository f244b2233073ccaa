//! Plots as SVG text. The same numbers give the same bytes.

mod axis;
mod bars;
mod canvas;
mod dots;
mod legend;
mod lines;
mod scatter;

pub use bars::{BarGroup, BarPlot};
pub use dots::{DotPlot, DotRow, Mark};
pub use lines::{Level, LinePlot, Point, Series};
pub use scatter::{PointGroup, ScatterPlot};
