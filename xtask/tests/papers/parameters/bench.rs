//! An experiment whose leaves are changed one at a time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use mixup_data::Library;
use mixup_lab::files::resolve::Resolved;
use mixup_lab::outcomes::aggregate::{Heading, aggregate};
use mixup_lab::outcomes::figure::PlannedFigure;
use mixup_lab::outcomes::outcome::{Outcome, RunRecord};
use mixup_lab::verdicts::compare::{Level, Tolerance, compare_outcomes};
use mixup_paper::{RoutineEntry, RunContext, RunError};
use serde_json::Value;
use tempfile::TempDir;

use super::change::{changes, leaves};

/// What the rows of an experiment share, by its place in a spec.
const SHARED: [&str; 6] = ["model", "optimizer", "setting", "test_samples", "train", "train_samples"];

/// A leaf that the smoke outcome does not see.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    /// The row, or all of them.
    pub(super) row: String,
    /// The leaf's place in the spec.
    pub(super) at: String,
    /// What was tried, and what became of it.
    pub(super) what: String,
}

/// The first seed of each row of an experiment.
pub(super) struct Bench<'a> {
    routine: &'a RoutineEntry,
    experiment: &'a Resolved,
    library: &'a Library,
    /// Stages that were trained; the weights of each are in a file with its place as name.
    stages: RefCell<Vec<Value>>,
    folder: TempDir,
}

/// A row as the experiment has it.
struct Row<'a> {
    method: &'a str,
    spec: &'a Value,
    outcome: Outcome,
}

impl<'a> Bench<'a> {
    pub(super) fn new(routine: &'a RoutineEntry, experiment: &'a Resolved, library: &'a Library) -> Self {
        let (stages, folder) = (RefCell::default(), tempfile::tempdir().unwrap());
        Self { routine, experiment, library, stages, folder }
    }

    /// Every leaf of every row, and every leaf that all rows share, that could change unseen.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let first = self.experiment.seeds[0];
        let rows: Vec<Row<'_>> = self
            .experiment
            .runs
            .iter()
            .filter(|run| run.seed == first)
            .map(|run| self.row(&run.method, &run.spec))
            .collect();
        let mut findings = Vec::new();
        for row in &rows {
            for at in leaves(&row.spec["parameters"], "/parameters") {
                let what = self.unseen(row, &at);
                findings.extend(what.map(|what| Finding { row: row.method.to_owned(), at, what }));
            }
        }
        let shared = SHARED.iter().filter_map(|part| Some((part, rows[0].spec.get(part)?)));
        for at in shared
            .filter(|(_, value)| !value.is_null())
            .flat_map(|(part, value)| leaves(value, &format!("/{part}")))
        {
            // What one row does not have a use for, another has.
            let tried: Vec<String> = rows.iter().map_while(|row| self.unseen(row, &at)).collect();
            if tried.len() == rows.len() {
                findings.push(Finding { row: "all rows".to_owned(), at, what: tried[0].clone() });
            }
        }
        findings
    }

    fn row(&self, method: &'a str, spec: &'a Value) -> Row<'a> {
        let outcome = self.outcome(method, spec);
        let name = &self.experiment.experiment;
        Row { method, spec, outcome: outcome.unwrap_or_else(|error| panic!("{name}, {method}: {error}")) }
    }

    /// What was tried at a leaf, if no change of it was seen.
    fn unseen(&self, row: &Row<'_>, at: &str) -> Option<String> {
        let old = row.spec.pointer(at)?;
        let mut failed = Vec::new();
        let all = changes(self.routine, row.spec, at);
        for changed in &all {
            let new = changed.pointer(at).unwrap_or(&Value::Null);
            match self.outcome(row.method, changed) {
                Err(error) => failed.push(format!("{new}: {error}")),
                Ok(outcome) => {
                    let check = compare_outcomes(&row.outcome, &outcome, Tolerance::default());
                    let level = check.level;
                    return (level < Level::Regression)
                        .then(|| format!("{old} -> {new} is seen as {level:?}"));
                }
            }
        }
        // Another kind of method or network may need what nobody said, and an option that is not used may
        // not be for this row.
        let optional = old.is_null() || at.ends_with("/kind");
        match (optional, all.is_empty()) {
            (true, _) => None,
            (false, true) => Some(format!("{old}: every other value that was thought of is refused")),
            (false, false) => Some(format!("{old}: no other value runs: {}", failed.join("; "))),
        }
    }

    /// The outcome of one row and seed.
    fn outcome(&self, method: &str, spec: &Value) -> Result<Outcome, RunError> {
        let context = RunContext { stages: self.stages_of(spec)?, ..RunContext::plain(self.library) };
        let measured = self.routine.run(spec, &context)?;
        let seed = self.experiment.seeds[0];
        let record = RunRecord {
            method: method.to_owned(),
            seed,
            metrics: measured.metrics,
            curves: measured.curves,
            points: measured.points,
            opening: measured.opening,
            ..RunRecord::default()
        };
        let drawn = |figure: &&PlannedFigure| {
            figure.request.seed == seed && record.points.contains_key(&figure.info.name)
        };
        let figures = self.experiment.figures.iter().filter(drawn);
        let heading = Heading {
            seeds: &[seed],
            methods: &[method.to_owned()],
            figures: &figures.cloned().collect::<Vec<_>>(),
            ..Heading::of(self.experiment)
        };
        Ok(aggregate(&heading, &[record]).unwrap())
    }

    /// Weights of the stages that a run starts from, each trained once.
    fn stages_of(&self, spec: &Value) -> Result<BTreeMap<String, PathBuf>, RunError> {
        let stages = self.routine.inspect(spec).map_err(RunError::Spec)?.stages;
        let mut trained = self.stages.borrow_mut();
        let weights = stages.into_iter().map(|(name, stage)| {
            let number = trained.iter().position(|known| *known == stage).unwrap_or(trained.len());
            let weights = self.folder.path().join(number.to_string());
            if number == trained.len() {
                let context =
                    RunContext { weights: Some(weights.clone()), ..RunContext::plain(self.library) };
                self.routine.run(&stage, &context)?;
                trained.push(stage);
            }
            Ok((name.to_owned(), weights))
        });
        weights.collect()
    }
}
