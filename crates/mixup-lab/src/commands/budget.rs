//! Wall time that a command may take.

use std::time::{Duration, Instant};

/// Reads `90m`, `2h` or `1h 30m`.
///
/// # Errors
/// What would be right, in a sentence.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(budget) if budget.is_zero() => Err("give a time above 0, for example 90m or 2h".to_owned()),
        Ok(budget) => Ok(budget),
        Err(error) => Err(format!("give a time with its unit, for example 90m, 2h or 1h30m ({error})")),
    }
}

/// What is left of the time, where there is a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    whole: Option<Duration>,
    end: Option<Instant>,
}

impl Budget {
    /// From now on.
    pub(super) fn starting(whole: Option<Duration>) -> Self {
        // A time beyond what the clock can tell is no limit.
        Self { whole, end: whole.and_then(|whole| Instant::now().checked_add(whole)) }
    }

    /// An equal share of what is left, for one of so many papers.
    pub(super) fn share(self, papers: usize) -> Self {
        let left = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        Self::starting(left.map(|left| left / u32::try_from(papers.max(1)).unwrap_or(u32::MAX)))
    }

    /// All of it, in seconds.
    pub(super) fn seconds(self) -> Option<f64> {
        self.whole.map(|whole| whole.as_secs_f64())
    }

    /// What is left, in seconds; endless where there is no limit.
    pub(super) fn left(self) -> f64 {
        self.end.map_or(f64::INFINITY, |end| end.saturating_duration_since(Instant::now()).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        let seconds = |text: &str| parse(text).unwrap().as_secs();
        assert_eq!(
            [seconds("90m"), seconds("2h"), seconds("1h 30m"), seconds("45s")],
            [5400, 7200, 5400, 45]
        );
        for wrong in ["2", "two hours", "", "-1h", "2 moons"] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains("for example 90m, 2h or 1h30m"), "{wrong}: {error}");
        }
        assert!(parse("0s").unwrap_err().contains("above 0"));
    }

    #[test]
    fn papers_share_what_is_left() {
        let budget = Budget::starting(Some(Duration::from_secs(600)));
        let half = budget.share(2);
        assert!((290.0..=300.0).contains(&half.left()), "{}", half.left());
        assert!((590.0..=600.0).contains(&budget.share(1).left()));
        assert!(Budget::starting(None).share(3).left().is_infinite());
        assert!(Budget::starting(Some(Duration::ZERO)).left() <= 0.0);
        assert!(Budget::starting(Some(Duration::MAX)).left().is_infinite());
    }
}
