//! What the rounds say on standard error.

use super::outlook::{Outlook, open};
use super::{End, Round, Rounds};
use crate::commands::budget::Budget;
use crate::commands::settle::Settled;
use crate::files::resolve::Resolved;
use crate::verdicts::numbers::{count, duration};
use crate::verdicts::verdict::Verdict;

/// An experiment that the budget does not allow to begin.
pub(super) fn left_out(slug: &str, experiment: &Resolved, seconds: f64, budget: Budget) {
    eprintln!(
        "{slug}: {} is not begun: its {} take about {}, and {} of the budget are left",
        experiment.experiment,
        count(experiment.seeds.len(), "seed"),
        duration(seconds),
        duration(budget.left())
    );
}

/// A round, with what it decided and what it left open.
pub(super) fn round(slug: &str, number: usize, round: &Round, before: &Settled, after: &Settled) {
    let seeds: Vec<String> = round.seeds.iter().map(|(name, seeds)| format!("{name} {seeds}")).collect();
    eprintln!(
        "{slug}, round {number} (seeds: {}): {} runs executed in {}",
        seeds.join(", "),
        round.executed,
        duration(round.seconds)
    );
    let was_open = |verdict: &&Verdict| open(before).iter().any(|old| old.claim == verdict.claim);
    let decided = after.verdicts.iter().filter(|verdict| !verdict.is_open()).filter(was_open);
    for verdict in decided.chain(open(after)) {
        eprintln!("  {:<13} {}: {}", verdict.status.word(), verdict.claim, verdict.sentence);
    }
}

/// Why there is no further round.
pub(super) fn end(outlook: &Outlook, rounds: &Rounds, budget: Budget) {
    let slug = outlook.paper.slug;
    match rounds.end {
        End::Decided if rounds.open.is_empty() => {}
        End::Decided => eprintln!("{slug}: every primary claim is decided"),
        End::AtMost if rounds.rounds.is_empty() => {}
        End::AtMost => {
            let (at_most, not_here): (Vec<&Verdict>, _) =
                outlook.open().into_iter().partition(|verdict| took_part(verdict, rounds));
            if !at_most.is_empty() {
                let claims = ids(&at_most);
                eprintln!("{slug}: still open with as many seeds as their experiments may have: {claims}");
            }
            if !not_here.is_empty() {
                let claims = ids(&not_here);
                eprintln!("{slug}: still open, and about experiments that were not run: {claims}");
            }
        }
        End::Budget => {
            let left = duration(budget.left());
            eprintln!(
                "{slug}: still open: {}; {left} of the budget are left, too little for another seed; the same \
                 command again goes on from here",
                ids(&outlook.open())
            );
        }
    }
}

fn took_part(verdict: &Verdict, rounds: &Rounds) -> bool {
    let experiments = verdict.experiments();
    let ran = |name: &&str| rounds.rounds.iter().any(|round| round.seeds.contains_key(*name));
    experiments.iter().any(ran)
}

fn ids(verdicts: &[&Verdict]) -> String {
    verdicts.iter().map(|verdict| verdict.claim.as_str()).collect::<Vec<_>>().join(", ")
}
