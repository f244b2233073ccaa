//! The last line of a check: what it did not check is said there, so that nobody takes it for fine.

use std::collections::BTreeMap;
use std::fmt;

use super::print;
use super::reproduce::Ended;
use crate::commands::cli::Format;
use crate::error::LabError;
use crate::verdicts::numbers::count;

/// What was checked, and what was not.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Experiments that were to be checked.
    pub(super) asked_for: usize,
    /// Experiments that were compared with what is committed.
    pub(super) checked: usize,
    missed: BTreeMap<Missed, Vec<String>>,
}

/// Why an experiment was not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Missed {
    NoData,
    NotRun,
    NotCommitted,
    NoOpenings,
}

impl Missed {
    /// Of an experiment that did not end well.
    pub(super) fn of(ended: Ended) -> Self {
        if ended == Ended::NoData { Self::NoData } else { Self::NotRun }
    }

    fn words(self, one: bool) -> &'static str {
        match (self, one) {
            (Self::NoData, true) => "lacks its data",
            (Self::NoData, false) => "lack their data",
            (Self::NotRun, _) => "could not be run",
            (Self::NotCommitted, true) => "has no committed outcome",
            (Self::NotCommitted, false) => "have no committed outcome",
            (Self::NoOpenings, _) => "cannot be replayed",
        }
    }
}

impl Tally {
    /// Puts down an experiment that was not checked.
    pub(super) fn miss(&mut self, why: Missed, paper: &str, experiment: &str) {
        self.missed.entry(why).or_default().push(format!("{paper}/{experiment}"));
    }

    /// Says it last, beside JSON on standard error.
    pub(super) fn say(&self, format: Format) -> Result<(), LabError> {
        match format {
            Format::Text => print(&self.to_string()),
            Format::Json => {
                eprintln!("{self}");
                Ok(())
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "checked {} of {}", self.checked, count(self.asked_for, "experiment"))?;
        for (why, names) in &self.missed {
            write!(f, "; {} {}: {}", names.len(), why.words(names.len() == 1), names.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_its_reason() {
        let mut tally = Tally { asked_for: 9, checked: 6, ..Tally::default() };
        assert_eq!(tally.to_string(), "checked 6 of 9 experiments");
        tally.miss(Missed::NotCommitted, "c-mixup", "crime");
        tally.miss(Missed::of(Ended::NoData), "c-mixup", "no2");
        tally.miss(Missed::of(Ended::NoData), "rankmixup", "copies");
        assert_eq!(
            tally.to_string(),
            "checked 6 of 9 experiments; 2 lack their data: c-mixup/no2, rankmixup/copies; 1 has no committed \
             outcome: c-mixup/crime"
        );
    }
}
