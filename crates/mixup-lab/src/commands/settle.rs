//! Fresh outcomes beside the known ones: judged together, and written.

use std::path::PathBuf;

use crate::error::LabError;
use crate::files::experiment::Profile;
use crate::files::manifest::Manifest;
use crate::files::workspace::below;
use crate::outcomes::outcome::Outcome;
use crate::report::results;
use crate::runs::journal::Entry;
use crate::runs::session::{PaperPlan, Session};
use crate::verdicts::verdict::{Verdict, judge};

/// The outcomes of a paper and what they say.
pub(super) struct Settled {
    /// In the order of the paper's experiments.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) verdicts: Vec<Verdict>,
}

impl Settled {
    /// Judges outcomes as they are.
    pub(super) fn of(manifest: &Manifest, outcomes: Vec<Outcome>) -> Self {
        let verdicts = judge(manifest, &outcomes.iter().collect::<Vec<_>>());
        Self { outcomes, verdicts }
    }
}

/// Where the outcomes of a command go.
pub(super) fn target(session: &Session<'_>, slug: &str) -> PathBuf {
    let profile = session.request.profile;
    if let Some(folder) = &session.request.results {
        below(&folder.join(slug), profile)
    } else if session.request.as_committed() {
        session.workspace.results(slug, profile)
    } else {
        session.workspace.scratch_outcomes(slug, profile)
    }
}

/// The outcomes at hand: of each experiment that of the first of these folders which has one.
///
/// # Errors
/// A file that is no outcome.
pub(super) fn known(
    session: &Session<'_>,
    paper: &PaperPlan,
    folders: &[PathBuf],
) -> Result<Vec<Outcome>, LabError> {
    folders.iter().try_fold(Vec::new(), |first, folder| {
        let more = results::outcomes(folder, session.request.profile, &paper.all_experiments)?;
        Ok(merge(&paper.all_experiments, &first.iter().collect::<Vec<_>>(), more))
    })
}

/// Writes fresh outcomes and, where they go to results/ of the desk profile, the report over all outcomes;
/// judges them together with those of `folders`.
///
/// # Errors
/// What the file system refuses, and a file that is no outcome.
pub(super) fn settle(
    session: &Session<'_>,
    paper: &PaperPlan,
    fresh: &[&Outcome],
    folders: &[PathBuf],
) -> Result<Settled, LabError> {
    let profile = session.request.profile;
    // Held from reading what is committed to writing what is judged over it.
    let _lock = session.store.lock_results()?;
    let known = known(session, paper, folders)?;
    let before = judge(&paper.manifest, &known.iter().collect::<Vec<_>>());
    let settled = Settled::of(&paper.manifest, merge(&paper.all_experiments, fresh, known));
    tell_changes(session, paper.slug, &before, &settled.verdicts);
    if !fresh.is_empty() {
        let folder = target(session, paper.slug);
        results::write_outcomes(&folder, profile, fresh)?;
        if session.request.as_committed() && profile == Profile::Desk && session.request.results.is_none() {
            let Settled { outcomes, verdicts } = &settled;
            results::write_report(&folder, &paper.manifest, outcomes, verdicts)?;
            let readme = session.workspace.readme(paper.slug);
            let names = &paper.all_experiments;
            let waiting = results::fill_readme(&readme, &paper.manifest, names, outcomes, verdicts)?;
            if !waiting.is_empty() {
                let (shown, waiting) = (session.workspace.shown(&readme), waiting.join(", "));
                eprintln!("{shown}: tables of {waiting} stay as they are, until there is an outcome");
            }
        }
    }
    Ok(settled)
}

/// Tells the event log which verdicts are others than before.
fn tell_changes(session: &Session<'_>, paper: &str, before: &[Verdict], after: &[Verdict]) {
    for (old, new) in before.iter().zip(after).filter(|(old, new)| old.words() != new.words()) {
        let (before, after) = (old.words(), new.words());
        session.journal.tell(&Entry::VerdictChanged { paper, claim: &new.claim, before, after });
    }
}

/// Fresh outcomes, and known ones where there is no fresh one, in the order of the experiments.
fn merge(experiments: &[String], fresh: &[&Outcome], known: Vec<Outcome>) -> Vec<Outcome> {
    let find = |name: &String| {
        let fresh = fresh.iter().copied().find(|outcome| outcome.experiment == *name);
        fresh.or_else(|| known.iter().find(|outcome| outcome.experiment == *name)).cloned()
    };
    experiments.iter().filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    #[test]
    fn a_fresh_outcome_stands_in_for_the_committed_one() {
        let committed = vec![outcome("a", &[("erm", &[1.0])]), outcome("b", &[("erm", &[1.0])])];
        let fresh = outcome("b", &[("erm", &[2.0])]);
        let names = ["b".to_owned(), "a".to_owned(), "c".to_owned()];
        let merged = merge(&names, &[&fresh], committed);
        let values: Vec<_> = merged
            .iter()
            .map(|known| (known.experiment.as_str(), known.methods["erm"].values["rmse"][0]))
            .collect();
        assert_eq!(values, [("b", 2.0), ("a", 1.0)]);
    }
}
