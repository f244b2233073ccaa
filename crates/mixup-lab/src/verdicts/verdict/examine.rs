//! From a claim to the numbers that it compares.

use mixup_paper::MetricInfo;

use crate::files::manifest::{Claim, Test};
use crate::outcomes::outcome::{Outcome, Pairs};
use crate::verdicts::stats::{Design, Differences, NoTest, Trend, mean, page};

/// What a claim compares, found in outcomes.
pub(super) struct Examined<'a> {
    pub(super) metric: &'a MetricInfo,
    pub(super) design: Design,
    /// See [`Outcome::overlap`].
    pub(super) overlap: Option<f64>,
    /// Core seconds of one unit of the claim's own experiment, all of its methods.
    pub(super) seconds_per_unit: f64,
    pub(super) rows: Vec<ExaminedRow>,
}

/// One comparison.
pub(super) struct ExaminedRow {
    pub(super) against: Option<String>,
    pub(super) repetitions: usize,
    pub(super) left_out: usize,
    pub(super) means: Option<[f64; 2]>,
    /// The mean difference, whether it can be tested or not.
    pub(super) difference: f64,
    pub(super) test: Result<Compared, NoTest>,
    pub(super) units: usize,
}

/// The values of a comparison.
pub(super) enum Compared {
    Differences(Differences),
    Trend(Trend),
}

impl Compared {
    /// Two-sided p of "there is no difference".
    pub(super) fn p_value(&self) -> f64 {
        match self {
            Self::Differences(differences) => differences.p_value(0.0),
            Self::Trend(trend) => trend.p_value(),
        }
    }
}

/// Finds what a claim compares, or says why it is not there.
pub(super) fn examine<'a>(
    paper: &str,
    claim: &Claim,
    outcomes: &[&'a Outcome],
) -> Result<Examined<'a>, String> {
    let find = |experiment: &str| {
        let of = |outcome: &&&Outcome| outcome.paper == paper && outcome.experiment == experiment;
        outcomes
            .iter()
            .find(of)
            .copied()
            .ok_or_else(|| format!("Experiment `{experiment}` has not been run."))
    };
    let own = find(&claim.experiment)?;
    // A repetition that was not run yet only adds nothing.
    let repeated: Vec<(&Outcome, [&String; 2])> = claim
        .repeated
        .iter()
        .filter_map(|known| Some((find(&known.experiment).ok()?, [&known.method, &known.against])))
        .collect();
    let metric = own.metrics.iter().find(|info| info.name == claim.metric);
    let metric = metric
        .ok_or_else(|| format!("The outcome of `{}` has no metric `{}`.", own.experiment, claim.metric))?;
    let design = match own.pairs {
        Pairs::Bootstrap => Design::Bootstrap,
        Pairs::Seeds if own.sequential || !claim.repeated.is_empty() => Design::Sequential,
        Pairs::Seeds => Design::Fixed,
    };
    let rows = if claim.test == Test::Trend {
        vec![trend(own, claim, design)?]
    } else {
        let row = |against: &String| {
            let mut sources = vec![(own, [&claim.method, against])];
            sources.extend(repeated.iter().copied());
            difference(&sources, claim, design)
        };
        claim.against.0.iter().map(row).collect::<Result<_, _>>()?
    };
    let seconds_per_unit = own.core_seconds / own.seeds.len().max(1) as f64;
    Ok(Examined { metric, design, overlap: own.overlap, seconds_per_unit, rows })
}

/// The values of some methods on the units where all are finite, and how many units were left out.
fn finite(outcome: &Outcome, claim: &Claim, methods: &[&String]) -> Result<(Vec<Vec<f64>>, usize), String> {
    let of = |name: &String, metric: &String| {
        let row = outcome.methods.get(name);
        row.and_then(|row| row.values.get(metric)).ok_or_else(|| {
            format!("The outcome of `{}` has no `{metric}` of method `{name}`.", outcome.experiment)
        })
    };
    let mut columns = Vec::new();
    for name in methods {
        let mut column = of(name, &claim.metric)?.clone();
        if let Some(less) = &claim.less {
            column.iter_mut().zip(of(name, less)?).for_each(|(value, less)| *value -= less);
        }
        columns.push(column);
    }
    let units = columns.iter().map(Vec::len).min().unwrap_or(0);
    let kept: Vec<usize> =
        (0..units).filter(|&unit| columns.iter().all(|column| column[unit].is_finite())).collect();
    if kept.is_empty() {
        return Err(format!(
            "No seed of `{}` has a finite `{}` for all methods: the runs failed.",
            outcome.experiment, claim.metric
        ));
    }
    let left_out = outcome.seeds.len().saturating_sub(kept.len());
    let keep = |column: Vec<f64>| kept.iter().map(|&unit| column[unit]).collect();
    Ok((columns.into_iter().map(keep).collect(), left_out))
}

/// One column less another, unit by unit.
fn less(column: &[f64], other: &[f64]) -> Vec<f64> {
    column.iter().zip(other).map(|(value, other)| value - other).collect()
}

fn difference(
    sources: &[(&Outcome, [&String; 2])],
    claim: &Claim,
    design: Design,
) -> Result<ExaminedRow, String> {
    let (mut repetitions, mut left_out, mut means) = (Vec::new(), 0, None);
    for (outcome, methods) in sources {
        let beyond = claim.beyond.as_ref().map(|beyond| [&beyond.method, &beyond.against]);
        let (columns, out) =
            finite(outcome, claim, &[&methods[..], beyond.as_slice().as_flattened()].concat())?;
        let columns = match &columns[..] {
            [own, against, less_own, less_against] => vec![less(own, less_own), less(against, less_against)],
            _ => columns,
        };
        left_out += out;
        // A bootstrap's first value is the original sample's, the others are no observations.
        let centre = |column: &Vec<f64>| match design {
            Design::Bootstrap => column[0],
            Design::Fixed | Design::Sequential => mean(column).unwrap_or(f64::NAN),
        };
        means.get_or_insert([centre(&columns[0]), centre(&columns[1])]);
        repetitions.push(columns[0].iter().zip(&columns[1]).map(|(a, b)| a - b).collect::<Vec<f64>>());
    }
    let all: Vec<f64> = repetitions.concat();
    let count = repetitions.len();
    let test = Differences::new(design, repetitions);
    let unpooled = if design == Design::Bootstrap { all[0] } else { mean(&all).unwrap_or(f64::NAN) };
    Ok(ExaminedRow {
        against: sources.first().map(|(_, [_, against])| (*against).clone()),
        repetitions: count,
        left_out,
        means,
        difference: test.as_ref().map_or(unpooled, Differences::estimate),
        units: test.as_ref().map_or(all.len(), Differences::units),
        test: test.map(Compared::Differences),
    })
}

fn trend(outcome: &Outcome, claim: &Claim, design: Design) -> Result<ExaminedRow, String> {
    let (columns, left_out) = finite(outcome, claim, &claim.over.iter().collect::<Vec<_>>())?;
    let rows: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let test = page(design, &rows);
    Ok(ExaminedRow {
        against: None,
        repetitions: 1,
        left_out,
        means: None,
        difference: test.as_ref().map_or(0.0, Trend::estimate),
        units: test.as_ref().map_or(columns[0].len(), Trend::units),
        test: test.map(Compared::Trend),
    })
}
