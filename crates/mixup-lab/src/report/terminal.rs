//! Results and verdicts as text for a terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};

use super::claims;
use super::table::{Cell, grid, has_best, units};
use crate::outcomes::outcome::Outcome;
use crate::verdicts::numbers::count;
use crate::verdicts::verdict::{Agreement, ReferenceNote, Status, Verdict, Yardstick};

/// Columns that a verdict's word takes.
const WORD: usize = 14;

/// How text is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours by ANSI escapes.
    pub color: bool,
    /// Columns of the terminal.
    pub width: u16,
}

impl Default for Style {
    /// No colours, 100 columns.
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// One experiment: heading, table, the verdicts of its claims, and how our means stand beside the
/// official code's. `verdicts` and `notes` may be those of the whole paper.
pub fn experiment(outcome: &Outcome, verdicts: &[Verdict], notes: &[ReferenceNote], style: Style) -> String {
    let best = if has_best(outcome) { ", * best mean" } else { "" };
    let mut text = format!(
        "{}: {}\n{} profile, data {}, {}{best}\n\n{}\n",
        outcome.experiment,
        outcome.title,
        outcome.profile,
        outcome.data,
        units(outcome),
        table(outcome, notes, style)
    );
    let of_experiment =
        |verdict: &&Verdict| verdict.experiments().first() == Some(&outcome.experiment.as_str());
    for verdict in verdicts.iter().filter(of_experiment) {
        text.push('\n');
        push_verdict(&mut text, verdict, style);
    }
    push_agreement(&mut text, outcome, notes, style);
    text
}

/// One table of all claims with numbers, the verdicts of those without, and the count of all.
pub fn summary(verdicts: &[Verdict], style: Style) -> String {
    let mut text = String::new();
    let lines = claims::lines(verdicts);
    if !lines.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─');
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(style.width);
        table.set_header(["claim", "", "published", "ours [interval]", "units", "verdict"]);
        for line in lines {
            let words = line.verdict.words();
            let row = [&line.verdict.claim, line.rank, &line.published, &line.ours, &line.units, &words];
            table.add_row(row);
        }
        text += &table.trim_fmt();
        text += "\n\n";
    }
    for verdict in verdicts.iter().filter(|verdict| verdict.evidence.is_none()) {
        push_verdict(&mut text, verdict, style);
        text.push('\n');
    }
    text.push_str(&tally(verdicts));
    text.push('\n');
    text
}

/// `12 claims: 3 reproduced, 1 contradicted, ...`, without those that are none.
pub fn tally(verdicts: &[Verdict]) -> String {
    let counted = |status: Status| {
        let n = verdicts.iter().filter(|verdict| verdict.status == status).count();
        (n > 0).then(|| format!("{n} {}", status.word().to_lowercase()))
    };
    let parts: Vec<String> = Status::ALL.into_iter().filter_map(counted).collect();
    if parts.is_empty() {
        return "No claims".to_owned();
    }
    format!("{}: {}", count(verdicts.len(), "claim"), parts.join(", "))
}

fn table(outcome: &Outcome, notes: &[ReferenceNote], style: Style) -> String {
    let grid = grid(outcome, notes);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─');
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(style.width);
    table.set_header(grid.header);
    for row in grid.rows {
        table.add_row(
            row.into_iter().map(|Cell { text, best }| if best { format!("* {text}") } else { text }),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// The word, the claim with its id, and the verdict's sentence, wrapped and indented.
fn push_verdict(text: &mut String, verdict: &Verdict, style: Style) {
    let words = verdict.words();
    let alone = words.len() >= WORD;
    let word = format!("{words:<WORD$}");
    let word = if style.color { colored(verdict.status, &word) } else { word };
    if alone {
        text.push_str(&word);
        text.push('\n');
    }
    let indent = " ".repeat(WORD);
    let width = usize::from(style.width).saturating_sub(WORD).max(30);
    let claim = format!("{} ({})", verdict.text, verdict.claim);
    let lines = [&claim, &verdict.sentence].map(|text| textwrap::wrap(text, width));
    for (at, line) in lines.into_iter().flatten().enumerate() {
        let margin = if at == 0 && !alone { &word } else { &indent };
        text.push_str(margin);
        text.push_str(&line);
        text.push('\n');
    }
}

/// ANSI: bold green, red, cyan, yellow; dim for what was not tested.
fn colored(status: Status, word: &str) -> String {
    let code = match status {
        Status::Reproduced => "1;32",
        Status::Contradicted => "1;31",
        Status::Equivalent | Status::Smaller => "1;36",
        Status::Undecided => "1;33",
        Status::NotRun | Status::Untested => "2",
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}

/// How many of our means lie within the official code's spread, and the sentences of the others.
fn push_agreement(text: &mut String, outcome: &Outcome, notes: &[ReferenceNote], style: Style) {
    let judged: Vec<&ReferenceNote> = notes
        .iter()
        .filter(|note| note.experiment == outcome.experiment && note.yardstick == Yardstick::OfficialCode)
        .filter(|note| note.agreement != Agreement::SpreadUnknown)
        .collect();
    if judged.is_empty() {
        return;
    }
    let (within, others): (Vec<&ReferenceNote>, Vec<&ReferenceNote>) =
        judged.iter().partition(|note| note.agreement == Agreement::WithinSpread);
    let first = format!(
        "{} of {} lie within the spread of the official code's runs.",
        within.len(),
        count(judged.len(), "mean")
    );
    text.push('\n');
    for sentence in std::iter::once(&first).chain(others.iter().map(|note| &note.sentence)) {
        let options = textwrap::Options::new(usize::from(style.width).max(30)).subsequent_indent("  ");
        for line in textwrap::wrap(sentence, options) {
            text.push_str(&line);
            text.push('\n');
        }
    }
}
