//! What is to be run: the request, read and checked, before anything is executed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use mixup_data::{DataError, Library, catalogue};
use mixup_paper::Paper;

use crate::error::LabError;
use crate::files::experiment::Profile;
use crate::files::manifest::Manifest;
use crate::files::nearest::suggest;
use crate::files::paper_files::PaperFiles;
use crate::files::resolve::{Count, Overrides, Resolved};
use crate::files::workspace::Workspace;
use crate::outcomes::outcome::RunRecord;
use crate::runs::devices;
use crate::runs::host;
use crate::runs::job::{Job, Task};
use crate::runs::journal::Journal;
use crate::runs::plan::{Plan, Planned};
use crate::runs::pool::Pool;
use crate::runs::sources::Sources;
use crate::runs::standing::{Standing, Wanted};
use crate::runs::store::{Found, Store};

/// What is to be run and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Slug of a paper; all papers where absent.
    pub paper: Option<String>,
    /// Name of an experiment; all of the paper's where absent.
    pub experiment: Option<String>,
    /// How large.
    pub profile: Profile,
    /// Number of seeds, where not the file's.
    pub seeds: Option<NonZeroU32>,
    /// Workers at a time; all cores where absent.
    pub jobs: Option<NonZeroUsize>,
    /// Threads of each worker.
    pub threads: NonZeroUsize,
    /// Device of the runs.
    pub device: String,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// Run again what the store has.
    pub fresh: bool,
    /// Where outcomes go instead of results/.
    pub results: Option<PathBuf>,
    /// The event log ([`crate::runs::journal`]).
    pub log: Option<PathBuf>,
}

impl Request {
    /// Whether the numbers may stand for the experiment as its file says it, and so go to results/.
    pub fn as_committed(&self) -> bool {
        self.seeds.is_none() && self.profile.is_made_on(&self.device) && self.threads == NonZeroUsize::MIN
    }
}

/// A request with everything read and checked; nothing is run yet.
pub struct Session<'a> {
    /// Where things are.
    pub workspace: &'a Workspace,
    /// The request.
    pub request: Request,
    /// The run store.
    pub store: Store,
    /// The event log.
    pub journal: Journal,
    pub(super) library: Library,
    /// What the code does in the groups of runs that were looked at so far.
    pub(super) identities: RefCell<BTreeMap<String, String>>,
}

/// A paper's runs.
#[derive(Clone)]
pub struct PaperPlan {
    /// Slug.
    pub slug: &'static str,
    /// `paper.yaml`.
    pub manifest: Manifest,
    /// Names of all experiments of the paper, asked for or not.
    pub all_experiments: Vec<String>,
    /// The experiments that were asked for.
    pub plans: Vec<Plan>,
    /// The same with every seed that they may have, and checked for all of them.
    widest: Vec<Resolved>,
    threads: usize,
    /// What its runs are made from.
    pub sources: Sources,
}

impl PaperPlan {
    /// The same experiments with so many seeds each, as far as their files allow it.
    ///
    /// # Errors
    /// A data set that the catalogue does not have.
    pub fn with_seeds(self, count: impl Fn(&Resolved) -> NonZeroU32) -> Result<Self, LabError> {
        let cut = self.widest.iter().map(|widest| Plan::new(widest.first(count(widest)), self.threads));
        let plans = cut.collect::<Result<_, _>>()?;
        Ok(Self { plans, ..self })
    }

    /// Only these of its experiments.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&Plan) -> bool) -> Self {
        self.plans.retain(wanted);
        let kept: Vec<&str> = self.plans.iter().map(|plan| plan.experiment.experiment.as_str()).collect();
        self.widest.retain(|widest| kept.contains(&widest.experiment.as_str()));
        self
    }
}

impl<'a> Session<'a> {
    /// Checks what does not depend on a paper: the device and the data directory.
    ///
    /// # Errors
    /// A device that is not here, a data directory that is none.
    pub fn new(workspace: &'a Workspace, request: Request) -> Result<Self, LabError> {
        devices::check(&request.device)?;
        let library = Library::from_env(request.data_dir.clone());
        if let Some(path) = library.data_dir.as_ref().filter(|path| !path.is_dir()) {
            return Err(DataError::NoDataDir { path: path.clone() }.into());
        }
        let store = Store::new(workspace.state());
        let journal = Journal::open(request.log.as_deref())?;
        Ok(Self { workspace, request, store, journal, library, identities: RefCell::default() })
    }

    /// Reads and checks every paper that was asked for. Its experiments have as many seeds as `--seeds` or
    /// their files say, the fewest where that is a range ([`PaperPlan::with_seeds`] gives them more).
    ///
    /// # Errors
    /// An unknown paper or experiment, whatever is wrong with a file, and a profile that has nothing of what was asked for.
    pub fn plan(&self, papers: &[Paper]) -> Result<Vec<PaperPlan>, LabError> {
        let asked = select(papers, self.request.paper.as_deref())?;
        let mut plans: Vec<PaperPlan> =
            asked.into_iter().map(|paper| self.plan_paper(paper)).collect::<Result<_, _>>()?;
        // Of all papers few have some profiles.
        plans.retain(|plan| !plan.plans.is_empty());
        if plans.is_empty() {
            let (paper, profile) =
                (self.request.paper.as_deref().unwrap_or("all"), self.request.profile.name());
            return Err(LabError::Usage(format!("{paper}: no experiment is for `--profile {profile}`")));
        }
        Ok(plans)
    }

    fn plan_paper(&self, paper: &Paper) -> Result<PaperPlan, LabError> {
        let seeds = self.request.seeds.map_or(Count::AtMost, Count::Exactly);
        let overrides = Overrides { seeds, device: self.request.device.clone() };
        let files = PaperFiles::read(self.workspace, paper, self.request.profile, &overrides)?;
        let all_experiments: Vec<String> =
            files.experiments.iter().map(|known| known.experiment.clone()).collect();
        if let Some(name) = self.request.experiment.as_ref().filter(|name| !all_experiments.contains(name)) {
            if let Some((_, profiles)) = files.elsewhere.iter().find(|(other, _)| other == name) {
                let profiles: Vec<&str> = profiles.iter().map(|profile| profile.name()).collect();
                return Err(LabError::Usage(format!(
                    "experiment `{name}` of {} is for `--profile {}` only",
                    paper.slug,
                    profiles.join("` or `")
                )));
            }
            let known = suggest(name, "experiments", all_experiments.iter().map(String::as_str));
            return Err(LabError::Usage(format!("unknown experiment `{name}` of {}; {known}", paper.slug)));
        }
        let sources = Sources::of(self.workspace, paper.slug)?;
        let asked_for = |name: &String| self.request.experiment.as_ref().is_none_or(|asked| asked == name);
        let widest = files.experiments.into_iter().filter(|known| asked_for(&known.experiment)).collect();
        let plan = PaperPlan {
            slug: paper.slug,
            manifest: files.manifest,
            all_experiments,
            plans: Vec::new(),
            widest,
            threads: self.request.threads.get(),
            sources,
        };
        plan.with_seeds(|experiment| self.request.seeds.unwrap_or(experiment.range.at_least))
    }

    /// How each run of a plan stands; what the store cannot read is told on standard error.
    pub fn standings(&self, plan: &Plan, sources: &Sources) -> Vec<Standing> {
        let standing = |run: &Planned| Standing::of(self.look_up(&run.key), &self.wanted(plan, run), sources);
        plan.runs.iter().map(standing).collect()
    }

    /// What the record of a run must hold.
    pub(super) fn wanted(&self, plan: &Plan, run: &Planned) -> Wanted {
        let shown =
            plan.experiment.figures.iter().filter(|figure| {
                figure.request.seed == run.seed && figure.request.methods.contains(&run.method)
            });
        Wanted {
            metrics: plan.experiment.metrics.iter().map(|metric| metric.name.clone()).collect(),
            points: shown.map(|figure| figure.info.name.clone()).collect(),
        }
    }

    /// How each stage of a plan stands.
    pub fn stage_standings(&self, plan: &Plan, sources: &Sources) -> Vec<Standing> {
        let standing = |stage: &Planned| {
            let record = self.look_up(&stage.key).filter(|_| self.store.weights(&stage.key).is_file());
            Standing::of(record, &Wanted::default(), sources)
        };
        plan.stages.iter().map(standing).collect()
    }

    /// The record of a run, if the store has it; what cannot be read is told on standard error.
    pub(crate) fn look_up(&self, key: &str) -> Option<RunRecord> {
        match self.store.find(key) {
            Found::Record(record) => Some(*record),
            Found::Absent => None,
            Found::Unreadable(why) => {
                eprintln!("warning: {why}; the run is executed again");
                None
            }
        }
    }

    /// Where the data of a plan are, without network, the experiment's own first; or why they are not.
    ///
    /// # Errors
    /// As [`Library::locate`].
    pub fn locate(&self, plan: &Plan) -> Result<Vec<String>, DataError> {
        let locate = |name: &String| Ok(self.library.locate(catalogue::find(name)?)?.to_string());
        plan.experiment.all_data.iter().map(locate).collect()
    }

    /// Workers at a time.
    pub fn jobs(&self) -> NonZeroUsize {
        self.request.jobs.unwrap_or_else(host::cores)
    }

    pub(super) fn pool(&self) -> Pool {
        Pool { jobs: self.jobs().get(), threads: self.request.threads.get() }
    }

    /// A job about a plan.
    pub(super) fn job(&self, plan: &Plan, task: Task) -> Job {
        Job {
            paper: plan.experiment.paper.clone(),
            routine: plan.experiment.routine.clone(),
            store: self.store.folder().to_owned(),
            data_dir: self.library.data_dir.clone(),
            task,
        }
    }
}

/// The papers of that slug, or all.
///
/// # Errors
/// An unknown slug.
pub fn select<'p>(papers: &'p [Paper], slug: Option<&str>) -> Result<Vec<&'p Paper>, LabError> {
    let Some(slug) = slug else { return Ok(papers.iter().collect()) };
    let found: Vec<&Paper> = papers.iter().filter(|paper| paper.slug == slug).collect();
    if found.is_empty() {
        let known = suggest(slug, "papers", papers.iter().map(|paper| paper.slug));
        return Err(LabError::Usage(format!("unknown paper `{slug}`; {known}")));
    }
    Ok(found)
}
