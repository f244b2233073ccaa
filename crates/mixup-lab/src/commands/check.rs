//! `check`: do today's sources give the committed numbers?

use mixup_paper::Paper;
use serde::Serialize;

use super::reproduce::{Ended, Experiment, conclude};
use super::tally::{Missed, Tally};
use super::{print, print_json, replay, seeds};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::Outcome;
use crate::report::results;
use crate::runs::session::{PaperPlan, Request, Session};
use crate::verdicts::compare::{self, Level, Tolerance};

/// What became of a paper. Written as JSON on request.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    check: compare::Check,
    /// Experiments that could not be run, with the reason.
    skipped: Vec<Skipped>,
    /// Experiments that were asked for.
    #[serde(skip)]
    asked_for: usize,
    #[serde(skip)]
    status: Status,
}

#[derive(Serialize)]
struct Skipped {
    experiment: String,
    status: Ended,
    reason: String,
}

/// Carries out the command.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[Paper],
    request: Request,
    replayed: bool,
    format: Format,
) -> Result<Status, LabError> {
    let session = Session::new(workspace, request)?;
    let plans = seeds::plan(&session, papers)?;
    if replayed {
        return replay::run(&session, plans, format);
    }
    let mut all = Vec::new();
    for plan in plans {
        let checked = check(&session, plan)?;
        if format == Format::Text {
            print(&checked.check.to_string())?;
        }
        all.push(checked);
    }
    if format == Format::Json {
        print_json(&all)?;
    }
    tally(&all).say(format)?;
    let status = all.iter().fold(Status::Fine, |worst, checked| worst.and(checked.status));
    if all.iter().all(|checked| checked.check.level.is_none()) {
        eprintln!(
            "error: nothing could be compared: no experiment has both its data and a committed outcome"
        );
        return Ok(status.and(Status::Refused));
    }
    Ok(status)
}

fn check(session: &Session<'_>, paper: PaperPlan) -> Result<Checked, LabError> {
    // Read first: a file that is no outcome is found before anything is run.
    let folder = session.workspace.results(paper.slug, session.request.profile);
    let committed = results::outcomes(&folder, session.request.profile, &paper.all_experiments)?;
    let experiments = conclude(session.execute(&paper)?);
    let fresh: Vec<&Outcome> = experiments.iter().filter_map(|known| known.outcome.as_ref()).collect();
    let committed: Vec<&Outcome> = committed.iter().collect();
    let asked_for = paper.plans.len();
    let check = compare::check(&paper.manifest, &committed, &fresh, Tolerance::default());
    let regression = if check.level == Some(Level::Regression) { Status::Failed } else { Status::Fine };
    let status = experiments.iter().fold(regression, |worst, known| worst.and(of(known.status)));
    let skipped = experiments.into_iter().filter_map(skipped).collect();
    Ok(Checked { check, skipped, asked_for, status })
}

/// What was checked, and what was not.
fn tally(all: &[Checked]) -> Tally {
    let mut tally = Tally::default();
    for Checked { check, skipped, asked_for, .. } in all {
        tally.asked_for += asked_for;
        tally.checked += check.experiments.len();
        for Skipped { experiment, status, .. } in skipped {
            tally.miss(Missed::of(*status), &check.paper, experiment);
        }
        for experiment in &check.only_fresh {
            tally.miss(Missed::NotCommitted, &check.paper, experiment);
        }
    }
    tally
}

fn of(ended: Ended) -> Status {
    match ended {
        Ended::Complete | Ended::NoData => Status::Fine,
        Ended::BadData | Ended::Environment => Status::Refused,
        Ended::Failed => Status::Failed,
    }
}

fn skipped(known: Experiment) -> Option<Skipped> {
    let reason = known.reason?;
    Some(Skipped { experiment: known.experiment, status: known.status, reason })
}
