//! Our numbers beside the paper's and those of the official code.

use serde::{Deserialize, Serialize};

use crate::files::manifest::{Manifest, Source};
use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::verdicts::numbers::{count, fixed, with_interval, with_std};
use crate::verdicts::stats::{Interval, Printed, welch_interval};
use mixup_paper::MetricInfo;

/// One number of ours beside one of theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceNote {
    /// Experiment.
    pub experiment: String,
    /// Metric.
    pub metric: String,
    /// Method.
    pub method: String,
    /// Whose number it is compared with.
    pub yardstick: Yardstick,
    /// Table of the paper, for a reported number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
    /// Ours.
    pub ours: Summary,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation over runs, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Their number of runs, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// How the two agree.
    pub agreement: Agreement,
    /// The same in words.
    pub sentence: String,
}

/// Whose number ours is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Yardstick {
    /// The paper's, read in the paper.
    Paper,
    /// The paper's, read where others quote it.
    ThirdParty,
    /// What the official code gave when it was run.
    OfficialCode,
}

/// How our mean agrees with theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// Within their mean plus or minus one standard deviation.
    WithinSpread,
    /// Further off, but 0 lies in the 95 % interval (Welch) of the difference of the means.
    WithinInterval,
    /// Further off than both.
    Outside,
    /// They give no spread to judge by.
    SpreadUnknown,
}

/// Compares our means with every reported and reference number of the outcome's experiment, in
/// the manifest's order, reported ones first. A number whose method or metric the outcome does not
/// have is passed over. A smoke outcome gives nothing: it is not the setting of anybody's numbers.
pub fn compare_with_reference(manifest: &Manifest, outcome: &Outcome) -> Vec<ReferenceNote> {
    if outcome.profile == "smoke" {
        return Vec::new();
    }
    let reported = manifest.reported.iter().map(|value| Theirs {
        experiment: &value.experiment,
        metric: &value.metric,
        method: &value.method,
        yardstick: match value.source {
            Source::Paper => Yardstick::Paper,
            Source::ThirdParty => Yardstick::ThirdParty,
        },
        table: Some(value.table),
        mean: value.mean,
        std: value.std,
        runs: None,
    });
    let reference = manifest.reference.iter().map(|value| Theirs {
        experiment: &value.experiment,
        metric: &value.metric,
        method: &value.method,
        yardstick: Yardstick::OfficialCode,
        table: None,
        mean: value.mean,
        std: value.std,
        runs: Some(value.runs),
    });
    reported
        .chain(reference)
        .filter(|theirs| theirs.experiment == outcome.experiment)
        .filter_map(|theirs| {
            let metric = outcome.metrics.iter().find(|metric| metric.name == theirs.metric)?;
            let values = outcome.methods.get(theirs.method)?.values.get(theirs.metric)?;
            // Theirs is of the sample, not of its resamples.
            let ours = match outcome.pairs {
                Pairs::Seeds => Summary::of(values)?,
                Pairs::Bootstrap => Summary::of(values.get(..1)?)?,
            };
            Some(theirs.note(ours, metric))
        })
        .collect()
}

/// A number of the manifest, reported or reference.
struct Theirs<'a> {
    experiment: &'a str,
    metric: &'a str,
    method: &'a str,
    yardstick: Yardstick,
    table: Option<u32>,
    mean: f64,
    std: Option<f64>,
    runs: Option<u32>,
}

impl Theirs<'_> {
    fn note(&self, ours: Summary, metric: &MetricInfo) -> ReferenceNote {
        let interval = self.difference_interval(ours);
        let agreement = match (self.std, interval) {
            (None, _) => Agreement::SpreadUnknown,
            (Some(std), _) if Interval::around(self.mean, std).contains(ours.mean) => Agreement::WithinSpread,
            (Some(_), Some(interval)) if interval.contains(0.0) => Agreement::WithinInterval,
            (Some(_), _) => Agreement::Outside,
        };
        ReferenceNote {
            experiment: self.experiment.to_owned(),
            metric: self.metric.to_owned(),
            method: self.method.to_owned(),
            yardstick: self.yardstick,
            table: self.table,
            ours,
            mean: self.mean,
            std: self.std,
            runs: self.runs,
            agreement,
            sentence: self.sentence(ours, metric, agreement, interval),
        }
    }

    /// Of `ours - theirs`, where both spreads and numbers of runs are known.
    fn difference_interval(&self, ours: Summary) -> Option<Interval> {
        let theirs = Printed { mean: self.mean, std: self.std?, n: self.runs? };
        let ours = Printed { mean: ours.mean, std: ours.std?, n: u32::try_from(ours.n).ok()? };
        welch_interval(ours, theirs)
    }

    fn sentence(
        &self,
        ours: Summary,
        metric: &MetricInfo,
        agreement: Agreement,
        interval: Option<Interval>,
    ) -> String {
        let MetricInfo { label, decimals, .. } = metric;
        let subject = format!(
            "{label} of {} is {} over {}",
            self.method,
            with_std(ours.mean, ours.std, *decimals),
            count(ours.n, "seed")
        );
        let theirs = self.phrase(*decimals);
        let difference = with_interval(ours.mean - self.mean, interval, decimals + 1);
        match agreement {
            Agreement::WithinSpread => format!("{subject}: within the spread of {theirs}."),
            Agreement::WithinInterval => format!(
                "{subject}: outside the spread of {theirs}, but the difference {difference} may be chance."
            ),
            Agreement::Outside => {
                format!("{subject}: outside the spread of {theirs}, the difference is {difference}.")
            }
            Agreement::SpreadUnknown => {
                format!("{subject}: {} {theirs}, whose spread is not known.", self.relation(ours))
            }
        }
    }

    /// `the official code's 2.874 ± 0.189 over 5 runs`
    fn phrase(&self, decimals: usize) -> String {
        let number = with_std(self.mean, self.std, decimals);
        let runs = self.runs.map_or(String::new(), |n| format!(" over {}", count(n as usize, "run")));
        match self.yardstick {
            Yardstick::Paper => format!("the paper's {number}"),
            Yardstick::ThirdParty => format!("the paper's {number} as others quote it"),
            Yardstick::OfficialCode => format!("the official code's {number}{runs}"),
        }
    }

    /// `2.2 % (0.8 of our standard deviations) above`
    fn relation(&self, ours: Summary) -> String {
        let difference = ours.mean - self.mean;
        let side = if difference < 0.0 { "below" } else { "above" };
        let size = match self.mean {
            0.0 => fixed(difference.abs(), 4),
            mean => format!("{:.1} %", 100.0 * (difference / mean).abs()),
        };
        match ours.std {
            Some(std) if std > 0.0 => {
                format!("{size} ({:.1} of our standard deviations) {side}", difference.abs() / std)
            }
            _ => format!("{size} {side}"),
        }
    }
}
