//! How numbers are written in sentences and tables.

use crate::verdicts::stats::Interval;

/// `-0.827 [-0.951, -0.703]`
pub(crate) fn with_interval(value: f64, interval: Option<Interval>, decimals: usize) -> String {
    let value = fixed(value, decimals);
    match interval {
        Some(Interval { low, high }) => {
            format!("{value} [{}, {}]", fixed(low, decimals), fixed(high, decimals))
        }
        None => value,
    }
}

/// `2.874 ± 0.179`
pub(crate) fn with_std(mean: f64, std: Option<f64>, decimals: usize) -> String {
    let mean = fixed(mean, decimals);
    match std {
        Some(std) => format!("{mean} ± {}", fixed(std, decimals)),
        None => mean,
    }
}

/// A number with so many decimals; scientific where it would not fit a table, and never `-0.000`.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e7 {
        return format!("{value:.3e}");
    }
    let text = rounded_as_read(value, decimals);
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
        _ => text,
    }
}

/// Half-way cases of the number as it is read (99.985, whose nearest double is a little below) go away from
/// zero.
fn rounded_as_read(value: f64, decimals: usize) -> String {
    let read = format!("{}", value.abs());
    let digits = read.split_once('.').map_or("", |(_, digits)| digits);
    let half = digits.len() == decimals + 1 && digits.ends_with('5');
    // The next double is above the half, whatever the nearest one was.
    let value = if half {
        value.abs().next_up().max(value.abs() * (1.0 + f64::EPSILON)).copysign(value)
    } else {
        value
    };
    format!("{value:.decimals$}")
}

/// `p = 0.034`, `p < 0.0001`
pub(crate) fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-4 => "p < 0.0001".to_owned(),
        p if p < 0.01 => format!("p = {p:.4}"),
        _ => format!("p = {p:.3}"),
    }
}

/// `1 seed`, `10 seeds`
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `40 s`, `3 min`, `2.5 h`
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".to_owned(),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s if s < 360_000.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.0} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_round() {
        let printed = [0.0, 40.2, 180.0, 9000.0, 1.8e8].map(duration);
        assert_eq!(printed, ["1 s", "40 s", "3 min", "2.5 h", "50000 h"]);
        assert_eq!([4.2, 600.0, 9000.0].map(duration), ["4 s", "10 min", "2.5 h"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(fixed(-0.0001, 3), "0.000");
        assert_eq!(fixed(-0.0006, 3), "-0.001");
        assert_eq!(fixed(3.2e9, 3), "3.200e9");
        assert_eq!(
            [fixed(99.985, 2), fixed(-99.985, 2), fixed(0.125, 2), fixed(2.675, 2)],
            ["99.99", "-99.99", "0.13", "2.68"]
        );
        assert_eq!([fixed(99.9849, 2), fixed(1.5, 0), fixed(2.5, 0)], ["99.98", "2", "3"]);
        assert_eq!(with_std(2.8736, Some(0.1789), 3), "2.874 ± 0.179");
        assert_eq!(with_interval(-0.5, Some(Interval::around(-0.5, 0.25)), 2), "-0.50 [-0.75, -0.25]");
        assert_eq!([p_value(3e-9), p_value(0.0034), p_value(0.4)], ["p < 0.0001", "p = 0.0034", "p = 0.400"]);
        assert_eq!([count(1, "seed"), count(2, "seed")], ["1 seed", "2 seeds"]);
    }
}
