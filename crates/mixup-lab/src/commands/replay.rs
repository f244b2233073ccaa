//! `check --replay`: the first steps of every committed run, trained again.
//!
//! The losses of the first steps show a change of what is trained (data, draws, weights, loss, optimiser,
//! learning rate), and take seconds where the runs took hours. They do not show what comes later: a
//! schedule's end, the selection of an epoch, the metrics. What trains nothing is run whole where that is
//! cheap.

use std::fmt::Write as _;

use mixup_data::DataError;
use serde::Serialize;

use super::estimate::{Cost, costs};
use super::reproduce::{Ended, conclude};
use super::tally::{Missed, Tally};
use super::{print, print_json, seeds};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::outcomes::outcome::{MethodOutcome, Outcome};
use crate::report::results;
use crate::runs::job::FailureKind;
use crate::runs::plan::{Plan, Planned};
use crate::runs::replay::Opening;
use crate::runs::session::{PaperPlan, Session};
use crate::verdicts::compare::{ExperimentCheck, Level, Tolerance, compare_outcomes};
use crate::verdicts::numbers::duration;

/// Core seconds up to which experiments are run whole that train nothing, and stages are trained that runs
/// start from.
const CHEAP: f64 = 120.0;

/// What became of a paper. Written as JSON on request.
#[derive(Serialize)]
struct Replayed {
    paper: &'static str,
    /// The worst of what was compared; absent where nothing was.
    level: Option<Level>,
    experiments: Vec<Experiment>,
}

#[derive(Serialize)]
struct Experiment {
    experiment: String,
    #[serde(flatten)]
    found: Found,
}

/// What became of an experiment.
#[derive(Serialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
enum Found {
    /// First steps were compared.
    Replayed { runs: usize, check: ExperimentCheck },
    /// It trains nothing and was run whole.
    Whole { check: ExperimentCheck },
    /// There is nothing to compare.
    Unchecked {
        #[serde(skip)]
        why: Missed,
        reason: String,
    },
    /// It could not be run.
    Skipped { status: Ended, reason: String },
}

/// Carries out the command.
pub(super) fn run(session: &Session<'_>, papers: Vec<PaperPlan>, format: Format) -> Result<Status, LabError> {
    let mut all = Vec::new();
    for paper in papers {
        let replayed = replay(session, &paper)?;
        if format == Format::Text {
            print(&replayed.text())?;
        }
        all.push(replayed);
    }
    if format == Format::Json {
        print_json(&all)?;
    }
    tally(&all).say(format)?;
    let status = all.iter().map(Replayed::status).fold(Status::Fine, Status::and);
    if all.iter().all(|paper| paper.level.is_none()) {
        eprintln!("error: nothing could be compared: no experiment has its data and committed first steps");
        return Ok(status.and(Status::Refused));
    }
    Ok(status)
}

fn replay(session: &Session<'_>, paper: &PaperPlan) -> Result<Replayed, LabError> {
    let profile = session.request.profile;
    let folder = session.workspace.results(paper.slug, profile);
    let committed = results::outcomes(&folder, profile, &paper.all_experiments)?;
    let costs = costs(session, paper)?;
    let mut found: Vec<Option<Found>> = Vec::new();
    let mut wanted = Vec::new();
    for (plan, cost) in paper.plans.iter().zip(&costs) {
        let outcome = seeds::find(&committed, &plan.experiment);
        let ahead = beforehand(session, paper, plan, cost, outcome);
        if ahead.is_none()
            && let Some(outcome) = outcome
        {
            let runs = comparable(plan, outcome);
            // Of an outcome without first steps, one run tells whether it trains anything.
            let runs = if runs.is_empty() && !plan.runs.is_empty() { vec![0] } else { runs };
            wanted.push((plan, runs));
        }
        found.push(ahead);
    }
    let mut openings = session.replay(&wanted)?.into_iter().zip(&wanted);
    for ((found, plan), cost) in found.iter_mut().zip(&paper.plans).zip(&costs) {
        if let (None, Some(outcome)) = (&found, seeds::find(&committed, &plan.experiment))
            && let Some((openings, (_, runs))) = openings.next()
        {
            *found = Some(if comparable(plan, outcome).is_empty() {
                without_openings(session, paper, plan, cost, outcome, &openings)?
            } else {
                compare(plan, outcome, runs, openings)
            });
        }
    }
    let named = paper.plans.iter().zip(found.into_iter().flatten());
    let experiments: Vec<Experiment> = named
        .map(|(plan, found)| Experiment { experiment: plan.experiment.experiment.clone(), found })
        .collect();
    let level = experiments.iter().filter_map(|known| known.found.check()).map(|check| check.level).max();
    Ok(Replayed { paper: paper.slug, level, experiments })
}

/// What can be told without a replay; `None` where one is needed.
fn beforehand(
    session: &Session<'_>,
    paper: &PaperPlan,
    plan: &Plan,
    cost: &Cost,
    outcome: Option<&Outcome>,
) -> Option<Found> {
    if outcome.is_none() {
        let reason = format!("no committed outcome; `cargo xtask reproduce {}` writes it", paper.slug);
        return Some(Found::Unchecked { why: Missed::NotCommitted, reason });
    }
    let stages =
        cost.each.map_or(0.0, |each| each * (plan.runs.len() * usize::from(!plan.stages.is_empty())) as f64);
    if stages > CHEAP {
        let reason = format!(
            "its runs start from stages, whose training takes about {}; `cargo xtask check {}` runs it whole",
            duration(stages),
            paper.slug
        );
        return Some(Found::Unchecked { why: Missed::NoOpenings, reason });
    }
    let error = session.obtain(plan).err()?;
    let status = if matches!(error, DataError::Unavailable { .. }) { Ended::NoData } else { Ended::BadData };
    Some(Found::Skipped { status, reason: error.to_string() })
}

/// Numbers of the runs whose first losses are committed.
fn comparable(plan: &Plan, outcome: &Outcome) -> Vec<usize> {
    let committed = |run: &usize| opening(outcome, &plan.runs[*run]).is_some();
    (0..plan.runs.len()).filter(committed).collect()
}

/// The committed first losses of a run, where there are any.
fn opening<'o>(outcome: &'o Outcome, run: &Planned) -> Option<&'o Vec<f64>> {
    let at = outcome.seeds.iter().position(|seed| *seed == run.seed)?;
    outcome.methods.get(&run.method)?.openings.get(at).filter(|opening| !opening.is_empty())
}

/// An outcome without first steps: of an experiment that trains nothing, which is run whole if that is cheap,
/// or an old one.
fn without_openings(
    session: &Session<'_>,
    paper: &PaperPlan,
    plan: &Plan,
    cost: &Cost,
    outcome: &Outcome,
    trial: &[Opening],
) -> Result<Found, LabError> {
    let unchecked = |reason| Ok(Found::Unchecked { why: Missed::NoOpenings, reason });
    let slug = paper.slug;
    match trial.first() {
        Some(Ok(losses)) if losses.is_empty() => {}
        Some(Err(failure)) => {
            let status = if failure.kind == FailureKind::Run { Ended::Failed } else { Ended::Environment };
            return Ok(Found::Skipped { status, reason: failure.message.clone() });
        }
        _ => {
            return unchecked(format!(
                "its outcome holds no first steps; `cargo xtask reproduce {slug}` adds them"
            ));
        }
    }
    let seconds = cost.seconds().unwrap_or(f64::INFINITY);
    if seconds > CHEAP {
        return unchecked(format!(
            "it trains nothing that could be replayed; `cargo xtask check {slug}` runs it whole"
        ));
    }
    let name = &plan.experiment.experiment;
    let alone = paper.clone().only(|plan| plan.experiment.experiment == *name);
    let ended = conclude(session.execute(&alone)?).into_iter().next();
    Ok(match ended.map(|known| (known.status, known.reason, known.outcome)) {
        Some((_, _, Some(fresh))) => {
            Found::Whole { check: compare_outcomes(outcome, &fresh, Tolerance::default()) }
        }
        Some((status, reason, None)) => Found::Skipped { status, reason: reason.unwrap_or_default() },
        None => Found::Skipped { status: Ended::Failed, reason: "it has no runs".to_owned() },
    })
}

/// The first steps of an experiment beside the committed ones.
fn compare(plan: &Plan, outcome: &Outcome, runs: &[usize], openings: Vec<Opening>) -> Found {
    let mut failures = Vec::new();
    let mut fresh = outcome.clone();
    fresh.seeds.clone_from(&plan.experiment.seeds);
    fresh.data.clone_from(&plan.experiment.data);
    fresh.provenance.data_sha256 = plan.data_sha256.get(&plan.experiment.data).cloned().unwrap_or_default();
    let row = |_: &String| MethodOutcome {
        openings: vec![Vec::new(); plan.experiment.seeds.len()],
        ..MethodOutcome::default()
    };
    fresh.methods = plan.experiment.methods.iter().map(|method| (method.clone(), row(method))).collect();
    let mut committed = bare(outcome);
    for (run, opening) in runs.iter().zip(openings) {
        let Planned { method, seed, .. } = &plan.runs[*run];
        let losses = opening.unwrap_or_else(|failure| {
            failures.push(format!("{method}, seed {seed} cannot be replayed: {}", failure.message));
            // The failure is told of; it needs no comparison besides.
            if let Some(at) = outcome.seeds.iter().position(|known| known == seed)
                && let Some(row) = committed.methods.get_mut(method)
            {
                row.openings[at].clear();
            }
            Vec::new()
        });
        let at = plan.experiment.seeds.iter().position(|known| known == seed);
        if let (Some(at), Some(row)) = (at, fresh.methods.get_mut(method)) {
            row.openings[at] = losses;
        }
    }
    let mut check = compare_outcomes(&committed, &bare(&fresh), Tolerance::default());
    if !failures.is_empty() {
        check.level = Level::Regression;
        check.structure.extend(failures);
    }
    Found::Replayed { runs: runs.len(), check }
}

/// An outcome of which only the first steps are left.
fn bare(outcome: &Outcome) -> Outcome {
    let row =
        |row: &MethodOutcome| MethodOutcome { openings: row.openings.clone(), ..MethodOutcome::default() };
    Outcome {
        methods: outcome.methods.iter().map(|(name, method)| (name.clone(), row(method))).collect(),
        figures: Vec::new(),
        ..outcome.clone()
    }
}

impl Found {
    fn check(&self) -> Option<&ExperimentCheck> {
        match self {
            Self::Replayed { check, .. } | Self::Whole { check } => Some(check),
            Self::Unchecked { .. } | Self::Skipped { .. } => None,
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::Skipped { status: Ended::BadData | Ended::Environment, .. } => Status::Refused,
            Self::Skipped { status: Ended::Failed, .. } => Status::Failed,
            _ if self.check().is_some_and(|check| check.level == Level::Regression) => Status::Failed,
            _ => Status::Fine,
        }
    }
}

impl Replayed {
    fn status(&self) -> Status {
        self.experiments.iter().map(|known| known.found.status()).fold(Status::Fine, Status::and)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Experiment { experiment, found } in &self.experiments {
            // Writing to a string does not fail.
            let _ = match found {
                Found::Replayed { runs, check } => write!(text, "{}", check.replayed(*runs)),
                Found::Whole { check } => write!(text, "{check}"),
                Found::Unchecked { reason, .. } => writeln!(text, "not checked {experiment}: {reason}"),
                Found::Skipped { reason, .. } => writeln!(text, "not run     {experiment}: {reason}"),
            };
        }
        let result = match self.level {
            None => "nothing was compared".to_owned(),
            Some(Level::Identical) => "the first steps of the committed runs, bit by bit".to_owned(),
            Some(Level::Same) => "the first steps of the committed runs, but for rounding".to_owned(),
            Some(Level::Drift) => "the committed results, but for rounding that grew".to_owned(),
            Some(Level::Regression) => format!(
                "not the committed runs; if the change is meant, `cargo xtask reproduce {}` and commit results/",
                self.paper
            ),
        };
        format!("{text}{}: {result}", self.paper)
    }
}

fn tally(all: &[Replayed]) -> Tally {
    let mut tally = Tally::default();
    for paper in all {
        for Experiment { experiment, found } in &paper.experiments {
            tally.asked_for += 1;
            match found {
                Found::Replayed { .. } | Found::Whole { .. } => tally.checked += 1,
                Found::Unchecked { why, .. } => tally.miss(*why, paper.paper, experiment),
                Found::Skipped { status, .. } => tally.miss(Missed::of(*status), paper.paper, experiment),
            }
        }
    }
    tally
}
