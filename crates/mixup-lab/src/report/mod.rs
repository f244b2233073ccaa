//! Outcomes and verdicts for readers: text for a terminal, and per paper a README with plots.

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

pub use terminal::{Style, experiment, summary, tally};

use crate::files::manifest::Manifest;
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
    let colors = colors::Colors::new(outcomes);
    let known = |outcome| paired::Known { outcome, verdicts, notes };
    let plots: Vec<Vec<plots::Plot>> =
        outcomes.iter().map(|outcome| plots::plots(known(outcome), &colors)).collect();
    let content = markdown::readme(&markdown::Content { manifest, outcomes, verdicts, notes, plots: &plots });
    let readme = ReportFile { name: "README.md".to_owned(), content };
    let pictures = plots.into_iter().flatten().map(|plot| ReportFile { name: plot.file, content: plot.svg });
    std::iter::once(readme).chain(pictures).collect()
}

#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod tests;
