//! `reproduce`: run a paper's experiments, judge its claims, write results.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mixup_paper::Paper;
use serde::Serialize;

use super::budget::Budget;
use super::estimate::costs;
use super::overview::Overview;
use super::report::write_ledger;
use super::settle::{Settled, settle, target};
use super::{preview, print, print_json, seeds, style, until_decided};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::experiment::Profile;
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::Outcome;
use crate::report;
use crate::report::results;
use crate::runs::execute::{End, Executed};
use crate::runs::job::FailureKind;
use crate::runs::session::{PaperPlan, Request, Session};
use crate::site;
use crate::verdicts::numbers::duration;
use crate::verdicts::verdict::{ReferenceNote, Verdict};

/// What is to be done with the papers that were asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Say what would be run, and run nothing.
    pub(crate) dry_run: bool,
    /// Add seeds until the primary claims are decided.
    pub(crate) until_decided: bool,
    /// Wall time for that.
    pub(crate) budget: Option<Duration>,
}

/// What became of a paper. Written as JSON on request.
#[derive(Serialize)]
pub(super) struct Reproduced {
    pub(super) paper: &'static str,
    pub(super) profile: &'static str,
    pub(super) experiments: Vec<Experiment>,
    /// Over the outcomes of this command and the committed ones of the paper's other experiments.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) reference: Vec<ReferenceNote>,
    /// The rounds of `--until-decided`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until_decided: Option<until_decided::Rounds>,
    /// The folder that outcomes were written to; absent when there was none to write.
    pub(super) written: Option<PathBuf>,
}

/// What became of an experiment.
#[derive(Serialize)]
pub(super) struct Experiment {
    pub(super) experiment: String,
    pub(super) status: Ended,
    pub(super) runs: usize,
    pub(super) executed: usize,
    /// Why it is not complete.
    pub(super) reason: Option<String>,
    pub(super) outcome: Option<Outcome>,
}

/// How an experiment ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ended {
    Complete,
    NoData,
    BadData,
    Failed,
    /// Runs failed for what the user can mend.
    Environment,
}

/// Carries out the command.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[Paper],
    request: Request,
    manner: Manner,
    format: Format,
) -> Result<Status, LabError> {
    if manner.until_decided {
        until_decided::refuse(&request)?;
    }
    let budget = Budget::starting(manner.budget);
    let session = Session::new(workspace, request)?;
    let plans = seeds::plan(&session, papers)?;
    if manner.dry_run {
        return preview::run(&session, plans, manner.until_decided, format);
    }
    for plan in &plans {
        results::check_writable(&target(&session, plan.slug))?;
    }
    let mut overview = Overview::of(&session, &plans)?;
    overview.begin(&session);
    let ended = each(&session, papers, plans, (manner, budget, format), &mut overview);
    overview.end(&session, &ended);
    ended
}

/// Reproduces one paper after the other.
fn each(
    session: &Session<'_>,
    papers: &[Paper],
    plans: Vec<PaperPlan>,
    (manner, budget, format): (Manner, Budget, Format),
    overview: &mut Overview,
) -> Result<Status, LabError> {
    let mut reproduced = Vec::new();
    let count = plans.len();
    for (at, plan) in plans.into_iter().enumerate() {
        overview.next(at);
        let started = Instant::now();
        let paper = if manner.until_decided {
            until_decided::reproduce(session, plan, budget.share(count - at))?
        } else {
            reproduce(session, plan)?
        };
        overview.take(session, at, &paper, started.elapsed().as_secs_f64());
        if reaches_results(session, &paper) {
            let _lock = session.store.lock_results()?;
            write_ledger(session.workspace, &site::committed(session.workspace, papers)?)?;
        }
        if format == Format::Text {
            print(&text(&paper, session.request.experiment.is_some()))?;
        }
        say_where(session, &paper);
        reproduced.push(paper);
    }
    if format == Format::Json {
        print_json(&reproduced)?;
    }
    if reproduced.iter().all(Reproduced::had_nothing_to_do) {
        return Ok(Status::Fine);
    }
    Ok(status(reproduced.iter().flat_map(|paper| &paper.experiments)))
}

/// Whether the outcomes of a paper, and so the ledger, were written to results/.
fn reaches_results(session: &Session<'_>, paper: &Reproduced) -> bool {
    let request = &session.request;
    let desk = request.profile == Profile::Desk && request.results.is_none();
    desk && request.as_committed() && paper.written.is_some()
}

fn reproduce(session: &Session<'_>, paper: PaperPlan) -> Result<Reproduced, LabError> {
    announce(session, &paper)?;
    let started = Instant::now();
    let experiments = conclude(session.execute(&paper)?);
    let count: usize = experiments.iter().map(|known| known.executed).sum();
    eprintln!("{}: {count} runs executed in {}", paper.slug, duration(started.elapsed().as_secs_f64()));
    let committed = session.workspace.results(paper.slug, session.request.profile);
    let settled = settle(session, &paper, &outcomes(&experiments), &[committed])?;
    Ok(Reproduced::new(session, &paper, experiments, settled))
}

/// The outcomes that there are.
pub(super) fn outcomes(experiments: &[Experiment]) -> Vec<&Outcome> {
    experiments.iter().filter_map(|known| known.outcome.as_ref()).collect()
}

impl Reproduced {
    pub(super) fn new(
        session: &Session<'_>,
        paper: &PaperPlan,
        experiments: Vec<Experiment>,
        settled: Settled,
    ) -> Self {
        let written = !outcomes(&experiments).is_empty();
        Self {
            paper: paper.slug,
            profile: session.request.profile.name(),
            reference: results::reference_notes(&paper.manifest, &settled.outcomes),
            verdicts: settled.verdicts,
            until_decided: None,
            written: written.then(|| target(session, paper.slug)),
            experiments,
        }
    }

    /// No claim was open and every experiment had its outcome.
    fn had_nothing_to_do(&self) -> bool {
        self.until_decided.as_ref().is_some_and(until_decided::Rounds::had_nothing_to_do)
    }
}

/// Says on standard error what is ahead.
fn announce(session: &Session<'_>, paper: &PaperPlan) -> Result<(), LabError> {
    let costs = costs(session, paper)?;
    let all: usize = paper.plans.iter().map(|plan| plan.runs.len()).sum();
    let finished: usize = costs.iter().map(|cost| cost.finished).sum();
    let mut line = format!("{}: {all} runs, {finished} of them finished", paper.slug);
    let (unconfirmed, stages) =
        costs.iter().fold((0, 0), |sum, cost| (sum.0 + cost.unconfirmed, sum.1 + cost.stages));
    if unconfirmed > 0 {
        line += &format!(", {unconfirmed} by other sources, kept if these do the same");
    }
    if stages > 0 {
        line += &format!(", {stages} stages to train first");
    }
    let jobs = session.jobs().get().min(all - finished);
    let wall = costs.iter().map(|cost| cost.wall(jobs)).sum::<Option<f64>>();
    if let Some(wall) = wall.filter(|_| finished < all) {
        line += &format!("; the others take about {} with {jobs} at a time", duration(wall));
        if costs.iter().any(|cost| cost.by.is_reckoned()) {
            line += ", as experiments' files reckon and nobody measured";
        }
    }
    eprintln!("{line}");
    Ok(())
}

/// Names what is not complete, on standard error as well.
pub(super) fn conclude(executed: Vec<Executed>) -> Vec<Experiment> {
    executed.into_iter().map(experiment).collect()
}

fn experiment(Executed { plan, executed, end }: Executed) -> Experiment {
    let name = plan.experiment.experiment;
    let (status, reason, outcome) = match end {
        End::Complete(outcome) => (Ended::Complete, None, Some(*outcome)),
        End::NoData(error) => (Ended::NoData, Some(error.to_string()), None),
        End::BadData(error) => (Ended::BadData, Some(error.to_string()), None),
        End::Failed(failures) => {
            let mendable = failures.iter().all(|(_, _, failure)| failure.kind == FailureKind::Environment);
            let runs: Vec<String> = failures
                .iter()
                .map(|(method, seed, failure)| format!("{method}, seed {seed}: {}", failure.message))
                .collect();
            let reason =
                format!("{} of {} runs failed:\n  {}", runs.len(), plan.runs.len(), runs.join("\n  "));
            (if mendable { Ended::Environment } else { Ended::Failed }, Some(reason), None)
        }
    };
    if let Some(reason) = &reason {
        let word = if status == Ended::NoData { "skipped" } else { "error" };
        eprintln!("{word}: {name}: {reason}");
    }
    Experiment { experiment: name, status, runs: plan.runs.len(), executed, reason, outcome }
}

/// Missing data are forgiven where something else could be run.
pub(super) fn status<'e>(experiments: impl IntoIterator<Item = &'e Experiment>) -> Status {
    let mut worst = Status::Fine;
    let mut any_complete = false;
    for known in experiments {
        any_complete |= known.status == Ended::Complete;
        worst = worst.and(match known.status {
            Ended::Complete | Ended::NoData => Status::Fine,
            Ended::BadData | Ended::Environment => Status::Refused,
            Ended::Failed => Status::Failed,
        });
    }
    if any_complete { worst } else { worst.and(Status::Refused) }
}

/// `one`: only one experiment was asked for, so that claims of others are only counted.
fn text(paper: &Reproduced, one: bool) -> String {
    let style = style();
    let mut text = String::new();
    for outcome in paper.experiments.iter().filter_map(|known| known.outcome.as_ref()) {
        text += &report::experiment(outcome, &paper.verdicts, &paper.reference, style);
        text += "\n\n";
    }
    text + &if one { report::tally(&paper.verdicts) + "\n" } else { report::summary(&paper.verdicts, style) }
}

fn say_where(session: &Session<'_>, paper: &Reproduced) {
    let Some(folder) = &paper.written else { return };
    eprintln!("written: {}", session.workspace.shown(folder));
    if !session.request.as_committed() {
        eprintln!("results/ is as it was: these are not the experiment's own seeds, device or threads");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Ended) -> Experiment {
        Experiment { experiment: String::new(), status, runs: 1, executed: 0, reason: None, outcome: None }
    }

    #[test]
    fn missing_data_are_forgiven_only_beside_a_complete_experiment() {
        let of = |all: &[Ended]| status(&all.iter().map(|known| ended(*known)).collect::<Vec<_>>());
        assert_eq!(of(&[Ended::Complete, Ended::NoData]), Status::Fine);
        assert_eq!(of(&[Ended::NoData]), Status::Refused);
        assert_eq!(of(&[Ended::Complete, Ended::BadData]), Status::Refused);
        assert_eq!(of(&[Ended::Complete, Ended::BadData, Ended::Failed]), Status::Failed);
        assert_eq!(of(&[Ended::Failed]), Status::Failed);
    }
}
