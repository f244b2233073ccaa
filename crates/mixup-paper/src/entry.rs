//! Papers and routines without their types: what the laboratory works with.

use std::collections::BTreeMap;

use mixup_data::Library;
use serde_json::Value;

use crate::golden::GoldenOp;
use crate::{
    FigureInfo, Json, Measured, MetricInfo, Predictions, Refusal, Routine, RunContext, RunError, Spec,
    glimpse,
};

/// A paper: the crate's `paper()` gives it to the laboratory.
#[derive(Clone)]
pub struct Paper {
    /// Name of the crate's folder.
    pub slug: &'static str,
    /// The routines that its experiments may use.
    pub routines: Vec<RoutineEntry>,
    /// The golden ops that it knows, by full name (`c-mixup.kde_rates`).
    pub golden: Vec<(&'static str, GoldenOp)>,
}

impl Paper {
    /// The routine of this name.
    pub fn routine(&self, name: &str) -> Option<&RoutineEntry> {
        self.routines.iter().find(|routine| routine.name == name)
    }
}

/// Metrics by name, or why there are none.
type Metrics = Result<BTreeMap<String, f64>, RunError>;

/// A [`Routine`] without its types. Specs go in and out as JSON.
#[derive(Clone, Copy)]
pub struct RoutineEntry {
    /// See [`Routine::NAME`].
    pub name: &'static str,
    /// See [`Routine::metrics`].
    pub metrics: fn() -> Vec<MetricInfo>,
    /// See [`Routine::figures`].
    pub figures: fn() -> Vec<FigureInfo>,
    method: fn(&Value) -> Result<Value, Refusal>,
    setting: fn(&Value) -> Result<Value, Refusal>,
    inspect: fn(&Value) -> Result<Inspected, String>,
    identity: fn(&Value, &Library) -> Result<String, RunError>,
    run: fn(&Value, &RunContext<'_>) -> Result<Measured, RunError>,
    replay: fn(&Value, &Library) -> Result<Vec<f64>, RunError>,
    from_predictions: fn(&Value, &Predictions) -> Metrics,
}

/// What a routine says about a spec before it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// See [`Routine::data`].
    pub data: Vec<String>,
    /// See [`Routine::stages`]; specs as JSON, with all keys in order.
    pub stages: Vec<(&'static str, Value)>,
    /// See [`Routine::overlap`].
    pub overlap: Option<f64>,
}

impl RoutineEntry {
    /// The entry of a routine.
    pub fn of<R: Routine>() -> Self {
        Self {
            name: R::NAME,
            metrics: R::metrics,
            figures: R::figures,
            method: normalised::<R::Method>,
            setting: normalised::<R::Setting>,
            inspect: inspect::<R>,
            identity: |spec, library| glimpse::identity::<R>(&read::<R>(spec)?, library),
            run: run::<R>,
            replay: replay::<R>,
            from_predictions: |spec, predictions| R::from_predictions(&read::<R>(spec)?, predictions),
        }
    }

    /// A value of `methods:` with every default filled in.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn method(&self, value: &Value) -> Result<Value, Refusal> {
        (self.method)(value)
    }

    /// `setting:` with every default filled in; `{}` gives the default setting.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn setting(&self, value: &Value) -> Result<Value, Refusal> {
        (self.setting)(value)
    }

    /// Checks a spec.
    ///
    /// # Errors
    /// The message for the user.
    pub fn inspect(&self, spec: &Value) -> Result<Inspected, String> {
        (self.inspect)(spec)
    }

    /// What the code does in this run, as a hash ([`crate::Glimpse`]).
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn identity(&self, spec: &Value, library: &Library) -> Result<String, RunError> {
        (self.identity)(spec, library)
    }

    /// Executes one run.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn run(&self, spec: &Value, context: &RunContext<'_>) -> Result<Measured, RunError> {
        (self.run)(spec, context)
    }

    /// The first training losses of a run ([`Measured::opening`]), to the bit those that the whole run has
    /// on this machine; none where nothing is trained. Stages that it starts from are trained to the end
    /// first.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn replay(&self, spec: &Value, library: &Library) -> Result<Vec<f64>, RunError> {
        (self.replay)(spec, library)
    }

    /// See [`Routine::from_predictions`].
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn from_predictions(
        &self,
        spec: &Value,
        predictions: &Predictions,
    ) -> Result<BTreeMap<String, f64>, RunError> {
        (self.from_predictions)(spec, predictions)
    }
}

fn normalised<T: Json>(value: &Value) -> Result<Value, Refusal> {
    T::from_json(value)?.to_json()
}

fn read<R: Routine>(spec: &Value) -> Result<Spec<R>, RunError> {
    Spec::<R>::from_json(spec).map_err(|refusal| RunError::Spec(refusal.message))
}

fn inspect<R: Routine>(spec: &Value) -> Result<Inspected, String> {
    let typed = read::<R>(spec).map_err(|error| error.to_string())?;
    let again = in_order(&typed)?;
    if again != *spec {
        return Err("does not read back from JSON as it was written".to_owned());
    }
    R::check(&typed)?;
    let stages = R::stages(&typed).into_iter().map(|stage| Ok((stage.name, in_order(&stage.spec)?)));
    let stages = stages.collect::<Result<_, String>>()?;
    Ok(Inspected { data: R::data(&typed), stages, overlap: R::overlap(&typed) })
}

fn in_order(spec: &impl Json) -> Result<Value, String> {
    let mut json = spec.to_json().map_err(|refusal| refusal.message)?;
    json.sort_all_objects();
    Ok(json)
}

fn run<R: Routine>(spec: &Value, context: &RunContext<'_>) -> Result<Measured, RunError> {
    let spec = read::<R>(spec)?;
    let measured = R::run(&spec, context)?;
    match spec.metrics.iter().find(|&metric| !measured.metrics.contains_key(metric)) {
        None => Ok(measured),
        Some(metric) => Err(RunError::Spec(format!("the run did not measure `{metric}`"))),
    }
}

fn replay<R: Routine>(spec: &Value, library: &Library) -> Result<Vec<f64>, RunError> {
    let spec = read::<R>(spec)?;
    if spec.train.is_none() {
        return Ok(Vec::new());
    }
    let folder =
        tempfile::tempdir().map_err(|error| RunError::Spec(format!("no temporary folder: {error}")))?;
    let mut context = RunContext { replay: true, ..RunContext::plain(library) };
    for stage in R::stages(&spec) {
        let weights = folder.path().join(stage.name);
        let whole = RunContext { weights: Some(weights.clone()), ..RunContext::plain(library) };
        R::run(&stage.spec, &whole)?;
        context.stages.insert(stage.name.to_owned(), weights);
    }
    Ok(R::run(&spec, &context)?.opening)
}
