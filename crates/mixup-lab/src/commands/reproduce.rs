//! `reproduce`: run a paper's experiments, judge its claims, write results.

use std::path::PathBuf;
use std::time::Instant;

use mixup_paper::Paper;
use serde::Serialize;

use super::estimate::{costs, duration};
use super::{preview, print, print_json, style};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::experiment::Profile;
use crate::files::workspace::{Workspace, below};
use crate::outcomes::outcome::Outcome;
use crate::report;
use crate::report::results;
use crate::runs::execute::{End, Executed};
use crate::runs::job::FailureKind;
use crate::runs::session::{PaperPlan, Request, Session};
use crate::verdicts::verdict::{ReferenceNote, Verdict, judge};

/// What became of a paper. Written as JSON on request.
#[derive(Serialize)]
struct Reproduced {
    paper: &'static str,
    profile: &'static str,
    experiments: Vec<Experiment>,
    /// Over the outcomes of this command and the committed ones of the paper's other experiments.
    verdicts: Vec<Verdict>,
    reference: Vec<ReferenceNote>,
    /// The folder that outcomes were written to; absent when there was none to write.
    written: Option<PathBuf>,
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
    dry_run: bool,
    format: Format,
) -> Result<Status, LabError> {
    let session = Session::new(workspace, request)?;
    let plans = session.plan(papers)?;
    if dry_run {
        return preview::run(&session, &plans, format);
    }
    for plan in &plans {
        results::check_writable(&target(&session, plan.slug))?;
    }
    let mut reproduced = Vec::new();
    for plan in plans {
        let paper = reproduce(&session, plan)?;
        if format == Format::Text {
            print(&text(&paper, session.request.experiment.is_some()))?;
        }
        say_where(&session, &paper);
        reproduced.push(paper);
    }
    if format == Format::Json {
        print_json(&reproduced)?;
    }
    Ok(status(reproduced.iter().flat_map(|paper| &paper.experiments)))
}

/// Where outcomes go.
fn target(session: &Session<'_>, slug: &str) -> PathBuf {
    let profile = session.request.profile;
    if let Some(folder) = &session.request.results {
        below(&folder.join(slug), profile)
    } else if session.request.as_committed() {
        session.workspace.results(slug, profile)
    } else {
        session.workspace.scratch_outcomes(slug, profile)
    }
}

fn reproduce(session: &Session<'_>, paper: PaperPlan) -> Result<Reproduced, LabError> {
    announce(session, &paper)?;
    let profile = session.request.profile;
    let started = Instant::now();
    let executed = session.execute(&paper)?;
    let PaperPlan { slug, manifest, all_experiments, .. } = paper;
    let experiments = conclude(executed);
    let count: usize = experiments.iter().map(|known| known.executed).sum();
    eprintln!("{slug}: {count} runs executed in {}", duration(started.elapsed().as_secs_f64()));

    // Held from reading what is committed to writing what is judged over it.
    let _lock = session.store.lock_results()?;
    let committed = results::outcomes(&session.workspace.results(slug, profile), profile, &all_experiments)?;
    let fresh: Vec<&Outcome> = experiments.iter().filter_map(|known| known.outcome.as_ref()).collect();
    let merged = merge(&all_experiments, &fresh, committed);
    let verdicts = judge(&manifest, &merged.iter().collect::<Vec<_>>());
    let folder = target(session, slug);
    if !fresh.is_empty() {
        results::write_outcomes(&folder, profile, &fresh)?;
        if session.request.as_committed() && profile == Profile::Desk && session.request.results.is_none() {
            results::write_report(&folder, &manifest, &merged, &verdicts)?;
        }
    }
    let written = (!fresh.is_empty()).then_some(folder);
    let reference = results::reference_notes(&manifest, &merged);
    Ok(Reproduced { paper: slug, profile: profile.name(), experiments, verdicts, reference, written })
}

/// Fresh outcomes, and committed ones where there is no fresh one, in the order of the experiments.
fn merge(experiments: &[String], fresh: &[&Outcome], committed: Vec<Outcome>) -> Vec<Outcome> {
    let find = |name: &String| {
        let fresh = fresh.iter().copied().find(|outcome| outcome.experiment == *name);
        fresh.or_else(|| committed.iter().find(|outcome| outcome.experiment == *name)).cloned()
    };
    experiments.iter().filter_map(find).collect()
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
    if let Some(seconds) =
        costs.iter().map(|cost| cost.seconds).sum::<Option<f64>>().filter(|_| finished < all)
    {
        let jobs = session.jobs().get().min(all - finished);
        line += &format!("; the others take about {} with {jobs} at a time", duration(seconds / jobs as f64));
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
    use crate::outcomes::fixtures::outcome;

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

    #[test]
    fn a_fresh_outcome_stands_in_for_the_committed_one() {
        let committed = vec![outcome("a", &[("erm", &[1.0])]), outcome("b", &[("erm", &[1.0])])];
        let fresh = outcome("b", &[("erm", &[2.0])]);
        let names = ["b".to_owned(), "a".to_owned(), "c".to_owned()];
        let merged = merge(&names, &[&fresh], committed);
        let values: Vec<_> = merged
            .iter()
            .map(|known| (known.experiment.as_str(), known.methods["erm"].values["rmse"][0]))
            .collect();
        assert_eq!(values, [("b", 2.0), ("a", 1.0)]);
    }
}
