//! A check in words.

use std::fmt;

use crate::verdicts::numbers::count;

use super::{Check, ExperimentCheck, Level};

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for experiment in &self.experiments {
            write!(f, "{experiment}")?;
        }
        for change in &self.verdicts {
            let (old, new) = (change.committed.word(), change.fresh.word());
            writeln!(f, "{:<11} verdict of {}: {old} -> {new}", word(change.level), change.claim)?;
        }
        for name in &self.only_committed {
            writeln!(f, "not run     {name}: committed, but without a fresh outcome")?;
        }
        for name in &self.only_fresh {
            writeln!(
                f,
                "not known   {name}: no committed outcome; `cargo xtask reproduce {}` writes it",
                self.paper
            )?;
        }
        let result = match self.level {
            None => "nothing was compared",
            Some(Level::Identical) => "bit-identical to the committed results",
            Some(Level::Same) => "the committed results, within the tolerance",
            Some(Level::Drift) => "the committed results, but for rounding that training made grow",
            Some(Level::Regression) => "not the committed results",
        };
        write!(f, "{}: {result}", self.paper)?;
        if self.level == Some(Level::Regression) {
            write!(
                f,
                "; if the change is meant, `cargo xtask reproduce {}` and commit results/",
                self.paper
            )?;
        }
        self.write_missing(f)
    }
}

impl Check {
    /// The summary is read alone, so it says what it leaves out.
    fn write_missing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing: Vec<&str> =
            self.only_committed.iter().chain(&self.only_fresh).map(String::as_str).collect();
        let compared = self.experiments.len();
        if missing.is_empty() {
            return write!(f, " ({} compared)", count(compared, "experiment"));
        }
        let all = count(compared + missing.len(), "experiment");
        write!(f, " ({compared} of {all} compared; not compared: {})", missing.join(", "))
    }
}

impl fmt::Display for ExperimentCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.experiment;
        let (cells, curves) = (count(self.cells.len(), "cell"), count(self.curves.len(), "curve"));
        writeln!(f, "{:<11} {name} ({}): {cells} and {curves} compared", word(self.level), self.profile)?;
        self.write_differences(f)
    }
}

impl ExperimentCheck {
    /// What differs, a line each.
    fn write_differences(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for difference in &self.structure {
            writeln!(f, "            {difference}")?;
        }
        for curve in self.curves.iter().filter(|curve| curve.level > Level::Same) {
            writeln!(
                f,
                "            {} {} {}: {}",
                word(curve.level),
                curve.method,
                curve.curve,
                curve.reason
            )?;
        }
        for cell in self.cells.iter().filter(|cell| cell.level > Level::Same) {
            writeln!(f, "            {} {} {}: {}", word(cell.level), cell.method, cell.metric, cell.reason)?;
        }
        Ok(())
    }

    /// The same of first steps that were replayed.
    pub(crate) fn replayed(&self, runs: usize) -> String {
        let mut text = format!(
            "{:<11} {} ({}): the first steps of {} replayed\n",
            word(self.level),
            self.experiment,
            self.profile,
            count(runs, "run")
        );
        // Writing to a string does not fail.
        let _ = self.write_differences(&mut text);
        text
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Identical => "identical",
        Level::Same => "same",
        Level::Drift => "drift",
        Level::Regression => "REGRESSION",
    }
}
