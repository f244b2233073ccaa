//! Outcomes and verdicts for readers: text for a terminal, and per paper a README with plots.

mod blocks;
mod claims;
mod colors;
mod courses;
mod differences;
mod figures;
mod markdown;
mod paired;
mod plots;
mod reference;
pub mod results;
mod svg;
mod sweep;
mod table;
mod terminal;

pub use blocks::BlockError;
pub(crate) use claims::{LEGEND, lines};
pub(crate) use plots::Plot;
pub(crate) use svg::escaped;
pub(crate) use sweep::base;
pub(crate) use table::{Cell, grid, units};
pub use terminal::{Style, experiment, summary, tally};

use crate::files::manifest::Manifest;
use crate::files::nearest::suggest;
use crate::outcomes::outcome::Outcome;
use crate::verdicts::verdict::{ReferenceNote, Verdict};

/// A file of a paper's folder under results/.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Name in the folder.
    pub name: String,
    /// Text.
    pub content: String,
}

/// The README of a paper's results and the plots it shows. The same outcomes give the same bytes.
pub fn files(
    manifest: &Manifest,
    outcomes: &[&Outcome],
    verdicts: &[Verdict],
    notes: &[ReferenceNote],
) -> Vec<ReportFile> {
    let plots = pictures(outcomes, verdicts, notes);
    let content = markdown::readme(&markdown::Content { manifest, outcomes, verdicts, notes, plots: &plots });
    let readme = ReportFile { name: "README.md".to_owned(), content };
    let pictures = plots.into_iter().flatten().map(|plot| ReportFile { name: plot.file, content: plot.svg });
    std::iter::once(readme).chain(pictures).collect()
}

/// The pictures of a paper, per outcome.
pub(crate) fn pictures(
    outcomes: &[&Outcome],
    verdicts: &[Verdict],
    notes: &[ReferenceNote],
) -> Vec<Vec<Plot>> {
    let colors = colors::Colors::new(outcomes);
    let known = |outcome| paired::Known { outcome, verdicts, notes };
    outcomes.iter().map(|outcome| plots::plots(known(outcome), &colors)).collect()
}

/// A README with its marked blocks filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text.
    pub text: String,
    /// Experiments without an outcome, whose blocks are as they were.
    pub waiting: Vec<String>,
}

/// The README of a paper's crate with its marked blocks filled: `claims`, or `claims primary` and the like, for
/// the table of claims, `table EXPERIMENT [METRIC ...]` for that of an experiment. `experiments` are those of the
/// paper, run or not.
///
/// # Errors
/// A block that cannot be filled.
pub fn filled(
    readme: &str,
    experiments: &[String],
    outcomes: &[&Outcome],
    verdicts: &[Verdict],
    notes: &[ReferenceNote],
) -> Result<Filled, BlockError> {
    let mut waiting: Vec<String> = Vec::new();
    let text = blocks::fill(readme, |request| {
        let words: Vec<&str> = request.split_whitespace().collect();
        match words.as_slice() {
            ["claims", ranks @ ..] => markdown::claims_of(verdicts, ranks).map(Some),
            ["table", experiment, metrics @ ..] => {
                if let Some(outcome) = outcomes.iter().find(|outcome| outcome.experiment == *experiment) {
                    return markdown::table_of(outcome, metrics, notes).map(Some);
                }
                if !experiments.iter().any(|known| known == experiment) {
                    let known = suggest(experiment, "experiments", experiments.iter().map(String::as_str));
                    return Err(format!("no experiment `{experiment}`; {known}"));
                }
                if !waiting.iter().any(|known| known == experiment) {
                    waiting.push((*experiment).to_owned());
                }
                Ok(None)
            }
            _ => Err(format!(
                "unknown block `{request}`; `claims`, `claims primary` or `table EXPERIMENT METRIC ...`"
            )),
        }
    })?;
    Ok(Filled { text, waiting })
}

#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod tests;
