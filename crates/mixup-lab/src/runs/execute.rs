//! Execution of plans: data, then what the executor does, then outcomes. What `reproduce` and `check` share.

use std::collections::{BTreeMap, BTreeSet};

use mixup_data::{DataError, catalogue};

use crate::error::LabError;
use crate::outcomes::aggregate::{Heading, aggregate};
use crate::outcomes::outcome::{Outcome, RunRecord};
use crate::runs::executor::Executor;
use crate::runs::job::FailureKind;
use crate::runs::plan::{Plan, Planned};
use crate::runs::pool::Failure;
use crate::runs::session::{PaperPlan, Session};
use crate::runs::sources::{Sources, commit};
use crate::runs::standing::Standing;
use crate::runs::store::Store;

/// An experiment after its runs.
pub struct Executed {
    /// Its plan.
    pub plan: Plan,
    /// Runs that this command executed.
    pub executed: usize,
    /// How it ended.
    pub end: End,
}

/// How an experiment ended.
pub enum End {
    /// Every run is in the store.
    Complete(Box<Outcome>),
    /// Its data are not at hand.
    NoData(DataError),
    /// Its data are at hand and wrong.
    BadData(DataError),
    /// Some runs failed, by method and seed.
    Failed(Vec<(String, u64, Failure)>),
}

/// An experiment on its way.
pub(super) struct Experiment {
    pub(super) plan: Plan,
    pub(super) runs: Vec<Standing>,
    pub(super) stages: Vec<Standing>,
    pub(super) data: Result<(), DataError>,
    pub(super) failures: Vec<(usize, Failure)>,
    pub(super) executed: usize,
}

impl Session<'_> {
    /// Executes what the store does not have, and puts each experiment together.
    ///
    /// # Errors
    /// A store that cannot be written to, and Ctrl-C.
    pub fn execute(&self, paper: &PaperPlan) -> Result<Vec<Executed>, LabError> {
        self.store.check_writable()?;
        let mut experiments = self.prepare_all(paper);
        if self.request.fresh {
            self.forget(&mut experiments)?;
        }
        let executor = self.executor(paper);
        let identities = self.find_kept(&mut experiments, &executor)?;
        executor.run_stages(&mut experiments, &identities)?;
        executor.run_missing(&mut experiments, &identities)?;
        experiments.into_iter().map(Experiment::conclude).collect()
    }

    /// Finds out which records of other sources stand, and notes it in the store; trains nothing.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub fn confirm(&self, paper: &PaperPlan) -> Result<(), LabError> {
        self.store.check_writable()?;
        let mut experiments = self.prepare_all(paper);
        experiments.retain(|known| known.runs.iter().chain(&known.stages).any(Standing::may_stand));
        self.find_kept(&mut experiments, &self.executor(paper)).map(drop)
    }

    pub(super) fn executor<'e>(&'e self, paper: &PaperPlan) -> Executor<'e> {
        Executor { session: self, sources: paper.sources.to_string(), commit: commit(self.workspace.root()) }
    }

    /// Gets the data, looks at what the code does, and leaves what is not kept as missing.
    pub(super) fn find_kept(
        &self,
        experiments: &mut [Experiment],
        executor: &Executor<'_>,
    ) -> Result<BTreeMap<String, String>, LabError> {
        for experiment in experiments.iter_mut() {
            experiment.forget_leftovers(&self.store)?;
            experiment.data = if experiment.is_complete() { Ok(()) } else { self.obtain(&experiment.plan) };
        }
        let identities = executor.identify(experiments)?;
        executor.remeasure(experiments, &identities)?;
        Ok(identities)
    }

    pub(super) fn prepare_all(&self, paper: &PaperPlan) -> Vec<Experiment> {
        paper.plans.iter().map(|plan| self.prepare(plan.clone(), &paper.sources)).collect()
    }

    fn prepare(&self, plan: Plan, sources: &Sources) -> Experiment {
        let (runs, stages) = (self.standings(&plan, sources), self.stage_standings(&plan, sources));
        Experiment { plan, runs, stages, data: Ok(()), failures: Vec::new(), executed: 0 }
    }

    fn forget(&self, experiments: &mut [Experiment]) -> Result<(), LabError> {
        for experiment in experiments {
            for planned in experiment.plan.runs.iter().chain(&experiment.plan.stages) {
                let _lock = self.store.lock_run(&planned.key)?;
                self.store.forget(&planned.key)?;
            }
            experiment.runs.fill(Standing::Missing);
            experiment.stages.fill(Standing::Missing);
        }
        Ok(())
    }

    /// Gets and verifies the data of a plan. Finished runs need none.
    ///
    /// # Errors
    /// Data that are not at hand, or wrong.
    pub fn obtain(&self, plan: &Plan) -> Result<(), DataError> {
        for name in &plan.experiment.all_data {
            let set = catalogue::find(name)?;
            if self.library.locate(set).is_err() {
                eprintln!("{}: looking for data set {} ...", plan.experiment.experiment, set.name);
            }
            self.library.obtain(set, &|_| ())?;
        }
        Ok(())
    }
}

impl Experiment {
    fn is_complete(&self) -> bool {
        self.runs.iter().all(|standing| standing.kept().is_some())
    }

    /// What kills left behind of runs that are finished.
    fn forget_leftovers(&self, store: &Store) -> Result<(), LabError> {
        let runs = self.runs.iter().zip(&self.plan.runs);
        let all = runs.chain(self.stages.iter().zip(&self.plan.stages));
        let kept = all.filter(|(standing, _)| standing.kept().is_some());
        kept.map(|(_, planned)| planned).try_for_each(|planned| store.forget_leftover(&planned.key))
    }

    /// Runs and stages whose identity has to be known.
    pub(super) fn open(&self) -> impl Iterator<Item = &Planned> {
        let runs = self.runs.iter().zip(&self.plan.runs);
        let stages = self.stages.iter().zip(&self.plan.stages).filter(|_| !self.is_complete());
        runs.chain(stages).filter(|(standing, _)| standing.kept().is_none()).map(|(_, planned)| planned)
    }

    /// Runs that are to be executed.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> + '_ {
        let failed = |run: &usize| self.failures.iter().any(|(known, _)| known == run);
        (0..self.runs.len()).filter(move |run| self.runs[*run].kept().is_none() && !failed(run))
    }

    /// Stages that missing runs need and the store does not have.
    pub(super) fn needed_stages(&self) -> Vec<usize> {
        let needed: BTreeSet<&String> =
            self.missing().flat_map(|run| self.plan.runs[run].stages.values()).collect();
        let absent = |stage: &usize| {
            self.stages[*stage].kept().is_none() && needed.contains(&self.plan.stages[*stage].key)
        };
        (0..self.stages.len()).filter(absent).collect()
    }

    pub(super) fn fail_group(&mut self, group: &str, failure: &Failure) {
        let failed = self.missing().filter(|&run| self.plan.runs[run].group == group).collect::<Vec<_>>();
        self.failures.extend(failed.into_iter().map(|run| (run, failure.clone())));
        let stages = self.plan.stages.iter().filter(|stage| stage.group == group);
        let keys: Vec<String> = stages.map(|stage| stage.key.clone()).collect();
        keys.iter().for_each(|key| self.fail_dependents(key, failure));
    }

    /// Runs whose stage failed.
    pub(super) fn fail_dependents(&mut self, stage: &str, failure: &Failure) {
        let needs = |run: &usize| self.plan.runs[*run].stages.values().any(|key| key == stage);
        let failed: Vec<usize> = self.missing().filter(needs).collect();
        let message = format!("a stage that it needs failed: {}", failure.message);
        let failure = Failure { message, ..failure.clone() };
        self.failures.extend(failed.into_iter().map(|run| (run, failure.clone())));
    }

    /// Takes what workers have kept. A record that another command has removed since, or replaced by that of other
    /// code, makes the run a failed one.
    pub(super) fn take_records(&mut self, session: &Session<'_>, identities: &BTreeMap<String, String>) {
        for run in self.missing().collect::<Vec<_>>() {
            let planned = &self.plan.runs[run];
            let of_this_code = |known: &RunRecord| identities.get(&planned.group) == Some(&known.identity);
            match session.look_up(&planned.key).filter(of_this_code) {
                Some(record) => self.runs[run] = Standing::Kept(Box::new(record)),
                None => self.failures.push((run, gone())),
            }
        }
        for (standing, planned) in self.stages.iter_mut().zip(&self.plan.stages) {
            if let Some(record) = session.look_up(&planned.key) {
                *standing = Standing::Kept(Box::new(record));
            }
        }
    }

    fn conclude(self) -> Result<Executed, LabError> {
        let Self { plan, runs, stages, data, failures, executed } = self;
        let end = match data {
            Err(error @ DataError::Unavailable { .. }) => End::NoData(error),
            Err(error) => End::BadData(error),
            Ok(()) if failures.is_empty() => {
                let records =
                    |all: &[Standing]| all.iter().filter_map(Standing::kept).cloned().collect::<Vec<_>>();
                End::Complete(Box::new(outcome(&plan, &records(&runs), &records(&stages))?))
            }
            Ok(()) => {
                let name = |run: usize| &plan.runs[run];
                let named = failures.into_iter();
                End::Failed(named.map(|(run, why)| (name(run).method.clone(), name(run).seed, why)).collect())
            }
        };
        Ok(Executed { plan, executed, end })
    }
}

fn gone() -> Failure {
    let message = "its record was kept and is gone: another command shares this store and has forgotten the run, or has \
                   put the record of other code in its place";
    Failure { kind: FailureKind::Run, message: message.to_owned(), tail: Vec::new() }
}

/// The outcome of all runs; stages count in its cost, each once.
fn outcome(plan: &Plan, runs: &[RunRecord], stages: &[RunRecord]) -> Result<Outcome, LabError> {
    let heading = Heading::of(&plan.experiment);
    let mut outcome = aggregate(&heading, runs).map_err(|error| LabError::Usage(error.to_string()))?;
    outcome.core_seconds += stages.iter().map(RunRecord::core_seconds).sum::<f64>();
    Ok(outcome)
}
