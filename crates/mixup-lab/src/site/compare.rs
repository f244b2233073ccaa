//! Methods across papers: what each row of a data set reached, and what mixing changes over several data sets.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::aggregate::{self, aggregate};
use super::gather::Committed;
use super::words::listed;
use crate::outcomes::aggregate::Summary;
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::report::base;
use crate::verdicts::numbers::{count, fixed, with_interval, with_std};
use crate::verdicts::stats::mean_interval;

/// Names of rows that train without any mixing.
const PLAIN: [&str; 4] = ["erm", "ce", "standard", "none"];

/// Data sets from which on an aggregate says more than its parts.
const ENOUGH: usize = 3;

/// A measure that papers share, under whatever name.
struct Family {
    label: &'static str,
    metrics: &'static [&'static str],
    /// Whether what is compared is 100 less the metric.
    of_hundred: bool,
}

const FAMILIES: [Family; 4] = [
    Family { label: "test error", metrics: &["accuracy"], of_hundred: true },
    Family { label: "RMSE", metrics: &["rmse"], of_hundred: false },
    Family { label: "ECE", metrics: &["ece", "netcal-ece"], of_hundred: false },
    Family { label: "NLL", metrics: &["nll"], of_hundred: false },
];

/// The page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Compare {
    rows: Vec<Row>,
    data: Vec<String>,
    /// The data set that is shown first.
    first: String,
    papers: Vec<String>,
    aggregates: Vec<Group>,
    /// Per measure, methods on too few data sets.
    few: Vec<String>,
    enough: usize,
}

/// A row of an experiment.
#[derive(Debug, Clone, Serialize)]
struct Row {
    data: String,
    paper: String,
    experiment: String,
    title: String,
    method: String,
    /// In the order of [`FAMILIES`]: text, and the value to sort by.
    cells: Vec<Cell>,
    seconds: String,
    seconds_value: f64,
    units: usize,
}

#[derive(Debug, Clone, Serialize)]
struct Cell {
    text: String,
    value: Option<f64>,
}

/// A method against plain training in a measure, over data sets.
#[derive(Debug, Clone, Serialize)]
struct Group {
    method: String,
    measure: &'static str,
    data: String,
    value: String,
    /// The share of runs that are better than plain training's, mean over tasks.
    better: String,
    side: &'static str,
    tasks: Vec<Task>,
}

#[derive(Debug, Clone, Serialize)]
struct Task {
    paper: String,
    experiment: String,
    method: String,
    against: String,
    data: String,
    change: String,
    runs: usize,
}

/// A task before it is text.
struct Scores<'a> {
    paper: &'a str,
    outcome: &'a Outcome,
    method: &'a str,
    against: &'a str,
    /// Per seed, the change against plain training in percent of its mean.
    values: Vec<f64>,
}

pub(super) fn of(papers: &[Committed]) -> Compare {
    let all = || papers.iter().flat_map(|paper| paper.outcomes.iter().map(move |outcome| (paper, outcome)));
    let mut experiments: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, outcome) in all() {
        *experiments.entry(outcome.data.as_str()).or_default() += 1;
    }
    let shared = |outcome: &Outcome| {
        outcome.data != mixup_data::catalogue::SIMULATED && experiments.get(outcome.data.as_str()) > Some(&1)
    };
    let rows: Vec<Row> = all()
        .filter(|(_, outcome)| shared(outcome))
        .flat_map(|(paper, outcome)| rows(&paper.slug, outcome))
        .filter(|row| row.cells.iter().any(|cell| cell.value.is_some()))
        .collect();
    let mut data: Vec<String> =
        rows.iter().map(|row| row.data.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    // The one with the most experiments is shown first.
    data.sort_by_key(|name| std::cmp::Reverse(experiments.get(name.as_str()).copied()));
    let papers_shown: BTreeSet<String> = rows.iter().map(|row| row.paper.clone()).collect();
    let (mut aggregates, mut few) = (Vec::new(), Vec::new());
    for family in &FAMILIES {
        let mut by_method: BTreeMap<&str, Vec<Scores<'_>>> = BTreeMap::new();
        for (paper, outcome) in all().filter(|(_, outcome)| outcome.data != mixup_data::catalogue::SIMULATED)
        {
            for scores in scores(&paper.slug, outcome, family) {
                by_method.entry(base(scores.method)).or_default().push(scores);
            }
        }
        let mut left_out: Vec<String> = Vec::new();
        for (method, tasks) in by_method {
            match group(method, family, &tasks) {
                Some(group) => aggregates.push(group),
                None => left_out.push(format!("{method} ({})", distinct(&tasks).len())),
            }
        }
        if !left_out.is_empty() {
            few.push(format!("{}: {}.", family.label, listed(&left_out)));
        }
    }
    let first = data.first().cloned().unwrap_or_default();
    Compare { rows, data, first, papers: papers_shown.into_iter().collect(), aggregates, few, enough: ENOUGH }
}

/// The metric of an outcome that belongs to a family.
fn metric<'o>(outcome: &'o Outcome, family: &Family) -> Option<&'o mixup_paper::MetricInfo> {
    family.metrics.iter().find_map(|name| outcome.metrics.iter().find(|metric| metric.name == *name))
}

fn rows(paper: &str, outcome: &Outcome) -> Vec<Row> {
    let runs = outcome.seeds.len() * outcome.methods.len();
    let seconds = outcome.core_seconds / runs.max(1) as f64;
    let cell = |method: &str, family: &Family| {
        let summary = metric(outcome, family).and_then(|metric| {
            let values = outcome.methods.get(method)?.values.get(&metric.name)?;
            Some((metric, Summary::over(outcome.pairs, values)?))
        });
        match summary {
            Some((metric, summary)) => Cell {
                text: with_std(of_family(family, summary.mean), summary.std, metric.decimals),
                value: Some(of_family(family, summary.mean)),
            },
            None => Cell { text: String::new(), value: None },
        }
    };
    let row = |method: &String| Row {
        data: outcome.data.clone(),
        paper: paper.to_owned(),
        experiment: outcome.experiment.clone(),
        title: outcome.title.clone(),
        method: method.clone(),
        cells: FAMILIES.iter().map(|family| cell(method, family)).collect(),
        seconds: fixed(seconds, usize::from(seconds < 10.0)),
        seconds_value: seconds,
        units: outcome.seeds.len(),
    };
    outcome.methods.keys().map(row).collect()
}

fn of_family(family: &Family, value: f64) -> f64 {
    if family.of_hundred { 100.0 - value } else { value }
}

/// Every method of an outcome against the row that trains without mixing and has the same number in its name.
fn scores<'a>(paper: &'a str, outcome: &'a Outcome, family: &Family) -> Vec<Scores<'a>> {
    let Some(metric) = metric(outcome, family).filter(|_| outcome.pairs == Pairs::Seeds) else {
        return Vec::new();
    };
    let number = |method: &'a str| method.strip_prefix(base(method)).unwrap_or("");
    let is_plain = |method: &str| PLAIN.contains(&base(method));
    let plain = |method: &'a str| {
        let rows = || outcome.methods.keys().map(String::as_str).filter(|row| is_plain(row));
        rows()
            .find(|&row| number(row) == number(method))
            .or_else(|| rows().find(|&row| number(row).is_empty()))
    };
    let values = |row: &str| outcome.methods.get(row).and_then(|method| method.values.get(&metric.name));
    let methods = outcome.methods.keys().map(String::as_str).filter(|method| !is_plain(method));
    methods
        .filter_map(|method| {
            let against = plain(method)?;
            let pairs: Vec<(f64, f64)> = values(method)?
                .iter()
                .zip(values(against)?)
                .map(|(a, b)| (of_family(family, *a), of_family(family, *b)))
                .filter(|(a, b)| a.is_finite() && b.is_finite())
                .collect();
            let level = pairs.iter().map(|(_, b)| b).sum::<f64>() / pairs.len() as f64;
            let values: Vec<f64> = pairs.iter().map(|(a, b)| 100.0 * (a - b) / level).collect();
            (level > 0.0).then_some(Scores { paper, outcome, method, against, values })
        })
        .collect()
}

fn distinct<'a>(tasks: &[Scores<'a>]) -> BTreeSet<&'a str> {
    tasks.iter().map(|task| task.outcome.data.as_str()).collect()
}

/// The aggregate of a method; `None` on too few data sets.
fn group(method: &str, family: &Family, tasks: &[Scores<'_>]) -> Option<Group> {
    let data = distinct(tasks);
    if data.len() < ENOUGH {
        return None;
    }
    // Data sets weigh the same, however many experiments are on them.
    let on = |data: &str| tasks.iter().filter(|task| task.outcome.data == data).count();
    let weighted = |task: &Scores<'_>| aggregate::Task {
        scores: task.values.clone(),
        weight: 1.0 / on(&task.outcome.data) as f64,
    };
    let weighted: Vec<aggregate::Task> = tasks.iter().map(weighted).collect();
    let known = aggregate(&weighted)?;
    let share = |task: &aggregate::Task| {
        let count =
            |wanted: fn(f64) -> bool| task.scores.iter().filter(|change| wanted(**change)).count() as f64;
        (count(|change| change < 0.0) + 0.5 * count(|change| change == 0.0)) / task.scores.len() as f64
    };
    let all: f64 = weighted.iter().map(|task| task.weight).sum();
    let better = weighted.iter().map(|task| task.weight * share(task)).sum::<f64>() / all;
    let side = match known.interval {
        interval if interval.high < 0.0 => "better",
        interval if interval.low > 0.0 => "worse",
        _ => "open",
    };
    Some(Group {
        method: method.to_owned(),
        measure: family.label,
        data: format!("{} in {}", count(data.len(), "data set"), count(tasks.len(), "task")),
        value: with_interval(known.value, Some(known.interval), 1),
        better: format!("{} %", fixed(100.0 * better, 0)),
        side,
        tasks: tasks.iter().map(task).collect(),
    })
}

fn task(scores: &Scores<'_>) -> Task {
    let mean = scores.values.iter().sum::<f64>() / scores.values.len() as f64;
    Task {
        paper: scores.paper.to_owned(),
        experiment: scores.outcome.experiment.clone(),
        method: scores.method.to_owned(),
        against: scores.against.to_owned(),
        data: scores.outcome.data.clone(),
        change: with_interval(mean, mean_interval(&scores.values), 1),
        runs: scores.values.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    fn on(data: &str, methods: &[(&str, &[f64])]) -> Outcome {
        Outcome { data: data.to_owned(), ..outcome("a", methods) }
    }

    #[test]
    fn a_method_is_compared_with_plain_training_of_the_same_number() {
        let a = on("x", &[("erm-1", &[10.0, 10.0]), ("erm-2", &[20.0, 20.0]), ("mixup-2", &[18.0, 22.0])]);
        let scores = scores("p", &a, &FAMILIES[1]);
        assert_eq!(scores.len(), 1);
        assert_eq!((scores[0].against, &scores[0].values[..]), ("erm-2", &[-10.0, 10.0][..]));
    }

    #[test]
    fn three_data_sets_make_an_aggregate_and_two_do_not() {
        let outcomes =
            ["x", "y", "z"].map(|data| on(data, &[("erm", &[10.0, 10.0]), ("mixup", &[9.0, 9.0])]));
        let tasks = |count: usize| -> Vec<Scores<'_>> {
            outcomes.iter().take(count).flat_map(|outcome| scores("p", outcome, &FAMILIES[1])).collect()
        };
        assert!(group("mixup", &FAMILIES[1], &tasks(2)).is_none());
        let known = group("mixup", &FAMILIES[1], &tasks(3)).unwrap();
        assert_eq!((known.value.as_str(), known.side), ("-10.0 [-10.0, -10.0]", "better"));
        assert_eq!((known.better.as_str(), known.data.as_str()), ("100 %", "3 data sets in 3 tasks"));
    }
}
