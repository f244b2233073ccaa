//! Slurm: an array of jobs for stages, one for the runs that wait for it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use super::quoted;
use crate::error::LabError;
use crate::files::atomic;
use crate::files::workspace::Workspace;
use crate::runs::sweep::{Array, Jobs, Sweep, run_of};

/// Slurm's default for MaxArraySize is 1001, and the last index is one less.
const LONGEST: usize = 1000;

/// How Slurm has a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Waiting,
}

/// Jobs of earlier sweeps that Slurm still has.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    /// Keys of their runs.
    pub(super) keys: Vec<String>,
    /// Arrays that hold stages.
    pub(super) stages: Vec<String>,
}

/// Submits all jobs: runs wait until every stage has ended, well or not, also those of `earlier` arrays. A run whose
/// stage failed says so and fails.
pub(super) fn submit(
    sweep: &Sweep,
    jobs: &Jobs,
    earlier: &[String],
    options: &[String],
) -> Result<Vec<Array>, LabError> {
    let script = script(sweep)?;
    let mut arrays: Vec<Array> = Vec::new();
    for (first, count) in jobs.arrays(LONGEST) {
        let mut sbatch = Command::new("sbatch");
        sbatch.args(["--parsable", "--requeue", "--job-name", &format!("mixup-{}", sweep.id())]);
        sbatch.arg(format!("--array=0-{}", count - 1));
        sbatch.arg(format!("--cpus-per-task={}", jobs.threads));
        sbatch.arg(format!("--output={}/%A_%a.log", sweep.logs().display())).arg("--open-mode=append");
        if first >= jobs.stages {
            let stages = arrays.iter().filter(|array| array.first < jobs.stages).map(|array| &array.id);
            let stages: Vec<&str> = earlier.iter().chain(stages).map(String::as_str).collect();
            if !stages.is_empty() {
                sbatch.arg(format!("--dependency=afterany:{}", stages.join(":")));
            }
        }
        sbatch.args(options).arg(&script).arg(first.to_string());
        let id = answer(sbatch)?;
        // `ID` or `ID;cluster`.
        let id = id.split(';').next().unwrap_or_default().trim().to_owned();
        arrays.push(Array { id, first, count });
        // After each, so that nothing is forgotten that Slurm has taken.
        sweep.submitted(&arrays)?;
    }
    Ok(arrays)
}

/// The script of every job; its argument is the number of the array's first job.
fn script(sweep: &Sweep) -> Result<PathBuf, LabError> {
    let file = sweep.folder().join("job.sh");
    let text = format!(
        "#!/bin/sh\n# Written by `cargo xtask sweep submit`: job $1 + array index of this sweep.\nexec {} sweep-job {} \"$(($1 + SLURM_ARRAY_TASK_ID))\"\n",
        quoted(&sweep.binary()),
        quoted(sweep.folder())
    );
    atomic::write(&file, text.as_bytes()).map_err(LabError::io("cannot be written", &file))?;
    Ok(file)
}

/// How Slurm has the jobs of some arrays, by their numbers; jobs that it no longer has are not there.
pub(super) fn states(arrays: &[Array]) -> Result<BTreeMap<usize, State>, LabError> {
    let mut states = BTreeMap::new();
    if arrays.is_empty() {
        return Ok(states);
    }
    let ids: Vec<&str> = arrays.iter().map(|array| array.id.as_str()).collect();
    let mut squeue = Command::new("squeue");
    squeue.args(["--noheader", "--array", "--format=%F %K %t", "--jobs", &ids.join(",")]);
    let output = squeue.output().map_err(|error| missing("squeue", &error))?;
    // An id that Slurm has forgotten, when it is the only one, is an error to squeue and none to us.
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let [id, index, state] = line.split_whitespace().collect::<Vec<_>>()[..]
            && let Some(array) = arrays.iter().find(|array| array.id == id)
            && let Ok(index) = index.parse::<usize>()
        {
            let running = ["R", "CG", "CF", "S"].contains(&state);
            states.insert(array.first + index, if running { State::Running } else { State::Waiting });
        }
    }
    Ok(states)
}

/// What Slurm still has of all sweeps.
pub(super) fn under_way(workspace: &Workspace) -> Result<UnderWay, LabError> {
    let mut under_way = UnderWay::default();
    for sweep in Sweep::all(workspace.state())? {
        let arrays = sweep.arrays()?;
        let states = states(&arrays)?;
        if states.is_empty() {
            continue;
        }
        let jobs = sweep.jobs()?;
        let keys = states.keys().filter_map(|number| jobs.jobs.get(*number)).filter_map(run_of);
        under_way.keys.extend(keys.map(|run| run.key.clone()));
        let has_stages = |array: &&Array| {
            let end = (array.first + array.count).min(jobs.stages);
            states.range(array.first.min(end)..end).next().is_some()
        };
        under_way.stages.extend(arrays.iter().filter(has_stages).map(|array| array.id.clone()));
    }
    Ok(under_way)
}

/// What a command of Slurm says on standard output.
fn answer(mut command: Command) -> Result<String, LabError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| missing(&name, &error))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(LabError::Usage(format!("{name} refused: {}", why.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn missing(name: &str, error: &io::Error) -> LabError {
    LabError::Usage(format!(
        "{name} cannot be started: {error}; sweeps by Slurm are submitted on a machine that has its commands"
    ))
}
