//! The command line. What a command does is in [`crate::commands`].

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::{self, Format};
use crate::error::{LabError, Status};
use crate::experiment::Profile;
use crate::registry::PaperEntry;
use crate::session::Options;
use crate::workspace::Workspace;
use crate::{host, pool, worker};

/// Re-implements the papers of the mixup family and reproduces their headline experiments.
///
/// Exit status: 0 fine (a contradicted claim is a finding, not a failure), 1 a regression, a miss or
/// a failed run, 2 the input or the environment is wrong.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Cli {
    /// Root of the workspace.
    #[arg(long, global = true, hide = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask list                                    what there is, and the last verdicts
  cargo xtask reproduce c-mixup                       all experiments of a paper; a second call is instant
  cargo xtask reproduce c-mixup --experiment airfoil  one experiment
  cargo xtask reproduce all --profile smoke           everything in seconds, as CI does it
  cargo xtask check --profile smoke                   have the numbers moved?
  MIXUP_DATA_DIR=~/data cargo xtask data verify       data sets in DIR/<name>/<file>";

#[derive(Debug, Subcommand)]
enum Command {
    /// Papers, experiments, claims with their last verdicts, and whether the data is at hand.
    List {
        #[command(flatten)]
        data: DataDir,
        #[command(flatten)]
        output: Output,
    },
    /// Run what is missing of a paper's experiments, print tables and verdicts, write results/.
    ///
    /// Finished runs are kept and reused as long as spec, data and sources stay the same; Ctrl-C
    /// loses at most the runs under way, and long ones go on from their last checkpoint.
    Reproduce {
        /// Slug of a paper, or `all`.
        paper: String,
        #[command(flatten)]
        runs: Runs,
        /// Show the plan and its cost; run nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Run again and compare with the committed outcome; exit status 1 on a regression.
    Check {
        /// Slug of a paper; all where absent.
        #[arg(default_value = "all")]
        paper: String,
        #[command(flatten)]
        runs: Runs,
        #[command(flatten)]
        output: Output,
    },
    /// Golden vectors of official implementations against our ops; exit status 1 on a miss.
    Parity {
        /// Folders of *.json (or files); the papers' own where absent.
        folders: Vec<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Data sets: where they come from, and their checksums.
    #[command(subcommand)]
    Data(Data),
    /// A compiling skeleton of a paper crate in the style of the others.
    NewPaper {
        /// Slug: lower-case letters, digits and single hyphens.
        slug: String,
    },
    /// One run; reads a job from standard input.
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Subcommand)]
enum Data {
    /// All data sets and whether they are at hand.
    List {
        #[command(flatten)]
        data: DataDir,
    },
    /// Get a data set, from the network where it must.
    Get {
        /// Name in the catalogue.
        name: String,
        #[command(flatten)]
        data: DataDir,
    },
    /// Check sums; of all sets that are at hand where no name is given.
    Verify {
        /// Name in the catalogue.
        name: Option<String>,
        #[command(flatten)]
        data: DataDir,
    },
}

#[derive(Debug, Args)]
struct DataDir {
    /// Where data sets are looked for first, as DIR/<name>/<file> [env: MIXUP_DATA_DIR].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Output {
    /// `json`: standard output is JSON only, the rest goes to standard error.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
struct Runs {
    /// Only this experiment.
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// How large: smoke (seconds), desk (minutes), paper (the paper's own setting).
    #[arg(long, value_enum, default_value_t = Profile::Desk)]
    profile: Profile,
    /// Another number of seeds; such outcomes are not written to results/.
    #[arg(long, value_name = "N")]
    seeds: Option<NonZeroU32>,
    /// Worker processes at once, one thread each; one per core where absent.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Device: flex (CPU), and wgpu or cuda:0 where compiled in.
    #[arg(long, default_value = "flex", value_name = "NAME")]
    device: String,
    #[command(flatten)]
    data: DataDir,
    /// Run again what is finished.
    #[arg(long)]
    fresh: bool,
}

impl Runs {
    fn options(self) -> Options {
        Options {
            experiment: self.experiment,
            profile: self.profile,
            seeds: self.seeds,
            jobs: self.jobs.map_or_else(host::cores, NonZeroUsize::get),
            device: self.device,
            data_dir: self.data.data_dir,
            fresh: self.fresh,
        }
    }
}

/// The command line of a binary that has these papers. Reads the process's arguments.
pub fn main(papers: &[PaperEntry]) -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Worker) {
        return worker::main(papers);
    }
    pool::watch_for_interrupts();
    match run(cli, papers) {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Failed) => ExitCode::from(1),
        Ok(Status::Refused) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if matches!(error, LabError::Interrupted { .. }) { 130 } else { 2 })
        }
    }
}

fn run(cli: Cli, papers: &[PaperEntry]) -> Result<Status, LabError> {
    let open = || Workspace::open(&cli.root.clone().unwrap_or_else(Workspace::compiled_in));
    match cli.command {
        Command::List { data, output } => {
            commands::list::list(&open()?, papers, data.data_dir, output.format)
        }
        Command::Reproduce { paper, runs, dry_run, output } => {
            let request = commands::reproduce::Request {
                slug: &paper,
                options: runs.options(),
                dry_run,
                format: output.format,
            };
            commands::reproduce::reproduce(&open()?, papers, &request)
        }
        Command::Check { paper, runs, output } => {
            commands::check::check_papers(&open()?, papers, &paper, &runs.options(), output.format)
        }
        Command::Parity { folders, output } => {
            commands::parity::parity(&open()?, papers, &folders, output.format)
        }
        Command::Data(Data::List { data }) => Ok(commands::data::list(data.data_dir)),
        Command::Data(Data::Get { name, data }) => commands::data::get(data.data_dir, &name),
        Command::Data(Data::Verify { name, data }) => commands::data::verify(data.data_dir, name.as_deref()),
        Command::NewPaper { slug } => commands::new_paper::new_paper(&open()?, &slug),
        Command::Worker => Ok(Status::Fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
