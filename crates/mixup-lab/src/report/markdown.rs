//! The README of a paper's results.

use std::fmt::Write as _;

use super::claims;
use super::plots::Plot;
use super::table::{Cell, grid, has_best, units};
use super::terminal::tally;
use crate::files::manifest::{Manifest, Rank};
use crate::files::nearest::suggest;
use crate::outcomes::outcome::Outcome;
use crate::verdicts::numbers::fixed;
use crate::verdicts::verdict::{ReferenceNote, Verdict};

/// What the README is made of. `plots` has one list per outcome.
pub(super) struct Content<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) outcomes: &'a [&'a Outcome],
    pub(super) verdicts: &'a [Verdict],
    pub(super) notes: &'a [ReferenceNote],
    pub(super) plots: &'a [Vec<Plot>],
}

/// Heading, all verdicts, one section per experiment, and what was not tested.
pub(super) fn readme(content: &Content<'_>) -> String {
    let mut out = heading(content.manifest);
    out.push_str(&overview(content));
    for (outcome, plots) in content.outcomes.iter().zip(content.plots) {
        out.push_str(&section(outcome, plots, content));
    }
    out.push_str(&without_numbers(content.verdicts));
    // One line end at the end of the file.
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn heading(manifest: &Manifest) -> String {
    let Manifest { slug, title, arxiv, venue, code, commit, .. } = manifest;
    let commit = commit.as_ref().map_or(String::new(), |commit| format!(" at `{commit}`"));
    format!(
        "# Results: {title}\n\n{venue}, [arXiv:{arxiv}](https://arxiv.org/abs/{arxiv}), official code <{code}>{commit}.\n\
         The method, its equations beside its code, and what to take home: [papers/{slug}](../../papers/{slug}/README.md).\n\
         Written by `cargo xtask reproduce {slug}`; edits are lost.\n\n"
    )
}

/// Tally and a table of the claims that have numbers.
fn overview(content: &Content<'_>) -> String {
    let mut out = format!("## Verdicts\n\n{}.\n\n", tally(content.verdicts));
    let ranks = [Rank::Primary, Rank::Secondary, Rank::Exploratory];
    let table = claims::markdown(content.verdicts, &ranks);
    if !table.is_empty() {
        out += &format!("{table}\n{}\n\n", claims::LEGEND);
    }
    out
}

fn section(outcome: &Outcome, plots: &[Plot], content: &Content<'_>) -> String {
    let mut out = format!("## {}: {}\n\n", outcome.experiment, outcome.title);
    let best = if has_best(outcome) { ", best mean in bold" } else { "" };
    let _ =
        writeln!(out, "Profile `{}`, data `{}`, {}{best}.\n", outcome.profile, outcome.data, units(outcome));
    out.push_str(&table(outcome, content.notes));
    pictures(&mut out, plots.iter().filter(|plot| plot.of_metric));
    let claims = content.verdicts.iter().filter(|verdict| {
        verdict.comparison.as_ref().is_some_and(|comparison| comparison.experiment == outcome.experiment)
    });
    list(
        &mut out,
        claims.map(|verdict| {
            format!("**{}** `{}`: {} {}", verdict.words(), verdict.claim, verdict.text, verdict.sentence)
        }),
    );
    let notes: Vec<&ReferenceNote> =
        content.notes.iter().filter(|note| note.experiment == outcome.experiment).collect();
    if !notes.is_empty() {
        out.push_str("Beside published numbers and runs of the official code:\n\n");
        list(&mut out, notes.iter().map(|note| note.sentence.clone()));
    }
    if plots.iter().any(|plot| !plot.of_metric) {
        out.push_str("<details><summary>Course of training</summary>\n\n");
        pictures(&mut out, plots.iter().filter(|plot| !plot.of_metric));
        out.push_str("</details>\n\n");
    }
    out.push_str(&provenance(outcome));
    out
}

fn table(outcome: &Outcome, notes: &[ReferenceNote]) -> String {
    let grid = grid(outcome, notes);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(grid.header.iter().map(|text| cell(text)).collect());
    let rule: Vec<&str> =
        (0..grid.header.len()).map(|column| if column == 0 { "---" } else { "---:" }).collect();
    let _ = writeln!(out, "|{}|", rule.join("|"));
    for cells in grid.rows {
        let bold =
            |Cell { text, best }: Cell| if best { format!("**{}**", cell(&text)) } else { cell(&text) };
        out.push_str(&row(cells.into_iter().map(bold).collect()));
    }
    out.push('\n');
    out
}

/// The table of claims of these ranks; of all where none is named.
pub(super) fn claims_of(verdicts: &[Verdict], ranks: &[&str]) -> Result<String, String> {
    let known = [Rank::Primary, Rank::Secondary, Rank::Exploratory];
    if let Some(word) = ranks.iter().find(|word| known.iter().all(|rank| rank.word() != **word)) {
        return Err(format!("unknown rank `{word}`; primary, secondary or exploratory"));
    }
    let asked: Vec<Rank> =
        known.into_iter().filter(|rank| ranks.is_empty() || ranks.contains(&rank.word())).collect();
    Ok(claims::markdown(verdicts, &asked))
}

/// The table of an experiment with these metrics; with all where none is named.
pub(super) fn table_of(
    outcome: &Outcome,
    metrics: &[&str],
    notes: &[ReferenceNote],
) -> Result<String, String> {
    let mut shown = outcome.clone();
    if !metrics.is_empty() {
        let find = |name: &&str| {
            let found = outcome.metrics.iter().find(|metric| metric.name == **name);
            found.cloned().ok_or_else(|| {
                let known = outcome.metrics.iter().map(|metric| metric.name.as_str());
                format!("unknown metric `{name}`; {}", suggest(name, "metrics", known))
            })
        };
        shown.metrics = metrics.iter().map(find).collect::<Result<_, _>>()?;
    }
    Ok(table(&shown, notes))
}

fn pictures<'a>(out: &mut String, plots: impl Iterator<Item = &'a Plot>) {
    for plot in plots {
        let _ = writeln!(out, "![{}]({})\n", plot.alt, plot.file);
        if let Some(caption) = &plot.caption {
            let _ = writeln!(out, "{caption}\n");
        }
    }
}

fn list(out: &mut String, items: impl Iterator<Item = String>) {
    let before = out.len();
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
    if out.len() > before {
        out.push('\n');
    }
}

fn provenance(outcome: &Outcome) -> String {
    let p = &outcome.provenance;
    let memory = match outcome.peak_memory_mib {
        peak if peak > 0.0 => format!(", at most {} MiB a run", fixed(peak, 0)),
        _ => String::new(),
    };
    let data = match p.data_sha256.as_str() {
        "" => String::new(),
        sum => format!(" Data SHA-256 `{sum}`."),
    };
    let commit = if p.commit.is_empty() { String::new() } else { format!(" at commit `{}`", p.commit) };
    format!(
        "Run on {} (device `{}`) with mixup-lab {}{commit}: {} core-seconds{memory}.{data}\n\n",
        p.host,
        p.device,
        p.version,
        fixed(outcome.core_seconds, 0)
    )
}

/// Claims that were not run or cannot be tested here.
fn without_numbers(verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    let absent: Vec<&Verdict> = verdicts.iter().filter(|verdict| verdict.evidence.is_none()).collect();
    if !absent.is_empty() {
        out.push_str("## Not tested\n\n");
        list(
            &mut out,
            absent.iter().map(|verdict| {
                format!(
                    "**{}** `{}`: {} {}",
                    verdict.status.word(),
                    verdict.claim,
                    verdict.text,
                    verdict.sentence
                )
            }),
        );
    }
    out
}

/// A text that breaks no table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
