//! Verdicts in plain English.

use crate::files::manifest::Claim;
use crate::verdicts::numbers::{count, fixed, p_value, with_interval};
use crate::verdicts::stats::{MAX_SEEDS, NoTest};
use mixup_paper::{Direction, MetricInfo};

use super::{Evidence, Status, Tested};

/// The sentence of a claim that has pairs.
pub(super) fn verdict(claim: &Claim, metric: &MetricInfo, status: Status, evidence: &Evidence) -> String {
    let side = match (claim.direction, status) {
        (Direction::Lower, Status::Contradicted) | (Direction::Higher, Status::Reproduced) => "higher",
        _ => "lower",
    };
    let (method, label) = (&claim.method, &metric.label);
    let opening = match status {
        Status::Reproduced => format!("{method} has the {side} {label}"),
        Status::Contradicted => format!("The opposite holds, {method} has the {side} {label}"),
        _ => format!("{label} of {method} and {} cannot be told apart", claim.against),
    };
    let [ours, theirs] = [evidence.method_mean, evidence.against_mean].map(|m| fixed(m, metric.decimals));
    let difference =
        with_interval(evidence.difference, evidence.test.map(|test| test.ci), metric.decimals + 1);
    let seeds = count(evidence.pairs, "seed");
    let mut text = format!("{opening}: {ours} against {theirs}, difference {difference} over {seeds}");
    if let Some(test) = evidence.test {
        text += &probability(status, &test);
    }
    text += &left_out(evidence);
    text += ".";
    if status == Status::Undecided {
        text += &remedy(evidence);
    }
    text
}

/// `, p = 0.034 (corrected over 8 comparisons)`, of the direction that the status speaks of.
fn probability(status: Status, test: &Tested) -> String {
    let p = if status == Status::Contradicted { test.p_holm_opposite } else { test.p_holm };
    match test.family {
        1 => format!(", {}", p_value(p)),
        family => format!(", {} (corrected over {family} comparisons)", p_value(p)),
    }
}

fn left_out(evidence: &Evidence) -> String {
    match evidence.left_out {
        0 => String::new(),
        n => format!("; {} left out, as a run failed or its value is not finite", count(n, "seed")),
    }
}

/// What an inconclusive comparison would need.
fn remedy(evidence: &Evidence) -> String {
    match (evidence.no_test, evidence.seeds_needed) {
        (Some(NoTest::TooFewPairs), _) => " A test needs at least 2 seeds.".to_owned(),
        (Some(NoTest::Identical), _) => " Both methods gave the same numbers for every seed.".to_owned(),
        (Some(NoTest::ConstantDifference), _) => {
            " The difference is the same for every seed, so the seeds are no repetitions and there is nothing \
             to test by."
                .to_owned()
        }
        (None, Some(n)) => format!(" An effect of the seen size would need about {n} seeds."),
        (None, None) => format!(" An effect of the seen size would need more than {MAX_SEEDS} seeds."),
    }
}
