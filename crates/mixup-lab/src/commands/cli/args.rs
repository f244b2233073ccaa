//! The arguments of the commands.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::commands::bench::workload::Workload;
use crate::commands::budget;
use crate::commands::sweep::Backend;
use crate::files::experiment::Profile;
use crate::runs::session::Request;

/// Which runs.
#[derive(Debug, Clone, Args)]
pub(super) struct Asked {
    /// A paper, or `all`.
    pub(super) paper: String,
    /// Only this experiment.
    #[arg(long, value_name = "NAME")]
    pub(super) experiment: Option<String>,
    /// How large.
    #[arg(long, value_enum, default_value_t = Profile::Desk)]
    pub(super) profile: Profile,
    /// Another number of seeds than the experiment's.
    #[arg(long, value_name = "N")]
    pub(super) seeds: Option<NonZeroU32>,
    /// Where tensors live: flex (CPU); wgpu or cuda:0 where compiled in.
    #[arg(long, default_value = "flex")]
    pub(super) device: String,
}

#[derive(Debug, Args)]
pub(super) struct Reproduce {
    #[command(flatten)]
    pub(super) asked: Asked,
    /// Where outcomes go instead of results/.
    #[arg(long, value_name = "DIR", hide = true)]
    pub(super) results: Option<PathBuf>,
    /// Write what happens as JSON lines, for dashboards; a file that is there is continued. ARCHITECTURE.md has the
    /// fields.
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,
    /// Add seeds in rounds until every primary claim is decided, as far as the experiments' `at_most` allows.
    #[arg(long)]
    pub(super) until_decided: bool,
    /// Wall time that --until-decided may take, for example 90m or 2h; as long as it takes where absent.
    #[arg(long, value_name = "TIME", requires = "until_decided", value_parser = budget::parse)]
    pub(super) budget: Option<Duration>,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) execution: Execution,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Subcommand)]
pub(super) enum Sweep {
    /// Submit what the store lacks; what is under way already is not submitted again.
    Submit(Submit),
    /// How every sweep stands: done, running, waiting, failed.
    Status {
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct Submit {
    #[command(flatten)]
    pub(super) asked: Asked,
    /// Who carries out the jobs.
    #[arg(long, value_enum)]
    pub(super) on: Backend,
    /// An option for sbatch or parallel, as often as need be: --option=--partition=gpu.
    #[arg(long = "option", value_name = "OPTION", allow_hyphen_values = true)]
    pub(super) options: Vec<String>,
    /// A machine for GNU parallel, as `ssh` knows it, as often as need be.
    #[arg(long = "host", value_name = "HOST")]
    pub(super) hosts: Vec<String>,
    /// Say what would be submitted, and submit nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Jobs at a time of GNU parallel, on each machine; all cores of this one where absent.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Where data sets are, as DIR/<name>/<file>; MIXUP_DATA_DIR where absent.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A paper; all where absent.
    pub(super) paper: Option<String>,
    /// How large.
    #[arg(long, value_enum, default_value_t = Profile::Desk)]
    pub(super) profile: Profile,
    /// Train only the first steps of every committed run and compare their losses: minutes for all papers.
    #[arg(long)]
    pub(super) replay: bool,
    /// Where tensors live: does wgpu or cuda:0 give the numbers that the CPU gave?
    #[arg(long, default_value = "flex")]
    pub(super) device: String,
    #[command(flatten)]
    pub(super) execution: Execution,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Bench {
    /// Training steps to take; all where absent.
    #[arg(value_enum)]
    pub(super) workloads: Vec<Workload>,
    /// Threads, one measurement each.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values = ["1", "2"])]
    pub(super) threads: Vec<NonZeroUsize>,
    /// Rounds, each some steps of ours and of the peer's.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(super) rounds: NonZeroUsize,
    /// A python with torch: takes the same steps in each way that it has (channels last, compiled, ...), turn and turn about
    /// with ours.
    #[arg(long, value_name = "PYTHON")]
    pub(super) peer: Option<PathBuf>,
    /// A report that `--format json` wrote: says what got slower since, and exits with 1 if anything did.
    #[arg(long, value_name = "FILE")]
    pub(super) against: Option<PathBuf>,
    /// Instead of steps: the runs of an experiment, and in what part of each the time goes. Nothing is kept of them.
    #[arg(long, value_name = "PAPER/EXPERIMENT", conflicts_with_all = ["workloads", "rounds", "peer", "against"], value_parser = one_experiment)]
    pub(super) run: Option<OneExperiment>,
    /// How large the runs of --run are.
    #[arg(long, value_enum, default_value_t = Profile::Desk, requires = "run")]
    pub(super) profile: Profile,
    /// Seeds of --run; those of its file where absent.
    #[arg(long, value_name = "N", requires = "run")]
    pub(super) seeds: Option<NonZeroU32>,
    /// Where tensors live: flex (CPU); wgpu or cuda:0 where compiled in.
    #[arg(long, default_value = "flex")]
    pub(super) device: String,
    /// Where data sets are, as DIR/<name>/<file>; MIXUP_DATA_DIR where absent.
    #[arg(long, value_name = "DIR", requires = "run")]
    pub(super) data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// `PAPER/EXPERIMENT`.
#[derive(Debug, Clone)]
pub(super) struct OneExperiment {
    paper: String,
    experiment: String,
}

fn one_experiment(text: &str) -> Result<OneExperiment, String> {
    let (paper, experiment) = text.split_once('/').ok_or("PAPER/EXPERIMENT, for example c-mixup/airfoil")?;
    Ok(OneExperiment { paper: paper.to_owned(), experiment: experiment.to_owned() })
}

#[derive(Debug, Args)]
pub(super) struct Execution {
    /// Runs at a time; all cores where absent. The numbers do not depend on it.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Threads of each run; the numbers may depend on it.
    #[arg(long, value_name = "N", hide = true, default_value = "1")]
    pub(super) threads: NonZeroUsize,
    /// Where data sets are, as DIR/<name>/<file>; MIXUP_DATA_DIR where absent.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Run again what is finished.
    #[arg(long)]
    pub(super) fresh: bool,
}

#[derive(Debug, Args)]
pub(super) struct Output {
    /// json: standard output is one JSON document, everything else goes to standard error.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A person.
    Text,
    /// A program.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Every data set: what it is, its licence, whether it is at hand.
    List {
        #[command(flatten)]
        place: DataPlace,
    },
    /// Fetch a data set into the cache, unless it is at hand.
    Get {
        /// Name of the data set.
        name: String,
        #[command(flatten)]
        place: DataPlace,
    },
    /// Check the checksums of a data set, or of all that are at hand.
    Verify {
        /// Name of the data set.
        name: Option<String>,
        #[command(flatten)]
        place: DataPlace,
    },
}

/// Where data sets may be.
#[derive(Debug, Args)]
pub(crate) struct DataPlace {
    /// Where data sets are, as DIR/<name>/<file>; MIXUP_DATA_DIR where absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl From<Reproduce> for Request {
    fn from(args: Reproduce) -> Self {
        Self {
            paper: Some(args.asked.paper).filter(|paper| paper != "all"),
            experiment: args.asked.experiment,
            profile: args.asked.profile,
            seeds: args.asked.seeds,
            device: args.asked.device,
            jobs: args.execution.jobs,
            threads: args.execution.threads,
            data_dir: args.execution.data_dir,
            fresh: args.execution.fresh,
            results: args.results,
            log: args.log,
        }
    }
}

impl Bench {
    /// The runs of `--run`, one at a time and all of them anew.
    pub(super) fn runs(&self) -> Option<Request> {
        let OneExperiment { paper, experiment } = self.run.clone()?;
        Some(Request {
            paper: Some(paper),
            experiment: Some(experiment),
            profile: self.profile,
            seeds: self.seeds,
            device: self.device.clone(),
            jobs: Some(NonZeroUsize::MIN),
            threads: self.threads.first().copied().unwrap_or(NonZeroUsize::MIN),
            data_dir: self.data_dir.clone(),
            fresh: true,
            results: None,
            log: None,
        })
    }
}

impl From<Submit> for Request {
    fn from(args: Submit) -> Self {
        Self {
            paper: Some(args.asked.paper).filter(|paper| paper != "all"),
            experiment: args.asked.experiment,
            profile: args.asked.profile,
            seeds: args.asked.seeds,
            device: args.asked.device,
            jobs: args.jobs,
            threads: NonZeroUsize::MIN,
            data_dir: args.data_dir,
            fresh: false,
            results: None,
            log: None,
        }
    }
}

impl From<Check> for Request {
    fn from(args: Check) -> Self {
        Self {
            paper: args.paper.filter(|paper| paper != "all"),
            experiment: None,
            profile: args.profile,
            seeds: None,
            device: args.device,
            jobs: args.execution.jobs,
            threads: args.execution.threads,
            data_dir: args.execution.data_dir,
            fresh: args.execution.fresh,
            results: None,
            log: None,
        }
    }
}
