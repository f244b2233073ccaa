//! `sweep`: the missing runs of a paper on a cluster, by a batch system that is there already.

mod parallel;
mod slurm;

use std::path::Path;

use clap::ValueEnum;
use comfy_table::{Table, presets};
use mixup_paper::Paper;
use serde::Serialize;

use super::seeds;
use super::{print, print_json};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::runs::session::{Request, Session};
use crate::runs::sweep::{Jobs, Sweep, is_done, run_of};

/// Who carries out the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// Slurm's job arrays.
    Slurm,
    /// GNU parallel, here or over ssh.
    Parallel,
}

/// How jobs are submitted.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// To whom.
    pub(crate) backend: Backend,
    /// Further options for the batch system.
    pub(crate) options: Vec<String>,
    /// Machines that GNU parallel may use.
    pub(crate) hosts: Vec<String>,
    /// Say what would be submitted, and submit nothing.
    pub(crate) dry_run: bool,
}

/// Carries out `sweep submit`.
pub(crate) fn submit(
    workspace: &Workspace,
    papers: &[Paper],
    request: Request,
    manner: &Manner,
) -> Result<Status, LabError> {
    if manner.backend == Backend::Slurm && !manner.hosts.is_empty() {
        return Err(LabError::Usage(
            "--host is for `--on parallel`; Slurm knows its nodes, and takes `--option=--nodelist=...`"
                .into(),
        ));
    }
    let session = Session::new(workspace, request)?;
    let mut status = Status::Fine;
    // Keys name their paper: what is submitted for one is not under way for another.
    let under_way = slurm::under_way(workspace)?;
    for paper in seeds::plan(&session, papers)? {
        let slug = paper.slug;
        let to_do = session.to_do(&paper)?;
        for (experiment, why) in &to_do.left_out {
            eprintln!("left out: {slug} {experiment}: {why}");
            status = status.and(Status::Refused);
        }
        let all = to_do.jobs.jobs.len();
        let jobs = to_do.jobs.without(&under_way.keys);
        if jobs.jobs.len() < all {
            eprintln!("{slug}: {} jobs are under way already", all - jobs.jobs.len());
        }
        if jobs.jobs.is_empty() {
            eprintln!("{slug}: nothing to submit; `cargo xtask reproduce {slug}` takes what is there");
            continue;
        }
        status = status.and(hand_over(&session, slug, &jobs, &under_way, manner)?);
    }
    Ok(status)
}

fn hand_over(
    session: &Session<'_>,
    slug: &str,
    jobs: &Jobs,
    under_way: &slurm::UnderWay,
    manner: &Manner,
) -> Result<Status, LabError> {
    let amount = format!("{} stages and {} runs", jobs.stages, jobs.jobs.len() - jobs.stages);
    if manner.dry_run {
        print(&format!("{slug}: would submit {amount}"))?;
        return Ok(Status::Fine);
    }
    let sweep = Sweep::make(session.workspace.state(), jobs)?;
    eprintln!("{slug}: sweep {}, {amount}", sweep.id());
    match manner.backend {
        Backend::Slurm => {
            let arrays = slurm::submit(&sweep, jobs, &under_way.stages, &manner.options);
            let arrays = arrays.or_else(|error| sweep.forget_unsubmitted().and(Err(error)))?;
            let ids: Vec<&str> = arrays.iter().map(|array| array.id.as_str()).collect();
            print(&format!(
                "{slug}: submitted {amount} as Slurm's {}; `cargo xtask sweep status` says how they are, `cargo xtask \
                 reproduce {slug}` takes what is there",
                ids.join(", ")
            ))?;
            Ok(Status::Fine)
        }
        Backend::Parallel => {
            parallel::run(&sweep, jobs, session.jobs(), manner)?;
            let failed = jobs.jobs.iter().filter(|job| !is_done(job)).count();
            let done = jobs.jobs.len() - failed;
            let logs = sweep.logs();
            print(&format!("{slug}: {done} jobs done, {failed} failed; logs are in {}", logs.display()))?;
            Ok(if failed == 0 { Status::Fine } else { Status::Failed })
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// A sweep as `sweep status` shows it.
#[derive(Serialize)]
struct Standing {
    sweep: String,
    papers: Vec<String>,
    jobs: usize,
    done: usize,
    /// Slurm has them.
    running: usize,
    waiting: usize,
    failed: usize,
    /// Neither done nor failed, and nobody has them: cut off, or cancelled.
    lost: usize,
    logs: String,
    /// Of some jobs that failed.
    why: Vec<String>,
}

/// Failures that `sweep status` names of each sweep.
const NAMED: usize = 3;

/// Carries out `sweep status`.
pub(crate) fn status(workspace: &Workspace, format: Format) -> Result<Status, LabError> {
    let sweeps = Sweep::all(workspace.state())?;
    let standings: Vec<Standing> =
        sweeps.iter().map(|sweep| standing(workspace, sweep)).collect::<Result<_, _>>()?;
    if format == Format::Json {
        print_json(&standings)?;
        return Ok(Status::Fine);
    }
    if standings.is_empty() {
        print("no sweeps; `cargo xtask sweep submit SLUG --on slurm` makes one")?;
        return Ok(Status::Fine);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["sweep", "papers", "jobs", "done", "running", "waiting", "failed", "lost", "logs"]);
    for known in &standings {
        let counts = [known.jobs, known.done, known.running, known.waiting, known.failed, known.lost];
        let mut row = vec![known.sweep.clone(), known.papers.join(", ")];
        row.extend(counts.map(|count| count.to_string()));
        row.push(known.logs.clone());
        table.add_row(row);
    }
    let mut text = table.trim_fmt();
    for known in &standings {
        known.why.iter().for_each(|why| text += &format!("\n{}: {why}", known.sweep));
    }
    if standings.iter().any(|known| known.failed + known.lost > 0) {
        text += "\nThe same `sweep submit` again submits what failed or was lost.";
    }
    print(&text)?;
    Ok(Status::Fine)
}

fn standing(workspace: &Workspace, sweep: &Sweep) -> Result<Standing, LabError> {
    let jobs = sweep.jobs()?;
    let queue = slurm::states(&sweep.arrays()?)?;
    let mut papers: Vec<String> = jobs.jobs.iter().map(|job| job.paper.clone()).collect();
    papers.dedup();
    let mut standing = Standing {
        sweep: sweep.id(),
        papers,
        jobs: jobs.jobs.len(),
        done: 0,
        running: 0,
        waiting: 0,
        failed: 0,
        lost: 0,
        logs: workspace.shown(&sweep.logs()).to_string(),
        why: Vec::new(),
    };
    for (number, job) in jobs.jobs.iter().enumerate() {
        match (is_done(job), queue.get(&number), sweep.failure(number)) {
            (true, ..) => standing.done += 1,
            (false, Some(slurm::State::Running), _) => standing.running += 1,
            (false, Some(slurm::State::Waiting), _) => standing.waiting += 1,
            (false, None, Some(why)) => {
                standing.failed += 1;
                if standing.why.len() < NAMED {
                    let name = run_of(job)
                        .map_or_else(String::new, |run| format!("{}, seed {}", run.method, run.seed));
                    standing.why.push(format!("job {number} ({name}): {}", why.trim_end()));
                }
            }
            (false, None, None) => standing.lost += 1,
        }
    }
    Ok(standing)
}
