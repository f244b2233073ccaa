//! Jobs for the experiments of a paper: identities, then stages, then runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Instant;

use mixup_paper::same_predictions;

use crate::error::LabError;
use crate::outcomes::outcome::Provenance;
use crate::runs::autopsy;
use crate::runs::execute::Experiment;
use crate::runs::host;
use crate::runs::job::{FailureKind, Job, RunTask, Task};
use crate::runs::journal::{Entry, RunName};
use crate::runs::plan::{Plan, Planned};
use crate::runs::pool::{Ended, Failure, Notice};
use crate::runs::progress::Progress;
use crate::runs::session::Session;
use crate::runs::standing::Standing;

/// Executes jobs for experiments.
pub(super) struct Executor<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) sources: String,
    pub(super) commit: String,
}

impl Executor<'_> {
    /// What the code does in each group of runs of which a record is missing or was made by other sources.
    /// Records that it confirms are kept, others are missing from here on.
    pub(super) fn identify(
        &self,
        experiments: &mut [Experiment],
    ) -> Result<BTreeMap<String, String>, LabError> {
        let (mut jobs, mut places) = (Vec::new(), Vec::<(usize, Vec<String>)>::new());
        // An earlier round may have looked already.
        let mut identities = self.session.identities.borrow().clone();
        let mut seen: BTreeSet<String> = identities.keys().cloned().collect();
        for (at, experiment) in experiments.iter().enumerate().filter(|(_, known)| known.data.is_ok()) {
            let new = experiment.open().filter(|planned| seen.insert(planned.group.clone()));
            let (groups, specs): (Vec<_>, Vec<_>) =
                new.map(|planned| (planned.group.clone(), planned.group_spec.clone())).unzip();
            // One process for all rows of a table: what takes longest is to read its data.
            if !specs.is_empty() {
                jobs.push(self.session.job(&experiment.plan, Task::Identify { specs }));
                places.push((at, groups));
            }
        }
        let mut failures = Vec::new();
        let ended = self.session.pool().execute(&jobs, |job, notice| {
            let (at, groups) = &places[job];
            match notice {
                Notice::Identified(index, Ok(identity)) => {
                    identities.insert(groups[index].clone(), identity);
                }
                Notice::Identified(index, Err(failure)) => {
                    failures.push((*at, vec![groups[index].clone()], failure));
                }
                // A crash: of none of them is anything known.
                Notice::Failed(failure) => failures.push((*at, groups.clone(), failure)),
                Notice::Started | Notice::Epoch { .. } | Notice::Finished | Notice::Replayed(..) => {}
            }
            ControlFlow::Continue(())
        });
        let open = experiments.iter().map(|known| known.open().count()).sum();
        self.unless_cut_off(&Pursued { ended, done: 0, failures: Vec::new() }, open)?;
        for (at, groups, failure) in failures {
            let unknown = groups.iter().filter(|group| !identities.contains_key(*group));
            unknown.for_each(|group| experiments[at].fail_group(group, &failure));
        }
        self.session.identities.replace(identities.clone());
        for experiment in experiments {
            let Experiment { plan, runs, stages, .. } = experiment;
            for (standing, planned) in runs.iter_mut().zip(&plan.runs) {
                self.confirm(standing, planned, &identities, |one, other| one == other)?;
            }
            // Of a stage only its weights are used, whatever is measured.
            for (standing, planned) in stages.iter_mut().zip(&plan.stages) {
                self.confirm(standing, planned, &identities, same_predictions)?;
            }
        }
        Ok(identities)
    }

    /// Finds out whether a record stands, by whether these sources do the `same` as those that made it.
    fn confirm(
        &self,
        standing: &mut Standing,
        planned: &Planned,
        identities: &BTreeMap<String, String>,
        same: impl Fn(&str, &str) -> bool,
    ) -> Result<(), LabError> {
        let lacks = matches!(standing, Standing::Measurable(_));
        let (Standing::Unconfirmed(record) | Standing::Measurable(record)) = standing else { return Ok(()) };
        let identity = identities.get(&planned.group).map_or("", String::as_str);
        *standing = if !lacks && same(&record.identity, identity) {
            let _lock = self.session.store.lock_run(&planned.key)?;
            let confirmed = self.session.store.confirm(record, &self.sources)?;
            confirmed.map_or(Standing::Missing, |record| Standing::Kept(Box::new(record)))
        } else if same_predictions(&record.identity, identity) && !record.predictions.is_empty() {
            Standing::Measurable(record.clone())
        } else {
            Standing::Missing
        };
        Ok(())
    }

    /// Trains the stages that missing runs need.
    pub(super) fn run_stages(
        &self,
        experiments: &mut [Experiment],
        identities: &BTreeMap<String, String>,
    ) -> Result<(), LabError> {
        let places = stage_places(experiments);
        let planned = |place: Place| &experiments[place.experiment].plan.stages[place.at];
        let jobs = self.jobs(experiments, &places, identities, |place| (planned(place), true));
        let bars = [("stages".to_owned(), jobs.len(), 0)].into_iter().filter(|(_, count, _)| *count > 0);
        let bar_of = |index| (0, index);
        let pursued = self.pursue(&jobs, Progress::new(bars), bar_of, |index| Subject {
            plan: &experiments[places[index].experiment].plan,
            planned: planned(places[index]),
            what: What::Stage,
        });
        let with_data = experiments.iter().filter(|known| known.data.is_ok());
        let missing: usize = with_data.map(|known| known.missing().count()).sum();
        self.unless_cut_off(&pursued, jobs.len() + missing)?;
        for (index, failure) in pursued.failures {
            let key = experiments[places[index].experiment].plan.stages[places[index].at].key.clone();
            experiments.iter_mut().for_each(|experiment| experiment.fail_dependents(&key, &failure));
        }
        Ok(())
    }

    pub(super) fn run_missing(
        &self,
        experiments: &mut [Experiment],
        identities: &BTreeMap<String, String>,
    ) -> Result<(), LabError> {
        let places = run_places(experiments);
        let planned = |place: Place| &experiments[place.experiment].plan.runs[place.at];
        let jobs = self.jobs(experiments, &places, identities, |place| (planned(place), false));
        if jobs.is_empty() {
            return Ok(());
        }
        let bars = experiments.iter().map(|known| {
            let (name, all) = (known.plan.experiment.experiment.clone(), known.runs.len());
            (name, all, all - known.missing().count())
        });
        let bar_of = |index: usize| (places[index].experiment, places[index].at);
        let pursued = self.pursue(&jobs, Progress::new(bars), bar_of, |index| Subject {
            plan: &experiments[places[index].experiment].plan,
            planned: planned(places[index]),
            what: What::Run,
        });
        self.unless_cut_off(&pursued, jobs.len())?;
        for place in &places {
            experiments[place.experiment].executed += 1;
        }
        for (index, failure) in pursued.failures {
            experiments[places[index].experiment].failures.push((places[index].at, failure));
        }
        for experiment in experiments {
            experiment.take_records(self.session, identities);
        }
        Ok(())
    }

    /// Executes jobs with their progress: `bar_of` gives the bar of a job and its number there, `subject` what it is
    /// about. The event log is told, and a run that failed gets a log file of its own.
    pub(super) fn pursue<'e>(
        &self,
        jobs: &[Job],
        mut progress: Progress,
        bar_of: impl Fn(usize) -> (usize, usize),
        subject: impl Fn(usize) -> Subject<'e>,
    ) -> Pursued {
        let (mut done, mut failures) = (0, Vec::new());
        let mut started = vec![Instant::now(); jobs.len()];
        let Session { store, journal, workspace, .. } = self.session;
        let ended = self.session.pool().execute(jobs, |index, notice| {
            let (bar, number) = bar_of(index);
            progress.observe(bar, number, &notice);
            let subject = subject(index);
            let run = subject.name();
            match notice {
                Notice::Started => {
                    started[index] = Instant::now();
                    journal.tell(&Entry::RunStarted { run });
                }
                Notice::Epoch { done, all } => journal.tell(&Entry::Epoch { run, done, all }),
                Notice::Finished => {
                    done += 1;
                    let seconds = started[index].elapsed().as_secs_f64();
                    journal.tell(&Entry::RunFinished { run, seconds });
                    autopsy::forget(store, &run);
                }
                Notice::Failed(failure) => {
                    let seconds = started[index].elapsed().as_secs_f64();
                    let file = autopsy::write(store, &run, subject.planned, &failure);
                    let log = workspace.shown(&file).to_string();
                    progress.say(&format!("{}\n    more in {log}", subject.told(&failure)));
                    let (kind, message) = (failure.kind, failure.message.as_str());
                    journal.tell(&Entry::RunFailed { run, seconds, kind, message, log });
                    let stop = stops(&failure);
                    failures.push((index, failure));
                    return stop;
                }
                Notice::Identified(..) | Notice::Replayed(..) => {}
            }
            ControlFlow::Continue(())
        });
        progress.end();
        Pursued { ended, done, failures }
    }

    pub(super) fn jobs<'e>(
        &self,
        experiments: &'e [Experiment],
        places: &[Place],
        identities: &BTreeMap<String, String>,
        task: impl Fn(Place) -> (&'e Planned, bool),
    ) -> Vec<Job> {
        let job = |&place: &Place| {
            let plan = &experiments[place.experiment].plan;
            let (planned, is_stage) = task(place);
            let task = RunTask {
                spec: planned.spec.clone(),
                key: planned.key.clone(),
                method: planned.method.clone(),
                seed: planned.seed,
                stages: planned.stages.clone(),
                is_stage,
                identity: identities.get(&planned.group).cloned().unwrap_or_default(),
                sources: self.sources.clone(),
                provenance: self.provenance(plan),
            };
            self.session.job(plan, Task::Run(Box::new(task)))
        };
        places.iter().map(job).collect()
    }

    fn provenance(&self, plan: &Plan) -> Provenance {
        let mut data = plan.data_sha256.clone();
        Provenance {
            host: host::description_on(&self.session.request.device),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: self.session.request.device.clone(),
            data_sha256: data.remove(&plan.experiment.data).unwrap_or_default(),
            other_data: data,
            commit: self.commit.clone(),
        }
    }

    /// An error where not all of the jobs came to their end; `all` counts the runs that wait for them as well.
    pub(super) fn unless_cut_off(&self, pursued: &Pursued, all: usize) -> Result<(), LabError> {
        match (pursued.ended, pursued.failures.last()) {
            (Ended::All, _) => Ok(()),
            (Ended::Stopped, Some((_, failure))) => Err(self.no_room(failure, all - pursued.done)),
            _ => Err(LabError::Interrupted { done: pursued.done, all }),
        }
    }

    /// The store does not take any more.
    fn no_room(&self, failure: &Failure, open: usize) -> LabError {
        let size = self.session.store.mean_record_size();
        let kib = (size * open as u64).div_ceil(1024).max(1);
        LabError::Usage(format!(
            "{}\nstopped: {open} runs are open, whose records need about {kib} KiB in {}; make room there, or set \
             MIXUP_STORE_DIR to another folder, and run the same command again",
            failure.message,
            self.session.store.folder().display()
        ))
    }
}

/// How jobs ended: how many are done, and which failed.
pub(super) struct Pursued {
    ended: Ended,
    done: usize,
    failures: Vec<(usize, Failure)>,
}

/// What a job is about: an experiment, and one of its runs or stages.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) experiment: usize,
    pub(super) at: usize,
}

/// The stages that missing runs need, of experiments whose data are at hand. What two experiments share is there once.
pub(super) fn stage_places(experiments: &[Experiment]) -> Vec<Place> {
    let (mut places, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, experiment) in experiments.iter().enumerate().filter(|(_, known)| known.data.is_ok()) {
        let new = experiment.needed_stages().into_iter();
        let new = new.filter(|stage| seen.insert(&experiment.plan.stages[*stage].key));
        places.extend(new.map(|stage| Place { experiment: at, at: stage }));
    }
    places
}

/// The runs that are missing, of experiments whose data are at hand.
pub(super) fn run_places(experiments: &[Experiment]) -> Vec<Place> {
    let with_data = experiments.iter().enumerate().filter(|(_, known)| known.data.is_ok());
    with_data
        .flat_map(|(at, known)| known.missing().map(move |run| Place { experiment: at, at: run }))
        .collect()
}

/// Nothing else is tried where records cannot be kept.
fn stops(failure: &Failure) -> ControlFlow<()> {
    if failure.kind == FailureKind::Store { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Lines of a worker's own output that are shown at once; its log file has more.
const SHOWN: usize = 12;

/// What a job does.
#[derive(Clone, Copy)]
pub(super) enum What {
    Run,
    Stage,
    Measurement,
}

/// What a job is about, for those who follow it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'e> {
    pub(super) plan: &'e Plan,
    pub(super) planned: &'e Planned,
    pub(super) what: What,
}

impl<'e> Subject<'e> {
    fn name(self) -> RunName<'e> {
        let Planned { method, seed, key, .. } = self.planned;
        RunName {
            paper: &self.plan.experiment.paper,
            experiment: &self.plan.experiment.experiment,
            what: match self.what {
                What::Run => "run",
                What::Stage => "stage",
                What::Measurement => "measurement",
            },
            method,
            seed: *seed,
            key,
        }
    }

    /// Its failure in words, with the end of what the worker wrote.
    fn told(self, failure: &Failure) -> String {
        if matches!(self.what, What::Measurement) {
            return format!("warning: {}; the run is executed again", failure.message);
        }
        let Planned { method, seed, .. } = self.planned;
        let experiment = &self.plan.experiment.experiment;
        let mut text = format!("failed: {experiment}, {method}, seed {seed}: {}", failure.message);
        if failure.kind == FailureKind::Run {
            let shown = failure.tail.iter().skip(failure.tail.len().saturating_sub(SHOWN));
            shown.for_each(|line| text += &format!("\n    {line}"));
        }
        text
    }
}
