//! `check`: a fresh outcome against the committed one. Never writes to results/.

use mixup_data::Library;
use serde::Serialize;

use super::reproduce::results;
use super::{Format, print_json};
use crate::compare::{Check, Level, Tolerance, check};
use crate::error::{LabError, Status};
use crate::outcome::Outcome;
use crate::registry::PaperEntry;
use crate::session::{MissingData, Options, PlannedPaper, execute, find_papers, plan_paper};
use crate::store::Store;
use crate::workspace::Workspace;

/// What a machine reads.
#[derive(Debug, Serialize)]
struct CheckReport {
    #[serde(flatten)]
    check: Check,
    /// Experiments that were not run, with the reason.
    skipped: Vec<String>,
    /// Runs that failed.
    failures: Vec<String>,
}

pub(crate) fn check_papers(
    workspace: &Workspace,
    papers: &[PaperEntry],
    slug: &str,
    options: &Options,
    format: Format,
) -> Result<Status, LabError> {
    let plans = find_papers(papers, slug)?
        .into_iter()
        .map(|entry| plan_paper(workspace, entry, options))
        .collect::<Result<Vec<_>, _>>()?;
    let library = Library::from_env(options.data_dir.clone());
    let missing = MissingData::of(plans.iter().flat_map(|plan| &plan.experiments), &library)?;
    let mut status = Status::Fine;
    let mut reports = Vec::new();
    for plan in &plans {
        let report = check_paper(workspace, plan, &missing, options)?;
        if report.check.level == Some(Level::Regression) || !report.failures.is_empty() {
            status = status.and(Status::Failed);
        }
        if format == Format::Text {
            println!("{}", report.check);
            report.skipped.iter().for_each(|reason| println!("skipped: {reason}"));
        }
        reports.push(report);
    }
    if format == Format::Json {
        print_json(&reports)?;
    }
    Ok(status)
}

fn check_paper(
    workspace: &Workspace,
    plan: &PlannedPaper<'_>,
    missing: &MissingData,
    options: &Options,
) -> Result<CheckReport, LabError> {
    let committed = results(workspace, plan.paper.entry.slug, options);
    let store = Store::at(workspace.state());
    let (mut old, mut fresh) = (Vec::new(), Vec::new());
    let (mut skipped, mut failures) = (Vec::new(), Vec::new());
    for experiment in &plan.experiments {
        let name = &experiment.experiment.experiment;
        let Some(outcome) = committed.read(name)? else {
            skipped.push(format!("{name}: no committed outcome under the {} profile", options.profile));
            continue;
        };
        if let Some(message) = missing.about(experiment) {
            skipped.push(format!("{name}: {message}"));
            continue;
        }
        let done = execute(experiment, plan.paper.entry, &store, options)?;
        failures.extend(done.failures);
        old.push(outcome);
        fresh.extend(done.outcome);
    }
    let old: Vec<&Outcome> = old.iter().collect();
    let fresh: Vec<&Outcome> = fresh.iter().collect();
    Ok(CheckReport {
        check: check(&plan.paper.manifest, &old, &fresh, Tolerance::default()),
        skipped,
        failures,
    })
}
