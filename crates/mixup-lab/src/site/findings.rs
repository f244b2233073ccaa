//! Where official code differs from its paper, with both numbers.

use serde::Serialize;

use super::gather::Committed;
use super::words::with_code;
use crate::files::manifest::{Finding, Shown};
use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::verdicts::numbers::{count, fixed, with_interval};
use crate::verdicts::stats::{ALPHA, Design, Differences};

/// The page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Findings {
    papers: Vec<Paper>,
    shown: usize,
    all: usize,
}

#[derive(Debug, Clone, Serialize)]
struct Paper {
    slug: String,
    title: String,
    code: String,
    commit: String,
    lines: Vec<Line>,
}

/// A finding, as a page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    id: String,
    /// Texts in HTML.
    text: String,
    names: String,
    /// The two numbers, where runs show them.
    numbers: Option<Numbers>,
    /// Whether `paper.yaml` says what would show them.
    planned: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Numbers {
    /// The metric, where both have the same.
    label: String,
    official: String,
    official_row: String,
    paper: String,
    paper_row: String,
    difference: String,
    units: String,
    experiment: String,
    data: String,
    /// Whether the interval of the difference leaves out 0.
    differs: bool,
}

pub(super) fn of(papers: &[Committed]) -> Findings {
    let papers: Vec<Paper> = papers
        .iter()
        .filter(|paper| !paper.manifest.findings.is_empty())
        .map(|paper| Paper {
            slug: paper.slug.clone(),
            title: paper.manifest.title.clone(),
            code: paper.manifest.code.clone(),
            commit: paper.manifest.commit.clone().unwrap_or_default(),
            lines: lines(paper),
        })
        .collect();
    let all = || papers.iter().flat_map(|paper| &paper.lines);
    Findings { shown: all().filter(|line| line.numbers.is_some()).count(), all: all().count(), papers }
}

/// The findings of a paper.
pub(super) fn lines(paper: &Committed) -> Vec<Line> {
    let line = |finding: &Finding| Line {
        id: finding.id.clone(),
        text: with_code(&finding.text),
        names: with_code(&finding.names),
        numbers: finding.shown.as_ref().and_then(|shown| {
            let outcome = paper.outcome(&shown.experiment)?;
            numbers(shown, outcome)
        }),
        planned: finding.shown.is_some(),
    };
    paper.manifest.findings.iter().map(line).collect()
}

/// Both numbers over the seeds, and their paired difference with a 95 % interval.
fn numbers(shown: &Shown, outcome: &Outcome) -> Option<Numbers> {
    let paper_metric = shown.paper_metric.as_ref().unwrap_or(&shown.metric);
    let metric = outcome.metrics.iter().find(|metric| metric.name == shown.metric)?;
    let other = outcome.metrics.iter().find(|metric| metric.name == *paper_metric)?;
    let values = |row: &str, metric: &str| outcome.methods.get(row)?.values.get(metric);
    let official = values(&shown.official, &shown.metric)?;
    let paper = values(&shown.paper, paper_metric)?;
    let differences: Vec<f64> = official.iter().zip(paper).map(|(a, b)| a - b).collect();
    let finite: Vec<f64> = differences.iter().copied().filter(|value| value.is_finite()).collect();
    let design = match outcome.pairs {
        Pairs::Bootstrap => Design::Bootstrap,
        Pairs::Seeds if outcome.sequential => Design::Sequential,
        Pairs::Seeds => Design::Fixed,
    };
    let mean = |values: &[f64]| Some(fixed(Summary::over(outcome.pairs, values)?.mean, metric.decimals));
    let estimate = Summary::over(outcome.pairs, &finite)?.mean;
    let interval = Differences::new(design, vec![finite.clone()]).ok().and_then(|test| test.interval(ALPHA));
    let label = |known: &mixup_paper::MetricInfo, row: &str| {
        if metric.name == other.name { row.to_owned() } else { format!("{row}, {}", known.label) }
    };
    let units = match outcome.pairs {
        Pairs::Seeds => count(finite.len(), "seed"),
        Pairs::Bootstrap => count(finite.len().saturating_sub(1), "resample"),
    };
    Some(Numbers {
        label: if metric.name == other.name { metric.label.clone() } else { String::new() },
        official: mean(official)?,
        official_row: label(metric, &shown.official),
        paper: mean(paper)?,
        paper_row: label(other, &shown.paper),
        difference: with_interval(estimate, interval, metric.decimals + 1),
        units,
        experiment: outcome.experiment.clone(),
        data: outcome.data.clone(),
        differs: interval.is_some_and(|interval| !interval.contains(0.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    #[test]
    fn both_numbers_and_their_difference() {
        let wine = outcome("wine", &[("code", &[1.0, 1.2, 1.1]), ("paper", &[0.5, 0.6, 0.7])]);
        let shown = Shown {
            experiment: "wine".to_owned(),
            metric: "rmse".to_owned(),
            official: "code".to_owned(),
            paper: "paper".to_owned(),
            paper_metric: None,
        };
        let found = numbers(&shown, &wine).unwrap();
        assert_eq!((found.official.as_str(), found.paper.as_str()), ("1.100", "0.600"));
        assert!(found.difference.starts_with("0.5000 [") && found.differs, "{found:?}");
        assert_eq!((found.units.as_str(), found.official_row.as_str()), ("3 seeds", "code"));
    }
}
