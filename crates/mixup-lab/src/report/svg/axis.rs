//! Scales and their ticks.

use super::canvas::{Anchor, Canvas, GRID, LABEL, TICK};
use crate::verdicts::numbers::fixed;

/// Maps values to pixels.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    pixels: (f64, f64),
    /// Whether ticks are powers of ten and their multiples, each with digits of its own.
    decades: bool,
    ticks: Vec<f64>,
}

impl Scale {
    /// A scale over finite values, with round ends. Logarithmic only where it is asked for and all
    /// values are above 0. `None` without a finite value.
    pub(super) fn new(values: impl IntoIterator<Item = f64>, log: bool, pixels: (f64, f64)) -> Option<Self> {
        let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let low = finite.iter().copied().reduce(f64::min)?;
        let high = finite.iter().copied().reduce(f64::max)?;
        let log = log && low > 0.0;
        let (low, high) = padded(low, high, log);
        let decades = log && high / low >= 10.0;
        let ticks = if decades { log_ticks(low, high) } else { linear_ticks(low, high, room(pixels)) };
        Some(Self { low, high, log, pixels, decades, ticks })
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| if self.log { value.ln() } else { value };
        let share = (place(value) - place(self.low)) / (place(self.high) - place(self.low));
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let shown: Vec<f64> =
            self.ticks.iter().copied().filter(|tick| (self.low..=self.high).contains(tick)).collect();
        let step = shown.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        shown
            .into_iter()
            .map(|tick| (self.at(tick), label(tick, if self.decades { tick } else { step })))
            .collect()
    }

    /// Draws the axis below a plot, with grid lines up to `top`.
    pub(super) fn draw_below(&self, canvas: &mut Canvas, (top, bottom): (f64, f64), title: &str) {
        for (x, label) in self.ticks() {
            canvas.line((x, top), (x, bottom), GRID, 1.0, "");
            canvas.text((x, bottom + 18.0), &label, TICK, Anchor::Middle);
        }
        let middle = (self.pixels.0 + self.pixels.1) / 2.0;
        canvas.text((middle, bottom + 40.0), title, LABEL, Anchor::Middle);
    }

    /// Draws the axis left of a plot, with grid lines up to `right`.
    pub(super) fn draw_left(&self, canvas: &mut Canvas, (left, right): (f64, f64), title: &str) {
        for (y, label) in self.ticks() {
            canvas.line((left, y), (right, y), GRID, 1.0, "");
            canvas.text((left - 8.0, y + 4.0), &label, TICK, Anchor::End);
        }
        let middle = (self.pixels.0 + self.pixels.1) / 2.0;
        canvas.upward_text((18.0, middle), title, LABEL);
    }
}

/// How many ticks have room at most: labels side by side need more of it than one above the other.
fn room((from, to): (f64, f64)) -> f64 {
    let apart = if from < to { 60.0 } else { 40.0 };
    ((to - from).abs() / apart).max(2.0)
}

/// A little air on both sides, so that no mark lies on the edge.
fn padded(low: f64, high: f64, log: bool) -> (f64, f64) {
    if log {
        let air = (high / low).powf(0.04).max(1.05);
        return (low / air, high * air);
    }
    let air = if high > low { 0.04 * (high - low) } else { 0.05 * high.abs().max(1.0) };
    (low - air, high + air)
}

/// Multiples of 1, 2 or 5 times a power of ten, at most `wanted` steps.
fn linear_ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let raw = (high - low) / wanted;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// 1, 2 and 5 times powers of ten over less than three decades, else powers of ten.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let multiples: &[f64] = if high / low < 1e3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    decades.flat_map(|decade| multiples.iter().map(move |m| m * 10_f64.powi(decade))).collect()
}

/// A tick's text, with the digits that tell it from a tick `step` away.
fn label(tick: f64, step: f64) -> String {
    let magnitude = |value: f64| (value.abs().log10() + 1e-9).floor();
    let decimals = if step.is_finite() { -magnitude(step) } else { 2.0 };
    if tick != 0.0 && (tick.abs() >= 1e6 || decimals > 4.0) {
        let digits = (magnitude(tick) + decimals).max(0.0) as usize;
        return format!("{tick:.digits$e}");
    }
    fixed(tick, decimals.max(0.0) as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(linear_ticks(2.5, 4.0, 6.0), [2.5, 3.0, 3.5, 4.0]);
        assert_eq!(log_ticks(0.1, 20.0)[..4], [0.1, 0.2, 0.5, 1.0]);
        assert_eq!([label(2.5, 0.5), label(0.25, 0.05), label(400.0, 100.0)], ["2.5", "0.25", "400"]);
        assert_eq!([label(0.1, 0.1), label(1000.0, 1000.0), label(2e6, 1e6)], ["0.1", "1000", "2e6"]);
        assert_eq!(
            [label(0.00012, 2e-5), label(1.5e7, 5e6), label(0.0, 1e-6)],
            ["1.2e-4", "1.5e7", "0.000000"]
        );
    }

    proptest! {
        #[test]
        fn values_stay_inside_and_in_order(values in prop::collection::vec(prop_oneof![-1e6..1e6, 0.001..10.0], 1..20), log in any::<bool>()) {
            let scale = Scale::new(values.iter().copied(), log, (100.0, 600.0)).unwrap();
            for a in &values {
                prop_assert!((100.0..=600.0).contains(&scale.at(*a)));
                for b in &values {
                    prop_assert!(a > b || scale.at(*a) <= scale.at(*b));
                }
            }
            let ticks = scale.ticks();
            prop_assert!((1..=14).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0].1 != pair[1].1), "{ticks:?}");
        }
    }
}
