//! The effect of a claim as a bar beside a zero line that all claims share.
//!
//! To the right is the claimed side. A claim is drawn in units of the margin that it states, else of the standard
//! deviation of its pairs; a trend as its rank correlation. Distances are those of `asinh`: even near zero, and
//! closer together far away.

use std::fmt::Write as _;

use mixup_paper::Direction;

use crate::files::manifest::Test;
use crate::report::escaped;
use crate::verdicts::numbers::fixed;
use crate::verdicts::verdict::{Comparison, Evidence, Row};

const WIDTH: f64 = 200.0;
const ROW: f64 = 18.0;
/// What is drawn at the ends.
const LIMIT: f64 = 40.0;
/// Places that have a mark.
const MARKS: [f64; 5] = [-10.0, -1.0, 0.0, 1.0, 10.0];

/// A drawn effect.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    /// As SVG, for a page.
    pub(super) svg: String,
    /// The unit: `margin 0.5`.
    pub(super) unit: String,
    /// The effect in that unit, above 0 on the claimed side; of several rows the least.
    pub(super) effect: f64,
}

/// A row in the bar's unit.
struct Scaled {
    mean: f64,
    low: f64,
    high: f64,
    published: Option<f64>,
}

/// What a row is divided by, and how that is called.
fn unit(comparison: &Comparison, evidence: &Evidence, row: &Row) -> (f64, String) {
    if comparison.test == Test::Trend {
        return (1.0, "rank correlation".to_owned());
    }
    let digits = evidence.decimals + 1;
    let trimmed = |value: f64| {
        let text = fixed(value, digits);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    match (comparison.margin, row.std) {
        (Some(margin), _) if margin > 0.0 => (margin, format!("margin {}", trimmed(margin))),
        (_, Some(std)) if std > 0.0 => {
            let what = if evidence.design == crate::verdicts::stats::Design::Bootstrap {
                "standard error"
            } else {
                "SD of pairs"
            };
            (std, format!("{what} {}", trimmed(std)))
        }
        _ => (1.0, "1".to_owned()),
    }
}

impl Bar {
    /// The bar of a claim that has numbers.
    pub(super) fn of(comparison: &Comparison, evidence: &Evidence) -> Option<Self> {
        let sign = if comparison.direction == Direction::Higher { 1.0 } else { -1.0 };
        let scaled = |row: &Row| {
            let by = sign / unit(comparison, evidence, row).0;
            let ends = row.interval.map_or([row.difference; 2], |interval| [interval.low, interval.high]);
            let [a, b] = ends.map(|end| end * by);
            Scaled {
                mean: row.difference * by,
                low: a.min(b),
                high: a.max(b),
                published: row.published.map(|published| published * by),
            }
        };
        let rows: Vec<Scaled> = evidence.rows.iter().map(scaled).filter(|row| row.mean.is_finite()).collect();
        let (_, unit) = unit(comparison, evidence, evidence.rows.first()?);
        let effect = rows.iter().map(|row| row.mean).reduce(f64::min)?;
        let band = comparison.margin.is_some() && comparison.test != Test::Trend;
        Some(Self { svg: draw(&rows, band, &words(&rows, &unit)), unit, effect })
    }
}

/// What the picture shows, in words.
fn words(rows: &[Scaled], unit: &str) -> String {
    let row = |row: &Scaled| {
        let published =
            row.published.map_or(String::new(), |published| format!(", published {published:.2}"));
        format!("{:.2}, interval {:.2} to {:.2}{published}", row.mean, row.low, row.high)
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("Effect in units of {unit}, above 0 as claimed: {}", rows.join("; "))
}

fn place(value: f64) -> f64 {
    let share = (value.clamp(-LIMIT, LIMIT)).asinh() / LIMIT.asinh();
    WIDTH / 2.0 * (1.0 + 0.98 * share)
}

fn draw(rows: &[Scaled], band: bool, words: &str) -> String {
    let height = ROW * rows.len() as f64;
    let mut svg = format!(
        "<svg class=\"effect\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"{}\">",
        escaped(words)
    );
    // Writing to a string does not fail.
    if band {
        let (left, right) = (place(-1.0), place(1.0));
        let _ = write!(
            svg,
            "<rect class=\"band\" x=\"{left:.1}\" y=\"0\" width=\"{:.1}\" height=\"{height}\"/>",
            right - left
        );
    }
    for mark in MARKS {
        let class = if mark == 0.0 { "zero" } else { "mark" };
        let x = place(mark);
        let _ = write!(svg, "<path class=\"{class}\" d=\"M{x:.1} 0V{height}\"/>");
    }
    for (at, row) in rows.iter().enumerate() {
        let y = ROW * (at as f64 + 0.5);
        let (low, high, mean) = (place(row.low), place(row.high), place(row.mean));
        let width = (high - low).max(1.5);
        let _ = write!(
            svg,
            "<rect class=\"range\" x=\"{low:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"6\" rx=\"2\"/>\
             <path class=\"mean\" d=\"M{mean:.1} {:.1}V{:.1}\"/>",
            y - 3.0,
            y - 6.0,
            y + 6.0
        );
        if let Some(published) = row.published {
            let x = place(published);
            let _ = write!(svg, "<path class=\"published\" d=\"M{x:.1} {:.1}l4 4-4 4-4-4z\"/>", y - 4.0);
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The axis above all bars.
pub(super) fn axis() -> String {
    let mut svg = format!(
        "<svg class=\"effect\" viewBox=\"0 0 {WIDTH} 16\" width=\"{WIDTH}\" height=\"16\" aria-hidden=\"true\">"
    );
    for mark in MARKS {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"12\" text-anchor=\"middle\">{}</text>",
            place(mark),
            fixed(mark, 0).replace('-', "\u{2212}")
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::{lower, manifest, outcome};
    use crate::verdicts::verdict::judge;

    fn bar(margin: Option<f64>, erm: &[f64], mixup: &[f64]) -> Bar {
        let wine = outcome("wine", &[("erm", erm), ("mixup", mixup)]);
        let mut judged = judge(&manifest(vec![lower("wine", "mixup", "erm")]), &[&wine]);
        let mut comparison = judged[0].comparison.take().unwrap();
        comparison.margin = margin;
        Bar::of(&comparison, judged[0].evidence.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn the_claimed_side_is_right_whatever_its_sign() {
        // mixup is claimed to be lower, and is lower by 1 on average.
        let bar = bar(Some(0.5), &[2.0, 2.0, 2.0], &[1.1, 1.0, 0.9]);
        assert!((bar.effect - 2.0).abs() < 1e-9, "{}", bar.effect);
        assert_eq!(bar.unit, "margin 0.5");
        assert!(bar.svg.contains("above 0 as claimed: 2.00"), "{}", bar.svg);
        assert!(bar.svg.contains("class=\"band\""));
    }

    #[test]
    fn without_a_margin_the_unit_is_the_spread_of_pairs() {
        let bar = bar(None, &[1.0, 1.0, 1.0], &[1.9, 2.0, 2.1]);
        assert!((bar.effect + 10.0).abs() < 1e-9, "{}", bar.effect);
        assert_eq!(bar.unit, "SD of pairs 0.1");
        assert!(!bar.svg.contains("class=\"band\""));
    }

    #[test]
    fn places_rise_and_stay_inside() {
        let places: Vec<f64> = [-1e9, -3.0, -0.1, 0.0, 0.1, 3.0, 1e9].map(place).to_vec();
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
        assert!(places[0] > 0.0 && places[6] < WIDTH && places[3] == WIDTH / 2.0);
    }
}
