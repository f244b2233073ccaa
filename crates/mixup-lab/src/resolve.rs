//! From an experiment's file to its runs, each with everything it depends on.

use std::num::{NonZeroU32, NonZeroUsize};

use mixup_core::checked::Positive;
use mixup_core::train::TrainOverride;
use mixup_data::catalogue;
use serde_json::Value;

use crate::experiment::{Experiment, Profile, ProfileOverride, RunSpec};
use crate::figure::{FigureRequest, PlannedFigure};
use crate::nearest::suggest;
use crate::outcome::MetricInfo;
use crate::registry::Paper;
use crate::yaml::{Document, InputError, KeyPath};

/// Seeds and epochs of the smoke profile where a file does not give one.
const SMOKE: (NonZeroU32, NonZeroUsize) = match (NonZeroU32::new(2), NonZeroUsize::new(2)) {
    (Some(seeds), Some(epochs)) => (seeds, epochs),
    _ => panic!("2 is not 0"),
};

/// What the command line changes, whatever the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overrides {
    /// Number of seeds.
    pub seeds: Option<NonZeroU32>,
    /// Device of the runs.
    pub device: String,
}

impl Default for Overrides {
    /// The file's seeds, on the CPU.
    fn default() -> Self {
        Self { seeds: None, device: "flex".to_owned() }
    }
}

/// An experiment under one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Slug of the paper.
    pub paper: String,
    /// Name.
    pub experiment: String,
    /// One line for headings.
    pub title: String,
    /// See [`Experiment::sweep`].
    pub sweep: Option<String>,
    /// How large.
    pub profile: Profile,
    /// See [`Experiment::only`].
    pub only: Option<Profile>,
    /// See [`ProfileOverride::core_hours_per_run`].
    pub core_hours_per_run: Option<f64>,
    /// Name of a data set in the catalogue.
    pub data: String,
    /// Device of the runs.
    pub device: String,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Columns of the table.
    pub metrics: Vec<MetricInfo>,
    /// Rows of the table.
    pub methods: Vec<String>,
    /// The paper's own pictures of seeds that this profile has.
    pub figures: Vec<PlannedFigure>,
    /// Every method with every seed; all methods of a seed, then the next seed.
    pub runs: Vec<ResolvedRun>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedRun {
    /// Method.
    pub method: String,
    /// Seed.
    pub seed: u64,
    /// Its [`RunSpec`] as JSON, all keys in order.
    pub spec: Value,
}

/// Reads an experiment of paper `P`, checks all of it, and makes its runs.
///
/// # Errors
/// Whatever is wrong with the file, with its place.
pub fn resolve<P: Paper>(
    document: &Document,
    profile: Profile,
    overrides: &Overrides,
) -> Result<Resolved, InputError> {
    let file: Experiment<P::Method, P::Setting> = document.parse()?;
    check_names::<P>(document, &file)?;
    let metrics = metrics::<P>(document, &file.metrics)?;
    let mut figures = figures::<P>(document, &file)?;
    let change = profile_override(&file, profile);
    let seeds = overrides.seeds.or(change.seeds).unwrap_or(file.seeds);
    let template = Template { file: &file, change: &change, device: &overrides.device };
    let seeds: Vec<u64> = (0..u64::from(seeds.get())).collect();
    figures.retain(|figure| seeds.contains(&figure.request.seed));
    let mut runs = Vec::new();
    for &seed in &seeds {
        for (method, parameters) in &file.methods {
            let spec = template.spec(method, parameters.clone(), seed);
            let at_method = || KeyPath::root().key("methods").key(method);
            if seed == 0 {
                P::check(&spec).map_err(|message| document.refuse(&at_method(), message))?;
            }
            let spec = to_json::<P>(&spec).map_err(|message| document.refuse(&at_method(), message))?;
            runs.push(ResolvedRun { method: method.clone(), seed, spec });
        }
    }
    let data = change.data.clone().unwrap_or_else(|| file.data.clone());
    Ok(Resolved {
        data,
        profile,
        only: file.only,
        core_hours_per_run: change.core_hours_per_run.map(Positive::get),
        device: overrides.device.clone(),
        seeds,
        metrics,
        methods: file.methods.keys().cloned().collect(),
        figures,
        paper: file.paper,
        experiment: file.experiment,
        title: file.title,
        sweep: file.sweep,
        runs,
    })
}

/// What all runs of an experiment share.
struct Template<'a, M, S> {
    file: &'a Experiment<M, S>,
    change: &'a ProfileOverride,
    device: &'a str,
}

impl<M, S: Clone> Template<'_, M, S> {
    fn spec(&self, method: &str, parameters: M, seed: u64) -> RunSpec<M, S> {
        let Self { file, change, device } = *self;
        let train = file.train.clone().map(|train| match &change.train {
            Some(change) => train.with(change),
            None => train,
        });
        RunSpec {
            paper: file.paper.clone(),
            experiment: file.experiment.clone(),
            method: method.to_owned(),
            parameters,
            setting: file.setting.clone(),
            seed,
            data: change.data.clone().unwrap_or_else(|| file.data.clone()),
            model: change.model.clone().or_else(|| file.model.clone()),
            optimizer: file.optimizer.clone(),
            train,
            train_samples: change.train_samples,
            metrics: file.metrics.clone(),
            device: device.to_owned(),
        }
    }
}

fn profile_override<M, S>(file: &Experiment<M, S>, profile: Profile) -> ProfileOverride {
    match (file.profiles.get(&profile), profile) {
        (Some(given), _) => given.clone(),
        (None, Profile::Smoke) => ProfileOverride {
            seeds: Some(SMOKE.0),
            train: Some(TrainOverride { epochs: Some(SMOKE.1), ..TrainOverride::default() }),
            ..ProfileOverride::default()
        },
        (None, Profile::Desk | Profile::Paper) => ProfileOverride::default(),
    }
}

/// Names that must agree with the file's place, with the catalogue, and among each other.
fn check_names<P: Paper>(
    document: &Document,
    file: &Experiment<P::Method, P::Setting>,
) -> Result<(), InputError> {
    let root = KeyPath::root;
    let place = document.file();
    let stem = place.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if file.experiment != stem {
        let message = format!("must be the file's name, `{stem}`, not `{}`", file.experiment);
        return Err(document.refuse(&root().key("experiment"), message));
    }
    if file.paper != P::SLUG {
        let message = format!("must be the folder's name, `{}`, not `{}`", P::SLUG, file.paper);
        return Err(document.refuse(&root().key("paper"), message));
    }
    let known_data = |path: KeyPath, name: &str| {
        catalogue::find(name).map_err(|error| document.refuse(&path, error.to_string()))
    };
    known_data(root().key("data"), &file.data)?;
    for (profile, change) in &file.profiles {
        let path = root().key("profiles").key(profile.name());
        if let Some(data) = &change.data {
            known_data(path.clone().key("data"), data)?;
        }
        if change.train.is_some() && file.train.is_none() {
            let message = "changes `train`, which the experiment does not have";
            return Err(document.refuse(&path.key("train"), message));
        }
    }
    if file.methods.is_empty() {
        return Err(
            document.refuse(&root().key("methods"), "give at least one method, for example `erm: {}`")
        );
    }
    Ok(())
}

/// The metrics that the file names, as the paper knows them.
fn metrics<P: Paper>(document: &Document, names: &[String]) -> Result<Vec<MetricInfo>, InputError> {
    let path = KeyPath::root().key("metrics");
    let known = P::metrics();
    let all = || known.iter().map(|metric| metric.name.as_str());
    if names.is_empty() {
        let message = format!("give at least one metric; {}", suggest("", "metrics", all()));
        return Err(document.refuse(&path, message));
    }
    let mut metrics: Vec<MetricInfo> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let refuse = |message| document.refuse(&path.clone().index(index), message);
        if metrics.iter().any(|metric| metric.name == *name) {
            return Err(refuse(format!("`{name}` is given twice; keep one of them")));
        }
        let Some(metric) = known.iter().find(|metric| metric.name == *name) else {
            return Err(refuse(format!("unknown metric `{name}`; {}", suggest(name, "metrics", all()))));
        };
        metrics.push(metric.clone());
    }
    Ok(metrics)
}

/// The pictures that the file names, as the paper knows them, of methods and seeds that it has.
fn figures<P: Paper>(
    document: &Document,
    file: &Experiment<P::Method, P::Setting>,
) -> Result<Vec<PlannedFigure>, InputError> {
    let known = P::figures();
    let planned = |(name, request): (&String, &FigureRequest)| {
        let path = || KeyPath::root().key("figures").key(name);
        let Some(info) = known.iter().find(|figure| figure.name == *name) else {
            let names = known.iter().map(|figure| figure.name.as_str());
            let message = format!("unknown figure `{name}`; {}", suggest(name, "figures", names));
            return Err(document.refuse(&path(), message));
        };
        if request.methods.is_empty() {
            return Err(document.refuse(&path().key("methods"), "give at least one method"));
        }
        for (index, method) in request.methods.iter().enumerate() {
            if !file.methods.contains_key(method) {
                let names = file.methods.keys().map(String::as_str);
                let message = format!("unknown method `{method}`; {}", suggest(method, "methods", names));
                return Err(document.refuse(&path().key("methods").index(index), message));
            }
        }
        if request.seed >= u64::from(file.seeds.get()) {
            let message = format!("must be below `seeds`, {}, not {}", file.seeds, request.seed);
            return Err(document.refuse(&path().key("seed"), message));
        }
        Ok(PlannedFigure { info: info.clone(), request: request.clone() })
    };
    file.figures.iter().map(planned).collect()
}

/// JSON that reads back as the same spec: the worker sees nothing else.
fn to_json<P: Paper>(spec: &RunSpec<P::Method, P::Setting>) -> Result<Value, String> {
    let refused = |error: serde_json::Error| format!("cannot be written as JSON: {error}");
    let mut json = serde_json::to_value(spec).map_err(refused)?;
    json.sort_all_objects();
    let back: RunSpec<P::Method, P::Setting> = serde_json::from_value(json.clone()).map_err(refused)?;
    let mut again = serde_json::to_value(&back).map_err(refused)?;
    again.sort_all_objects();
    if again == json { Ok(json) } else { Err("does not read back from JSON as it was written".to_owned()) }
}

#[cfg(test)]
mod tests;
