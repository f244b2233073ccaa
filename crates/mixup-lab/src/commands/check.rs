//! `check`: do today's sources give the committed numbers?

use mixup_paper::Paper;
use serde::Serialize;

use super::reproduce::{Ended, Experiment, conclude};
use super::{print, print_json, seeds};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::Outcome;
use crate::report::results;
use crate::runs::session::{PaperPlan, Request, Session};
use crate::verdicts::compare::{self, Level, Tolerance};
use crate::verdicts::numbers::count;

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
    format: Format,
) -> Result<Status, LabError> {
    let session = Session::new(workspace, request)?;
    let mut all = Vec::new();
    for plan in seeds::plan(&session, papers)? {
        let checked = check(&session, plan)?;
        if format == Format::Text {
            print(&checked.check.to_string())?;
        }
        all.push(checked);
    }
    match format {
        Format::Json => {
            print_json(&all)?;
            eprintln!("{}", summary(&all));
        }
        Format::Text => print(&summary(&all))?,
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
    let asked_for = paper.plans.len();
    let check = compare::check(&paper.manifest, &committed, &fresh, Tolerance::default());
    let regression = if check.level == Some(Level::Regression) { Status::Failed } else { Status::Fine };
    let status = experiments.iter().fold(regression, |worst, known| worst.and(of(known.status)));
    let skipped = experiments.into_iter().filter_map(skipped).collect();
    Ok(Checked { check, skipped, asked_for, status })
}

/// `checked 7 of 9 experiments; 2 lack their data: c-mixup/no2, c-mixup/airfoil`: what was not checked is
/// said last, so that nobody takes it for fine.
fn summary(all: &[Checked]) -> String {
    let checked: usize = all.iter().map(|paper| paper.check.experiments.len()).sum();
    let asked_for: usize = all.iter().map(|paper| paper.asked_for).sum();
    let mut text = format!("checked {checked} of {}", count(asked_for, "experiment"));
    let skipped = |wanted: fn(Ended) -> bool| {
        let of_paper = |paper: &'_ Checked| {
            let named = paper.skipped.iter().filter(|known| wanted(known.status));
            named.map(|known| format!("{}/{}", paper.check.paper, known.experiment)).collect::<Vec<_>>()
        };
        all.iter().flat_map(of_paper).collect::<Vec<_>>()
    };
    let fresh_only = |paper: &Checked| {
        let name = |known: &String| format!("{}/{known}", paper.check.paper);
        paper.check.only_fresh.iter().map(name).collect::<Vec<_>>()
    };
    for (names, one, many) in [
        (skipped(|status| status == Ended::NoData), "lacks its data", "lack their data"),
        (skipped(|status| status != Ended::NoData), "could not be run", "could not be run"),
        (all.iter().flat_map(fresh_only).collect(), "has no committed outcome", "have no committed outcome"),
    ] {
        if !names.is_empty() {
            let why = if names.len() == 1 { one } else { many };
            text += &format!("; {} {why}: {}", names.len(), names.join(", "));
        }
    }
    text
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
