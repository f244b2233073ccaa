//! Points over two numeric axes, one colour per group.

use super::Tone;
use super::axis::{BELOW, Scale, Spread};
use super::canvas::{Area, Canvas, dash, level_dash};
use super::legend::Heading;
use super::symbols::Symbol;
use super::theme::Paint;

const WIDTH: f64 = 620.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 24.0;
/// Height of the plot itself; with [`LEFT`] and [`RIGHT`] it is about a square.
const SIDE: f64 = 440.0;

/// A scatter plot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScatterPlot {
    /// Title.
    pub(crate) title: String,
    /// Label of the horizontal axis, with its unit.
    pub(crate) x_label: String,
    /// Label of the vertical axis, with its unit.
    pub(crate) y_label: String,
    /// Whether `x = y` is drawn; both axes then have the same range.
    pub(crate) diagonal: bool,
    /// Whether each point is joined with the next of its group.
    pub(crate) joined: bool,
    /// What the colours are.
    pub(crate) groups: Vec<PointGroup>,
}

/// Points of one colour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PointGroup {
    /// Name in the legend.
    pub(crate) name: String,
    /// Its colour, and the dashes of the line that joins its points.
    pub(crate) tone: Tone,
    /// Points `[x, y]`; those that are not finite are left out.
    pub(crate) points: Vec<[f64; 2]>,
}

impl ScatterPlot {
    /// The picture as SVG; `None` when there is no finite point.
    pub(crate) fn render(&self) -> Option<String> {
        let symbol = |tone: Tone| {
            if self.joined { Symbol::Line(tone.paint(), tone.variant) } else { Symbol::Disc(tone.paint()) }
        };
        let mut entries: Vec<(Symbol, String)> =
            self.groups.iter().map(|group| (symbol(group.tone), group.name.clone())).collect();
        if self.diagonal {
            entries.push((Symbol::Level(Paint::Faint, 0), "x = y".to_owned()));
        }
        let heading = Heading::new(&self.title, "", entries, WIDTH);
        let top = heading.bottom() + 4.0;
        let area = Area { left: LEFT, right: RIGHT, top, bottom: top + SIDE };
        let (x, y) = self.scales(area)?;

        let mut canvas = Canvas::new(WIDTH, area.bottom + BELOW + 6.0);
        heading.draw(&mut canvas);
        canvas.group("panel", |canvas| {
            canvas.frame(area);
            x.draw_below(canvas, area, &self.x_label);
            y.draw_left(canvas, area, &self.y_label);
            if self.diagonal {
                canvas.line((LEFT, area.bottom), (RIGHT, area.top), Paint::Faint, 1.5, level_dash(0));
            }
            for group in &self.groups {
                self.draw_group(canvas, (&x, &y), group);
            }
        });
        Some(canvas.finish(&self.title, &self.description()))
    }

    fn description(&self) -> String {
        let groups: Vec<String> = self
            .groups
            .iter()
            .map(|group| format!("{}, {} points", group.name, finite(group).count()))
            .collect();
        format!("{} over {}: {}.", self.y_label, self.x_label, groups.join("; "))
    }

    fn scales(&self, area: Area) -> Option<(Scale, Scale)> {
        let axis = |axis: usize| self.groups.iter().flat_map(finite).map(move |point| point[axis]);
        let pixels = ((area.left, area.right), (area.bottom, area.top));
        let scale = |values: Vec<f64>, pixels| Scale::new(values, Spread::Linear, pixels);
        if self.diagonal {
            let both: Vec<f64> = axis(0).chain(axis(1)).collect();
            return scale(both.clone(), pixels.0).zip(scale(both, pixels.1));
        }
        scale(axis(0).collect(), pixels.0).zip(scale(axis(1).collect(), pixels.1))
    }

    fn draw_group(&self, canvas: &mut Canvas, (x, y): (&Scale, &Scale), group: &PointGroup) {
        let paint = group.tone.paint();
        let places: Vec<(f64, f64)> = finite(group).map(|point| (x.at(point[0]), y.at(point[1]))).collect();
        if self.joined {
            canvas.polyline(&places, paint, 1.5, dash(group.tone.variant));
        }
        canvas.circles(&places, 3.0, paint, if self.joined { 1.0 } else { 0.5 });
    }
}

fn finite(group: &PointGroup) -> impl Iterator<Item = &[f64; 2]> {
    group.points.iter().filter(|point| point.iter().all(|value| value.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(diagonal: bool, joined: bool, points: &[[f64; 2]]) -> ScatterPlot {
        let group = PointGroup { name: "erm".to_owned(), tone: Tone::default(), points: points.to_vec() };
        ScatterPlot {
            title: "Title".to_owned(),
            x_label: "true".to_owned(),
            y_label: "predicted".to_owned(),
            diagonal,
            joined,
            groups: vec![
                group.clone(),
                PointGroup { name: "mixup".to_owned(), tone: Tone { hue: 1, variant: 0 }, ..group },
            ],
        }
    }

    /// Centres of the points.
    fn centres(svg: &str) -> Vec<(f64, f64)> {
        let number = |circle: &str, name: &str| -> f64 {
            let (_, rest) = circle.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let circles = svg.split("<circle ").skip(1);
        circles.map(|circle| (number(circle, "cx"), number(circle, "cy"))).collect()
    }

    #[test]
    fn every_finite_point_is_drawn_once_per_group() {
        let points = [[1.0, 5.0], [2.0, 7.0], [f64::NAN, 6.0], [1.5, f64::INFINITY]];
        let svg = plot(false, false, &points).render().unwrap();
        let centres = centres(&svg);
        assert_eq!(centres.len(), 4, "{svg}");
        assert!(centres[0].0 < centres[1].0 && centres[0].1 > centres[1].1, "{centres:?}");
        assert!(!svg.contains("<polyline") && !svg.contains("x = y"), "{svg}");
        for text in [">Title</text>", ">true</text>", ">predicted</text>", ">erm</text>", ">mixup</text>"] {
            assert!(svg.contains(text), "{svg}\nhas no {text}");
        }
    }

    #[test]
    fn equal_numbers_lie_on_the_diagonal() {
        let svg = plot(true, false, &[[0.2, 0.2], [0.5, 0.9]]).render().unwrap();
        assert!(svg.contains("x = y"));
        let (x, y) = centres(&svg)[0];
        let from_left = (x - LEFT) / (RIGHT - LEFT);
        let (_, frame) = svg.split_once("<g class=\"panel\">").unwrap();
        let top: f64 = frame.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let from_bottom = (top + SIDE - y) / SIDE;
        assert!((from_left - from_bottom).abs() < 1e-3, "{from_left} {from_bottom}");
    }

    #[test]
    fn joined_points_make_one_line_per_group() {
        let svg = plot(true, true, &[[0.1, 0.2], [0.5, 0.4], [0.9, 0.8]]).render().unwrap();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(centres(&svg).len(), 6);
    }

    #[test]
    fn lines_of_one_hue_differ_in_their_dashes() {
        let mut plot = plot(false, true, &[[0.1, 0.2], [0.5, 0.4]]);
        plot.groups[1].tone = Tone { variant: 1, ..plot.groups[0].tone };
        let svg = plot.render().unwrap();
        // The line and its entry in the legend.
        assert_eq!(svg.matches("stroke-dasharray").count(), 2, "{svg}");
    }

    #[test]
    fn nothing_finite_makes_no_picture() {
        assert_eq!(plot(true, false, &[[f64::NAN, 1.0]]).render(), None);
    }
}
