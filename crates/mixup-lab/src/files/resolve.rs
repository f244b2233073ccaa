//! From an experiment's file to its runs, each with everything it depends on.

use std::num::{NonZeroU32, NonZeroUsize};

use mixup_core::train::TrainOverride;
use mixup_data::catalogue;
use mixup_paper::{Inspected, MetricInfo, Paper, Refusal, RoutineEntry, RunSpec};
use serde_json::Value;

use crate::files::experiment::{Experiment, Price, Profile, ProfileOverride};
use crate::files::nearest::suggest;
use crate::files::seeds::{MOST_SEEDS, Seeds};
use crate::files::yaml::{Document, InputError, KeyPath};
use crate::outcomes::figure::{FigureRequest, PlannedFigure};
use crate::outcomes::outcome::Pairs;

/// Seeds and epochs of the smoke profile where a file does not give one.
const SMOKE: (NonZeroU32, NonZeroUsize) = match (NonZeroU32::new(2), NonZeroUsize::new(2)) {
    (Some(seeds), Some(epochs)) => (seeds, epochs),
    _ => panic!("2 is not 0"),
};

/// What the command line changes, whatever the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overrides {
    /// Number of seeds.
    pub seeds: Count,
    /// Device of the runs.
    pub device: String,
}

impl Default for Overrides {
    /// The fewest seeds that the file allows, on the CPU.
    fn default() -> Self {
        Self { seeds: Count::AtLeast, device: "flex".to_owned() }
    }
}

/// How many of its seeds an experiment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As few as its file allows.
    AtLeast,
    /// As many as its file allows.
    AtMost,
    /// So many, whatever its file says.
    Exactly(NonZeroU32),
}

/// An experiment under one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Slug of the paper.
    pub paper: String,
    /// Name.
    pub experiment: String,
    /// Name of the routine.
    pub routine: String,
    /// One line for headings.
    pub title: String,
    /// See [`Experiment::sweep`].
    pub sweep: Option<String>,
    /// How large.
    pub profile: Profile,
    /// See [`Experiment::in_profiles`].
    pub in_profiles: Vec<Profile>,
    /// See [`ProfileOverride::price`].
    pub price: Option<Price>,
    /// Name of the experiment's own data set in the catalogue.
    pub data: String,
    /// Every data set that its runs read, the own one first.
    pub all_data: Vec<String>,
    /// Device of the runs.
    pub device: String,
    /// Seeds that run.
    pub seeds: Vec<u64>,
    /// Seeds that may run.
    pub range: Seeds,
    /// See [`Experiment::pairs`].
    pub pairs: Pairs,
    /// See [`mixup_paper::Routine::overlap`].
    pub overlap: Option<f64>,
    /// Columns of the table.
    pub metrics: Vec<MetricInfo>,
    /// Rows of the table.
    pub methods: Vec<String>,
    /// The routine's own pictures of seeds that this profile has.
    pub figures: Vec<PlannedFigure>,
    /// Every method with every seed; all methods of a seed, then the next seed.
    pub runs: Vec<ResolvedRun>,
}

impl Resolved {
    /// The same with its first `count` seeds only.
    #[must_use]
    pub fn first(&self, count: NonZeroU32) -> Self {
        let mut cut = self.clone();
        cut.seeds.truncate(count.get() as usize);
        let last = cut.seeds.last().copied();
        cut.figures.retain(|figure| Some(figure.request.seed) <= last);
        cut.runs.retain(|run| Some(run.seed) <= last);
        cut
    }
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
    /// The stages that it needs, by name, with their specs.
    pub stages: Vec<(&'static str, Value)>,
}

/// Reads an experiment of a paper, checks all of it, and makes its runs.
///
/// # Errors
/// Whatever is wrong with the file, with its place.
pub fn resolve(
    paper: &Paper,
    document: &Document,
    profile: Profile,
    overrides: &Overrides,
) -> Result<Resolved, InputError> {
    let file: Experiment = document.parse()?;
    check_names(paper, document, &file)?;
    let routine = routine(paper, document, &file)?;
    let metrics = metrics(routine, document, &file.metrics)?;
    let mut figures = figures(routine, document, &file)?;
    let change = profile_override(&file, profile);
    let range = change.seeds.unwrap_or(file.seeds);
    let seeds = seeds(document, range, overrides)?;
    for figure in &mut figures {
        figure.request.seed += range.from;
    }
    figures.retain(|figure| seeds.contains(&figure.request.seed));
    let setting = setting(routine, document, &file, profile, &change)?;
    let at_method = |method: &str| KeyPath::root().key("methods").key(method);
    let rows = rows(routine, document, &file, profile, &change)?;
    let template = Template { file: &file, change: &change, device: &overrides.device, setting };
    let (mut runs, mut all_data, mut overlaps) = (Vec::new(), Vec::new(), Vec::new());
    for &seed in &seeds {
        for (method, parameters) in &rows {
            let refuse = |message: String| document.refuse(&at_method(method), message);
            let spec = template.spec(method, parameters.clone(), seed).map_err(refuse)?;
            let Inspected { data, stages, overlap } = routine.inspect(&spec).map_err(refuse)?;
            overlaps.push(overlap);
            all_data.extend(data.into_iter().filter(|name| !all_data.contains(name)).collect::<Vec<_>>());
            runs.push(ResolvedRun { method: (*method).clone(), seed, spec, stages });
        }
    }
    let data = change.data.clone().unwrap_or_else(|| file.data.clone());
    Ok(Resolved {
        data,
        all_data,
        profile,
        in_profiles: file.in_profiles(),
        price: change.price(),
        device: overrides.device.clone(),
        seeds,
        range,
        pairs: file.pairs,
        // Of several training parts, the test part is largest beside the smallest.
        overlap: overlaps.into_iter().flatten().reduce(f64::max),
        metrics,
        methods: file.methods.keys().cloned().collect(),
        figures,
        paper: file.paper,
        experiment: file.experiment,
        routine: file.routine,
        title: file.title,
        sweep: file.sweep,
        runs,
    })
}

/// What all runs of an experiment share.
struct Template<'a> {
    file: &'a Experiment,
    change: &'a ProfileOverride,
    device: &'a str,
    setting: Value,
}

impl Template<'_> {
    fn spec(&self, method: &str, parameters: Value, seed: u64) -> Result<Value, String> {
        let Self { file, change, device, setting } = self;
        let train = file.train.clone().map(|train| match &change.train {
            Some(change) => train.with(change),
            None => train,
        });
        let spec = RunSpec {
            paper: file.paper.clone(),
            experiment: file.experiment.clone(),
            routine: file.routine.clone(),
            method: method.to_owned(),
            parameters,
            setting: setting.clone(),
            seed,
            data: change.data.clone().unwrap_or_else(|| file.data.clone()),
            model: change.model.clone().or_else(|| file.model.clone()),
            optimizer: change.optimizer.clone().or_else(|| file.optimizer.clone()),
            train,
            train_samples: change.train_samples,
            test_samples: change.test_samples,
            metrics: file.metrics.clone(),
            device: (*device).to_owned(),
        };
        let mut json =
            serde_json::to_value(spec).map_err(|error| format!("cannot be written as JSON: {error}"))?;
        json.sort_all_objects();
        Ok(json)
    }
}

/// The routine that the file names.
fn routine<'p>(
    paper: &'p Paper,
    document: &Document,
    file: &Experiment,
) -> Result<&'p RoutineEntry, InputError> {
    paper.routine(&file.routine).ok_or_else(|| {
        let names = paper.routines.iter().map(|routine| routine.name);
        let known = suggest(&file.routine, &format!("routines of {}", paper.slug), names);
        document
            .refuse(&KeyPath::root().key("routine"), format!("unknown routine `{}`; {known}", file.routine))
    })
}

/// The seeds that run.
fn seeds(document: &Document, range: Seeds, overrides: &Overrides) -> Result<Vec<u64>, InputError> {
    let asked = match overrides.seeds {
        Count::AtLeast => range.at_least,
        Count::AtMost => range.at_most,
        Count::Exactly(count) => count,
    };
    if asked.get() > MOST_SEEDS {
        let message = format!("must be at most {MOST_SEEDS}, not {asked}");
        return Err(document.refuse(&KeyPath::root().key("seeds"), message));
    }
    Ok(range.first(asked))
}

/// The file's setting with what the profile changes, as the routine reads it.
fn setting(
    routine: &RoutineEntry,
    document: &Document,
    file: &Experiment,
    profile: Profile,
    change: &ProfileOverride,
) -> Result<Value, InputError> {
    let empty = || Value::Object(serde_json::Map::new());
    let own = if file.setting.is_null() { empty() } else { file.setting.clone() };
    let read = |at: KeyPath, value: &Value| {
        let refuse = |Refusal { path, message }| document.refuse_inside(at, &path, &message);
        routine.setting(value).map_err(refuse)
    };
    let plain = read(KeyPath::root().key("setting"), &own)?;
    match &change.setting {
        None => Ok(plain),
        Some(change) => read(in_profile(profile).key("setting"), &with_keys_of(own, change)),
    }
}

/// The rows of the table with their parameters, as the routine reads them, under this profile.
fn rows<'f>(
    routine: &RoutineEntry,
    document: &Document,
    file: &'f Experiment,
    profile: Profile,
    change: &ProfileOverride,
) -> Result<Vec<(&'f String, Value)>, InputError> {
    let read = |at: KeyPath, value: &Value| {
        let refuse = |Refusal { path, message }| document.refuse_inside(at, &path, &message);
        routine.method(value).map_err(refuse)
    };
    let row = |(method, parameters): (&'f String, &Value)| {
        let plain = read(KeyPath::root().key("methods").key(method), parameters)?;
        let Some(change) = change.methods.get(method) else { return Ok((method, plain)) };
        let at = in_profile(profile).key("methods").key(method);
        Ok((method, read(at, &with_keys_of(parameters.clone(), change))?))
    };
    file.methods.iter().map(row).collect()
}

fn in_profile(profile: Profile) -> KeyPath {
    KeyPath::root().key("profiles").key(profile.name())
}

/// An object with the keys of another put into it; one that is no object takes the place of the whole, for
/// the routine to refuse.
fn with_keys_of(own: Value, change: &Value) -> Value {
    match (own, change) {
        (Value::Object(mut own), Value::Object(change)) => {
            own.extend(change.clone());
            Value::Object(own)
        }
        (_, change) => change.clone(),
    }
}

fn profile_override(file: &Experiment, profile: Profile) -> ProfileOverride {
    match (file.profiles.get(&profile), profile) {
        (Some(given), _) => given.clone(),
        (None, Profile::Smoke) => ProfileOverride {
            seeds: Some(Seeds::fixed(SMOKE.0)),
            train: Some(TrainOverride { epochs: Some(SMOKE.1), ..TrainOverride::default() }),
            ..ProfileOverride::default()
        },
        (None, Profile::Desk | Profile::Gpu | Profile::Paper) => ProfileOverride::default(),
    }
}

/// Names that must agree with the file's place, with the catalogue, and among each other.
fn check_names(paper: &Paper, document: &Document, file: &Experiment) -> Result<(), InputError> {
    let root = KeyPath::root;
    let place = document.file();
    let stem = place.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if file.experiment != stem {
        let message = format!("must be the file's name, `{stem}`, not `{}`", file.experiment);
        return Err(document.refuse(&root().key("experiment"), message));
    }
    if file.paper != paper.slug {
        let message = format!("must be the folder's name, `{}`, not `{}`", paper.slug, file.paper);
        return Err(document.refuse(&root().key("paper"), message));
    }
    let known_data = |path: KeyPath, name: &str| match name {
        catalogue::SIMULATED => Ok(()),
        name => catalogue::find(name).map(drop).map_err(|error| document.refuse(&path, error.to_string())),
    };
    known_data(root().key("data"), &file.data)?;
    for (profile, change) in &file.profiles {
        let path = || in_profile(*profile);
        if let Some(data) = &change.data {
            known_data(path().key("data"), data)?;
        }
        let (key, priced) = match profile {
            Profile::Gpu => ("core_hours_per_run", change.core_hours_per_run),
            _ => ("gpu_hours_per_run", change.gpu_hours_per_run),
        };
        if priced.is_some() {
            let message =
                "the profile `gpu` is priced by `gpu_hours_per_run`, all others by `core_hours_per_run`";
            return Err(document.refuse(&path().key(key), message));
        }
        let parts = [
            ("train", change.train.is_some(), file.train.is_some()),
            ("optimizer", change.optimizer.is_some(), file.optimizer.is_some()),
        ];
        if let Some((part, ..)) = parts.iter().find(|(_, changed, there)| *changed && !there) {
            let message = format!("changes `{part}`, which the experiment does not have");
            return Err(document.refuse(&path().key(*part), message));
        }
        if let Some(method) = change.methods.keys().find(|method| !file.methods.contains_key(*method)) {
            let known = suggest(method, "methods", file.methods.keys().map(String::as_str));
            let message = format!("unknown method `{method}`; {known}");
            return Err(document.refuse(&path().key("methods").key(method), message));
        }
    }
    if file.methods.is_empty() {
        return Err(
            document.refuse(&root().key("methods"), "give at least one method, for example `erm: {}`")
        );
    }
    Ok(())
}

/// The metrics that the file names, as the routine knows them.
fn metrics(
    routine: &RoutineEntry,
    document: &Document,
    names: &[String],
) -> Result<Vec<MetricInfo>, InputError> {
    let path = KeyPath::root().key("metrics");
    let known = (routine.metrics)();
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

/// The pictures that the file names, as the routine knows them, of methods and seeds that it has.
fn figures(
    routine: &RoutineEntry,
    document: &Document,
    file: &Experiment,
) -> Result<Vec<PlannedFigure>, InputError> {
    let known = (routine.figures)();
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
        let seeds = file.seeds.at_least.get();
        if request.seed >= u64::from(seeds) {
            let message = format!("must be below `seeds`, {seeds}, not {}", request.seed);
            return Err(document.refuse(&path().key("seed"), message));
        }
        Ok(PlannedFigure { info: info.clone(), request: request.clone() })
    };
    file.figures.iter().map(planned).collect()
}

#[cfg(test)]
mod tests;
