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
        match self.level {
            None => write!(f, "{}: nothing was compared", self.paper),
            Some(Level::Identical) => write!(f, "{}: bit-identical to the committed results", self.paper),
            Some(Level::Same) => write!(f, "{}: the committed results, within the tolerance", self.paper),
            Some(Level::Drift) => {
                write!(f, "{}: the committed results, but for rounding that training made grow", self.paper)
            }
            Some(Level::Regression) => write!(
                f,
                "{}: not the committed results; if the change is meant, `cargo xtask reproduce {}` and commit results/",
                self.paper, self.paper
            ),
        }
    }
}

impl fmt::Display for ExperimentCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.experiment;
        let curves = match (self.level, self.curves_identical) {
            (Level::Same, false) => "; curves or figures differ in their bits",
            _ => "",
        };
        let cells = count(self.cells.len(), "cell");
        writeln!(f, "{:<11} {name} ({}): {cells} compared{curves}", word(self.level), self.profile)?;
        for difference in &self.structure {
            writeln!(f, "            {difference}")?;
        }
        for cell in self.cells.iter().filter(|cell| cell.level > Level::Same) {
            writeln!(f, "            {} {} {}: {}", word(cell.level), cell.method, cell.metric, cell.reason)?;
        }
        Ok(())
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
