//! From the records of runs to the outcome of an experiment.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use mixup_paper::{FigureKind, MetricInfo};
use serde::{Deserialize, Serialize};

use crate::files::resolve::Resolved;
use crate::outcomes::figure::{Figure, PlannedFigure, rounded};
use crate::outcomes::outcome::{MethodOutcome, Outcome, Pairs, Provenance, RunRecord};
use crate::verdicts::stats::{Interval, mean, mean_interval, sample_std};

/// Mean and spread of the finite ones of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of finite values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Sample standard deviation (`n - 1`); absent for a single value.
    pub std: Option<f64>,
    /// 95 % confidence interval of the mean, by Student's t; absent for a single value.
    pub ci: Option<Interval>,
}

impl Summary {
    /// Summarises the finite values; `None` when there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        Some(Self {
            n: finite.len(),
            mean: mean(&finite)?,
            std: sample_std(&finite),
            ci: mean_interval(&finite),
        })
    }

    /// Summarises the values of a method as what they are. Of a sample (the first value) and its resamples the
    /// mean is the sample's own value, and the spread the resamples': many resamples are no many samples, and
    /// their mean is biased where a resample has less to fit to.
    pub fn over(pairs: Pairs, values: &[f64]) -> Option<Self> {
        let Pairs::Bootstrap = pairs else { return Self::of(values) };
        let (sample, resamples) = values.split_first()?;
        let all = Self::of(values)?;
        let std = Self::of(resamples).and_then(|summary| summary.std);
        sample.is_finite().then_some(Self { n: all.n, mean: *sample, std, ci: None })
    }
}

/// What an outcome takes from its experiment, under one profile.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a> {
    /// Slug of the paper.
    pub paper: &'a str,
    /// Name of the experiment.
    pub experiment: &'a str,
    /// One line for headings.
    pub title: &'a str,
    /// What the numbers in the methods' names are.
    pub sweep: Option<&'a str>,
    /// `smoke`, `desk`, `gpu` or `paper`.
    pub profile: &'a str,
    /// Name of the data set.
    pub data: &'a str,
    /// Seeds, in the order that the outcome keeps.
    pub seeds: &'a [u64],
    /// What pairs share.
    pub pairs: Pairs,
    /// Whether the claims had a say in how many seeds ran.
    pub sequential: bool,
    /// See [`Outcome::overlap`].
    pub overlap: Option<f64>,
    /// Metrics, in the order of the experiment.
    pub metrics: &'a [MetricInfo],
    /// Methods, in the order of the experiment.
    pub methods: &'a [String],
    /// The paper's own pictures, in the order of the experiment.
    pub figures: &'a [PlannedFigure],
}

impl<'a> Heading<'a> {
    /// The heading of all runs of an experiment.
    pub fn of(experiment: &'a Resolved) -> Self {
        Self {
            paper: &experiment.paper,
            experiment: &experiment.experiment,
            title: &experiment.title,
            sweep: experiment.sweep.as_deref(),
            profile: experiment.profile.name(),
            data: &experiment.data,
            seeds: &experiment.seeds,
            pairs: experiment.pairs,
            sequential: experiment.range.open(),
            overlap: experiment.overlap,
            metrics: &experiment.metrics,
            methods: &experiment.methods,
            figures: &experiment.figures,
        }
    }
}

/// Records that do not make an outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// Not one run has finished.
    #[error("experiment `{0}`: no run has finished, so there is no outcome")]
    NoRecords(String),
    /// A record of a run that is not part of the experiment.
    #[error(
        "experiment `{experiment}`: the record of method `{method}`, seed {seed} is no run of it; \
         give only the records of the plan"
    )]
    Unplanned {
        /// Experiment.
        experiment: String,
        /// Method of the record.
        method: String,
        /// Seed of the record.
        seed: u64,
    },
    /// Two records of one run.
    #[error("experiment `{experiment}`: method `{method}`, seed {seed} has two records; give one per run")]
    Duplicate {
        /// Experiment.
        experiment: String,
        /// Method of both records.
        method: String,
        /// Seed of both records.
        seed: u64,
    },
    /// A run that gave no points for a picture that shows it.
    #[error(
        "experiment `{experiment}`: the run of method `{method}`, seed {seed} gave no points for the figure \
         `{figure}`; take the method out of the figure, or the figure out of the experiment"
    )]
    NoPoints {
        /// Experiment.
        experiment: String,
        /// Figure.
        figure: String,
        /// Method of the run.
        method: String,
        /// Seed of the run.
        seed: u64,
    },
}

/// Puts the records of an experiment together: per method and metric one value per seed, in the
/// order of [`Heading::seeds`], and mean curves; and the points of figures. A run without a record, or
/// a record without the metric, leaves NaN; a figure leaves out a method without a record.
///
/// # Errors
/// [`AggregateError`]: no records, a record twice, one that the experiment does not know, or one
/// without the points of a figure that shows it.
pub fn aggregate(heading: &Heading<'_>, records: &[RunRecord]) -> Result<Outcome, AggregateError> {
    let by_run = index(heading, records)?;
    let methods: IndexMap<String, MethodOutcome> = heading
        .methods
        .iter()
        .map(|method| {
            let runs: Vec<Option<&RunRecord>> =
                heading.seeds.iter().map(|seed| by_run.get(&(method.as_str(), *seed)).copied()).collect();
            (method.clone(), method_outcome(heading.metrics, &runs))
        })
        .collect();
    let figures = heading.figures.iter().map(|planned| figure(heading, planned, &by_run));
    let figures = figures.collect::<Result<_, _>>()?;
    Ok(Outcome {
        schema: 1,
        paper: heading.paper.to_owned(),
        experiment: heading.experiment.to_owned(),
        title: heading.title.to_owned(),
        sweep: heading.sweep.map(str::to_owned),
        profile: heading.profile.to_owned(),
        data: heading.data.to_owned(),
        seeds: heading.seeds.to_vec(),
        pairs: heading.pairs,
        sequential: heading.sequential,
        overlap: heading.overlap,
        metrics: heading.metrics.to_vec(),
        methods,
        figures,
        provenance: joined_provenance(records),
        core_seconds: records.iter().map(RunRecord::core_seconds).sum(),
        peak_memory_mib: records.iter().map(|record| record.peak_memory_mib).fold(0.0, f64::max),
    })
}

fn index<'a>(
    heading: &Heading<'_>,
    records: &'a [RunRecord],
) -> Result<BTreeMap<(&'a str, u64), &'a RunRecord>, AggregateError> {
    let experiment = || heading.experiment.to_owned();
    if records.is_empty() {
        return Err(AggregateError::NoRecords(experiment()));
    }
    let mut by_run = BTreeMap::new();
    for record in records {
        let (method, seed) = (record.method.clone(), record.seed);
        if !heading.methods.contains(&method) || !heading.seeds.contains(&seed) {
            return Err(AggregateError::Unplanned { experiment: experiment(), method, seed });
        }
        if by_run.insert((record.method.as_str(), seed), record).is_some() {
            return Err(AggregateError::Duplicate { experiment: experiment(), method, seed });
        }
    }
    Ok(by_run)
}

fn method_outcome(metrics: &[MetricInfo], runs: &[Option<&RunRecord>]) -> MethodOutcome {
    let value = |run: &Option<&RunRecord>, metric: &str| {
        run.and_then(|record| record.metrics.get(metric)).copied().unwrap_or(f64::NAN)
    };
    let values = metrics
        .iter()
        .map(|metric| (metric.name.clone(), runs.iter().map(|run| value(run, &metric.name)).collect()))
        .collect();
    let names: BTreeSet<&String> = runs.iter().flatten().flat_map(|record| record.curves.keys()).collect();
    let curves = names
        .into_iter()
        .map(|name| {
            let of_seeds: Vec<&[f64]> = runs
                .iter()
                .flatten()
                .filter_map(|record| record.curves.get(name))
                .map(Vec::as_slice)
                .collect();
            (name.clone(), mean_curve(&of_seeds))
        })
        .collect();
    let opening = |run: &Option<&RunRecord>| run.map_or_else(Vec::new, |record| record.opening.clone());
    let mut openings: Vec<Vec<f64>> = runs.iter().map(opening).collect();
    if openings.iter().all(Vec::is_empty) {
        openings.clear();
    }
    let mut identities: Vec<&str> = runs.iter().flatten().map(|record| record.identity.as_str()).collect();
    identities.dedup();
    MethodOutcome { values, curves, openings, identity: identities.join(" + ") }
}

/// The points of a picture: of its seed, or for lines the mean over all seeds. A run without a record has none.
fn figure(
    heading: &Heading<'_>,
    planned: &PlannedFigure,
    by_run: &BTreeMap<(&str, u64), &RunRecord>,
) -> Result<Figure, AggregateError> {
    let PlannedFigure { info, request } = planned;
    let seeds = match info.kind {
        FigureKind::Lines { .. } => heading.seeds,
        FigureKind::Scatter { .. } | FigureKind::Bars { .. } | FigureKind::Images { .. } => {
            std::slice::from_ref(&request.seed)
        }
    };
    let mut points = BTreeMap::new();
    for method in &request.methods {
        let mut of_seeds = Vec::new();
        for &seed in seeds {
            let Some(record) = by_run.get(&(method.as_str(), seed)) else { continue };
            let missing = || AggregateError::NoPoints {
                experiment: heading.experiment.to_owned(),
                figure: info.name.clone(),
                method: method.clone(),
                seed,
            };
            of_seeds.push(record.points.get(&info.name).ok_or_else(missing)?.as_slice());
        }
        if !of_seeds.is_empty() {
            let mean = mean_points(&of_seeds);
            points.insert(method.clone(), mean.into_iter().map(|point| point.map(rounded)).collect());
        }
    }
    Ok(Figure { info: info.clone(), seed: request.seed, points })
}

/// Means point by point, as far as the shortest list goes; a single list as it is.
fn mean_points(lists: &[&[[f64; 2]]]) -> Vec<[f64; 2]> {
    if let [only] = lists {
        return only.to_vec();
    }
    let shortest = lists.iter().map(|list| list.len()).min().unwrap_or(0);
    let mean_at = |place: usize, axis: usize| {
        lists.iter().map(|list| list[place][axis]).sum::<f64>() / lists.len() as f64
    };
    (0..shortest).map(|place| [mean_at(place, 0), mean_at(place, 1)]).collect()
}

/// The mean at each epoch over the seeds that reached it with a finite value; NaN where none did.
fn mean_curve(curves: &[&[f64]]) -> Vec<f64> {
    let epochs = curves.iter().map(|curve| curve.len()).max().unwrap_or(0);
    (0..epochs)
        .map(|epoch| {
            let reached: Vec<f64> =
                curves.iter().filter_map(|c| c.get(epoch)).copied().filter(|v| v.is_finite()).collect();
            mean(&reached).unwrap_or(f64::NAN)
        })
        .collect()
}

/// What the records agree on; where they do not (runs continued on another machine, say), every
/// value in the order of first appearance.
fn joined_provenance(records: &[RunRecord]) -> Provenance {
    let joined = |field: fn(&Provenance) -> &String| {
        let mut seen: Vec<&str> = Vec::new();
        for record in records {
            let value = field(&record.provenance).as_str();
            if !seen.contains(&value) {
                seen.push(value);
            }
        }
        seen.join(" + ")
    };
    Provenance {
        host: joined(|p| &p.host),
        version: joined(|p| &p.version),
        device: joined(|p| &p.device),
        data_sha256: joined(|p| &p.data_sha256),
        other_data: records.iter().flat_map(|record| record.provenance.other_data.clone()).collect(),
        commit: joined(|p| &p.commit),
    }
}

#[cfg(test)]
mod tests;
