//! The overview of `reproduce` over several papers: what is ahead, how far it is, and what came of it.

use std::time::Instant;

use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::estimate::{Cost, costs, time_left};
use super::reproduce::{Ended, Reproduced};
use crate::error::{LabError, Status};
use crate::report::{results, tally};
use crate::runs::journal::{Entry, SCHEMA};
use crate::runs::session::{PaperPlan, Session};
use crate::verdicts::numbers::{count, duration};
use crate::verdicts::verdict::{Verdict, judge};

/// Several papers on their way.
pub(super) struct Overview {
    papers: Vec<Paper>,
    /// How many of them were begun.
    begun: usize,
    jobs: usize,
    /// Whose time it is.
    time: &'static str,
    started: Instant,
}

/// A paper, ahead or behind.
struct Paper {
    slug: &'static str,
    experiments: usize,
    runs: usize,
    finished: usize,
    /// Seconds of what is missing, of a core or of the GPU; absent where nobody knows.
    seconds: Option<f64>,
    /// The same in wall time.
    wall: Option<f64>,
    /// Primary claims that are open.
    open: usize,
    done: Option<Done>,
}

/// What came of a paper.
struct Done {
    executed: usize,
    seconds: f64,
    /// Experiments with an outcome, without data, and failed.
    complete: usize,
    no_data: usize,
    failed: usize,
    verdicts: String,
}

impl Overview {
    /// Looks at what the store has.
    ///
    /// # Errors
    /// A committed file that is no outcome.
    pub(super) fn of(session: &Session<'_>, plans: &[PaperPlan]) -> Result<Self, LabError> {
        let paper = |plan: &PaperPlan| -> Result<Paper, LabError> {
            let costs = costs(session, plan)?;
            let profile = session.request.profile;
            let folder = session.workspace.results(plan.slug, profile);
            let committed = results::outcomes(&folder, profile, &plan.all_experiments)?;
            let verdicts = judge(&plan.manifest, &committed.iter().collect::<Vec<_>>());
            Ok(Paper {
                slug: plan.slug,
                experiments: plan.plans.len(),
                runs: plan.plans.iter().map(|plan| plan.runs.len()).sum(),
                finished: costs.iter().map(|cost| cost.finished).sum(),
                seconds: costs.iter().map(Cost::seconds).sum(),
                wall: costs.iter().map(|cost| cost.wall(session.jobs().get())).sum(),
                open: open(&verdicts),
                done: None,
            })
        };
        let papers = plans.iter().map(paper).collect::<Result<_, LabError>>()?;
        let time = time_left(session);
        Ok(Self { papers, begun: 0, jobs: session.jobs().get(), time, started: Instant::now() })
    }

    /// The first line of the event log, and for several papers the table of what is ahead.
    pub(super) fn begin(&self, session: &Session<'_>) {
        let sum = |of: &dyn Fn(&Paper) -> usize| -> usize { self.papers.iter().map(of).sum() };
        session.journal.tell(&Entry::Begun {
            schema: SCHEMA,
            papers: self.papers.iter().map(|paper| paper.slug).collect(),
            profile: session.request.profile.name(),
            jobs: self.jobs,
            runs: sum(&|paper| paper.runs),
            finished: sum(&|paper| paper.finished),
            open_claims: sum(&|paper| paper.open),
        });
        if self.papers.len() > 1 {
            eprintln!("{}\n", self.ahead());
        }
    }

    /// What is ahead.
    fn ahead(&self) -> String {
        let mut table = table(["paper", "experiments", "runs", "in store", self.time, "open claims"]);
        for paper in &self.papers {
            table.add_row([
                paper.slug.to_owned(),
                paper.experiments.to_string(),
                paper.runs.to_string(),
                paper.finished.to_string(),
                paper.seconds.map_or("not known".to_owned(), left),
                paper.open.to_string(),
            ]);
        }
        format!(
            "{}\n{}; Ctrl-C is safe, finished runs are kept and the same command goes on",
            table.trim_fmt(),
            self.left_over(0)
        )
    }

    /// `120 runs left, about 40 min with 2 at a time`, from this paper on.
    fn left_over(&self, from: usize) -> String {
        let papers = &self.papers[from.min(self.papers.len())..];
        let runs: usize = papers.iter().map(|paper| paper.runs - paper.finished.min(paper.runs)).sum();
        let wall: f64 = papers.iter().filter_map(|paper| paper.wall).sum();
        let unknown = papers.iter().filter(|paper| paper.wall.is_none()).count();
        let mut text = format!("{} left", count(runs, "run"));
        if runs > 0 {
            text += &format!(", about {} with {} at a time", duration(wall), self.jobs);
        }
        if unknown > 0 {
            text += &format!(", and {} of which nobody knows how long they take", count(unknown, "paper"));
        }
        text
    }

    /// Takes note of a paper that is begun, and says so where there are several.
    pub(super) fn next(&mut self, at: usize) {
        self.begun = at + 1;
        if self.papers.len() > 1 {
            eprintln!("\n[{} of {} papers; {}]", at + 1, self.papers.len(), self.left_over(at));
        }
    }

    /// Takes note of a paper that is done.
    pub(super) fn take(&mut self, session: &Session<'_>, at: usize, paper: &Reproduced, seconds: f64) {
        let of = |wanted: &dyn Fn(Ended) -> bool| {
            paper.experiments.iter().filter(|known| wanted(known.status)).count()
        };
        let complete = of(&|ended| ended == Ended::Complete);
        let no_data = of(&|ended| ended == Ended::NoData);
        let executed = paper.experiments.iter().map(|known| known.executed).sum();
        let open = open(&paper.verdicts);
        session.journal.tell(&Entry::PaperFinished {
            paper: paper.paper,
            executed,
            complete,
            incomplete: paper.experiments.len() - complete,
            open_claims: open,
        });
        let Some(known) = self.papers.get_mut(at) else { return };
        known.open = open;
        let failed = paper.experiments.len() - complete - no_data;
        let verdicts = tally(&paper.verdicts);
        known.done = Some(Done { executed, seconds, complete, no_data, failed, verdicts });
    }

    /// The last line of the event log, and for several papers what came of each.
    pub(super) fn end(&self, session: &Session<'_>, ended: &Result<Status, LabError>) {
        let status = match ended {
            Ok(Status::Fine) => "complete",
            Ok(Status::Failed | Status::Refused) => "incomplete",
            Err(LabError::Interrupted { .. }) => "interrupted",
            Err(_) => "stopped",
        };
        session.journal.tell(&Entry::Ended { status, seconds: self.started.elapsed().as_secs_f64() });
        if self.papers.len() > 1 {
            eprintln!("\n{}", self.behind(session));
        }
    }

    /// What came of the papers.
    fn behind(&self, session: &Session<'_>) -> String {
        let mut table = table(["paper", "complete", "no data", "failed", "executed", "wall time", "claims"]);
        let (mut failed, mut open) = (0, 0);
        for (at, paper) in self.papers.iter().enumerate() {
            open += paper.open;
            let row = match &paper.done {
                Some(done) => {
                    failed += done.failed;
                    [
                        format!("{} of {}", done.complete, paper.experiments),
                        done.no_data.to_string(),
                        done.failed.to_string(),
                        done.executed.to_string(),
                        duration(done.seconds),
                        done.verdicts.clone(),
                    ]
                }
                None if at < self.begun => ["not finished", "", "", "", "", ""].map(str::to_owned),
                None => ["not reached", "", "", "", "", ""].map(str::to_owned),
            };
            table.add_row(std::iter::once(paper.slug.to_owned()).chain(row));
        }
        let (done, all) =
            (self.papers.iter().filter(|paper| paper.done.is_some()).count(), self.papers.len());
        let papers = count(all, "paper");
        let mut text = format!(
            "{}\n{} in {}; primary claims that are open: {open}",
            table.trim_fmt(),
            if done == all { papers } else { format!("{done} of {papers}") },
            duration(self.started.elapsed().as_secs_f64())
        );
        if failed > 0 {
            let logs = session.store.folder().join("logs");
            text += &format!("\nwhat went wrong is in {}", session.workspace.shown(&logs));
        }
        text
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '─').set_header(header);
    for column in table.column_iter_mut().skip(1).take(N.saturating_sub(2)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn open(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|verdict| verdict.is_open()).count()
}

/// Nothing left is not a second.
fn left(seconds: f64) -> String {
    if seconds > 0.0 { duration(seconds) } else { "-".to_owned() }
}
