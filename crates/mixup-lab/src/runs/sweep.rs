//! Sweeps: the missing runs of a paper as jobs of a batch system.
//!
//! The run store stays the only truth. A sweep is a folder with a list of jobs and the binary that made the list; a
//! batch system is told to carry out job 0, 1, 2 ... of it, and asked which of them it still has. A job that is carried
//! out twice finds its record the second time. What is cut off goes on from its checkpoint.
//!
//! ```text
//! .mixup-lab/sweeps/<id>/jobs.json       stages first, then runs; <id> is a hash of it
//! .mixup-lab/sweeps/<id>/mixup-lab       the binary, so that a later build changes nothing that waits
//! .mixup-lab/sweeps/<id>/submitted.json  what the batch system calls the jobs
//! .mixup-lab/sweeps/<id>/logs/           what each job wrote
//! .mixup-lab/sweeps/<id>/failed/<n>      why job n failed last, if it did
//! ```

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::error::LabError;
use crate::files::atomic;
use crate::runs::executor::{run_places, stage_places};
use crate::runs::interrupt;
use crate::runs::job::{Job, RunTask, Task};
use crate::runs::pool::{Ended, Notice, Pool};
use crate::runs::session::{PaperPlan, Session};
use crate::runs::store::{Found, Store};

/// The jobs of a sweep, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    /// Stages and runs; a run comes after the stages that it needs.
    pub jobs: Vec<Job>,
    /// How many of them, from the first on, are stages.
    pub stages: usize,
    /// Threads of each.
    pub threads: usize,
}

/// What is to be done for a paper, and why something cannot be.
#[derive(Debug, Clone)]
pub struct ToDo {
    /// The jobs.
    pub jobs: Jobs,
    /// Experiments that are left out, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// The folder of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    folder: PathBuf,
}

/// Jobs of a sweep as a batch system has them: `count` of them from job `first` on, numbered from 0 there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Array {
    /// The batch system's own name for it.
    pub id: String,
    /// The first job.
    pub first: usize,
    /// How many.
    pub count: usize,
}

impl Session<'_> {
    /// Everything of a paper that the store lacks. Data are got, and what the code does is looked at, as before any run.
    ///
    /// # Errors
    /// A store that cannot be written to, and Ctrl-C.
    pub fn to_do(&self, paper: &PaperPlan) -> Result<ToDo, LabError> {
        self.store.check_writable()?;
        let mut experiments = self.prepare_all(paper);
        let executor = self.executor(paper);
        let identities = self.find_kept(&mut experiments, &executor)?;
        let (stages, runs) = (stage_places(&experiments), run_places(&experiments));
        let mut jobs = executor.jobs(&experiments, &stages, &identities, |place| {
            (&experiments[place.experiment].plan.stages[place.at], true)
        });
        jobs.extend(executor.jobs(&experiments, &runs, &identities, |place| {
            (&experiments[place.experiment].plan.runs[place.at], false)
        }));
        let mut left_out = Vec::new();
        for known in experiments {
            let name = known.plan.experiment.experiment.clone();
            match (&known.data, known.failures.first()) {
                (Err(error), _) => left_out.push((name, error.to_string())),
                (Ok(()), Some((_, failure))) => left_out.push((name, failure.message.clone())),
                (Ok(()), None) => {}
            }
        }
        let threads = self.request.threads.get();
        Ok(ToDo { jobs: Jobs { jobs, stages: stages.len(), threads }, left_out })
    }
}

impl Jobs {
    /// Only the jobs that are not under way elsewhere, by the keys of their runs.
    #[must_use]
    pub fn without(mut self, under_way: &[String]) -> Self {
        let waits = |job: &Job| run_of(job).is_some_and(|run| under_way.contains(&run.key));
        self.stages -= self.jobs[..self.stages].iter().filter(|job| waits(job)).count();
        self.jobs.retain(|job| !waits(job));
        self
    }

    /// Ranges of jobs of one kind, each at most `most` long: stages, then runs.
    pub fn arrays(&self, most: usize) -> Vec<(usize, usize)> {
        let cut = |from: usize, to: usize| {
            (from..to).step_by(most.max(1)).map(move |first| (first, (to - first).min(most.max(1))))
        };
        cut(0, self.stages).chain(cut(self.stages, self.jobs.len())).collect()
    }

    /// Twelve letters that other jobs do not have.
    fn id(&self) -> Result<String, LabError> {
        let json = serde_json::to_vec(self).map_err(|error| LabError::Usage(error.to_string()))?;
        Ok(hex::encode(&Sha256::digest(json)[..6]))
    }
}

/// The run that a job executes.
pub fn run_of(job: &Job) -> Option<&RunTask> {
    match &job.task {
        Task::Run(run) => Some(run),
        Task::Identify { .. } | Task::Replay { .. } | Task::Measure(_) => None,
    }
}

impl Sweep {
    /// A folder for these jobs below `.mixup-lab/`, with a copy of the binary that runs.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn make(state: &Path, jobs: &Jobs) -> Result<Self, LabError> {
        let state = std::path::absolute(state).map_err(LabError::io("cannot be found", state))?;
        let sweep = Self { folder: state.join("sweeps").join(jobs.id()?) };
        for part in ["logs", "failed"] {
            let folder = sweep.folder.join(part);
            fs::create_dir_all(&folder).map_err(LabError::io("cannot be made", &folder))?;
        }
        sweep.write("jobs.json", jobs)?;
        let copy = sweep.binary();
        copy_binary(&copy).map_err(LabError::io("cannot be written", &copy))?;
        Ok(sweep)
    }

    /// Every sweep below `.mixup-lab/`, by name.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn all(state: &Path) -> Result<Vec<Self>, LabError> {
        let folder = state.join("sweeps");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LabError::io("cannot be read", &folder)(error)),
        };
        let mut sweeps: Vec<Self> = entries
            .flatten()
            .filter(|entry| entry.path().join("jobs.json").is_file())
            .map(|entry| Self { folder: entry.path() })
            .collect();
        sweeps.sort_by(|one, other| one.folder.cmp(&other.folder));
        Ok(sweeps)
    }

    /// Its name.
    pub fn id(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The binary that carries out its jobs.
    pub fn binary(&self) -> PathBuf {
        self.folder.join("mixup-lab")
    }

    /// Where its jobs write what they have to say.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Its jobs.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no list of jobs.
    pub fn jobs(&self) -> Result<Jobs, LabError> {
        self.read("jobs.json")
    }

    /// Puts down what the batch system calls its jobs.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn submitted(&self, arrays: &[Array]) -> Result<(), LabError> {
        self.write("submitted.json", &arrays)
    }

    /// What the batch system calls its jobs; nothing where it was not told, or needs no names.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn arrays(&self) -> Result<Vec<Array>, LabError> {
        if self.folder.join("submitted.json").is_file() {
            self.read("submitted.json")
        } else {
            Ok(Vec::new())
        }
    }

    /// Removes a sweep of which no batch system has a job.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn forget_unsubmitted(&self) -> Result<(), LabError> {
        if !self.arrays()?.is_empty() {
            return Ok(());
        }
        fs::remove_dir_all(&self.folder).map_err(LabError::io("cannot be removed", &self.folder))
    }

    /// Why a job failed last, if it did.
    pub fn failure(&self, number: usize) -> Option<String> {
        fs::read_to_string(self.failed(number)).ok()
    }

    fn failed(&self, number: usize) -> PathBuf {
        self.folder.join("failed").join(number.to_string())
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), LabError> {
        let file = self.folder.join(name);
        let json = serde_json::to_vec_pretty(value).map_err(io::Error::other);
        json.and_then(|json| atomic::write(&file, &json)).map_err(LabError::io("cannot be written", &file))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, LabError> {
        let file = self.folder.join(name);
        let json = fs::read(&file).map_err(LabError::io("cannot be read", &file))?;
        serde_json::from_slice(&json).map_err(|error| LabError::Usage(format!("{}: {error}", file.display())))
    }
}

/// This binary. Whoever executes the same copy of an earlier `submit` goes on with theirs.
fn copy_binary(copy: &Path) -> io::Result<()> {
    let own = std::env::current_exe()?;
    atomic::write(copy, &fs::read(&own)?)?;
    fs::set_permissions(copy, fs::metadata(&own)?.permissions())
}

/// Whether the store has what a job makes.
pub fn is_done(job: &Job) -> bool {
    let Some(run) = run_of(job) else { return false };
    let store = Store::new(&job.store);
    let kept = matches!(store.find(&run.key), Found::Record(record) if record.identity == run.identity);
    kept && (!run.is_stage || store.weights(&run.key).is_file())
}

/// Carries out one job in a worker of its own, as a batch system asks for it; what it says goes to the job's log. A
/// signal to stop ends the worker, and the job asked for again goes on from its checkpoint.
pub fn carry_out(folder: &Path, number: usize) -> ExitCode {
    let sweep = Sweep { folder: folder.to_owned() };
    let done = sweep.jobs().and_then(|jobs| {
        let unknown = || LabError::Usage(format!("sweep {} has no job {number}", sweep.id()));
        let job = jobs.jobs.get(number).ok_or_else(unknown)?;
        Ok(execute(&sweep, number, job, jobs.threads))
    });
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn execute(sweep: &Sweep, number: usize, job: &Job, threads: usize) -> ExitCode {
    if let Some(RunTask { method, seed, key, .. }) = run_of(job) {
        eprintln!("job {number} of sweep {}: {}, {method}, seed {seed}, key {key}", sweep.id(), job.paper);
    }
    let mut failure = None;
    let ended = Pool { jobs: 1, threads }.execute(std::slice::from_ref(job), |_, notice| {
        match notice {
            Notice::Epoch { done, all } => eprintln!("epoch {done} of {all}"),
            Notice::Finished => eprintln!("the record is in the store"),
            Notice::Failed(failed) => failure = Some(failed),
            Notice::Started | Notice::Identified(..) | Notice::Replayed(..) => {}
        }
        ControlFlow::Continue(())
    });
    let note = sweep.failed(number);
    // A batch system signals all processes of a job: the worker's end is then no failure.
    match (ended, failure.filter(|_| !interrupt::requested())) {
        (_, Some(failure)) => {
            failure.tail.iter().for_each(|line| eprintln!("    {line}"));
            eprintln!("failed: {}", failure.message);
            if let Err(error) = fs::write(&note, &failure.message) {
                eprintln!("warning: {}: cannot be written: {error}", note.display());
            }
            ExitCode::FAILURE
        }
        (Ended::All, None) if !interrupt::requested() => {
            // Of an earlier try.
            let _ = fs::remove_file(note);
            ExitCode::SUCCESS
        }
        (_, None) => {
            eprintln!("interrupted; the job asked for again goes on from its checkpoint");
            ExitCode::from(130)
        }
    }
}
