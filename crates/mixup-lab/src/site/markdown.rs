//! results/README.md: the ledger as Markdown.

use super::gather::Committed;
use super::ledger::{self, Row};
use crate::files::manifest::Rank;
use crate::report::LEGEND;
use crate::verdicts::numbers::duration;

/// The page: a line per paper, then a row per primary claim.
pub fn ledger(papers: &[Committed]) -> String {
    let mut out = "\
# The ledger

A row per primary claim of every paper, by the committed outcomes of the desk profile. Written by `cargo xtask reproduce` and
`cargo xtask report`; edits are lost. `cargo xtask report --open` shows the same as a site, with every secondary and exploratory
claim, filters, pictures and raw records.

| paper | claims | primary claims | core time |
|---|---:|---|---:|
"
    .to_owned();
    let rows: Vec<Vec<Row>> = papers.iter().map(ledger::rows).collect();
    for (paper, rows) in papers.iter().zip(&rows) {
        out += &overview(paper, rows);
    }
    out += "\n| paper | claim | published effect | our effect, interval | units | core time | verdict |\n";
    out += "|---|---|---:|---:|---:|---:|---|\n";
    let primary = rows.iter().flatten().filter(|row| row.kind == Rank::Primary.word());
    for row in primary {
        out += &format!(
            "| {} | `{}`: {} | {} | {} | {} | {} | {} |\n",
            row.paper,
            row.claim,
            cell(&row.text),
            row.published,
            row.ours,
            row.units,
            row.cost,
            row.words
        );
    }
    out + &format!(
        "\n{LEGEND} Core time is that of the experiments that a claim reads, which other claims may share.\n"
    )
}

fn overview(paper: &Committed, rows: &[Row]) -> String {
    let counts = ledger::counts(rows.iter().filter(|row| row.kind == Rank::Primary.word()));
    let words: Vec<String> = counts.iter().map(|known| format!("{} {}", known.count, known.word)).collect();
    let words = if words.is_empty() { "-".to_owned() } else { words.join(", ") };
    let tested = paper.verdicts.iter().filter(|verdict| verdict.rank.is_some()).count();
    let seconds: f64 = paper.outcomes.iter().map(|outcome| outcome.core_seconds).sum();
    let name = if paper.outcomes.is_empty() {
        cell(&paper.manifest.title)
    } else {
        format!("[{}]({}/README.md)", cell(&paper.manifest.title), paper.slug)
    };
    let cost = if paper.outcomes.is_empty() { "-".to_owned() } else { duration(seconds) };
    format!("| {name} | {tested} | {words} | {cost} |\n")
}

/// A text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::gather::tests::demo;

    #[test]
    fn a_line_per_paper_and_a_row_per_primary_claim() {
        let mut other = demo();
        other.slug = "other".to_owned();
        other.outcomes.clear();
        let text = ledger(&[demo(), other]);
        assert!(text.contains("| [A demonstration](demo/README.md) | 2 | 1 reproduced | 12 s |"), "{text}");
        // One without outcomes has no page to link to.
        assert!(text.contains("| A demonstration | 2 | "), "{text}");
        assert_eq!(text.matches("| `wine: mixup<erm`: ").count(), 2, "{text}");
        assert!(!text.contains("Also on large data"), "{text}");
    }
}
