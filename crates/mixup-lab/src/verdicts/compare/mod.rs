//! `check`: a fresh outcome against the committed one.
//!
//! The same sources on the same machine give the same bits, and the report says so. Another
//! processor rounds differently, and training makes a difference of 1e-8 in a loss grow, so that a
//! check across machines must tell noise from a change. Its levels:
//!
//! 1. **Identical**: every seed has the same bits.
//! 2. **Same**: every seed agrees within the [`Tolerance`], relative 1e-3 unless told otherwise, and metrics within a tenth of
//!    the last digit that tables print.
//! 3. **Drift**: some seed does not, but rounding explains it. Reported, not a failure.
//! 4. **Regression**: changed.
//!
//! First **training** is looked at (`training.rs`): a curve of losses must agree at every epoch but for what
//! rounding can have grown to by then. A doubled loss is seen there although Adam takes the same steps, and
//! so is a penalty that is dropped although accuracy stays where it was.
//!
//! Then the **metrics**, one method and metric at a time, beyond the tolerance:
//!
//! - Where the losses agree to the end, rounding moves at most a few samples of few seeds to the other
//!   side of a decision. Any more is a regression: the evaluation has changed.
//! - Where they parted as rounding makes them, and where there are no losses, it is a regression if the mean
//!   has shifted by more than all of
//!   - the tolerance;
//!   - a quarter of the committed standard deviation over seeds: less than that changes no table
//!     that is read with its spread; the whole of it for fewer than five seeds whose losses parted;
//!   - with five seeds or more, what chance does to the mean of the differences seen seed by
//!     seed (their standard error times Student's t at 99.9 %). Seeds whose training went another
//!     way differ in both directions; a change of the method moves them together. With fewer
//!     seeds this bound would forgive nearly anything, so it is not used;
//!
//!   or if a single seed has moved by more than the tolerance and six committed standard
//!   deviations: an average must not hide a run that broke.
//!
//! Of another **device** the first losses may differ by 1e-4, of the same one by 1e-5; and fewer than five seeds of one value,
//! which have no spread, may move by a tenth, as some samples move them.
//!
//! **Pictures** follow their method: points may move where its losses or metrics did.
//!
//! A method, metric, curve, seed, figure or value that only one side has, another profile and other data are
//! regressions too, in both directions: the committed outcome then is not one of this code.
//!
//! Verdicts of both sides are judged afresh, by today's claims and over the experiments that both
//! sides have. A changed verdict is a regression, unless it only stepped over the line: both
//! corrected p-values within a factor of two of 0.05, and nothing worse than drift in its
//! experiment. Wall times, memory and hosts are not compared.

mod cell;
mod figure;
mod opening;
mod text;
mod training;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::files::manifest::Manifest;
use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::Outcome;
use crate::verdicts::verdict::{Status, Verdict, judge};

use training::Training;

/// Differences that are nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Relative to the committed value.
    pub relative: f64,
    /// Absolute, for values near 0.
    pub absolute: f64,
    /// Of a metric, the share of the last digit that tables print. A correlation of 0.01 is no more exact than one of 0.9.
    pub digit: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { relative: 1e-3, absolute: 1e-9, digit: 0.1 }
    }
}

/// How far two outcomes agree, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The same bits.
    Identical,
    /// Within the tolerance.
    Same,
    /// Beyond the tolerance, by what rounding can do.
    Drift,
    /// Changed.
    Regression,
}

/// What a check of a paper found. Its `Display` is the text for a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Slug of the paper.
    pub paper: String,
    /// The worst of everything below; absent when no experiment was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Per experiment that both sides have.
    pub experiments: Vec<ExperimentCheck>,
    /// Claims whose verdict has changed.
    pub verdicts: Vec<VerdictChange>,
    /// Experiments without a fresh outcome.
    pub only_committed: Vec<String>,
    /// Experiments without a committed outcome.
    pub only_fresh: Vec<String>,
}

/// One experiment's outcomes beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentCheck {
    /// Experiment.
    pub experiment: String,
    /// Profile of the committed outcome.
    pub profile: String,
    /// The worst of what follows.
    pub level: Level,
    /// Differences in what there is to compare; each is a regression.
    pub structure: Vec<String>,
    /// Per method and training curve that both sides have, and per method and figure.
    pub curves: Vec<CurveCheck>,
    /// Per method and metric that both sides have.
    pub cells: Vec<CellCheck>,
}

/// A training curve of one method, the losses of its first steps (`opening`), or its points in a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveCheck {
    /// Method.
    pub method: String,
    /// Name of the curve or the figure.
    pub curve: String,
    /// How far the two sides agree.
    pub level: Level,
    /// What was found, in words; empty up to [`Level::Same`].
    pub reason: String,
}

/// One method and metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellCheck {
    /// Method.
    pub method: String,
    /// Metric.
    pub metric: String,
    /// How far the two sides agree.
    pub level: Level,
    /// Committed; absent when no value is finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<Summary>,
    /// Fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<Summary>,
    /// The seed that moved most, where one moved beyond the tolerance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What was found, in words; empty up to [`Level::Same`].
    pub reason: String,
}

/// A seed whose value moved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Seed.
    pub seed: u64,
    /// Committed value.
    pub committed: f64,
    /// Fresh value.
    pub fresh: f64,
}

/// A claim whose verdict has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictChange {
    /// Short name of the claim.
    pub claim: String,
    /// By the committed outcomes.
    pub committed: Status,
    /// By the fresh outcomes.
    pub fresh: Status,
    /// [`Level::Drift`] for a step over the line, else [`Level::Regression`].
    pub level: Level,
}

/// Compares a paper's fresh outcomes with its committed ones, by the rule of this module.
pub fn check(manifest: &Manifest, committed: &[&Outcome], fresh: &[&Outcome], tolerance: Tolerance) -> Check {
    let counterpart = |side: &[&Outcome], outcome: &Outcome| {
        side.iter().position(|other| other.experiment == outcome.experiment)
    };
    let both: Vec<(&Outcome, &Outcome)> =
        committed.iter().filter_map(|&old| counterpart(fresh, old).map(|at| (old, fresh[at]))).collect();
    let alone = |side: &[&Outcome], other: &[&Outcome]| {
        side.iter().filter(|o| counterpart(other, o).is_none()).map(|o| o.experiment.clone()).collect()
    };
    let experiments: Vec<ExperimentCheck> =
        both.iter().map(|(old, new)| compare_outcomes(old, new, tolerance)).collect();
    let (old, new): (Vec<&Outcome>, Vec<&Outcome>) = both.into_iter().unzip();
    let verdicts = compare_verdicts(&judge(manifest, &old), &judge(manifest, &new), &experiments);
    let levels = experiments.iter().map(|e| e.level).chain(verdicts.iter().map(|v| v.level));
    Check {
        paper: manifest.slug.clone(),
        level: levels.max(),
        verdicts,
        only_committed: alone(committed, fresh),
        only_fresh: alone(fresh, committed),
        experiments,
    }
}

/// Compares two outcomes of one experiment.
pub fn compare_outcomes(committed: &Outcome, fresh: &Outcome, tolerance: Tolerance) -> ExperimentCheck {
    let mut structure = heading_differences(committed, fresh);
    structure.extend(one_sided("seed", &committed.seeds, &fresh.seeds));
    structure.extend(one_sided("method", committed.methods.keys(), fresh.methods.keys()));
    let [old, new] = [committed, fresh].map(|side| side.figures.iter().map(|figure| &figure.info.name));
    structure.extend(one_sided("figure", old, new));
    let elsewhere = committed.provenance.device != fresh.provenance.device;
    let (mut curves, mut cells, mut training) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (method, old) in &committed.methods {
        let Some(new) = fresh.methods.get(method) else { continue };
        structure.extend(one_sided(&format!("curve of `{method}`"), old.curves.keys(), new.curves.keys()));
        structure.extend(one_sided(&format!("metric of `{method}`"), old.values.keys(), new.values.keys()));
        let (checks, trained) =
            training::compare(method, (&committed.seeds, old), (&fresh.seeds, new), elsewhere, tolerance);
        curves.extend(checks);
        let mut worst = Level::Identical;
        for (metric, old) in &old.values {
            let Some(new) = new.values.get(metric) else { continue };
            let pairs = cell::by_seed((&committed.seeds, old), (&fresh.seeds, new));
            let printed = committed.metrics.iter().find(|info| info.name == *metric);
            let tolerance = printed.map_or(tolerance, |info| tolerance.printed(info.decimals));
            let cell = cell::compare((method, metric), &pairs, trained, elsewhere, tolerance);
            worst = worst.max(cell.level);
            cells.push(cell);
        }
        training.insert(method.as_str(), (trained, worst));
    }
    for old in &committed.figures {
        let Some(new) = fresh.figures.iter().find(|new| new.info.name == old.info.name) else { continue };
        structure.extend(one_sided(
            &format!("method of the figure {}", old.info.name),
            old.points.keys(),
            new.points.keys(),
        ));
        let of =
            |method: &str| training.get(method).copied().unwrap_or((Training::Unknown, Level::Identical));
        curves.extend(figure::compare(old, new, of, tolerance));
    }
    let least = if structure.is_empty() { Level::Identical } else { Level::Regression };
    let levels = cells.iter().map(|cell| cell.level).chain(curves.iter().map(|curve| curve.level));
    ExperimentCheck {
        experiment: committed.experiment.clone(),
        profile: committed.profile.clone(),
        level: levels.fold(least, Level::max),
        structure,
        curves,
        cells,
    }
}

fn heading_differences(committed: &Outcome, fresh: &Outcome) -> Vec<String> {
    [
        ("format", committed.schema.to_string(), fresh.schema.to_string()),
        ("profile", committed.profile.clone(), fresh.profile.clone()),
        ("data set", committed.data.clone(), fresh.data.clone()),
        (
            "checksum of the data",
            committed.provenance.data_sha256.clone(),
            fresh.provenance.data_sha256.clone(),
        ),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| format!("the {what} is `{new}`, committed is `{old}`"))
    .collect()
}

/// What only one side has, in words.
fn one_sided<'a, T: Ord + std::fmt::Display + 'a>(
    kind: &str,
    committed: impl IntoIterator<Item = &'a T>,
    fresh: impl IntoIterator<Item = &'a T>,
) -> Vec<String> {
    let (old, new): (BTreeSet<&T>, BTreeSet<&T>) =
        (committed.into_iter().collect(), fresh.into_iter().collect());
    let gone = old.difference(&new).map(|name| format!("{kind}: {name} is committed, but was not run"));
    let added = new.difference(&old).map(|name| format!("{kind}: {name} was run, but is not committed"));
    gone.chain(added).collect()
}

fn compare_verdicts(
    committed: &[Verdict],
    fresh: &[Verdict],
    experiments: &[ExperimentCheck],
) -> Vec<VerdictChange> {
    let changed = committed.iter().zip(fresh).filter(|(old, new)| old.status != new.status);
    changed
        .map(|(old, new)| {
            let experiment = old.comparison.as_ref().map(|comparison| comparison.experiment.as_str());
            let numbers_stand = experiments
                .iter()
                .any(|check| Some(check.experiment.as_str()) == experiment && check.level <= Level::Drift);
            let level = if numbers_stand && stepped_over_the_line(old, new) {
                Level::Drift
            } else {
                Level::Regression
            };
            VerdictChange { claim: old.claim.clone(), committed: old.status, fresh: new.status, level }
        })
        .collect()
}

/// Whether a verdict may have changed by rounding: not from one side to the other, and where the test of a
/// difference had a say, with both p-values near their levels.
fn stepped_over_the_line(committed: &Verdict, fresh: &Verdict) -> bool {
    let tested = |verdict: &Verdict| matches!(verdict.status, Status::Reproduced | Status::Contradicted);
    match [committed, fresh].map(tested) {
        [true, true] => false,
        [false, false] => ![committed, fresh].iter().any(|verdict| verdict.evidence.is_none()),
        _ => [committed, fresh].into_iter().all(|verdict| {
            let evidence = verdict.evidence.as_ref();
            evidence.is_some_and(|known| (known.level / 2.0..=known.level * 2.0).contains(&known.p))
        }),
    }
}

#[cfg(test)]
mod tests;
