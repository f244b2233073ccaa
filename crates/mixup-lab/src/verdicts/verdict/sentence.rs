//! Verdicts in plain English.

use mixup_paper::Direction;

use super::examine::Examined;
use super::{Judgement, Row, Status};
use crate::files::manifest::{Claim, Rank, Test};
use crate::verdicts::numbers::{count, fixed, p_value, with_interval};
use crate::verdicts::stats::{Design, Interval, MAX_UNITS, NoTest};

/// The sentence of a claim that has numbers.
pub(super) fn verdict(claim: &Claim, examined: &Examined<'_>, judged: &Judgement) -> String {
    let rows: Vec<String> = judged.evidence.rows.iter().map(|row| numbers(claim, examined, row)).collect();
    let mut text = format!("{}: {}", opening(claim, examined, judged), rows.join("; "));
    text += &correction(claim, judged);
    text += ".";
    text += &published(examined, judged);
    if judged.evidence.rows.iter().any(|row| row.new_data.is_some()) {
        text += " It is about these splits of one data set";
        text += &new_data(examined, judged);
        text += ".";
    }
    if judged.status == Status::Undecided {
        text += &remedy(examined, judged);
    }
    text
}

/// What is said, before the numbers.
fn opening(claim: &Claim, examined: &Examined<'_>, judged: &Judgement) -> String {
    let label = match &claim.less {
        Some(less) => format!("{} less `{less}`", examined.metric.label),
        None => examined.metric.label.clone(),
    };
    let label = match &claim.beyond {
        Some(beyond) => format!("{label} (less that of {} and {})", beyond.method, beyond.against),
        None => label,
    };
    let (method, against) = (&claim.method, claim.against.0.join(" and "));
    let up = (claim.direction == Direction::Higher) == (judged.status != Status::Contradicted);
    let side = if up { "higher" } else { "lower" };
    let way = if up { "rises" } else { "falls" };
    match (claim.test, judged.status) {
        (Test::Difference, Status::Reproduced) => format!("{method} has the {side} {label}"),
        (Test::Difference, Status::Contradicted) => {
            format!("The opposite holds, {method} has the {side} {label}")
        }
        (Test::Difference, Status::Equivalent) => format!(
            "{label} of {method} and {against} differs by less than {}, which would not matter",
            margin(claim, examined)
        ),
        (Test::Difference, Status::Smaller) => {
            format!("{label} of {method} and {against} differs by less than was published, if at all")
        }
        (Test::Kept, Status::Reproduced) => {
            format!("{method} loses less than {} of {label} against {against}", margin(claim, examined))
        }
        (Test::Kept, Status::Contradicted) => {
            format!("{method} loses more than {} of {label} against {against}", margin(claim, examined))
        }
        (Test::Equal, Status::Reproduced) => {
            format!("{label} of {method} and {against} differs by less than {}", margin(claim, examined))
        }
        (Test::Equal, Status::Contradicted) => {
            format!("{label} of {method} and {against} differs by more than {}", margin(claim, examined))
        }
        (Test::Trend, Status::Reproduced) => format!("{label} {way} along {}", claim.over.join(", ")),
        (Test::Trend, Status::Contradicted) => {
            format!("The opposite holds, {label} {way} along {}", claim.over.join(", "))
        }
        (Test::Trend, _) => format!("Whether {label} goes one way along {} is open", claim.over.join(", ")),
        (Test::Kept | Test::Equal, _) => format!(
            "Whether {label} of {method} and {against} differs by {} or more is open",
            margin(claim, examined)
        ),
        _ => format!("{label} of {method} and {against} cannot be told apart"),
    }
}

fn margin(claim: &Claim, examined: &Examined<'_>) -> String {
    claim.margin.map_or(String::new(), |margin| shortest(margin.get(), examined.metric.decimals + 1))
}

/// Without zeros that say nothing.
fn shortest(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `2.874 against 2.790, difference 0.084 [0.012, 0.156] over 20 seeds, E = 310`
fn numbers(claim: &Claim, examined: &Examined<'_>, row: &Row) -> String {
    let decimals = examined.metric.decimals;
    let units = units(examined.design, row);
    let mut text = if claim.test == Test::Trend {
        let score = with_interval(row.difference, row.interval, 2);
        format!("mean rank correlation with that order {score} over {units}")
    } else {
        let mean = |value: Option<f64>| fixed(value.unwrap_or(f64::NAN), decimals);
        let difference = with_interval(row.difference, row.interval, decimals + 1);
        let who = match &row.against {
            Some(against) if claim.against.0.len() > 1 => format!("{against}: "),
            _ => String::new(),
        };
        let (ours, theirs) = (mean(row.method_mean), mean(row.against_mean));
        format!("{who}{ours} against {theirs}, difference {difference} over {units}")
    };
    if let Some(p) = row.p {
        text += &match row.log10_e {
            Some(log10_e) => format!(", E = {}", e_value(log10_e)),
            None => format!(", {}", p_value(p)),
        };
    }
    if row.left_out > 0 {
        text += &format!(
            "; {} left out, as a run failed or its value is not finite",
            count(row.left_out, "seed")
        );
    }
    text
}

fn units(design: Design, row: &Row) -> String {
    let noun = if design == Design::Bootstrap { "resample" } else { "seed" };
    let units = count(row.units, noun);
    match row.repetitions {
        0 | 1 => units,
        several => format!("{units} of {several} experiments"),
    }
}

/// `0.3`, `41`, `2e9`
fn e_value(log10_e: f64) -> String {
    match log10_e {
        log if log < 2.0 => shortest(10_f64.powf(log), if log < 0.0 { 2 } else { 1 }),
        log if log < 4.0 => fixed(10_f64.powf(log), 0),
        log => format!("1e{}", fixed(log.floor(), 0)),
    }
}

/// How the level came about.
fn correction(claim: &Claim, judged: &Judgement) -> String {
    let coverage = shortest(100.0 * (1.0 - judged.evidence.level), 2);
    match (claim.rank, judged.evidence.family) {
        (Rank::Primary, Some(family)) if family > 1 => {
            format!(" (corrected over {family} primary claims, interval of {coverage} %)")
        }
        (Rank::Exploratory, _) => " (unadjusted; thought of after seeing numbers)".to_owned(),
        (Rank::Secondary, _) => " (unadjusted)".to_owned(),
        _ => String::new(),
    }
}

fn published(examined: &Examined<'_>, judged: &Judgement) -> String {
    let decimals = examined.metric.decimals;
    let known: Vec<String> =
        judged.evidence.rows.iter().filter_map(|row| Some(fixed(row.published?, decimals))).collect();
    if known.is_empty() {
        return String::new();
    }
    let ours = if judged.smaller_than_claimed {
        ": ours is smaller"
    } else {
        ", which the interval does not exclude"
    };
    let inside = |row: &Row| match (row.published, row.interval) {
        (Some(published), Some(interval)) => interval.contains(published),
        _ => true,
    };
    let word = if judged.smaller_than_claimed || judged.evidence.rows.iter().all(inside) { ours } else { "" };
    format!(" Published is {}{word}.", known.join(" and "))
}

fn new_data(examined: &Examined<'_>, judged: &Judgement) -> String {
    let interval = |Interval { low, high }: Interval| {
        let decimals = examined.metric.decimals + 1;
        format!("[{}, {}]", fixed(low, decimals), fixed(high, decimals))
    };
    let all: Vec<String> = judged.evidence.rows.iter().filter_map(|row| row.new_data.map(interval)).collect();
    format!("; for new data from its source the interval is {}", all.join(" and "))
}

/// What an undecided claim would need.
fn remedy(examined: &Examined<'_>, judged: &Judgement) -> String {
    let rows = &judged.evidence.rows;
    if let Some(no_test) = rows.iter().find_map(|row| row.no_test) {
        return match no_test {
            NoTest::TooFewPairs => " A test needs at least 2 seeds.".to_owned(),
            NoTest::Identical => " All methods gave the same numbers for every seed.".to_owned(),
            NoTest::ConstantDifference => {
                " The difference is the same for every seed, so the seeds are no repetitions and there is \
                 nothing to test by."
                    .to_owned()
            }
        };
    }
    if examined.design == Design::Bootstrap {
        return " More resamples would not tell; more data would.".to_owned();
    }
    let needed = |row: &Row| row.units_needed.unwrap_or(u64::MAX);
    match rows.iter().map(needed).max().unwrap_or(u64::MAX) {
        _ if rows.iter().all(|row| row.std.is_none()) => String::new(),
        units if units > MAX_UNITS => {
            format!(" A difference of the seen size would need more than {MAX_UNITS} seeds.")
        }
        units => {
            let hours = units as f64 * examined.seconds_per_unit / 3600.0;
            let cost = match hours {
                hours if hours < 1.5 / 60.0 => ", about a core minute at most".to_owned(),
                hours if hours < 0.1 => format!(", {} core minutes", fixed(60.0 * hours, 0)),
                hours => format!(", {} core hours", fixed(hours, 1)),
            };
            format!(" A difference of the seen size would need about {units} seeds{cost}.")
        }
    }
}
