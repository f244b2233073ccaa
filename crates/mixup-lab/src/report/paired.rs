//! Paired differences of two rows, and what claims and others say about them.

use crate::files::manifest::Test;
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::verdicts::stats::{ALPHA, Design, Differences, Interval, mean};
use crate::verdicts::verdict::{Comparison, ReferenceNote, Status, Verdict, Yardstick};

/// An experiment with what is known about it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) verdicts: &'a [Verdict],
    pub(super) notes: &'a [ReferenceNote],
}

/// A row and the one it is compared with.
pub(super) type Pair<'a> = (&'a str, &'a str);

/// The differences `method - against` in a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    /// One per unit that has both values; none of a bootstrap, whose resamples are no units.
    pub(super) units: Vec<f64>,
    /// Their mean, or what the first claim about exactly these rows says.
    pub(super) mean: f64,
    /// Its interval, or that claim's.
    pub(super) interval: Option<Interval>,
    /// The claims about exactly these rows.
    pub(super) verdicts: Vec<Status>,
    /// The difference of the published means.
    pub(super) paper: Option<f64>,
    /// The difference of the means that the official code gave.
    pub(super) official: Option<f64>,
}

impl<'a> Known<'a> {
    /// How the units of the experiment came about.
    pub(super) fn design(self) -> Design {
        match self.outcome.pairs {
            Pairs::Bootstrap => Design::Bootstrap,
            Pairs::Seeds if self.outcome.sequential => Design::Sequential,
            Pairs::Seeds => Design::Fixed,
        }
    }

    /// The claims that have numbers, each with its metric and rows.
    pub(super) fn claims(self) -> impl Iterator<Item = (&'a str, Pair<'a>)> {
        self.judged()
            .flat_map(|(comparison, _)| pairs(comparison).map(move |pair| (comparison.metric.as_str(), pair)))
    }

    fn judged(self) -> impl Iterator<Item = (&'a Comparison, &'a Verdict)> {
        self.verdicts
            .iter()
            .filter(|verdict| verdict.evidence.is_some())
            .filter_map(|verdict| Some((verdict.comparison.as_ref()?, verdict)))
            .filter(move |(comparison, _)| comparison.experiment == self.outcome.experiment)
    }

    /// Compares two rows; `None` where no unit has a value of both.
    pub(super) fn compare(self, metric: &str, (method, against): Pair<'_>) -> Option<Compared> {
        let values = |row: &str| self.outcome.methods.get(row)?.values.get(metric);
        let differences: Vec<f64> = values(method)?
            .iter()
            .zip(values(against)?)
            .map(|(a, b)| a - b)
            .filter(|difference| difference.is_finite())
            .collect();
        let design = self.design();
        let test = Differences::new(design, vec![differences.clone()]).ok();
        let estimate =
            if design == Design::Bootstrap { differences.first().copied() } else { mean(&differences) };
        let mut compared = Compared {
            mean: estimate?,
            interval: test.and_then(|test| test.interval(ALPHA)),
            units: if design == Design::Bootstrap { Vec::new() } else { differences },
            verdicts: Vec::new(),
            paper: self.published(metric, (method, against), &[Yardstick::Paper, Yardstick::ThirdParty]),
            official: self.published(metric, (method, against), &[Yardstick::OfficialCode]),
        };
        self.add_claims(&mut compared, metric, (method, against));
        Some(compared)
    }

    /// What claims say about two rows, whichever of them a claim puts first.
    fn add_claims(self, compared: &mut Compared, metric: &str, (method, against): Pair<'_>) {
        for (comparison, verdict) in self.judged().filter(|(comparison, _)| comparison.metric == metric) {
            let rows = pairs(comparison).zip(verdict.evidence.iter().flat_map(|evidence| &evidence.rows));
            let about = rows.filter_map(|(pair, row)| {
                if pair == (method, against) {
                    Some((1.0, row))
                } else {
                    (pair == (against, method)).then_some((-1.0, row))
                }
            });
            let Some((sign, row)) = about.into_iter().next() else { continue };
            if let Some(Interval { low, high }) = row.interval.filter(|_| compared.verdicts.is_empty()) {
                let ends = [sign * low, sign * high];
                compared.mean = sign * row.difference;
                compared.interval = Some(Interval { low: ends[0].min(ends[1]), high: ends[0].max(ends[1]) });
            }
            compared.verdicts.push(verdict.status);
        }
    }

    /// The difference of two means by the same hand.
    fn published(self, metric: &str, (method, against): Pair<'_>, by: &[Yardstick]) -> Option<f64> {
        let mean = |row: &str, yardstick: Yardstick| {
            let notes = self.notes.iter().filter(|note| note.yardstick == yardstick);
            let mut of_row = notes.filter(|note| {
                (note.experiment.as_str(), note.metric.as_str(), note.method.as_str())
                    == (self.outcome.experiment.as_str(), metric, row)
            });
            of_row.next().map(|note| note.mean)
        };
        by.iter().find_map(|&yardstick| Some(mean(method, yardstick)? - mean(against, yardstick)?))
    }
}

/// The rows that a claim compares; none for a trend, nor where what is compared is no column of the table.
fn pairs(comparison: &Comparison) -> impl Iterator<Item = Pair<'_>> {
    let compared = comparison.test != Test::Trend && comparison.less.is_none() && comparison.beyond.is_none();
    let against = comparison.against.iter().filter(move |_| compared);
    against.map(|against| (comparison.method.as_str(), against.as_str()))
}
