//! `reproduce`: run what is missing, show the tables and the verdicts, keep the outcome.

use mixup_data::Library;
use serde::Serialize;

use super::{Format, print_json, style};
use crate::error::{LabError, Status};
use crate::experiment::Profile;
use crate::outcome::Outcome;
use crate::plan::PlannedExperiment;
use crate::registry::PaperEntry;
use crate::report;
use crate::results::{Judged, Results};
use crate::session::{MissingData, Options, PlannedPaper, execute, find_papers, plan_paper};
use crate::store::Store;
use crate::verdict::{ReferenceNote, Verdict};
use crate::workspace::Workspace;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) slug: &'a str,
    pub(crate) options: Options,
    pub(crate) dry_run: bool,
    pub(crate) format: Format,
}

/// What a machine reads about a paper.
#[derive(Debug, Serialize)]
struct PaperReport {
    paper: String,
    profile: Profile,
    experiments: Vec<ExperimentReport>,
    verdicts: Vec<Verdict>,
    reference: Vec<ReferenceNote>,
}

/// What a machine reads about an experiment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
enum ExperimentReport {
    /// All runs are there.
    Done { experiment: String, executed: usize, reused: usize, outcome: Box<Outcome> },
    /// Some runs failed.
    Failed { experiment: String, executed: usize, reused: usize, failures: Vec<String> },
    /// The data set is not at hand.
    DataMissing { experiment: String, data: String, message: String },
    /// `--dry-run`.
    Planned {
        experiment: String,
        data: String,
        data_at_hand: bool,
        runs: usize,
        finished: usize,
        estimated_core_seconds: Option<f64>,
    },
}

pub(crate) fn reproduce(
    workspace: &Workspace,
    papers: &[PaperEntry],
    request: &Request<'_>,
) -> Result<Status, LabError> {
    let options = &request.options;
    let plans = find_papers(papers, request.slug)?
        .into_iter()
        .map(|entry| plan_paper(workspace, entry, options))
        .collect::<Result<Vec<_>, _>>()?;
    let store = Store::at(workspace.state());
    let library = Library::from_env(options.data_dir.clone());
    if request.dry_run {
        return dry_run(workspace, &plans, &store, &library, request);
    }
    let folder = |plan: &PlannedPaper<'_>| results(workspace, plan.paper.entry.slug, options);
    plans.iter().try_for_each(|plan| folder(plan).ensure_writable())?;
    let missing = MissingData::of(plans.iter().flat_map(|plan| &plan.experiments), &library)?;
    let mut status = Status::Fine;
    let mut reports = Vec::new();
    for plan in &plans {
        let (paper_status, report) = reproduce_paper(plan, &folder(plan), &store, &missing, request)?;
        status = status.and(paper_status);
        reports.push(report);
    }
    if request.format == Format::Json {
        print_json(&reports)?;
    }
    Ok(status)
}

/// Where outcomes go: to results/ only for the YAML as it stands.
pub(crate) fn results(workspace: &Workspace, slug: &str, options: &Options) -> Results {
    let folder = if options.is_canonical() {
        workspace.results(slug, options.profile)
    } else {
        workspace.scratch_outcomes(slug, options.profile)
    };
    Results::at(folder, options.profile)
}

fn reproduce_paper(
    plan: &PlannedPaper<'_>,
    results: &Results,
    store: &Store,
    missing: &MissingData,
    request: &Request<'_>,
) -> Result<(Status, PaperReport), LabError> {
    let text = request.format == Format::Text;
    let mut status = Status::Fine;
    let mut fresh: Vec<Outcome> = Vec::new();
    let mut experiments = Vec::new();
    for experiment in &plan.experiments {
        let report = run_experiment(experiment, plan, store, missing, request)?;
        match &report {
            ExperimentReport::Done { outcome, .. } => fresh.push((**outcome).clone()),
            ExperimentReport::Failed { .. } => status = status.and(Status::Failed),
            _ => {}
        }
        experiments.push(report);
    }
    let judged = results.judge(&plan.paper, &fresh)?;
    if !fresh.is_empty() {
        results.write(&plan.paper, &fresh, &judged)?;
    }
    if text {
        print_text(&fresh, &judged);
    }
    if !fresh.is_empty() {
        let why =
            if request.options.is_canonical() { "" } else { " (not in results/: other seeds or device)" };
        eprintln!("outcomes written to {}{why}", results.folder().display());
    }
    for report in &experiments {
        if let ExperimentReport::DataMissing { experiment, message, .. } = report {
            eprintln!("\n{experiment} was not run: {message}");
        }
    }
    if fresh.is_empty() && status == Status::Fine {
        status = Status::Refused;
    }
    let report = PaperReport {
        paper: plan.paper.entry.slug.to_owned(),
        profile: request.options.profile,
        experiments,
        verdicts: judged.verdicts,
        reference: judged.notes,
    };
    Ok((status, report))
}

fn run_experiment(
    plan: &PlannedExperiment,
    paper: &PlannedPaper<'_>,
    store: &Store,
    missing: &MissingData,
    request: &Request<'_>,
) -> Result<ExperimentReport, LabError> {
    let experiment = plan.experiment.experiment.clone();
    if let Some(message) = missing.about(plan) {
        let data = plan.data.name.to_owned();
        return Ok(ExperimentReport::DataMissing { experiment, data, message: message.to_owned() });
    }
    let done = execute(plan, paper.paper.entry, store, &request.options)?;
    let (executed, reused) = (done.executed, done.reused);
    if executed == 0 && done.failures.is_empty() {
        eprintln!("{experiment}: all {reused} runs are in the store");
    }
    Ok(match done.outcome {
        Some(outcome) if done.failures.is_empty() => {
            ExperimentReport::Done { experiment, executed, reused, outcome: Box::new(outcome) }
        }
        _ => ExperimentReport::Failed { experiment, executed, reused, failures: done.failures },
    })
}

fn print_text(fresh: &[Outcome], judged: &Judged) {
    for outcome in fresh {
        println!("\n{}", report::experiment(outcome, &judged.verdicts, &judged.notes, style()));
    }
    println!("\n{}", report::summary(&judged.verdicts, style()));
}

fn dry_run(
    workspace: &Workspace,
    plans: &[PlannedPaper<'_>],
    store: &Store,
    library: &Library,
    request: &Request<'_>,
) -> Result<Status, LabError> {
    let mut reports = Vec::new();
    for plan in plans {
        let committed = results(workspace, plan.paper.entry.slug, &request.options);
        for experiment in &plan.experiments {
            let finished = experiment.runs.iter().filter(|run| store.get(&run.key).is_some()).count();
            let pending = experiment.runs.len() - finished;
            let per_run = committed.read(&experiment.experiment.experiment)?.map(|outcome| {
                outcome.core_seconds / (outcome.methods.len() * outcome.seeds.len()).max(1) as f64
            });
            reports.push(ExperimentReport::Planned {
                experiment: experiment.experiment.experiment.clone(),
                data: experiment.data.name.to_owned(),
                data_at_hand: library.locate(experiment.data).is_ok(),
                runs: experiment.runs.len(),
                finished,
                estimated_core_seconds: per_run.map(|seconds| seconds * pending as f64),
            });
        }
    }
    match request.format {
        Format::Json => print_json(&reports)?,
        Format::Text => reports.iter().for_each(|report| print_planned(report, request.options.jobs)),
    }
    Ok(Status::Fine)
}

fn print_planned(report: &ExperimentReport, jobs: usize) {
    let ExperimentReport::Planned { experiment, data, data_at_hand, runs, finished, estimated_core_seconds } =
        report
    else {
        return;
    };
    let data_state = if *data_at_hand { "at hand" } else { "to be fetched" };
    let cost = match estimated_core_seconds {
        _ if finished == runs => "nothing to do".to_owned(),
        Some(seconds) => format!("about {:.0} s with {jobs} jobs", seconds / jobs as f64),
        None => "cost not known yet".to_owned(),
    };
    println!("{experiment}: {runs} runs, {finished} finished, data {data} {data_state}; {cost}");
}
