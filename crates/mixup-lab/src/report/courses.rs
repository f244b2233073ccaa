//! Courses of training, where they can be compared.

use std::collections::BTreeSet;

use super::colors::Colors;
use super::svg::{LinePanel, LinePanels, Marker, Point, Series};
use super::sweep::{Sweep, base};
use crate::outcomes::outcome::Outcome;

/// From this ratio of the largest to the smallest value on, a curve is shown logarithmically.
const LOG_FROM: f64 = 20.0;

/// More rows than this are not put into one panel.
const MANY: usize = 8;

/// The curves of an outcome that methods have in common. What is measured on held-out data is the same
/// for every method; the losses that methods train with are not, and are no matter for one plot.
pub(super) fn comparable(outcome: &Outcome) -> BTreeSet<&str> {
    let curves = outcome.methods.values().flat_map(|method| method.curves.keys());
    curves.map(String::as_str).filter(|curve| curve.starts_with("validation-")).collect()
}

/// The picture of a curve: in one panel, or with a panel per number of a sweep, or per method where there
/// are many.
pub(super) fn picture(outcome: &Outcome, curve: &str, colors: &Colors) -> LinePanels {
    let name = curve.replace('-', " ");
    let panels: Vec<LinePanel> = panels(outcome)
        .into_iter()
        .map(|(title, rows)| LinePanel {
            title,
            y_label: name.clone(),
            series: series(outcome, curve, colors, &rows),
            levels: Vec::new(),
        })
        .filter(|panel| !panel.series.is_empty())
        .collect();
    let values = || {
        let points = panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
        points.map(|point| point.y).filter(|y| y.is_finite())
    };
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    LinePanels {
        title: format!("{}: {name}", outcome.experiment),
        subtitle: format!("Mean over {} seeds at each epoch.", outcome.seeds.len()),
        x_label: "epoch".to_owned(),
        log_x: false,
        x_ticks: Vec::new(),
        same_y: true,
        log_y: low > 0.0 && high / low >= LOG_FROM,
        zero: false,
        markers: Vec::new(),
        panels,
    }
}

/// Titles and rows.
fn panels(outcome: &Outcome) -> Vec<(String, Vec<&str>)> {
    if let Some(sweep) = Sweep::of(outcome) {
        let panel = |&number: &f64| {
            let swept = sweep.arms.iter().filter_map(|arm| arm.at(number));
            (format!("{} {number}", sweep.label), swept.chain(sweep.others.iter().copied()).collect())
        };
        return sweep.values.iter().map(panel).collect();
    }
    let rows: Vec<&str> = outcome.methods.keys().map(String::as_str).collect();
    match rows[..] {
        [first, ref others @ ..] if rows.len() > MANY => {
            others.iter().map(|&method| (method.to_owned(), vec![method, first])).collect()
        }
        _ => vec![(String::new(), rows)],
    }
}

/// One line per row; rows of one name have the number in their own, unless the panel has it, and dashes.
fn series(outcome: &Outcome, curve: &str, colors: &Colors, rows: &[&str]) -> Vec<Series> {
    let mut lines: Vec<Series> = Vec::new();
    for &row in rows {
        let Some(values) = outcome.methods.get(row).and_then(|method| method.curves.get(curve)) else {
            continue;
        };
        let twins = rows.iter().filter(|other| base(other) == base(row)).count();
        let mut tone = colors.of(row);
        tone.variant += lines.iter().filter(|line| line.tone.hue == tone.hue).count();
        let points = values.iter().enumerate().map(|(at, &y)| Point {
            x: at as f64 + 1.0,
            y,
            interval: None,
            marker: Marker::Disc,
        });
        let name = if twins > 1 { row } else { base(row) };
        lines.push(Series { name: name.to_owned(), tone, marked: false, points: points.collect() });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    fn with_curves(rows: &[&str]) -> Outcome {
        let rows: Vec<(&str, &[f64])> = rows.iter().map(|name| (*name, &[1.0, 2.0][..])).collect();
        let mut outcome = outcome("a", &rows);
        for method in outcome.methods.values_mut() {
            for curve in ["train-loss", "validation-error"] {
                method.curves.insert(curve.to_owned(), vec![3.0, 2.0]);
            }
        }
        outcome
    }

    fn titles(outcome: &Outcome) -> Vec<(String, Vec<String>)> {
        let picture = picture(outcome, "validation-error", &Colors::new(&[outcome]));
        let names = |panel: &LinePanel| panel.series.iter().map(|series| series.name.clone()).collect();
        picture.panels.iter().map(|panel| (panel.title.clone(), names(panel))).collect()
    }

    #[test]
    fn losses_of_different_objectives_are_not_compared() {
        assert_eq!(comparable(&with_curves(&["erm", "mixup"])), BTreeSet::from(["validation-error"]));
    }

    #[test]
    fn few_methods_have_one_panel_and_a_sweep_one_per_number() {
        assert_eq!(
            titles(&with_curves(&["erm", "mixup"])),
            [(String::new(), vec!["erm".into(), "mixup".into()])]
        );
        let swept = with_curves(&["ce", "m-1", "m-2", "m-5", "g-1", "g-2", "g-5"]);
        let lines = vec!["m".to_owned(), "g".to_owned(), "ce".to_owned()];
        let panel = |number: u32| (format!("number in the method's name {number}"), lines.clone());
        assert_eq!(titles(&swept), [1, 2, 5].map(panel));
    }

    #[test]
    fn many_methods_have_a_panel_each_beside_the_first() {
        let names: Vec<String> = ('a'..='j').map(String::from).collect();
        let panels = titles(&with_curves(&names.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(panels.len(), 9);
        assert_eq!(panels[8], ("j".to_owned(), vec!["j".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn lines_of_one_name_differ_in_dashes() {
        let outcome = with_curves(&["linear-64", "linear-512"]);
        let picture = picture(&outcome, "validation-error", &Colors::new(&[&outcome]));
        let tones: Vec<_> =
            picture.panels[0].series.iter().map(|s| (s.name.as_str(), s.tone.variant)).collect();
        assert_eq!(tones, [("linear-64", 0), ("linear-512", 1)]);
    }
}
