//! What got slower since a report that was kept.
//!
//! Rounds on a shared machine differ, and machines differ from minute to minute. So times are compared as logarithms, by
//! Welch's interval over the rounds of both reports, each relative to the matrix product just before the round: what is as much
//! slower as that is the machine.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::workload::Workload;
use super::{Report, Row};
use crate::error::LabError;
use crate::verdicts::stats::{Printed, mean, sample_std, welch_interval};

/// A step is another one when it takes this much more or less of the time.
const MARGIN: f64 = 0.05;

/// How long a step takes, relative to before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Change {
    pub workload: Workload,
    pub threads: usize,
    /// Times as long, in units of the matrix product; none of reports with fewer than two rounds.
    pub ratio: f64,
    /// With 95 % confidence.
    pub interval: [f64; 2],
    pub finding: Finding,
}

/// What the interval says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Finding {
    /// Wholly above the margin.
    Slower,
    /// Wholly below it.
    Faster,
    /// Wholly within it.
    Same,
    /// Neither: more rounds, or a quieter machine.
    Unclear,
}

/// A report that `--format json` wrote.
///
/// # Errors
/// A file that cannot be read, or is none.
pub(super) fn read(path: &Path) -> Result<Report, LabError> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| LabError::Usage(format!("{shown}: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| LabError::Usage(format!("{shown} is no report of `bench --format json`: {error}")))
}

/// Every step that both reports have.
pub(super) fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let change = |row: &Row| {
        let known = before
            .rows
            .iter()
            .find(|known| (known.workload, known.threads) == (row.workload, row.threads))?;
        let (ratio, interval) = compared(&work(before, known)?, &work(after, row)?)?;
        let finding = match interval {
            [low, _] if low > 1.0 + MARGIN => Finding::Slower,
            [_, high] if high < 1.0 - MARGIN => Finding::Faster,
            [low, high] if low > 1.0 - MARGIN && high < 1.0 + MARGIN => Finding::Same,
            _ => Finding::Unclear,
        };
        Some(Change { workload: row.workload, threads: row.threads, ratio, interval, finding })
    };
    after.rows.iter().filter_map(change).collect()
}

/// Matrix products' operations in the time of a step, round by round; where a report has none beside its rounds, by the
/// fastest of all.
fn work(report: &Report, row: &Row) -> Option<Vec<f64>> {
    if row.pace.len() == row.rounds.len() {
        return Some(row.rounds.iter().zip(&row.pace).map(|(time, pace)| time * pace).collect());
    }
    let (_, pace) = report.matmul.iter().find(|(threads, _)| *threads == row.threads)?;
    Some(row.rounds.iter().map(|time| time * pace).collect())
}

/// Ratio of the geometric means, with its interval.
fn compared(before: &[f64], after: &[f64]) -> Option<(f64, [f64; 2])> {
    let logarithms = |rounds: &[f64]| {
        let logs: Vec<f64> = rounds.iter().map(|round| round.ln()).collect();
        Some(Printed { mean: mean(&logs)?, std: sample_std(&logs)?, n: logs.len() as u32 })
    };
    let (before, after) = (logarithms(before)?, logarithms(after)?);
    let interval = welch_interval(after, before)?;
    Some(((after.mean - before.mean).exp(), [interval.low.exp(), interval.high.exp()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rounds: &[f64], gflops: f64) -> Report {
        let row = Row {
            workload: Workload::Mlp,
            threads: 1,
            milliseconds: rounds[0],
            rounds: rounds.to_vec(),
            pace: Vec::new(),
            gflops: 1.0,
            share_of_peak: 0.1,
            peak_mib: 20.0,
            ratios: Vec::new(),
            peers: Vec::new(),
        };
        Report { matmul: vec![(1, gflops)], rows: vec![row], ..Report::default() }
    }

    fn finding(before: &Report, after: &Report) -> (f64, Finding) {
        let [change] = &changes(before, after)[..] else { panic!("one step each") };
        (change.ratio, change.finding)
    }

    #[test]
    fn what_is_slower_is_told_from_noise_and_from_the_machine() {
        let before = report(&[1.00, 1.01, 0.99, 1.00, 1.00], 100.0);
        let found = |rounds: &[f64], gflops| finding(&before, &report(rounds, gflops));
        assert_eq!(found(&[1.00, 1.01, 0.99, 1.00, 1.00], 100.0), (1.0, Finding::Same));
        let (ratio, slower) = found(&[1.20, 1.21, 1.19, 1.20, 1.20], 100.0);
        assert!((ratio - 1.2).abs() < 1e-3 && slower == Finding::Slower);
        assert_eq!(found(&[0.80, 0.81, 0.79, 0.80, 0.80], 100.0).1, Finding::Faster);
        assert_eq!(found(&[0.7, 1.6, 0.9, 1.5, 1.3], 100.0).1, Finding::Unclear);
        // A machine that multiplies half as fast takes twice as long for everything.
        let (ratio, same) = found(&[2.00, 2.02, 1.98, 2.00, 2.00], 50.0);
        assert!((ratio - 1.0).abs() < 1e-9 && same == Finding::Same);
    }

    #[test]
    fn a_round_is_compared_at_the_pace_of_its_moment() {
        let before = report(&[1.00, 1.01, 0.99, 1.00, 1.00], 100.0);
        // Twice as slow in some rounds, as the machine was.
        let mut after = report(&[1.00, 2.02, 1.00, 1.98, 1.00], 100.0);
        assert_eq!(finding(&before, &after).1, Finding::Unclear);
        after.rows[0].pace = vec![100.0, 50.0, 100.0, 50.0, 100.0];
        let (ratio, same) = finding(&before, &after);
        assert!((ratio - 1.0).abs() < 0.01 && same == Finding::Same, "{ratio}");
    }

    #[test]
    fn one_round_or_another_step_compares_with_nothing() {
        let before = report(&[1.0, 1.1], 100.0);
        assert!(changes(&before, &report(&[1.0], 100.0)).is_empty());
        let mut other = report(&[1.0, 1.1], 100.0);
        other.rows[0].threads = 2;
        assert!(changes(&before, &other).is_empty());
    }
}
