//! From a command line to outcomes: what `reproduce` and `check` have in common.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use mixup_data::{DataError, DataSet, Library};

use crate::aggregate::{Heading, aggregate};
use crate::error::LabError;
use crate::experiment::{AnyExperiment, Profile};
use crate::fingerprint::fingerprint;
use crate::load::{LoadedPaper, load};
use crate::nearest::suggest;
use crate::outcome::{MetricInfo, Outcome, RunRecord};
use crate::plan::{PlannedExperiment, PlannedRun, plan};
use crate::pool::{Event, Pool, interrupted};
use crate::progress::Progress;
use crate::registry::PaperEntry;
use crate::store::Store;
use crate::workspace::Workspace;

/// What a user asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only this experiment.
    pub experiment: Option<String>,
    /// How large.
    pub profile: Profile,
    /// Another number of seeds than the experiment's.
    pub seeds: Option<NonZeroU32>,
    /// Worker processes at once.
    pub jobs: usize,
    /// Device name.
    pub device: String,
    /// Where data sets are, first of all places.
    pub data_dir: Option<PathBuf>,
    /// Forget finished runs of the plan first.
    pub fresh: bool,
}

impl Options {
    /// Whether outcomes may be committed: the YAML as it stands, on the device of the record.
    pub fn is_canonical(&self) -> bool {
        self.seeds.is_none() && self.device == "flex"
    }
}

/// A paper with its plan.
pub struct PlannedPaper<'a> {
    /// The paper.
    pub paper: LoadedPaper<'a>,
    /// The experiments that were asked for.
    pub experiments: Vec<PlannedExperiment>,
}

/// Finds papers by slug; `all` means all.
///
/// # Errors
/// An unknown slug, with the known ones.
pub fn find_papers<'a>(papers: &'a [PaperEntry], slug: &str) -> Result<Vec<&'a PaperEntry>, LabError> {
    let found: Vec<_> = papers.iter().filter(|paper| slug == "all" || paper.slug == slug).collect();
    if found.is_empty() {
        let hint = suggest(slug, "papers", papers.iter().map(|paper| paper.slug));
        return Err(LabError::Usage(format!("unknown paper `{slug}`; {hint}")));
    }
    Ok(found)
}

/// Reads a paper's files and plans what was asked for.
///
/// # Errors
/// Files that are wrong, an unknown experiment or device.
pub fn plan_paper<'a>(
    workspace: &Workspace,
    entry: &'a PaperEntry,
    options: &Options,
) -> Result<PlannedPaper<'a>, LabError> {
    mixup_core::device::open(&options.device)?;
    let paper = load(workspace, entry)?;
    let wanted = select(&paper, options.experiment.as_deref())?;
    let fingerprint = fingerprint(workspace, entry.slug)?;
    let planned = |experiment: &AnyExperiment| {
        plan(experiment, options.profile, options.seeds, &options.device, &fingerprint)
    };
    let experiments = wanted.into_iter().map(planned).collect::<Result<_, _>>()?;
    Ok(PlannedPaper { paper, experiments })
}

fn select<'p>(paper: &'p LoadedPaper<'_>, name: Option<&str>) -> Result<Vec<&'p AnyExperiment>, LabError> {
    let Some(name) = name else { return Ok(paper.experiments.iter().collect()) };
    match paper.experiments.iter().find(|experiment| experiment.experiment == name) {
        Some(experiment) => Ok(vec![experiment]),
        None => {
            let known = paper.experiments.iter().map(|experiment| experiment.experiment.as_str());
            let hint = suggest(name, "experiments", known);
            Err(LabError::Usage(format!("{}: unknown experiment `{name}`; {hint}", paper.entry.slug)))
        }
    }
}

/// Which data sets of a plan cannot be had, with the message for the user.
#[derive(Debug, Clone, Default)]
pub struct MissingData(BTreeMap<&'static str, String>);

impl MissingData {
    /// Gets every data set of the plans once.
    ///
    /// # Errors
    /// A data set that is there and wrong: that is for the user to mend, not to go around.
    pub fn of<'p>(
        plans: impl IntoIterator<Item = &'p PlannedExperiment>,
        library: &Library,
    ) -> Result<Self, LabError> {
        let sets: BTreeMap<&str, &'static DataSet> =
            plans.into_iter().map(|plan| (plan.data.name, plan.data)).collect();
        let mut missing = BTreeMap::new();
        for set in sets.values() {
            match library.obtain(set, &|progress| crate::commands::data::tell_progress(progress)) {
                Ok(_) => {}
                Err(error @ DataError::Unavailable { .. }) => {
                    missing.insert(set.name, error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self(missing))
    }

    /// The message about a plan's data set, if it is missing.
    pub fn about(&self, plan: &PlannedExperiment) -> Option<&str> {
        self.0.get(plan.data.name).map(String::as_str)
    }
}

/// An experiment after its runs.
#[derive(Debug, Clone)]
pub struct Executed {
    /// All its runs together; none where not one finished.
    pub outcome: Option<Outcome>,
    /// Runs that were executed now.
    pub executed: usize,
    /// Runs that were in the store.
    pub reused: usize,
    /// Runs that failed, with the reason.
    pub failures: Vec<String>,
}

/// Executes what the store does not hold and puts the records together.
///
/// # Errors
/// An interrupt, or a store that cannot be written.
pub fn execute(
    plan: &PlannedExperiment,
    entry: &PaperEntry,
    store: &Store,
    options: &Options,
) -> Result<Executed, LabError> {
    if options.fresh {
        plan.runs.iter().try_for_each(|run| store.forget(&run.key))?;
    }
    let pending: Vec<&PlannedRun> = plan.runs.iter().filter(|run| store.get(&run.key).is_none()).collect();
    let failures = if pending.is_empty() { Vec::new() } else { run_all(plan, &pending, store, options) };
    let records: Vec<RunRecord> = plan.runs.iter().filter_map(|run| store.get(&run.key)).collect();
    if interrupted() {
        return Err(LabError::Interrupted { done: records.len(), all: plan.runs.len() });
    }
    Ok(Executed {
        outcome: together(plan, entry, &records),
        executed: pending.len() - failures.len(),
        reused: plan.runs.len() - pending.len(),
        failures,
    })
}

fn run_all(
    plan: &PlannedExperiment,
    pending: &[&PlannedRun],
    store: &Store,
    options: &Options,
) -> Vec<String> {
    let pool =
        Pool { jobs: options.jobs, store: store.folder().to_owned(), data_dir: options.data_dir.clone() };
    let mut progress = Progress::new(&plan.experiment.experiment, pending.len());
    let mut failures = Vec::new();
    pool.execute(pending, |event| {
        progress.see(&event);
        if let Event::Failed { run, reason } = event
            && !interrupted()
        {
            let spec = &pending[run].spec;
            let failure = format!("{} {} seed {}: {reason}", spec.experiment, spec.method, spec.seed);
            progress.say(&format!("failed: {failure}"));
            failures.push(failure);
        }
    });
    progress.finish();
    failures
}

fn together(plan: &PlannedExperiment, entry: &PaperEntry, records: &[RunRecord]) -> Option<Outcome> {
    let experiment = &plan.experiment;
    let known = (entry.metrics)();
    let info = |name: &String| known.iter().find(|info| info.name == *name).cloned();
    let metrics: Vec<MetricInfo> = experiment.metrics.iter().filter_map(info).collect();
    let seeds: Vec<u64> = (0..u64::from(experiment.seeds.get())).collect();
    let methods: Vec<String> = experiment.methods.keys().cloned().collect();
    let heading = Heading {
        paper: &experiment.paper,
        experiment: &experiment.experiment,
        title: &experiment.title,
        profile: plan.profile.name(),
        data: plan.data.name,
        seeds: &seeds,
        metrics: &metrics,
        methods: &methods,
    };
    aggregate(&heading, records).ok()
}
