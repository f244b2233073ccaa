//! From numbers and a level to a word.

use mixup_paper::Direction;

use super::evidence::{Evidence, Row};
use super::examine::{Compared, Examined, ExaminedRow};
use super::{Judgement, Status};
use crate::files::manifest::{Claim, Manifest, Test};
use crate::verdicts::stats::{Design, NoTest};

/// p of a claim and whether it lies on the claimed side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sided {
    pub(super) p: f64,
    pub(super) claimed: bool,
}

/// The p that a claim goes into Holm's correction with.
///
/// Against several methods a claim holds only when it holds against each, so that its p is the largest
/// on its side; it is contradicted by any of them, for which the smallest is corrected by Bonferroni.
/// Each side keeps half of a two-sided level, so both together keep the whole.
pub(super) fn sided(claim: &Claim, examined: &Examined<'_>) -> Sided {
    let each: Vec<Sided> = examined.rows.iter().map(|row| row_sided(claim, row)).collect();
    let holds = each.iter().map(|row| if row.claimed { row.p } else { 1.0 }).fold(0.0, f64::max);
    let others = each.iter().map(|row| if row.claimed { 1.0 } else { row.p });
    let contradicted = (others.fold(1.0, f64::min) * each.len() as f64).min(1.0);
    if holds <= contradicted {
        Sided { p: holds, claimed: true }
    } else {
        Sided { p: contradicted, claimed: false }
    }
}

fn row_sided(claim: &Claim, row: &ExaminedRow) -> Sided {
    let Some(margin) = margin(claim) else {
        let claimed = on_side(row.difference, claim.direction);
        return Sided { p: row.test.as_ref().map_or(1.0, Compared::p_value), claimed };
    };
    // Within the margin is the claim, beyond it the contrary.
    match &row.test {
        Ok(Compared::Differences(differences)) => {
            // Two one-sided tests at half the level each, so that the claim holds exactly when the interval
            // at the level lies within the margin. The p of a sequential design is two-sided already.
            let sides = if differences.design() == Design::Sequential { 1.0 } else { 2.0 };
            let p = |low, high| (sides * differences.within(low, high)).min(1.0);
            let [low, high] = allowed(claim, margin);
            let (within, beyond) = (p(low, high), p(high, f64::INFINITY).min(p(f64::NEG_INFINITY, low)));
            if within <= beyond {
                Sided { p: within, claimed: true }
            } else {
                Sided { p: beyond, claimed: false }
            }
        }
        // The same numbers for every unit differ by nothing.
        Err(NoTest::Identical) => Sided { p: 0.0, claimed: true },
        _ => Sided { p: 1.0, claimed: true },
    }
}

/// The margin of a claim that something is kept or equal.
fn margin(claim: &Claim) -> Option<f64> {
    match claim.test {
        Test::Kept | Test::Equal => claim.margin.map(|margin| margin.get()),
        Test::Difference | Test::Trend => None,
    }
}

/// The differences that a claim of [`Test::Kept`] or [`Test::Equal`] allows.
fn allowed(claim: &Claim, margin: f64) -> [f64; 2] {
    match (claim.test, claim.direction) {
        (Test::Kept, Direction::Higher) => [-margin, f64::INFINITY],
        (Test::Kept, Direction::Lower) => [f64::NEG_INFINITY, margin],
        _ => [-margin, margin],
    }
}

fn on_side(difference: f64, direction: Direction) -> bool {
    match direction {
        Direction::Lower => difference < 0.0,
        Direction::Higher => difference > 0.0,
    }
}

/// The verdict of a claim that is tested at `level`; `family` primary claims were corrected for.
pub(super) fn decide(
    claim: &Claim,
    manifest: &Manifest,
    examined: &Examined<'_>,
    level: f64,
    family: Option<usize>,
) -> Judgement {
    let Sided { p, claimed } = sided(claim, examined);
    let mut rows: Vec<Row> =
        examined.rows.iter().map(|row| evidence(claim, manifest, examined, row, level)).collect();
    let significant = p < level;
    let smaller = claim.test == Test::Difference && smaller_than_published(&rows);
    let status = match (significant, claimed) {
        (true, true) => Status::Reproduced,
        (true, false) => Status::Contradicted,
        (false, _) if claim.test == Test::Difference && equivalent(claim, &rows) => Status::Equivalent,
        (false, _) if smaller => Status::Smaller,
        (false, _) => Status::Undecided,
    };
    if status == Status::Undecided {
        for (row, known) in rows.iter_mut().zip(&examined.rows) {
            row.units_needed = needed(claim, known, level);
        }
    }
    let evidence = Evidence {
        design: examined.design,
        label: examined.metric.label.clone(),
        decimals: examined.metric.decimals,
        level,
        family,
        p,
        rows,
    };
    Judgement { status, smaller_than_claimed: smaller, evidence }
}

fn evidence(
    claim: &Claim,
    manifest: &Manifest,
    examined: &Examined<'_>,
    known: &ExaminedRow,
    level: f64,
) -> Row {
    let mut row = Row {
        against: known.against.clone(),
        units: known.units,
        repetitions: known.repetitions,
        left_out: known.left_out,
        method_mean: known.means.map(|[method, _]| method),
        against_mean: known.means.map(|[_, against]| against),
        difference: known.difference,
        std: None,
        interval: None,
        p: None,
        log10_e: None,
        effect_size: None,
        share_claimed: None,
        published: known.against.as_ref().and_then(|against| claim.published(against, manifest)),
        p_within: None,
        new_data: None,
        no_test: known.test.as_ref().err().copied(),
        units_needed: None,
    };
    let base_10 = |log_e: f64| log_e / std::f64::consts::LN_10;
    match &known.test {
        Ok(Compared::Differences(differences)) => {
            let below = differences.share_below();
            row.std = Some(differences.std());
            row.interval = differences.interval(level);
            row.p = Some(differences.p_value(0.0));
            row.log10_e = differences.log_e(0.0).map(base_10);
            row.effect_size = differences.effect_size();
            row.share_claimed = Some(if claim.direction == Direction::Lower { below } else { 1.0 - below });
            row.p_within = claim.margin.map(|margin| {
                let [low, high] = allowed(claim, margin.get());
                differences.within(low, high)
            });
            row.new_data = examined.overlap.and_then(|ratio| differences.overlap_interval(ratio, level));
        }
        Ok(Compared::Trend(trend)) => {
            row.interval = trend.interval(level);
            row.p = Some(trend.p_value());
            row.log10_e = trend.log_e().map(base_10);
        }
        Err(_) => {}
    }
    row
}

/// Whether every difference that is not rejected is smaller than the margin.
fn equivalent(claim: &Claim, rows: &[Row]) -> bool {
    let Some(margin) = claim.margin else { return false };
    let inside = |row: &Row| match (row.interval, row.no_test) {
        (Some(interval), _) => -margin.get() < interval.low && interval.high < margin.get(),
        (None, Some(NoTest::Identical)) => true,
        _ => false,
    };
    rows.iter().all(inside)
}

/// Whether every row with a published difference has an interval that excludes it on the side of zero,
/// or beyond.
fn smaller_than_published(rows: &[Row]) -> bool {
    let mut known = rows.iter().filter_map(|row| Some((row.published?, row.interval))).peekable();
    known.peek().is_some()
        && known.all(|(published, interval)| {
            interval.is_some_and(|interval| {
                if published < 0.0 { interval.low > published } else { interval.high < published }
            })
        })
}

/// Units with which the seen difference would be told from none, or from the margin.
fn needed(claim: &Claim, row: &ExaminedRow, level: f64) -> Option<u64> {
    let Ok(Compared::Differences(differences)) = &row.test else { return None };
    let about = margin(claim).map_or(0.0, |margin| {
        let ends = allowed(claim, margin).into_iter().filter(|end| end.is_finite());
        let distance = |end: &f64| (end - row.difference).abs();
        ends.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0.0)
    });
    differences.units_needed(level, about)
}
