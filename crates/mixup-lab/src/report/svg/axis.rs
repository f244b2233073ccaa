//! Scales and their ticks.

use super::canvas::{Anchor, Area, Canvas, LABEL, TICK, text_width, widest};
use super::theme::Paint;
use crate::verdicts::numbers::fixed;

/// How values are spread over pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spread {
    /// Evenly.
    Linear,
    /// By their logarithm, where all are above 0; else evenly.
    Log,
    /// Of either sign: about evenly up to this size, by the logarithm of the size beyond (the area sine).
    Signed(f64),
}

/// Maps values to pixels.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    spread: Spread,
    pixels: (f64, f64),
    ticks: Vec<Tick>,
}

/// A marked value and its text.
#[derive(Debug, Clone, PartialEq)]
struct Tick {
    value: f64,
    label: String,
}

impl Scale {
    /// A scale over finite values, with a little air at its ends. `None` without a finite value.
    pub(super) fn new(
        values: impl IntoIterator<Item = f64>,
        spread: Spread,
        pixels: (f64, f64),
    ) -> Option<Self> {
        let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let low = finite.iter().copied().reduce(f64::min)?;
        let high = finite.iter().copied().reduce(f64::max)?;
        let spread = if spread == Spread::Log && low <= 0.0 { Spread::Linear } else { spread };
        let (low, high) = padded(low, high, spread);
        let mut scale = Self { low, high, spread, pixels, ticks: Vec::new() };
        scale.ticks = match spread {
            Spread::Log if high / low >= 10.0 => own_digits(log_ticks(low, high, room(pixels))),
            Spread::Linear | Spread::Log => linear_ticks(low, high, room(pixels)),
            Spread::Signed(linear) => own_digits(scale.thinned(signed_ticks(linear, low.abs().max(high)))),
        };
        Some(scale)
    }

    /// The same with ticks at these values, where they have room.
    pub(super) fn with_ticks(mut self, values: &[f64]) -> Self {
        let rising = self.thinned(values.to_vec());
        self.ticks = own_digits(rising);
        self
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| match self.spread {
            Spread::Linear => value,
            Spread::Log => value.ln(),
            Spread::Signed(linear) => (value / linear).asinh(),
        };
        let share = (place(value) - place(self.low)) / (place(self.high) - place(self.low));
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Those on the scale whose texts have room beside those before them.
    fn thinned(&self, values: Vec<f64>) -> Vec<f64> {
        let across = self.pixels.0 < self.pixels.1;
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for value in values.into_iter().filter(|value| (self.low..=self.high).contains(value)) {
            let room = if across { text_width(&own_label(value), TICK) + 3.0 } else { 18.0 };
            if kept
                .iter()
                .all(|(other, theirs)| (self.at(*other) - self.at(value)).abs() >= (room + theirs) / 2.0)
            {
                kept.push((value, room));
            }
        }
        kept.into_iter().map(|(value, _)| value).collect()
    }

    fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        let shown = self.ticks.iter().filter(|tick| (self.low..=self.high).contains(&tick.value));
        shown.map(|tick| (self.at(tick.value), tick.label.as_str()))
    }

    /// Draws the axis below an area, with grid lines in it.
    pub(super) fn draw_below(&self, canvas: &mut Canvas, area: Area, title: &str) {
        for (x, label) in self.ticks() {
            canvas.line((x, area.top), (x, area.bottom), Paint::Grid, 1.0, "");
            canvas.text((x, area.bottom + 15.0), label, TICK, Anchor::Middle);
        }
        let middle = (area.left + area.right) / 2.0;
        let font = LABEL.within(title, area.right - area.left + 40.0);
        canvas.text((middle, area.bottom + AXIS_TITLE), title, font, Anchor::Middle);
    }

    /// Draws the axis left of an area, with grid lines in it. The title reads upwards, left of the ticks.
    pub(super) fn draw_left(&self, canvas: &mut Canvas, area: Area, title: &str) {
        for (y, label) in self.ticks() {
            canvas.line((area.left, y), (area.right, y), Paint::Grid, 1.0, "");
            canvas.text((area.left - 6.0, y + 4.0), label, TICK, Anchor::End);
        }
        let middle = (area.top + area.bottom) / 2.0;
        let font = LABEL.within(title, area.bottom - area.top + 20.0);
        canvas.upward_text((area.left - 14.0 - self.widest_tick(), middle), title, font);
    }

    /// The room that the ticks' texts need.
    pub(super) fn widest_tick(&self) -> f64 {
        widest(self.ticks().map(|(_, label)| label), TICK)
    }
}

/// From the lower edge of an area to the line of its axis' title.
const AXIS_TITLE: f64 = 33.0;

/// The room below an area for ticks and the title of its axis.
pub(super) const BELOW: f64 = AXIS_TITLE + 9.0;

/// How many ticks have room at most: labels side by side need more of it than one above the other.
fn room((from, to): (f64, f64)) -> f64 {
    let apart = if from < to { 48.0 } else { 36.0 };
    ((to - from).abs() / apart).max(2.0)
}

/// A little air on both sides, so that no mark lies on the edge.
fn padded(low: f64, high: f64, spread: Spread) -> (f64, f64) {
    match spread {
        Spread::Log => {
            let air = (high / low).powf(0.04).max(1.05);
            (low / air, high * air)
        }
        Spread::Signed(linear) => {
            let [from, to] = [low, high].map(|end| (end / linear).asinh());
            let air = (0.04 * (to - from)).max(0.05);
            ((from - air).sinh() * linear, (to + air).sinh() * linear)
        }
        Spread::Linear => {
            let air = if high > low { 0.04 * (high - low) } else { 0.05 * high.abs().max(1.0) };
            (low - air, high + air)
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, at most `wanted` steps; more where that would be less than two.
fn linear_ticks(low: f64, high: f64, wanted: f64) -> Vec<Tick> {
    let raw = (high - low) / wanted;
    let power = 10_f64.powf(raw.log10().floor());
    let multiples = |step: f64| (low / step).ceil() as i64..=(high / step).floor() as i64;
    let steps = [10.0, 5.0, 2.0, 1.0, 0.5].map(|multiple| multiple * power);
    let least = steps.iter().rposition(|step| *step >= raw).unwrap_or(0);
    let step = steps[least..].iter().copied().find(|step| multiples(*step).count() > 1).unwrap_or(raw);
    multiples(step).map(|k| Tick { value: k as f64 * step, label: label(k as f64 * step, step) }).collect()
}

/// 1, 2 and 5 times powers of ten where they have room, else powers of ten.
fn log_ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let dense = 3.0 * (high / low).log10() <= wanted.max(3.0);
    let multiples: &[f64] = if dense { &[1.0, 2.0, 5.0] } else { &[1.0] };
    decades.flat_map(|decade| multiples.iter().map(move |m| m * 10_f64.powi(decade))).collect()
}

/// 0 and, of either sign, powers of ten from about `linear` to `far`, then three times them: in the order in
/// which they are wanted.
fn signed_ticks(linear: f64, far: f64) -> Vec<f64> {
    let decades = (linear.log10().floor() as i32)..=(far.log10().ceil() as i32);
    let both = |multiple: f64| {
        decades.clone().flat_map(move |decade| {
            let size = multiple * 10_f64.powi(decade);
            [size, -size]
        })
    };
    std::iter::once(0.0).chain(both(1.0)).chain(both(3.0)).collect()
}

/// Ticks with as many digits as each needs.
fn own_digits(values: Vec<f64>) -> Vec<Tick> {
    values.into_iter().map(|value| Tick { value, label: own_label(value) }).collect()
}

/// A number with four significant digits at most.
fn own_label(value: f64) -> String {
    let rounded = format!("{value:.3e}").parse().unwrap_or(value);
    if rounded != 0.0 && !(1e-4..1e6).contains(&rounded.abs()) {
        format!("{rounded:e}")
    } else {
        format!("{rounded}")
    }
}

/// A tick's text, with the digits that tell it from a tick `step` away.
fn label(tick: f64, step: f64) -> String {
    let magnitude = |value: f64| (value.abs().log10() + 1e-9).floor();
    let decimals = -magnitude(step);
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
        let texts = |low, high, wanted| -> Vec<String> {
            linear_ticks(low, high, wanted).into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(texts(2.5, 4.0, 6.0), ["2.5", "3.0", "3.5", "4.0"]);
        assert_eq!(texts(0.8, 8.2, 4.1), ["2", "4", "6", "8"]);
        // With a step of 5 there would be one.
        assert_eq!(texts(0.8, 8.2, 2.0), ["2", "4", "6", "8"]);
        assert_eq!(log_ticks(0.1, 20.0, 8.0)[..4], [0.1, 0.2, 0.5, 1.0]);
        assert_eq!(log_ticks(0.1, 1000.0, 8.0)[..3], [0.1, 1.0, 10.0]);
        let signed: Vec<String> = signed_ticks(0.1, 1.0).into_iter().map(own_label).collect();
        assert_eq!(signed, ["0", "0.1", "-0.1", "1", "-1", "0.3", "-0.3", "3", "-3"]);
        assert_eq!(
            [1.75, 1000.0, 45_000.0, 2e-5, 3e6].map(own_label),
            ["1.75", "1000", "45000", "2e-5", "3e6"]
        );
        assert_eq!([label(2.5, 0.5), label(0.25, 0.05), label(400.0, 100.0)], ["2.5", "0.25", "400"]);
        assert_eq!([label(0.1, 0.1), label(1000.0, 1000.0), label(2e6, 1e6)], ["0.1", "1000", "2e6"]);
        assert_eq!(
            [label(0.00012, 2e-5), label(1.5e7, 5e6), label(0.0, 1e-6)],
            ["1.2e-4", "1.5e7", "0.000000"]
        );
    }

    #[test]
    fn a_signed_scale_shows_small_beside_large() {
        let scale = Scale::new([-11.0, -0.2, 6.0], Spread::Signed(0.2), (0.0, 340.0)).unwrap();
        let even = Scale::new([-11.0, -0.2, 6.0], Spread::Linear, (0.0, 340.0)).unwrap();
        let from_zero = |scale: &Scale| scale.at(0.0) - scale.at(-0.2);
        assert!(from_zero(&scale) > 20.0 && from_zero(&even) < 5.0, "{scale:?}");
        assert!(scale.ticks().any(|(at, label)| label == "0" && (at - scale.at(0.0)).abs() < 1e-9));
    }

    #[test]
    fn asked_for_ticks_are_left_out_where_they_would_meet() {
        let values = [2500.0, 10000.0, 10100.0, 45000.0];
        let scale = Scale::new(values, Spread::Log, (0.0, 240.0)).unwrap().with_ticks(&values);
        let labels: Vec<&str> = scale.ticks().map(|(_, label)| label).collect();
        assert_eq!(labels, ["2500", "10000", "45000"]);
    }

    proptest! {
        #[test]
        fn values_stay_inside_and_in_order(values in prop::collection::vec(prop_oneof![-1e6..1e6, 0.001..10.0], 1..20), spread in prop_oneof![Just(Spread::Linear), Just(Spread::Log), Just(Spread::Signed(0.3))]) {
            // A signed scale is for differences, which are drawn around 0.
            let zero = matches!(spread, Spread::Signed(_)).then_some(0.0);
            let scale = Scale::new(values.iter().copied().chain(zero), spread, (100.0, 600.0)).unwrap();
            for a in &values {
                prop_assert!((100.0..=600.0).contains(&scale.at(*a)));
                for b in &values {
                    prop_assert!(a > b || scale.at(*a) <= scale.at(*b));
                }
            }
            let mut ticks: Vec<(f64, &str)> = scale.ticks().collect();
            ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert!((1..=16).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0].1 != pair[1].1), "{ticks:?}");
        }
    }
}
