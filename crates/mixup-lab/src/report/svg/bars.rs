//! Horizontal bars in groups: per category one bar for each of several things.

use super::Tone;
use super::axis::{BELOW, Scale, Spread};
use super::canvas::{Anchor, Area, Canvas, Font, LABEL, TICK, text_width, widest};
use super::legend::Heading;
use super::symbols::Symbol;
use super::theme::Paint;
use crate::verdicts::numbers::fixed;

const WIDTH: f64 = 760.0;
const BAR: f64 = 9.0;
/// From one bar to the next of its category.
const STEP: f64 = 11.0;
/// Room above and below the bars of a category.
const AIR: f64 = 5.0;
/// The number at the end of a bar.
const NUMBER: Font = Font { size: 10.0, ..TICK };

/// A plot of grouped bars from 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarPlot {
    /// Title.
    pub(crate) title: String,
    /// Label of the axis, with its unit.
    pub(crate) label: String,
    /// Decimals of the printed values.
    pub(crate) decimals: usize,
    /// Names of the categories, from top to bottom.
    pub(crate) categories: Vec<String>,
    /// The bars of each category, from top to bottom.
    pub(crate) groups: Vec<BarGroup>,
}

/// Bars of one colour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarGroup {
    /// Name in the legend.
    pub(crate) name: String,
    /// Its colour.
    pub(crate) tone: Tone,
    /// One per category; what is absent or not finite is left out.
    pub(crate) values: Vec<Option<f64>>,
}

impl BarPlot {
    /// The picture as SVG; `None` when there is no finite value.
    pub(crate) fn render(&self) -> Option<String> {
        let mut values = self.groups.iter().flat_map(|group| &group.values).flatten().copied();
        let extent: Vec<f64> = values.by_ref().filter(|value| value.is_finite()).collect();
        let largest = extent.iter().copied().reduce(f64::max)?;
        let left = 28.0 + widest(self.categories.iter().map(String::as_str), LABEL);
        let right = WIDTH - 24.0 - text_width(&fixed(largest, self.decimals), NUMBER);
        let scale = Scale::new(extent.into_iter().chain([0.0]), Spread::Linear, (left, right))?;
        let entries = self.groups.iter().map(|group| (Symbol::Disc(group.tone.paint()), group.name.clone()));
        let heading = Heading::new(&self.title, "", entries, WIDTH);
        let top = heading.bottom() + 4.0;
        let row = 2.0 * AIR + STEP * self.groups.len() as f64;
        let area = Area { left, right: WIDTH - 16.0, top, bottom: top + row * self.categories.len() as f64 };

        let mut canvas = Canvas::new(WIDTH, area.bottom + BELOW + 6.0);
        heading.draw(&mut canvas);
        canvas.group("panel", |canvas| {
            canvas.frame(area);
            scale.draw_below(canvas, area, &self.label);
            for (index, category) in self.categories.iter().enumerate() {
                let upper = top + row * index as f64;
                canvas.line((16.0, upper), (area.right, upper), Paint::Grid, 1.0, "");
                canvas.text((left - 12.0, upper + row / 2.0 + 4.0), category, LABEL, Anchor::End);
                self.draw_category(canvas, &scale, index, upper + AIR);
            }
            canvas.line((scale.at(0.0), top), (scale.at(0.0), area.bottom), Paint::Faint, 1.5, "");
        });
        Some(canvas.finish(&self.title, &self.description()))
    }

    /// The numbers, for those who do not see them.
    fn description(&self) -> String {
        let rows = self.categories.iter().enumerate().map(|(index, category)| {
            let values = self.groups.iter().filter_map(|group| {
                let value = group.values.get(index).copied().flatten().filter(|value| value.is_finite())?;
                Some(format!("{} {}", group.name, fixed(value, self.decimals)))
            });
            format!("{category}: {}.", values.collect::<Vec<_>>().join("; "))
        });
        format!("{}. {}", self.label, rows.collect::<Vec<_>>().join(" "))
    }

    fn draw_category(&self, canvas: &mut Canvas, scale: &Scale, category: usize, top: f64) {
        for (index, group) in self.groups.iter().enumerate() {
            let value = group.values.get(category).copied().flatten().filter(|value| value.is_finite());
            let Some(value) = value else { continue };
            let middle = top + STEP * (index as f64 + 0.5);
            let (zero, end) = (scale.at(0.0), scale.at(value));
            canvas.line((zero, middle), (end, middle), group.tone.paint(), BAR, "");
            canvas.text(
                (zero.max(end) + 4.0, middle + 3.5),
                &fixed(value, self.decimals),
                NUMBER,
                Anchor::Start,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(ours: [Option<f64>; 2], theirs: [Option<f64>; 2]) -> BarPlot {
        let group = |name: &str, hue, values: [Option<f64>; 2]| BarGroup {
            name: name.to_owned(),
            tone: Tone { hue, variant: 0 },
            values: values.to_vec(),
        };
        BarPlot {
            title: "Weights".to_owned(),
            label: "weight".to_owned(),
            decimals: 2,
            categories: vec!["web".to_owned(), "books".to_owned()],
            groups: vec![group("ours", 0, ours), group("theirs", 1, theirs)],
        }
    }

    #[test]
    fn what_is_not_known_has_no_bar() {
        let svg = plot([Some(0.75), Some(0.25)], [Some(0.5), None]).render().unwrap();
        assert_eq!(svg.matches("stroke-width=\"9\"").count(), 3, "{svg}");
        for text in [">0.75</text>", ">0.25</text>", ">0.50</text>", ">web</text>", ">books</text>"] {
            assert_eq!(svg.matches(text).count(), 1, "{svg}\n{text}");
        }
        assert!(plot([Some(f64::NAN), Some(0.2)], [None, None]).render().is_some());
        assert_eq!(plot([None, Some(f64::NAN)], [None, None]).render(), None);
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let svg = plot([Some(0.8), Some(0.2)], [None, None]).render().unwrap();
        let length = |line: &str| -> f64 {
            let number = |name: &str| -> f64 {
                let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
                rest.split('"').next().unwrap().parse().unwrap()
            };
            number("x2") - number("x1")
        };
        let lengths: Vec<f64> =
            svg.lines().filter(|line| line.contains("stroke-width=\"9\"")).map(length).collect();
        assert!((lengths[0] / lengths[1] - 4.0).abs() < 1e-2, "{lengths:?}");
    }
}
