//! How many seeds experiments run: as many as their outcomes have, so that a plain call does what is
//! committed.

use std::num::NonZeroU32;

use mixup_paper::Paper;

use crate::error::LabError;
use crate::files::resolve::Resolved;
use crate::outcomes::outcome::Outcome;
use crate::report::results;
use crate::runs::session::{PaperPlan, Session};

/// The papers that were asked for, with the seeds of the committed outcomes.
///
/// # Errors
/// Whatever is wrong with a file, and a committed file that is no outcome.
pub(super) fn plan(session: &Session<'_>, papers: &[Paper]) -> Result<Vec<PaperPlan>, LabError> {
    let profile = session.request.profile;
    let sized = |paper: PaperPlan| {
        let folder = session.workspace.results(paper.slug, profile);
        let committed = results::outcomes(&folder, profile, &paper.all_experiments)?;
        paper.with_seeds(|experiment| count(experiment, find(&committed, experiment)))
    };
    session.plan(papers)?.into_iter().map(sized).collect()
}

/// The outcome of an experiment.
pub(super) fn find<'o>(outcomes: &'o [Outcome], experiment: &Resolved) -> Option<&'o Outcome> {
    outcomes.iter().find(|outcome| outcome.experiment == experiment.experiment)
}

/// As many seeds as the outcome has, where they are the first ones of the experiment's range and as many as
/// it allows; else as few as it allows.
pub(super) fn count(experiment: &Resolved, outcome: Option<&Outcome>) -> NonZeroU32 {
    let range = experiment.range;
    let allowed = |outcome: &Outcome| {
        let count = NonZeroU32::new(u32::try_from(outcome.seeds.len()).ok()?)?;
        let within = (range.at_least..=range.at_most).contains(&count);
        (within && outcome.seeds == range.first(count)).then_some(count)
    };
    outcome.and_then(allowed).unwrap_or(range.at_least)
}

/// Whether an outcome is one of the experiment as its file now says it, as far as that can be told without
/// its runs.
pub(super) fn stands(experiment: &Resolved, outcome: &Outcome) -> bool {
    experiment.seeds == outcome.seeds
        && experiment.data == outcome.data
        && experiment.methods.iter().eq(outcome.methods.keys())
        && experiment.metrics.iter().all(|metric| outcome.metrics.iter().any(|had| had.name == metric.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::experiment::Profile;
    use crate::files::seeds::Seeds;
    use crate::outcomes::fixtures::{outcome, rmse};
    use crate::outcomes::outcome::Pairs;

    fn range(from: u64, at_least: u32, at_most: u32) -> Resolved {
        let number = |count| NonZeroU32::new(count).unwrap();
        let range = Seeds { from, at_least: number(at_least), at_most: number(at_most) };
        Resolved {
            paper: "demo".to_owned(),
            experiment: "wine".to_owned(),
            routine: "regression".to_owned(),
            title: String::new(),
            sweep: None,
            profile: Profile::Desk,
            in_profiles: Profile::ALL.to_vec(),
            price: None,
            data: "airfoil".to_owned(),
            all_data: vec!["airfoil".to_owned()],
            device: "flex".to_owned(),
            seeds: range.first(range.at_least),
            range,
            pairs: Pairs::Seeds,
            overlap: None,
            metrics: vec![rmse()],
            methods: ["erm", "mixup"].map(str::to_owned).to_vec(),
            figures: Vec::new(),
            runs: Vec::new(),
        }
    }

    #[test]
    fn as_many_as_the_outcome_has_within_the_range() {
        let ended = |from: u64, values: &[f64]| {
            let outcome = outcome("wine", &[("erm", values), ("mixup", values)]);
            Outcome { seeds: outcome.seeds.iter().map(|seed| seed + from).collect(), ..outcome }
        };
        let counted = |outcome: Option<&Outcome>| count(&range(5, 2, 4), outcome).get();
        assert_eq!(counted(None), 2);
        assert_eq!(counted(Some(&ended(5, &[1.0; 3]))), 3);
        assert_eq!(counted(Some(&ended(5, &[1.0; 4]))), 4);
        assert_eq!(counted(Some(&ended(5, &[1.0; 5]))), 2, "more than it allows");
        assert_eq!(counted(Some(&ended(5, &[1.0]))), 2, "fewer than it allows");
        assert_eq!(counted(Some(&ended(0, &[1.0; 3]))), 2, "other seeds");
    }

    #[test]
    fn an_outcome_of_other_rows_does_not_stand() {
        let ended = outcome("wine", &[("erm", &[1.0, 2.0]), ("mixup", &[1.0, 2.0])]);
        assert!(stands(&range(0, 2, 4), &ended));
        assert!(!stands(&range(0, 3, 4), &ended));
        assert!(!stands(&range(0, 2, 4), &outcome("wine", &[("erm", &[1.0, 2.0])])));
        assert!(!stands(&range(0, 2, 4), &Outcome { data: "no2".to_owned(), ..ended }));
    }
}
