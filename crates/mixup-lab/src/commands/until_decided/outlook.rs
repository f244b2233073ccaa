//! What `--until-decided` is about to do: which claims are open, and what they may cost.

use std::path::PathBuf;

use crate::commands::estimate::{Cost, costs, wall};
use crate::commands::seeds;
use crate::commands::settle::{Settled, known, target};
use crate::error::LabError;
use crate::runs::plan::Plan;
use crate::runs::session::{PaperPlan, Session};
use crate::verdicts::numbers::duration;
use crate::verdicts::verdict::Verdict;

/// A paper before its first round.
pub(in crate::commands) struct Outlook {
    /// Its experiments, each with as many seeds as its outcome has.
    pub(super) paper: PaperPlan,
    /// Where its outcomes are, the ones of this command first.
    pub(super) folders: Vec<PathBuf>,
    /// The outcomes at hand.
    pub(super) settled: Settled,
}

impl Outlook {
    /// Judges the outcomes at hand.
    ///
    /// # Errors
    /// A file that is no outcome.
    pub(in crate::commands) fn of(session: &Session<'_>, paper: PaperPlan) -> Result<Self, LabError> {
        let committed = session.workspace.results(paper.slug, session.request.profile);
        let folders = vec![target(session, paper.slug), committed];
        let outcomes = known(session, &paper, &folders)?;
        let paper = paper.with_seeds(|known| seeds::count(known, seeds::find(&outcomes, known)))?;
        let settled = Settled::of(&paper.manifest, outcomes);
        Ok(Self { paper, folders, settled })
    }

    /// Primary claims that are open.
    pub(in crate::commands) fn open(&self) -> Vec<&Verdict> {
        open(&self.settled)
    }

    /// What runs in any case: experiments that an open claim reads, and those without an outcome.
    pub(in crate::commands) fn first(&self) -> PaperPlan {
        let has_outcome = |plan: &Plan| {
            let outcome = seeds::find(&self.settled.outcomes, &plan.experiment);
            outcome.is_some_and(|outcome| seeds::stands(&plan.experiment, outcome))
        };
        self.paper.clone().only(|plan| is_read(plan, &self.settled) || !has_outcome(plan))
    }

    /// The same with every seed that the open claims may ask for.
    ///
    /// # Errors
    /// A data set that the catalogue does not have.
    pub(in crate::commands) fn most(&self) -> Result<PaperPlan, LabError> {
        let first = self.first();
        let read: Vec<String> = names(first.plans.iter().filter(|plan| is_read(plan, &self.settled)));
        first.with_seeds(|known| {
            if read.contains(&known.experiment) {
                known.range.at_most
            } else {
                seeds::count(known, seeds::find(&self.settled.outcomes, known))
            }
        })
    }

    /// Says on standard error which claims are open and what deciding them may cost.
    pub(super) fn announce(&self, session: &Session<'_>) -> Result<(), LabError> {
        let slug = self.paper.slug;
        let open = self.open();
        let ids: Vec<&str> = open.iter().map(|verdict| verdict.claim.as_str()).collect();
        let most = self.most()?;
        match (ids.as_slice(), most.plans.is_empty()) {
            ([], true) => {
                eprintln!(
                    "{slug}: no primary claim is open and no experiment lacks its outcome; nothing is run"
                );
            }
            ([], false) => {
                eprintln!("{slug}: no primary claim is open; experiments without an outcome are run")
            }
            (ids, true) => eprintln!(
                "{slug}: open primary claims: {}; none of them is about an experiment that was asked for; nothing \
                 is run",
                ids.join(", ")
            ),
            (ids, false) => eprintln!("{slug}: open primary claims: {}", ids.join(", ")),
        }
        if !most.plans.is_empty() {
            eprintln!("{slug}: {}", at_most(session, &most)?);
        }
        Ok(())
    }
}

/// Primary claims that are open by outcomes.
pub(super) fn open(settled: &Settled) -> Vec<&Verdict> {
    settled.verdicts.iter().filter(|verdict| verdict.is_open()).collect()
}

/// Whether an open claim reads the outcome of this experiment.
pub(super) fn is_read(plan: &Plan, settled: &Settled) -> bool {
    let name = plan.experiment.experiment.as_str();
    open(settled).iter().any(|verdict| verdict.experiments().contains(&name))
}

/// Names of the experiments of plans.
pub(super) fn names<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Vec<String> {
    plans.into_iter().map(|plan| plan.experiment.experiment.clone()).collect()
}

/// What all the seeds cost, in words.
fn at_most(session: &Session<'_>, most: &PaperPlan) -> Result<String, LabError> {
    let costs = costs(session, most)?;
    let (all, finished) = most
        .plans
        .iter()
        .zip(&costs)
        .fold((0, 0), |(all, finished), (plan, cost)| (all + plan.runs.len(), finished + cost.finished));
    let ranges: Vec<String> = most
        .plans
        .iter()
        .map(|plan| format!("{} {}", plan.experiment.experiment, plan.experiment.seeds.len()))
        .collect();
    let mut text = format!("at most {all} runs, {finished} of them finished (seeds: {})", ranges.join(", "));
    let unknown: Vec<String> = names(
        most.plans.iter().zip(&costs).filter(|(_, cost)| cost.seconds().is_none()).map(|(plan, _)| plan),
    );
    let seconds: f64 = costs.iter().filter_map(Cost::seconds).sum();
    if seconds > 0.0 {
        let longest = costs.iter().filter_map(|cost| cost.each).fold(0.0, f64::max);
        let jobs = session.jobs().get();
        let wall = wall(seconds, longest, jobs);
        text += &format!(
            "; the others take at most about {} of core time, {} with {jobs} at a time",
            duration(seconds),
            duration(wall)
        );
    }
    if !unknown.is_empty() {
        text += &format!("; what a run takes is not known yet of {}", unknown.join(", "));
    }
    Ok(text)
}
