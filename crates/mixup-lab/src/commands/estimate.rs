//! How long runs will take, by what like runs took.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::LabError;
use crate::files::experiment::{Profile, Resource};
use crate::outcomes::outcome::{Outcome, RunRecord};
use crate::report::results;
use crate::runs::plan::{Plan, Planned};
use crate::runs::session::{PaperPlan, Session};
use crate::runs::standing::Standing;

/// What the missing runs of a plan cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cost {
    /// Runs in the store.
    pub(crate) finished: usize,
    /// Runs in the store that other sources made; they count as missing.
    pub(crate) unconfirmed: usize,
    /// Stages that missing runs need and the store does not have.
    pub(crate) stages: usize,
    /// Per seed, in their order: runs that are missing, and stages that they need.
    pub(crate) to_train: Vec<usize>,
    /// Core seconds of a run; absent where nothing like it was run before and the file does not say. A
    /// stage is reckoned as a run. By runs of this store it is the time that a run held its core, waiting
    /// included, for a budget is of wall time; by a committed outcome the processor's time alone.
    pub(crate) each: Option<f64>,
    /// By what that is known.
    pub(crate) by: Basis,
}

/// By what is known how long a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Basis {
    /// Finished runs in the store.
    Runs,
    /// The committed outcome, made on the device that was asked for.
    Outcome,
    /// What the experiment's file reckons in core time; nothing was measured.
    ReckonedCore,
    /// What it reckons in time of one GPU; nothing was measured.
    ReckonedGpu,
    /// Nothing.
    Unknown,
}

impl Basis {
    /// Whether nothing was measured.
    pub(crate) fn is_reckoned(self) -> bool {
        matches!(self, Self::ReckonedCore | Self::ReckonedGpu)
    }
}

impl Cost {
    /// Core seconds of what is missing; absent where that cannot be told.
    pub(crate) fn seconds(&self) -> Option<f64> {
        match self.to_train.iter().sum::<usize>() {
            0 => Some(0.0),
            missing => self.each.map(|each| each * missing as f64),
        }
    }

    /// Wall seconds of what is missing with so many runs at a time; reckoned time of a GPU is not divided among them.
    pub(crate) fn wall(&self, jobs: usize) -> Option<f64> {
        let at_a_time = if self.by == Basis::ReckonedGpu { 1 } else { jobs.max(1) };
        self.seconds().map(|seconds| seconds / at_a_time as f64)
    }
}

/// The cost of each plan of a paper: by its finished runs, else by the committed outcome, else by what
/// the experiment's file says.
///
/// # Errors
/// A committed file that is no outcome.
pub(crate) fn costs(session: &Session<'_>, paper: &PaperPlan) -> Result<Vec<Cost>, LabError> {
    let folder = session.workspace.results(paper.slug, session.request.profile);
    let committed = results::outcomes(&folder, session.request.profile, &paper.all_experiments)?;
    let per_run = |name: &str| {
        let here = |outcome: &&Outcome| outcome.provenance.device == session.request.device;
        let outcome = committed.iter().filter(here).find(|outcome| outcome.experiment == name)?;
        mean_seconds(outcome.core_seconds, outcome.seeds.len() * outcome.methods.len())
    };
    let cost = |plan: &Plan| {
        let standings = session.standings(plan, &paper.sources);
        let fresh = session.request.fresh;
        let records: Vec<&RunRecord> = standings.iter().filter_map(Standing::kept).collect();
        let unconfirmed = standings.iter().filter(|known| known.may_stand()).count();
        // A budget is of wall time.
        let seconds = records.iter().map(|record| record.wall_seconds).sum();
        // What other sources made will probably stay.
        let sure = fresh || standings.contains(&Standing::Missing);
        let stages = if sure { session.stage_standings(plan, &paper.sources) } else { Vec::new() };
        let stages = missing(&plan.stages, &stages, |known| fresh || *known == Standing::Missing);
        let runs = missing(&plan.runs, &standings, |known| fresh || known.kept().is_none());
        let (each, by) = price(&[
            (mean_seconds(seconds, records.len()), Basis::Runs),
            (per_run(&plan.experiment.experiment), Basis::Outcome),
            reckoned(plan),
        ]);
        let of = |seed: &u64, counts: &BTreeMap<u64, usize>| counts.get(seed).copied().unwrap_or_default();
        Cost {
            finished: if fresh { 0 } else { records.len() },
            unconfirmed: if fresh { 0 } else { unconfirmed },
            stages: stages.values().sum(),
            to_train: plan.experiment.seeds.iter().map(|seed| of(seed, &runs) + of(seed, &stages)).collect(),
            each,
            by,
        }
    };
    Ok(paper.plans.iter().map(cost).collect())
}

/// What the experiment's file says.
fn reckoned(plan: &Plan) -> (Option<f64>, Basis) {
    match plan.experiment.price {
        Some(price) if price.of == Resource::Gpu => (Some(price.seconds), Basis::ReckonedGpu),
        price => (price.map(|price| price.seconds), Basis::ReckonedCore),
    }
}

/// The first price that there is.
fn price(known: &[(Option<f64>, Basis)]) -> (Option<f64>, Basis) {
    known.iter().copied().find(|(seconds, _)| seconds.is_some()).unwrap_or((None, Basis::Unknown))
}

/// How many are missing of each seed.
fn missing(
    planned: &[Planned],
    standings: &[Standing],
    is_missing: impl Fn(&Standing) -> bool,
) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for (planned, _) in planned.iter().zip(standings).filter(|(_, known)| is_missing(known)) {
        *counts.entry(planned.seed).or_default() += 1;
    }
    counts
}

/// The column of what is left: on a device that runs share, a run's time is not that of a core.
pub(crate) fn time_left(session: &Session<'_>) -> &'static str {
    let profile = session.request.profile;
    if profile == Profile::Gpu || session.request.device != "flex" {
        "GPU time left"
    } else {
        "core time left"
    }
}

/// Wall seconds of runs that are executed so many at a time, the longest of them in one piece.
pub(crate) fn wall(core_seconds: f64, longest: f64, jobs: usize) -> f64 {
    (core_seconds / jobs.max(1) as f64).max(longest)
}

fn mean_seconds(seconds: f64, runs: usize) -> Option<f64> {
    (runs > 0).then(|| seconds / runs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_costs() {
        let cost = |missing: &[usize], each| Cost {
            finished: 3,
            unconfirmed: 0,
            stages: 0,
            to_train: missing.to_vec(),
            each,
            by: Basis::Runs,
        };
        assert_eq!(cost(&[0, 2, 4], Some(1.5)).seconds(), Some(9.0));
        assert_eq!(cost(&[0, 2], None).seconds(), None);
        assert_eq!(cost(&[0, 0], None).seconds(), Some(0.0));
    }

    #[test]
    fn what_was_measured_comes_before_what_is_reckoned() {
        let (runs, file) = ((Some(1.0), Basis::Runs), (Some(3.0), Basis::ReckonedGpu));
        let none = (None, Basis::Outcome);
        assert_eq!(
            [price(&[runs, none, file]), price(&[none, file]), price(&[none])],
            [runs, file, (None, Basis::Unknown)]
        );
    }

    #[test]
    fn a_gpu_is_not_divided_among_runs() {
        let of = |by| {
            let cost =
                Cost { finished: 0, unconfirmed: 0, stages: 0, to_train: vec![4], each: Some(2.0), by };
            cost.wall(4)
        };
        assert_eq!([of(Basis::Runs), of(Basis::ReckonedGpu)], [Some(2.0), Some(8.0)]);
    }

    #[test]
    fn one_long_run_keeps_one_core_busy() {
        assert_eq!([wall(60.0, 10.0, 2), wall(60.0, 60.0, 2), wall(0.0, 0.0, 2)], [30.0, 60.0, 0.0]);
    }

    #[test]
    fn nothing_run_tells_nothing() {
        assert_eq!(mean_seconds(0.0, 0), None);
        assert_eq!(mean_seconds(3.0, 2), Some(1.5));
    }
}
