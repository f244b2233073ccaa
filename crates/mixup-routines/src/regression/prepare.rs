//! From tables to training, validation and test samples, as the official code prepares them.

use mixup_core::{CoreError, split::random_parts, stream::Streams};
use mixup_data::Table;
use ndarray::{Array, Array1, Array2, Array3, ArrayView2, Axis, Dimension, Ix2, Ix3, RemoveAxis, s};
use rand::Rng;

use super::{Counts, Fractions, Scaling, Split, Windows};

/// Samples of one part. `I` is `Ix2` for tables, `Ix3` for windows of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples<I: Dimension> {
    /// Inputs, `[samples, ...]`.
    pub x: Array<f64, I>,
    /// Targets in their own units, `[samples, outputs]`.
    pub y: Array2<f64>,
    /// Domain of each sample; empty where there are none.
    pub groups: Vec<i64>,
}

/// The three parts of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts<I: Dimension> {
    /// What is trained on.
    pub train: Samples<I>,
    /// What the epoch is chosen by.
    pub validation: Samples<I>,
    /// What is reported.
    pub test: Samples<I>,
}

impl<I: RemoveAxis> Samples<I> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.y.nrows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples that `rows` name, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let groups = rows.iter().filter_map(|&row| self.groups.get(row).copied());
        Self { x: self.x.select(Axis(0), rows), y: self.y.select(Axis(0), rows), groups: groups.collect() }
    }
}

/// Which columns of a table are what.
#[derive(Debug, Clone, PartialEq)]
pub struct Roles {
    /// Inputs.
    pub inputs: Vec<usize>,
    /// Target.
    pub target: usize,
    /// Domain, where the split goes by it.
    pub domain: Option<usize>,
}

impl Roles {
    /// The last column is the target, all others are inputs.
    pub fn last_is_target(columns: usize) -> Self {
        Self { inputs: (0..columns - 1).collect(), target: columns - 1, domain: None }
    }

    /// SkillCraft: `LeagueIndex` is the domain, `ActionLatency` the target, `GameID` unused.
    pub fn skillcraft() -> Self {
        Self { inputs: (2..13).chain(14..20).collect(), target: 13, domain: Some(1) }
    }

    /// Communities and Crime: the state is the domain; county, community and fold are unused.
    pub fn communities_crime(columns: usize) -> Self {
        Self { inputs: (4..columns - 1).collect(), target: columns - 1, domain: Some(0) }
    }

    /// The roles in a data set of the catalogue.
    pub fn of(data: &str, columns: usize) -> Self {
        match data {
            "skillcraft" => Self::skillcraft(),
            "communities-crime" => Self::communities_crime(columns),
            _ => Self::last_is_target(columns),
        }
    }
}

/// All rows of a table as samples: missing inputs (NaN) become their column's mean, inputs are
/// scaled, targets stay as they are. Means and scales are taken over ALL rows, test rows
/// included, as the official code takes them.
///
/// # Shapes
/// - returns `x` `[rows, inputs]`, `y` `[rows, 1]`
pub fn samples(table: &Table, roles: &Roles, scaling: Scaling) -> Samples<Ix2> {
    let rows = table.rows();
    let mut x = Array2::zeros((rows, roles.inputs.len()));
    for (mut place, &column) in x.axis_iter_mut(Axis(1)).zip(&roles.inputs) {
        let filled = fill_missing(Array1::from(table.column(column)));
        place.assign(&scale(filled, scaling));
    }
    let groups = roles.domain.map(|domain| table.column(domain).into_iter().map(|code| code as i64));
    Samples {
        x,
        y: Array1::from(table.column(roles.target)).insert_axis(Axis(1)),
        groups: groups.into_iter().flatten().collect(),
    }
}

fn fill_missing(column: Array1<f64>) -> Array1<f64> {
    let known: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    column.mapv(|value| if value.is_nan() { mean } else { value })
}

/// A column without spread becomes 0: there is nothing to learn from it.
fn scale(column: Array1<f64>, scaling: Scaling) -> Array1<f64> {
    let (centre, spread) = match scaling {
        Scaling::MinMax => {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (low, high - low)
        }
        Scaling::ZScore => (column.mean().unwrap_or(0.0), column.std(0.0)),
    };
    let spread = if spread > 0.0 { spread } else { 1.0 };
    column.mapv(|value| (value - centre) / spread)
}

/// The parts of a table.
///
/// Streams read here: `split`, by a random split.
///
/// # Errors
/// As [`random_split`] and [`domain_split`]; a split by time, which is for series.
pub fn parts(samples: &Samples<Ix2>, split: &Split, streams: &mut Streams) -> Result<Parts<Ix2>, CoreError> {
    match split {
        Split::Domains(marks) => domain_split(samples, marks),
        Split::Random(counts) => random_split(samples, counts, streams.get("split")),
        Split::Time(_) => Err(CoreError::Invalid("a split by time is for series, not for tables".into())),
    }
}

/// A random order, then the first rows to training, the next to validation, the next to test.
///
/// # Errors
/// More rows asked for than there are, or a part without rows.
pub fn random_split(
    samples: &Samples<Ix2>,
    counts: &Counts,
    rng: &mut impl Rng,
) -> Result<Parts<Ix2>, CoreError> {
    let [train, validation, test] =
        random_parts(samples.len(), [counts.train, counts.validation, counts.test], rng)?;
    Ok(Parts {
        train: samples.select(&train),
        validation: samples.select(&validation),
        test: samples.select(&test),
    })
}

/// Whole domains in increasing order. The domain that crosses the training mark is the first of
/// validation, the one that crosses the validation mark the first of test.
///
/// # Errors
/// Samples without domains, or marks that leave a part empty.
pub fn domain_split(samples: &Samples<Ix2>, marks: &Fractions) -> Result<Parts<Ix2>, CoreError> {
    let mut domains = samples.groups.clone();
    domains.sort_unstable();
    domains.dedup();
    let size = |domain: i64| samples.groups.iter().filter(|&&group| group == domain).count();
    let cumulated: Vec<usize> = domains
        .iter()
        .scan(0, |sum, &domain| {
            *sum += size(domain);
            Some(*sum)
        })
        .collect();
    let share = |fraction: f64| (fraction * samples.len() as f64) as usize;
    let crossing = |mark| cumulated.iter().position(|&count| count >= mark);
    let cut = crossing(share(marks.train.get())).and_then(|first| {
        let second = crossing(cumulated[first] + share(marks.validation.get()))?;
        // A training mark of 0 rows, or one domain, leaves a part without any.
        (first > 0 && second > first).then_some((first, second))
    });
    let (first, second) = cut.ok_or_else(|| {
        CoreError::Invalid(format!(
            "split by domain: {} domains of {} samples leave a part empty at these marks",
            domains.len(),
            samples.len()
        ))
    })?;
    let part = |names: &[i64]| {
        let of = |domain: &i64| {
            let domain = *domain;
            (0..samples.len()).filter(move |&row| samples.groups[row] == domain)
        };
        samples.select(&names.iter().flat_map(of).collect::<Vec<_>>())
    };
    Ok(Parts {
        train: part(&domains[..first]),
        validation: part(&domains[first..second]),
        test: part(&domains[second..]),
    })
}

/// Every series divided by its largest absolute value over ALL time.
///
/// # Shapes
/// - `raw`: `[time, series]`
/// - returns the scaled values and the scales `[series]`
pub fn scale_series(raw: ArrayView2<'_, f64>) -> (Array2<f64>, Array1<f64>) {
    let scales = raw
        .map_axis(Axis(0), |series| series.iter().fold(0.0, |largest: f64, value| largest.max(value.abs())));
    let scales = scales.mapv(|scale| if scale > 0.0 { scale } else { 1.0 });
    (&raw / &scales, scales)
}

/// Windows of time with the values `horizon` steps after their end as targets. The parts are cut
/// by the time of the target; windows of validation and test reach back into earlier time.
///
/// # Shapes
/// - `series`: `[time, series]`, scaled
/// - returns `x` `[samples, window, series]`, `y` `[samples, series]`
///
/// # Errors
/// Too little time for a sample in each part.
pub fn windows(series: ArrayView2<'_, f64>, config: &Windows) -> Result<Parts<Ix3>, CoreError> {
    let time = series.nrows();
    let (train, validation) = (config.train.get(), config.validation.get());
    let first = (train * time as f64) as usize;
    let second = ((train + validation) * time as f64) as usize;
    let start = config.window + config.horizon - 1;
    if config.window * config.horizon == 0 || start >= first || first >= second || second >= time {
        return Err(CoreError::Invalid(format!(
            "windows of {} and a horizon of {} over {time} time steps cut at {first} and {second} leave a part \
             empty",
            config.window, config.horizon
        )));
    }
    let part = |targets: std::ops::Range<usize>| {
        let mut x = Array3::zeros((targets.len(), config.window, series.ncols()));
        for (mut window, target) in x.axis_iter_mut(Axis(0)).zip(targets.clone()) {
            let end = target + 1 - config.horizon;
            window.assign(&series.slice(s![end - config.window..end, ..]));
        }
        let y = series.slice(s![targets, ..]).to_owned();
        Samples { x, y, groups: Vec::new() }
    };
    Ok(Parts { train: part(start..first), validation: part(first..second), test: part(second..time) })
}
