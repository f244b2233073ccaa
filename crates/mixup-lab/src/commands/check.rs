//! `check`: do today's sources give the committed numbers?

use mixup_paper::Paper;
use serde::Serialize;

use super::reproduce::{Ended, Experiment, conclude};
use super::{print, print_json};
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
    format: Format,
) -> Result<Status, LabError> {
    let session = Session::new(workspace, request)?;
    let mut all = Vec::new();
    for plan in session.plan(papers)? {
        let checked = check(&session, plan)?;
        if format == Format::Text {
            print(&checked.check.to_string())?;
        }
        all.push(checked);
    }
    if format == Format::Json {
        print_json(&all)?;
    }
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
    let check = compare::check(&paper.manifest, &committed, &fresh, Tolerance::default());
    let regression = if check.level == Some(Level::Regression) { Status::Failed } else { Status::Fine };
    let status = experiments.iter().fold(regression, |worst, known| worst.and(of(known.status)));
    Ok(Checked { check, skipped: experiments.into_iter().filter_map(skipped).collect(), status })
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
