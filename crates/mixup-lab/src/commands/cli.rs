//! The command line: arguments, help, exit status. What a command does is in `commands`.

mod args;
mod help;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mixup_paper::Paper;

use crate::commands::bench;
use crate::commands::new_paper::{self, Template};
use crate::commands::reproduce::Manner;
use crate::commands::sweep;
use crate::commands::{check, data, list, parity, report, reproduce};
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::runs::devices;
use crate::runs::sweep as sweeps;
use crate::runs::worker;
use args::{Bench, Check, Output, Reproduce, Submit, Sweep};
pub(crate) use args::{Data, DataPlace, Format};
use help::{CHECK, EXAMPLES, REPORT, REPRODUCE, SWEEP};

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
    /// The missing runs of a paper on a cluster, by Slurm or GNU parallel.
    #[command(after_help = SWEEP)]
    Sweep {
        #[command(subcommand)]
        command: Sweep,
    },
    /// What --device can name in this binary, and whether it opens on this machine.
    Devices,
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
    /// Carry out one job of a sweep.
    #[command(hide = true)]
    SweepJob {
        /// The sweep's folder.
        folder: PathBuf,
        /// Number of the job.
        number: usize,
    },
    /// Take the bench's steps that standard input asks for.
    #[command(hide = true)]
    BenchWorker {
        /// Where its tensors live.
        device: String,
    },
}

/// Carries out the command line of this process.
pub fn main(papers: &[Paper]) -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Command::Worker => return worker::main(papers),
        Command::BenchWorker { device } => return bench::worker::main(device),
        Command::OpenDevice { name } => return devices::open(name),
        Command::SweepJob { folder, number } => return sweeps::carry_out(folder, *number),
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
            if let Some(request) = args.runs() {
                return bench::profile::run(&workspace, papers, request, args.output.format);
            }
            let Bench { workloads, threads, rounds, peer, against, device, output, .. } = args;
            let request = bench::Request { workloads, threads, rounds, peer, against, device };
            bench::run(workspace.root(), &request, output.format)
        }
        Command::Devices => devices::list(),
        Command::Sweep { command: Sweep::Status { output } } => sweep::status(&workspace, output.format),
        Command::Sweep { command: Sweep::Submit(args) } => {
            let Submit { on: backend, options, hosts, dry_run, .. } = args.clone();
            let manner = sweep::Manner { backend, options, hosts, dry_run };
            sweep::submit(&workspace, papers, args.into(), &manner)
        }
        Command::Worker
        | Command::BenchWorker { .. }
        | Command::OpenDevice { .. }
        | Command::SweepJob { .. } => Ok(Status::Fine),
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
