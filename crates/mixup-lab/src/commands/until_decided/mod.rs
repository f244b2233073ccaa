//! `reproduce --until-decided`: rounds of seeds, until the primary claims are decided.
//!
//! The first round runs what a plain call would, of the experiments that an open primary claim reads or
//! that have no outcome yet. Each further round adds seeds to experiments that an open primary claim
//! reads, the same seeds for all methods, until none is open, no experiment may have more, or the budget is
//! spent. Looking after each round is what the test of such outcomes allows for (`Outcome::sequential`).
//! Outcomes are written at the end of each round, and a later call starts from them.

mod grow;
mod outlook;
mod told;

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroU32;
use std::time::Instant;

use serde::Serialize;

use self::grow::{Growing, grow};
use self::outlook::{is_read, names, open};
use super::budget::Budget;
use super::estimate::{costs, wall};
use super::reproduce::{Ended, Experiment, Reproduced, conclude, outcomes};
use super::settle::settle;
use crate::error::LabError;
use crate::files::resolve::Resolved;
use crate::runs::session::{PaperPlan, Request, Session};

pub(super) use self::outlook::Outlook;

/// What the rounds of a paper came to.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Rounds {
    /// Primary claims that were open before the first round.
    open: Vec<String>,
    rounds: Vec<Round>,
    /// Experiments that the budget left out from the start.
    left_out: Vec<String>,
    end: End,
}

impl Rounds {
    /// No claim was open and every experiment had its outcome.
    pub(super) fn had_nothing_to_do(&self) -> bool {
        self.rounds.is_empty() && self.left_out.is_empty()
    }
}

/// One round.
#[derive(Debug, Clone, Serialize)]
struct Round {
    /// Seeds of the experiments that took part.
    seeds: BTreeMap<String, usize>,
    /// Runs that were executed.
    executed: usize,
    seconds: f64,
    /// Primary claims that are open after it.
    open: Vec<String>,
}

/// Why there is no further round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    /// No primary claim is open.
    Decided,
    /// The experiments that open claims read may have no more seeds, or could not be run.
    AtMost,
    /// What is left of the budget is too little.
    Budget,
}

/// Refuses what makes no sense beside `--until-decided`.
///
/// # Errors
/// One sentence.
pub(super) fn refuse(request: &Request) -> Result<(), LabError> {
    let refused = |why: &str| Err(LabError::Usage(why.to_owned()));
    if request.seeds.is_some() {
        return refused("--until-decided finds the number of seeds itself; leave out --seeds");
    }
    if request.fresh {
        return refused(
            "--until-decided goes on from finished runs; run them again first, with --fresh and without \
             --until-decided",
        );
    }
    Ok(())
}

/// Carries out the rounds of a paper.
///
/// # Errors
/// As [`Session::execute`]; a file that is no outcome; results that cannot be written.
pub(super) fn reproduce(
    session: &Session<'_>,
    paper: PaperPlan,
    budget: Budget,
) -> Result<Reproduced, LabError> {
    let outlook = Outlook::of(session, paper)?;
    outlook.announce(session)?;
    let mut course = Course::new(session, outlook, budget);
    let first = course.affordable(course.outlook.first())?;
    if !first.plans.is_empty() {
        course.round(first)?;
    }
    let end = loop {
        match course.next()? {
            Next::Round(paper) => course.round(*paper)?,
            Next::End(end) => break end,
        }
    };
    Ok(course.conclude(end))
}

/// The rounds under way.
struct Course<'a> {
    session: &'a Session<'a>,
    budget: Budget,
    /// Its `settled` is brought up to date by each round.
    outlook: Outlook,
    before: Vec<String>,
    /// What became of experiments that took part, with the number of their seeds.
    experiments: Vec<(Experiment, usize)>,
    left_out: Vec<String>,
    rounds: Vec<Round>,
}

enum Next {
    Round(Box<PaperPlan>),
    End(End),
}

impl<'a> Course<'a> {
    fn new(session: &'a Session<'a>, outlook: Outlook, budget: Budget) -> Self {
        let before = claims(&outlook);
        Self {
            session,
            budget,
            outlook,
            before,
            experiments: Vec::new(),
            left_out: Vec::new(),
            rounds: Vec::new(),
        }
    }

    /// The experiments of the first round that the budget allows, in their order.
    fn affordable(&mut self, first: PaperPlan) -> Result<PaperPlan, LabError> {
        if self.budget.seconds().is_none() || first.plans.is_empty() {
            return Ok(first);
        }
        // What other sources made and these confirm costs nothing.
        self.session.confirm(&first)?;
        self.learn_prices(&first)?;
        let (mut total, mut longest) = (0.0, 0.0_f64);
        let mut fitting = Vec::new();
        for (plan, cost) in first.plans.iter().zip(costs(self.session, &first)?) {
            // Where even a trial gave no price, no run will take time either: its data are missing, say.
            let seconds = cost.seconds().unwrap_or_default();
            let with =
                (total + seconds, longest.max(cost.each.filter(|_| seconds > 0.0).unwrap_or_default()));
            if self.fits(with.0, with.1) {
                (total, longest) = with;
                fitting.push(plan.experiment.experiment.clone());
            } else {
                let wall = wall(seconds, cost.each.unwrap_or_default(), self.jobs());
                told::left_out(first.slug, &plan.experiment, wall, self.budget);
                self.left_out.push(plan.experiment.experiment.clone());
            }
        }
        Ok(first.only(|plan| fitting.contains(&plan.experiment.experiment)))
    }

    /// Runs one seed of experiments of which nobody knows what a run takes.
    fn learn_prices(&self, first: &PaperPlan) -> Result<(), LabError> {
        let costs = costs(self.session, first)?;
        let unknown = first.plans.iter().zip(&costs).filter(|(_, cost)| cost.seconds().is_none());
        let unknown = names(unknown.map(|(plan, _)| plan));
        if unknown.is_empty() {
            return Ok(());
        }
        eprintln!("{}: first one seed of {}, to learn what a run takes", first.slug, unknown.join(", "));
        let trial = first.clone().only(|plan| unknown.contains(&plan.experiment.experiment));
        // The first round says what cannot be run.
        self.session.execute(&trial.with_seeds(|_| NonZeroU32::MIN)?).map(drop)
    }

    /// Executes a round, judges, writes, and says what changed.
    fn round(&mut self, paper: PaperPlan) -> Result<(), LabError> {
        let started = Instant::now();
        let experiments = conclude(self.session.execute(&paper)?);
        let settled = settle(self.session, &paper, &outcomes(&experiments), &self.outlook.folders)?;
        let before = mem::replace(&mut self.outlook.settled, settled);
        let round = Round {
            seeds: paper
                .plans
                .iter()
                .map(|plan| (plan.experiment.experiment.clone(), plan.experiment.seeds.len()))
                .collect(),
            executed: experiments.iter().map(|known| known.executed).sum(),
            seconds: started.elapsed().as_secs_f64(),
            open: claims(&self.outlook),
        };
        told::round(paper.slug, self.rounds.len() + 1, &round, &before, &self.outlook.settled);
        self.rounds.push(round);
        for (experiment, plan) in experiments.into_iter().zip(&paper.plans) {
            self.take(experiment, plan.experiment.seeds.len());
        }
        Ok(())
    }

    /// Puts down what became of an experiment; an outcome of an earlier round stands beside a failure.
    fn take(&mut self, mut new: Experiment, seeds: usize) {
        match self.experiments.iter_mut().find(|(known, _)| known.experiment == new.experiment) {
            Some(known) => {
                new.executed += known.0.executed;
                new.outcome = new.outcome.or_else(|| known.0.outcome.take());
                *known = (new, seeds);
            }
            None => self.experiments.push((new, seeds)),
        }
    }

    /// The next round, or why there is none.
    fn next(&self) -> Result<Next, LabError> {
        if open(&self.outlook.settled).is_empty() {
            return Ok(Next::End(End::Decided));
        }
        let seeds = |name: &str| {
            let known = self.experiments.iter().find(|(known, _)| known.experiment == name);
            known.filter(|(known, _)| known.status == Ended::Complete).map(|(_, seeds)| *seeds)
        };
        let paper = self.outlook.paper.clone();
        let widest = paper
            .only(|plan| is_read(plan, &self.outlook.settled) && seeds(&plan.experiment.experiment).is_some())
            .with_seeds(|known| known.range.at_most)?;
        if self.budget.seconds().is_some() {
            self.session.confirm(&widest)?;
        }
        let growing: Vec<Growing> = widest
            .plans
            .iter()
            .zip(costs(self.session, &widest)?)
            .map(|(plan, cost)| {
                let seeds = seeds(&plan.experiment.experiment).unwrap_or_default();
                // Known since the first round.
                let each = cost.each.unwrap_or_default();
                let prices = cost.to_train.iter().skip(seeds).map(|runs| *runs as f64 * each).collect();
                Growing { seeds, prices, longest: each }
            })
            .collect();
        let added = grow(&growing, |total, longest| self.fits(total, longest));
        if added.iter().all(|added| *added == 0) {
            let spent = !self.left_out.is_empty() || growing.iter().any(|known| !known.prices.is_empty());
            return Ok(Next::End(if spent { End::Budget } else { End::AtMost }));
        }
        let counts: BTreeMap<&str, u32> = widest
            .plans
            .iter()
            .zip(growing.iter().zip(&added))
            .filter(|(_, (_, added))| **added > 0)
            .map(|(plan, (known, added))| (plan.experiment.experiment.as_str(), known.seeds + added))
            .filter_map(|(name, count)| Some((name, u32::try_from(count).ok()?)))
            .collect();
        let count = |known: &Resolved| {
            let count = counts.get(known.experiment.as_str()).copied();
            count.and_then(NonZeroU32::new).unwrap_or(known.range.at_least)
        };
        let round = widest.clone().only(|plan| counts.contains_key(plan.experiment.experiment.as_str()));
        Ok(Next::Round(Box::new(round.with_seeds(count)?)))
    }

    /// Whether runs of so many core seconds, the longest of them given, end within the budget.
    fn fits(&self, core_seconds: f64, longest: f64) -> bool {
        wall(core_seconds, longest, self.jobs()) <= self.budget.left()
    }

    fn jobs(&self) -> usize {
        self.session.jobs().get()
    }

    fn conclude(self, end: End) -> Reproduced {
        let Self { session, budget, outlook, before, experiments, left_out, rounds } = self;
        let rounds = Rounds { open: before, rounds, left_out, end };
        told::end(&outlook, &rounds, budget);
        let experiments = experiments.into_iter().map(|(experiment, _)| experiment).collect();
        let reproduced = Reproduced::new(session, &outlook.paper, experiments, outlook.settled);
        Reproduced { until_decided: Some(rounds), ..reproduced }
    }
}

/// Ids of the primary claims that are open.
fn claims(outlook: &Outlook) -> Vec<String> {
    outlook.open().iter().map(|verdict| verdict.claim.clone()).collect()
}
