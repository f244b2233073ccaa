//! The command line: arguments, help, exit status. What a command does is in `commands`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mixup_paper::Paper;

use crate::commands::bench::{self, workload::Workload};
use crate::commands::new_paper::{self, Template};
use crate::commands::reproduce::Manner;
use crate::commands::{budget, check, data, list, parity, report, reproduce};
use crate::error::{LabError, Status};
use crate::files::experiment::Profile;
use crate::files::workspace::Workspace;
use crate::runs::devices;
use crate::runs::session::Request;
use crate::runs::worker;

/// Reproduces the experiments of the mixup family of papers and says which claims hold.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = EXAMPLES)]
struct Cli {
    /// Another workspace than the one around the current folder.
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask list                                      what there is, and what held last time
  cargo xtask reproduce c-mixup                         every experiment of a paper, minutes
  cargo xtask reproduce c-mixup --experiment airfoil    one of them
  cargo xtask reproduce all --profile smoke             everything, seconds
  cargo xtask reproduce all --log runs.jsonl            the long job, with a log that a dashboard can follow
  cargo xtask reproduce c-mixup --until-decided         more seeds, until its primary claims are decided
  cargo xtask check                                     do today's sources give the committed numbers?
  cargo xtask report --open                             the ledger and every paper as a site, seconds
  cargo xtask parity                                    the official implementations' golden vectors
  cargo xtask data get airfoil                          fetch a data set
  cargo xtask bench --peer python3                      training steps against PyTorch's
  cargo xtask new-paper my-paper                        start a paper

Exit status: 0 fine (a claim that does not hold is a finding, not a failure), 1 a regression, a miss or
a failed run, 2 wrong input or environment, 130 interrupted (the same command again goes on).";

#[derive(Debug, Subcommand)]
enum Command {
    /// Papers, experiments, claims with their last verdicts, and whether the data are at hand.
    List {
        /// Only this paper.
        paper: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Run a paper's experiments and judge its claims. Finished runs are kept: a second call goes on.
    #[command(after_help = REPRODUCE)]
    Reproduce(Reproduce),
    /// Run again and compare with the committed results; nothing is written there.
    #[command(after_help = CHECK)]
    Check(Check),
    /// What is committed as a site that needs no server, and as results/README.md; nothing is run.
    #[command(after_help = REPORT)]
    Report {
        /// Show it in a browser.
        #[arg(long)]
        open: bool,
        /// Where the site goes; .mixup-lab/site where absent. Files of other names in there stay.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Golden vectors of official implementations: one line per op.
    Parity {
        /// Folders of cases or single files; all papers' own where none is given.
        #[arg(value_name = "DIR")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Data sets: where they come from, fetch them, check them.
    Data {
        #[command(subcommand)]
        command: Data,
    },
    /// A new paper's crate: compiles, trains on real data, passes its tests.
    NewPaper {
        /// Name of the folder and the crate: lower-case letters, digits and single dashes.
        slug: String,
        /// What kind of experiments it has.
        #[arg(long, value_enum, default_value_t = Template::Classification)]
        routine: Template,
    },
    /// How fast training is on this machine: against its matrix products and, with a peer, PyTorch.
    Bench(Bench),
    /// Execute one run that standard input asks for.
    #[command(hide = true)]
    Worker,
    /// Try a device.
    #[command(hide = true)]
    OpenDevice {
        /// Its name.
        name: String,
    },
    /// Take the bench's steps that standard input asks for.
    #[command(hide = true)]
    BenchWorker,
}

const REPRODUCE: &str = "\
Profiles: smoke (seconds, what CI runs), desk (the default, minutes on two cores), paper (the paper's own
setting). Only the desk profile writes the report of results/<paper>/; smoke and paper write JSON below it.
With --seeds, --device or --threads, outcomes go to .mixup-lab/outcomes/ and results/ stays as it is.

An experiment whose file gives a range of seeds (`seeds: {at_least: 10, at_most: 60}`) runs as many as its outcome
in results/ has, and at first at_least. With --until-decided, experiments that an open primary claim reads get
more, round by round; after each round the claims are judged and the outcomes written, so that a later call, with a
larger budget say, goes on from there. Papers share a budget.

Examples:
  cargo xtask reproduce c-mixup                                   what is committed, on this machine
  cargo xtask reproduce c-mixup --until-decided --dry-run         what is open, and what it may cost
  cargo xtask reproduce c-mixup --until-decided --budget 2h       decide what two hours can decide
  cargo xtask reproduce c-mixup --experiment airfoil --seeds 40   as many as you say, for you alone";

const REPORT: &str = "\
The front page is the ledger, a row per claim with its effect, interval and verdict; each paper has a page with its idea,
tables beside published numbers, pictures, the method's code and the raw records of every run. Standard output is the path
of the front page.

Examples:
  cargo xtask report --open              look at it
  cargo xtask report --out /tmp/site     a folder to put on any web server";

const CHECK: &str = "\
Finished runs are kept, so a second check executes what changed. With --replay nothing is trained to its end: the
losses of the first steps show a change of data, draws, weights, loss or optimiser, not one of a schedule's end, of
the selection of an epoch or of a metric.

Examples:
  cargo xtask check --profile smoke            what CI runs: every experiment in little, seconds
  cargo xtask check c-mixup                    the committed desk outcomes of a paper, as long as they took
  cargo xtask check --replay                   the first steps of every committed run, minutes

Exit status: 0 fine (the last line says what was not checked, for want of data say), 1 a regression or a failed run,
2 nothing could be compared, or wrong input or environment.";

#[derive(Debug, Args)]
struct Reproduce {
    /// A paper, or `all`.
    paper: String,
    /// Only this experiment.
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// How large.
    #[arg(long, value_enum, default_value_t = Profile::Desk)]
    profile: Profile,
    /// Another number of seeds than the experiment's.
    #[arg(long, value_name = "N")]
    seeds: Option<NonZeroU32>,
    /// Where tensors live: flex (CPU); wgpu or cuda:0 where compiled in.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Where outcomes go instead of results/.
    #[arg(long, value_name = "DIR", hide = true)]
    results: Option<PathBuf>,
    /// Write what happens as JSON lines, for dashboards; a file that is there is continued. ARCHITECTURE.md has the
    /// fields.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Add seeds in rounds until every primary claim is decided, as far as the experiments' `at_most` allows.
    #[arg(long)]
    until_decided: bool,
    /// Wall time that --until-decided may take, for example 90m or 2h; as long as it takes where absent.
    #[arg(long, value_name = "TIME", requires = "until_decided", value_parser = budget::parse)]
    budget: Option<Duration>,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Check {
    /// A paper; all where absent.
    paper: Option<String>,
    /// How large.
    #[arg(long, value_enum, default_value_t = Profile::Desk)]
    profile: Profile,
    /// Train only the first steps of every committed run and compare their losses: minutes for all papers.
    #[arg(long)]
    replay: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Bench {
    /// Training steps to take; all where absent.
    #[arg(value_enum)]
    workloads: Vec<Workload>,
    /// Threads, one measurement each.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values = ["1", "2"])]
    threads: Vec<NonZeroUsize>,
    /// Rounds, each some steps of ours and of the peer's.
    #[arg(long, value_name = "N", default_value = "5")]
    rounds: NonZeroUsize,
    /// A python with torch: takes the same steps, turn and turn about with ours.
    #[arg(long, value_name = "PYTHON")]
    peer: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
struct Execution {
    /// Runs at a time; all cores where absent. The numbers do not depend on it.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Threads of each run; the numbers may depend on it.
    #[arg(long, value_name = "N", hide = true, default_value = "1")]
    threads: NonZeroUsize,
    /// Where data sets are, as DIR/<name>/<file>; MIXUP_DATA_DIR where absent.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Run again what is finished.
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, Args)]
struct Output {
    /// json: standard output is one JSON document, everything else goes to standard error.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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

/// Carries out the command line of this process.
pub fn main(papers: &[Paper]) -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Command::Worker => return worker::main(papers),
        Command::BenchWorker => return bench::worker::main(),
        Command::OpenDevice { name } => return devices::open(name),
        _ => {}
    }
    match carry_out(cli, papers) {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Failed) => ExitCode::from(1),
        Ok(Status::Refused) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error}");
            let interrupted = matches!(error, LabError::Interrupted { .. } | LabError::ReplayInterrupted);
            ExitCode::from(if interrupted { 130 } else { 2 })
        }
    }
}

fn carry_out(cli: Cli, papers: &[Paper]) -> Result<Status, LabError> {
    let workspace = match &cli.root {
        Some(root) => Workspace::open(root)?,
        None => Workspace::find()?,
    };
    match cli.command {
        Command::List { paper, output } => list::run(&workspace, papers, paper.as_deref(), output.format),
        Command::Reproduce(args) => {
            let Reproduce { dry_run, until_decided, budget, .. } = args;
            let (manner, format) = (Manner { dry_run, until_decided, budget }, args.output.format);
            reproduce::run(&workspace, papers, args.into(), manner, format)
        }
        Command::Check(args) => {
            let (replay, format) = (args.replay, args.output.format);
            check::run(&workspace, papers, args.into(), replay, format)
        }
        Command::Report { open, out } => report::run(&workspace, papers, out, open),
        Command::Parity { paths, output } => parity::run(&workspace, papers, paths, output.format),
        Command::Data { command } => data::run(command),
        Command::NewPaper { slug, routine } => new_paper::run(&workspace, &slug, routine),
        Command::Bench(args) => {
            let Bench { workloads, threads, rounds, peer, output } = args;
            bench::run(&bench::Request { workloads, threads, rounds, peer }, output.format)
        }
        Command::Worker | Command::BenchWorker | Command::OpenDevice { .. } => Ok(Status::Fine),
    }
}

impl From<Reproduce> for Request {
    fn from(args: Reproduce) -> Self {
        Self {
            paper: Some(args.paper).filter(|paper| paper != "all"),
            experiment: args.experiment,
            profile: args.profile,
            seeds: args.seeds,
            device: args.device,
            jobs: args.execution.jobs,
            threads: args.execution.threads,
            data_dir: args.execution.data_dir,
            fresh: args.execution.fresh,
            results: args.results,
            log: args.log,
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
            device: "flex".to_owned(),
            jobs: args.execution.jobs,
            threads: args.execution.threads,
            data_dir: args.execution.data_dir,
            fresh: args.execution.fresh,
            results: None,
            log: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Cli::command().debug_assert();
    }
}
