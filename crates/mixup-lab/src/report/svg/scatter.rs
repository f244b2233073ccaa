//! Points over two numeric axes, one colour per group.

use super::axis::Scale;
use super::canvas::{Anchor, Canvas, FAINT, SUBTITLE, TITLE, color};
use super::legend::Legend;

const WIDTH: f64 = 620.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 24.0;
/// Upper end of the legend.
const LEGEND: f64 = 36.0;
/// Height of the plot itself; with [`LEFT`] and [`RIGHT`] it is about a square.
const SIDE: f64 = 440.0;

/// A scatter plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPlot {
    /// Title.
    pub title: String,
    /// Label of the horizontal axis, with its unit.
    pub x_label: String,
    /// Label of the vertical axis, with its unit.
    pub y_label: String,
    /// Whether `x = y` is drawn; both axes then have the same range.
    pub diagonal: bool,
    /// Whether each point is joined with the next of its group.
    pub joined: bool,
    /// What the colours are.
    pub groups: Vec<PointGroup>,
}

/// Points of one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct PointGroup {
    /// Name in the legend.
    pub name: String,
    /// Which colour of the palette.
    pub color: usize,
    /// Points `[x, y]`; those that are not finite are left out.
    pub points: Vec<[f64; 2]>,
}

impl ScatterPlot {
    /// The picture as SVG; `None` when there is no finite point.
    pub fn render(&self) -> Option<String> {
        let names = self.groups.iter().map(|group| (group.name.clone(), color(group.color)));
        let legend = Legend::new(names, WIDTH - 32.0);
        let top = LEGEND + legend.height() + 10.0;
        let bottom = top + SIDE;
        let (x, y) = self.scales(top, bottom)?;

        let mut canvas = Canvas::new(WIDTH, bottom + 56.0);
        canvas.text((16.0, 26.0), &self.title, TITLE, Anchor::Start);
        legend.draw(&mut canvas, (16.0, LEGEND));
        x.draw_below(&mut canvas, (top, bottom), &self.x_label);
        y.draw_left(&mut canvas, (LEFT, RIGHT), &self.y_label);
        if self.diagonal {
            canvas.line((LEFT, bottom), (RIGHT, top), FAINT, 1.5, "5 4");
            canvas.text((RIGHT - 26.0, top + 14.0), "x = y", SUBTITLE, Anchor::End);
        }
        for group in &self.groups {
            self.draw_group(&mut canvas, (&x, &y), group);
        }
        Some(canvas.finish(&self.title))
    }

    fn scales(&self, top: f64, bottom: f64) -> Option<(Scale, Scale)> {
        let axis = |axis: usize| self.groups.iter().flat_map(finite).map(move |point| point[axis]);
        let pixels = ((LEFT, RIGHT), (bottom, top));
        if self.diagonal {
            let both: Vec<f64> = axis(0).chain(axis(1)).collect();
            return Scale::new(both.clone(), false, pixels.0).zip(Scale::new(both, false, pixels.1));
        }
        Scale::new(axis(0), false, pixels.0).zip(Scale::new(axis(1), false, pixels.1))
    }

    fn draw_group(&self, canvas: &mut Canvas, (x, y): (&Scale, &Scale), group: &PointGroup) {
        let color = color(group.color);
        let places: Vec<(f64, f64)> = finite(group).map(|point| (x.at(point[0]), y.at(point[1]))).collect();
        if self.joined {
            canvas.polyline(&places, color, 1.5, "");
        }
        for place in places {
            canvas.circle(place, 3.0, color, if self.joined { 1.0 } else { 0.5 });
        }
    }
}

fn finite(group: &PointGroup) -> impl Iterator<Item = &[f64; 2]> {
    group.points.iter().filter(|point| point.iter().all(|value| value.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(diagonal: bool, joined: bool, points: &[[f64; 2]]) -> ScatterPlot {
        let group = PointGroup { name: "erm".to_owned(), color: 0, points: points.to_vec() };
        ScatterPlot {
            title: "Title".to_owned(),
            x_label: "true".to_owned(),
            y_label: "predicted".to_owned(),
            diagonal,
            joined,
            groups: vec![group.clone(), PointGroup { name: "mixup".to_owned(), color: 1, ..group }],
        }
    }

    /// Centres of the circles in the plot itself; the legend's come before.
    fn centres(svg: &str) -> Vec<(f64, f64)> {
        let number = |circle: &str, name: &str| -> f64 {
            let (_, rest) = circle.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let circles = svg.split("<circle ").skip(3);
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
        let top = LEGEND + 28.0;
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
    fn nothing_finite_makes_no_picture() {
        assert_eq!(plot(true, false, &[[f64::NAN, 1.0]]).render(), None);
    }
}
