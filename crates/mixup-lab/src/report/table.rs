//! The table of an experiment, before it is drawn: methods by metrics, theirs beside ours.

use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::verdicts::numbers::{count, fixed, with_std};
use crate::verdicts::verdict::{ReferenceNote, Yardstick};
use mixup_paper::{Direction, MetricInfo};

/// Whether a table of this outcome marks the best of a column.
pub(super) fn has_best(outcome: &Outcome) -> bool {
    outcome.metrics.iter().any(|metric| metric.better.is_some())
}

/// What stands in the cells: `5 seeds, mean ± standard deviation`.
pub(crate) fn units(outcome: &Outcome) -> String {
    let units = outcome.seeds.len();
    match outcome.pairs {
        Pairs::Seeds => format!("{}, mean ± standard deviation", count(units, "seed")),
        Pairs::Bootstrap => {
            format!("the sample ± standard deviation of {}", count(units.saturating_sub(1), "resample"))
        }
    }
}

/// A table of texts; the first column names the methods.
pub(crate) struct Grid {
    /// One heading per column.
    pub(crate) header: Vec<String>,
    /// One row per method.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A text, and whether it is the best of its column.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) best: bool,
}

impl Cell {
    fn plain(text: String) -> Self {
        Self { text, best: false }
    }
}

/// Lays out an outcome: per metric our mean and standard deviation, then the paper's numbers and
/// the official code's where the notes have any.
pub(crate) fn grid(outcome: &Outcome, notes: &[ReferenceNote]) -> Grid {
    let mut header = vec!["method".to_owned()];
    let mut rows: Vec<Vec<Cell>> =
        outcome.methods.keys().map(|method| vec![Cell::plain(method.clone())]).collect();
    for metric in &outcome.metrics {
        header.push(metric.label.clone());
        for (row, cell) in rows.iter_mut().zip(our_column(outcome, metric)) {
            row.push(cell);
        }
        for (title, yardsticks) in [
            ("paper", &[Yardstick::Paper, Yardstick::ThirdParty][..]),
            ("official code", &[Yardstick::OfficialCode]),
        ] {
            let of_column: Vec<&ReferenceNote> = notes
                .iter()
                .filter(|note| note.experiment == outcome.experiment && note.metric == metric.name)
                .filter(|note| yardsticks.contains(&note.yardstick))
                .collect();
            if !of_column.is_empty() {
                header.push(title.to_owned());
                for (row, method) in rows.iter_mut().zip(outcome.methods.keys()) {
                    let note = of_column.iter().find(|note| note.method == *method);
                    let text =
                        note.map_or(String::new(), |note| with_std(note.mean, note.std, metric.decimals));
                    row.push(Cell::plain(text));
                }
            }
        }
    }
    Grid { header, rows }
}

/// Our cells of a metric. The best, where a side is better, is marked, together with those that print the
/// same mean.
fn our_column(outcome: &Outcome, metric: &MetricInfo) -> Vec<Cell> {
    let summaries: Vec<Option<Summary>> = outcome
        .methods
        .values()
        .map(|method| method.values.get(&metric.name).and_then(|values| Summary::over(outcome.pairs, values)))
        .collect();
    let means = summaries.iter().flatten().map(|summary| summary.mean);
    let best = match metric.better {
        Some(Direction::Lower) => means.reduce(f64::min),
        Some(Direction::Higher) => means.reduce(f64::max),
        None => None,
    };
    let printed = |mean: f64| fixed(mean, metric.decimals);
    summaries
        .into_iter()
        .zip(outcome.methods.values())
        .map(|(summary, method)| match summary {
            // What finished and has no value has none: a teacher's accuracy where there is no teacher.
            None if method.values.values().flatten().any(|value| value.is_finite()) => {
                Cell::plain("-".to_owned())
            }
            None => Cell::plain("failed".to_owned()),
            Some(summary) => Cell {
                text: our_text(summary, outcome.seeds.len(), metric.decimals),
                best: best.is_some_and(|best| printed(best) == printed(summary.mean)),
            },
        })
        .collect()
}

fn our_text(summary: Summary, seeds: usize, decimals: usize) -> String {
    let text = with_std(summary.mean, summary.std, decimals);
    if summary.n < seeds { format!("{text} ({} of {seeds})", summary.n) } else { text }
}
