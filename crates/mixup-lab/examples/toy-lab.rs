//! A laboratory with one small paper, for the tests of the command line (tests/cli).
//!
//! The paper is real in little: bagged ridge regression on real data, each bag an "epoch" with a
//! checkpoint; with `setting.base`, towards weights of a stage that all methods of a seed share. Its
//! `setting` can slow a run down, or make it crash or hang. The environment variable TOY_CODE stands for
//! another version of this code: `heavy` changes what a large penalty does, `more` has a metric more, `doubled`
//! has another definition of one; all other words do the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use mixup_core::CoreError;
use mixup_core::checked::Positive;
use mixup_core::device;
use mixup_core::files;
use mixup_core::stream::Streams;
use mixup_core::train::OPENING;
use mixup_data::{Table, load_table};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, Outcome};
use mixup_paper::{
    Direction, FigureInfo, FigureKind, Measured, MetricInfo, Paper, Predictions, Routine, RoutineEntry,
    RunContext, RunError, RunSpec, Stage,
};
use ndarray::ArrayView2;
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

fn main() -> ExitCode {
    let golden: Vec<(&'static str, mixup_paper::golden::GoldenOp)> = vec![("toy.double", double)];
    mixup_lab::main(&[Paper { slug: "toy", routines: vec![RoutineEntry::of::<Toy>()], golden }])
}

struct Toy;

/// A method: how strongly weights are pulled to 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    penalty: Positive,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// Milliseconds of sleep after each bag.
    #[serde(default)]
    sleep: u64,
    /// What goes wrong in the run of this seed.
    #[serde(default)]
    fault: Option<(u64, Fault)>,
    /// Bags of a stage whose weights the methods are pulled to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<std::num::NonZeroUsize>,
    /// Another data set that runs read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    also: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    Panic,
    Abort,
    Diverge,
    Hang,
}

type Spec = RunSpec<Method, Setting>;

mixup_paper::as_json!(Method, Setting);

impl Routine for Toy {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "ridge";

    fn metrics() -> Vec<MetricInfo> {
        let info = |name: &str, label: &str| MetricInfo {
            name: name.to_owned(),
            label: label.to_owned(),
            better: Some(Direction::Lower),
            decimals: 4,
        };
        let mut metrics = vec![info("rmse", "RMSE"), info("mae", "MAE")];
        if version("more") {
            metrics.push(info("worst", "largest error"));
        }
        metrics
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: "residuals".to_owned(),
            title: "Residuals of the test rows".to_owned(),
            caption: "Each point is a row.".to_owned(),
            metric: Some("rmse".to_owned()),
            kind: FigureKind::Scatter {
                x_label: "label".to_owned(),
                y_label: "residual".to_owned(),
                diagonal: false,
                joined: false,
            },
        }]
    }

    fn data(spec: &Spec) -> Vec<String> {
        [Some(&spec.data), spec.setting.also.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        if spec.seed > 20 {
            return Err(format!("`seeds` must be at most 21, there is no seed {}", spec.seed));
        }
        Ok(())
    }

    fn stages(spec: &Spec) -> Vec<Stage<Spec>> {
        let stage = |bags| {
            let mut train = spec.train.clone();
            train.iter_mut().for_each(|train| train.epochs = bags);
            let parameters = Method { penalty: Positive::new(1.0).expect("above 0") };
            let setting = Setting { base: None, ..spec.setting.clone() };
            let method = "base".to_owned();
            Stage {
                name: "base",
                spec: Spec { train, parameters, setting, method, metrics: Vec::new(), ..spec.clone() },
            }
        };
        spec.setting.base.into_iter().map(stage).collect()
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        device::open(&spec.device)?;
        let table = load_table(context.library, &spec.data)?;
        let bags = spec.train.as_ref().map_or(1, |train| train.epochs.get());
        let bags = if context.glimpse.is_some() { bags.min(2) } else { bags };
        let bags = if context.replay { bags.min(OPENING) } else { bags };
        let base = match &spec.setting.base {
            Some(_) => read_weights(context)?,
            None => vec![0.0; table.columns.len()],
        };
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let mut rows: Vec<usize> = (0..table.rows()).collect();
        rows.shuffle(streams.get("split"));
        let (train, test) = rows.split_at(table.rows() * 7 / 10);
        let mut state = State::resume(context.checkpoints.as_deref(), table.columns.len());
        while state.bags < bags {
            if context.glimpse.is_none() {
                misbehave(spec, state.bags)?;
            }
            let bag = draw(train, &mut streams, state.bags);
            state.add(ridge(&table, &bag, penalty(spec), &base), &table, train);
            if context.glimpse.is_none() {
                sleep(Duration::from_millis(spec.setting.sleep));
            }
            state.save(context.checkpoints.as_deref())?;
            (context.progress)(state.bags, bags);
        }
        // Without `train:` it is one solution, and nothing that begins and goes on.
        let first = if spec.train.is_some() { OPENING } else { 0 };
        let opening: Vec<f64> = state.losses.iter().take(first).copied().collect();
        if context.replay {
            return Ok(Measured { opening, ..Measured::default() });
        }
        if let Some(file) = &context.weights {
            let mean: Vec<f64> = state.weights.iter().map(|sum| sum / state.bags as f64).collect();
            let json = serde_json::to_vec(&mean).map_err(|error| RunError::Spec(error.to_string()))?;
            fs::write(file, json).map_err(|error| RunError::Spec(error.to_string()))?;
        }
        let errors = state.errors(&table, test);
        let residuals =
            test.iter().zip(&errors).map(|(&row, &error)| [features(&table, row).1, error]).collect();
        let mut predictions = Predictions::default();
        let errors = ArrayView2::from_shape((errors.len(), 1), &errors);
        predictions.add_values("errors", errors.map_err(|error| RunError::Spec(error.to_string()))?);
        Ok(Measured {
            metrics: Self::from_predictions(spec, &predictions)?,
            curves: BTreeMap::from([("train-loss".to_owned(), state.losses)]),
            points: BTreeMap::from([("residuals".to_owned(), residuals)]),
            opening,
            predictions: Some(predictions),
        })
    }

    fn from_predictions(_: &Spec, predictions: &Predictions) -> Result<BTreeMap<String, f64>, RunError> {
        let errors = predictions.values("errors").ok_or_else(|| RunError::Spec("no errors".to_owned()))?;
        let mean = |of: fn(f64) -> f64| errors.iter().map(|e| of(*e)).sum::<f64>() / errors.len() as f64;
        let factor = if version("doubled") { 2.0 } else { 1.0 };
        let mut metrics = BTreeMap::from([
            ("rmse".to_owned(), mean(|e| e * e).sqrt()),
            ("mae".to_owned(), factor * mean(f64::abs)),
        ]);
        if version("more") {
            metrics.insert("worst".to_owned(), errors.iter().fold(0.0, |worst, e| worst.max(e.abs())));
        }
        Ok(metrics)
    }
}

/// Whether this is a version of the code.
fn version(name: &str) -> bool {
    std::env::var("TOY_CODE").is_ok_and(|code| code.split(' ').any(|word| word == name))
}

/// What the code makes of a penalty; another version of it something else.
fn penalty(spec: &Spec) -> f64 {
    let penalty = spec.parameters.penalty.get();
    if version("heavy") && penalty > 1000.0 { 2.0 * penalty } else { penalty }
}

/// The weights of the stage.
fn read_weights(context: &RunContext<'_>) -> Result<Vec<f64>, RunError> {
    let file = context.stages.get("base").ok_or_else(|| RunError::Spec("no base".to_owned()))?;
    let read = || -> std::io::Result<Vec<f64>> { Ok(serde_json::from_slice(&fs::read(file)?)?) };
    read().map_err(|error| RunError::Spec(error.to_string()))
}

/// Twice the input `x`.
fn double(case: &Case) -> Outcome {
    let x = case.inputs.get("x").ok_or_else(|| GoldenError::Malformed("no input `x`".to_owned()))?;
    let doubled = Array { data: x.data.iter().map(|value| 2.0 * value).collect(), ..x.clone() };
    Ok(Computed::of([("y", doubled)]))
}

fn misbehave(spec: &Spec, bags: usize) -> Result<(), RunError> {
    match spec.setting.fault {
        Some((seed, fault)) if seed == spec.seed && bags == 1 => match fault {
            Fault::Panic => panic!("the toy panics as it was told"),
            Fault::Abort => std::process::abort(),
            Fault::Diverge => Err(CoreError::NonFinite { epoch: 2, step: 1, loss: f32::NAN }.into()),
            Fault::Hang => loop {
                sleep(Duration::from_secs(1));
            },
        },
        _ => Ok(()),
    }
}

/// Rows with replacement. A stream of its own per bag, so that a resumed run draws the same.
fn draw(rows: &[usize], streams: &mut Streams, bag: usize) -> Vec<usize> {
    let rng = streams.get(&format!("bag {bag}"));
    rows.iter().map(|_| rows[(rng.next_u64() % rows.len() as u64) as usize]).collect()
}

/// What the next bag depends on: the sum of the weights so far.
#[derive(Serialize, Deserialize)]
struct State {
    bags: usize,
    weights: Vec<f64>,
    losses: Vec<f64>,
}

impl State {
    fn resume(folder: Option<&Path>, columns: usize) -> Self {
        let saved = folder.and_then(|folder| fs::read(folder.join("state.json")).ok());
        saved.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_else(|| Self {
            bags: 0,
            weights: vec![0.0; columns],
            losses: Vec::new(),
        })
    }

    fn save(&self, folder: Option<&Path>) -> Result<(), RunError> {
        let Some(folder) = folder else { return Ok(()) };
        let write = || -> std::io::Result<()> {
            let mut draft = tempfile::NamedTempFile::new_in(folder)?;
            draft.write_all(&serde_json::to_vec(self)?)?;
            draft.persist(folder.join("state.json"))?;
            Ok(())
        };
        match write() {
            Err(error) if !files::went_away(&error) => Err(RunError::Spec(error.to_string())),
            _ => Ok(()),
        }
    }

    fn add(&mut self, weights: Vec<f64>, table: &Table, train: &[usize]) {
        self.weights.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        self.bags += 1;
        let errors = self.errors(table, train);
        self.losses.push(errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64);
    }

    /// Errors of the mean weights.
    fn errors(&self, table: &Table, rows: &[usize]) -> Vec<f64> {
        let mean: Vec<f64> = self.weights.iter().map(|sum| sum / self.bags as f64).collect();
        rows.iter()
            .map(|&row| {
                let (inputs, target) = features(table, row);
                inputs.iter().zip(&mean).map(|(x, w)| x * w).sum::<f64>() - target
            })
            .collect()
    }
}

/// The inputs of a row with a 1 for the intercept, and its target, the last column.
fn features(table: &Table, row: usize) -> (Vec<f64>, f64) {
    let columns = table.columns.len();
    let cells = &table.cells[row * columns..(row + 1) * columns];
    let (target, inputs) = cells.split_last().expect("a table has columns");
    (inputs.iter().copied().chain([1.0]).collect(), *target)
}

/// Solves `(X'X + penalty I) w = X'y + penalty base` by elimination.
fn ridge(table: &Table, rows: &[usize], penalty: f64, base: &[f64]) -> Vec<f64> {
    let n = table.columns.len();
    let mut system = vec![vec![0.0; n + 1]; n];
    for &row in rows {
        let (x, y) = features(table, row);
        for (i, line) in system.iter_mut().enumerate() {
            (0..n).for_each(|j| line[j] += x[i] * x[j]);
            line[n] += x[i] * y;
        }
    }
    for (i, line) in system.iter_mut().enumerate() {
        line[i] += penalty;
        line[n] += penalty * base[i];
    }
    // Positive definite: elimination needs no pivoting.
    for pivot in 0..n {
        let scaled: Vec<f64> = system[pivot].iter().map(|value| value / system[pivot][pivot]).collect();
        for (i, line) in system.iter_mut().enumerate() {
            let factor = if i == pivot { 0.0 } else { line[pivot] };
            line.iter_mut().zip(&scaled).for_each(|(value, by)| *value -= factor * by);
        }
        system[pivot] = scaled;
    }
    system.iter().map(|line| line[n]).collect()
}
