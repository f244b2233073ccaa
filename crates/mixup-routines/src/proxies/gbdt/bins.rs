//! Features as bins. LightGBM never looks at a value again once it knows the value's bin.

use ndarray::{ArrayView1, ArrayView2};

use super::GbdtConfig;

/// Values up to this one count as zero and share a bin of their own (`kZeroThreshold`, a 32-bit
/// constant there).
const ZERO: f64 = 1e-35_f32 as f64;

/// Share of the rows from which on a bin other than the zero bin counts as the most frequent one
/// (`kSparseThreshold`).
const FREQUENT: f64 = 0.7;

/// The training mixtures as bins, one column per feature.
#[derive(Debug)]
pub(super) struct BinnedData {
    pub(super) columns: Vec<BinnedColumn>,
    pub(super) rows: usize,
}

/// One feature.
#[derive(Debug)]
pub(super) struct BinnedColumn {
    /// Largest value of each bin, increasing; the last is infinite.
    pub(super) upper_bounds: Vec<f64>,
    /// Bin of each row.
    pub(super) bins: Vec<u32>,
    /// The bin whose sums are found as what the other bins leave of the leaf's sums. Where it is 0
    /// it is never needed at all.
    pub(super) most_frequent: usize,
}

impl BinnedData {
    pub(super) fn new(mixtures: ArrayView2<'_, f64>, config: &GbdtConfig) -> Self {
        let columns =
            mixtures.columns().into_iter().map(|column| BinnedColumn::new(column, config)).collect();
        Self { columns, rows: mixtures.nrows() }
    }
}

impl BinnedColumn {
    fn new(values: ArrayView1<'_, f64>, config: &GbdtConfig) -> Self {
        let upper_bounds = upper_bounds(values, config);
        let bin_of = |value: f64| upper_bounds.partition_point(|bound| *bound < value);
        let bins: Vec<u32> = values.iter().map(|&value| bin_of(value) as u32).collect();
        let mut counts = vec![0_usize; upper_bounds.len()];
        bins.iter().for_each(|&bin| counts[bin as usize] += 1);
        let zero_bin = bin_of(0.0);
        let largest = (0..counts.len()).rev().max_by_key(|&bin| counts[bin]).unwrap_or(zero_bin);
        let is_frequent = counts[largest] as f64 / values.len() as f64 >= FREQUENT;
        Self { most_frequent: if is_frequent { largest } else { zero_bin }, upper_bounds, bins }
    }
}

/// Bounds of the negative values, of the zeros, of the positive values; never more than `max_bin`.
fn upper_bounds(values: ArrayView1<'_, f64>, config: &GbdtConfig) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.abs() > ZERO).collect();
    sorted.sort_by(f64::total_cmp);
    let (negative, positive) = sorted.split_at(sorted.partition_point(|value| *value < 0.0));

    let mut bounds = Vec::new();
    if !negative.is_empty() && config.max_bin > 1 {
        let share = negative.len() as f64 / sorted.len() as f64;
        let bins = ((share * (config.max_bin - 1) as f64) as usize).max(1);
        bounds = bounds_between(&distinct(negative), bins, config.min_data_in_bin);
        bounds.push(-ZERO);
    }
    let bins = (config.max_bin - 1).saturating_sub(bounds.len());
    if !positive.is_empty() && bins > 0 {
        bounds.push(ZERO);
        bounds.extend(bounds_between(&distinct(positive), bins, config.min_data_in_bin));
    }
    bounds.push(f64::INFINITY);
    bounds
}

/// A value and how often it occurs.
#[derive(Debug, Clone, Copy)]
struct Distinct {
    value: f64,
    count: usize,
}

/// Values that are next to each other as floating-point numbers count as one, the larger.
fn distinct(sorted: &[f64]) -> Vec<Distinct> {
    sorted
        .chunk_by(|a, b| *b <= a.next_up())
        .filter_map(|equal| equal.last().map(|&value| Distinct { value, count: equal.len() }))
        .collect()
}

/// Bounds between `values` for at most `bins` bins, without the last one.
fn bounds_between(values: &[Distinct], bins: usize, min_data_in_bin: usize) -> Vec<f64> {
    let gaps = if values.len() <= bins {
        gaps_by_count(values, min_data_in_bin)
    } else {
        gaps_by_share(values, bins, min_data_in_bin)
    };
    let mut bounds: Vec<f64> = Vec::with_capacity(gaps.len());
    for gap in gaps {
        let bound = ((values[gap].value + values[gap + 1].value) / 2.0).next_up();
        if bounds.last().is_none_or(|last| bound > last.next_up()) {
            bounds.push(bound);
        }
    }
    bounds
}

/// A bin ends behind a value as soon as it holds `min_data_in_bin` rows.
fn gaps_by_count(values: &[Distinct], min_data_in_bin: usize) -> Vec<usize> {
    let mut gaps = Vec::new();
    let mut rows = 0;
    for (index, value) in values.iter().enumerate().take(values.len() - 1) {
        rows += value.count;
        if rows >= min_data_in_bin {
            gaps.push(index);
            rows = 0;
        }
    }
    gaps
}

/// More values than bins: a value with more rows than a bin should hold gets a bin of its own, the
/// others are spread evenly over the bins that are left.
fn gaps_by_share(values: &[Distinct], bins: usize, min_data_in_bin: usize) -> Vec<usize> {
    let total: usize = values.iter().map(|value| value.count).sum();
    let bins = bins.min(total / min_data_in_bin).max(1);
    let large: Vec<bool> =
        values.iter().map(|value| value.count as f64 >= total as f64 / bins as f64).collect();
    let large_rows: usize =
        values.iter().zip(&large).filter(|(_, large)| **large).map(|(value, _)| value.count).sum();
    let mut bins_left = bins as f64 - large.iter().filter(|large| **large).count() as f64;
    let mut rows_left = (total - large_rows) as f64;
    // With no bin left this is infinite or not a number, and only large values end a bin.
    let mut rows_per_bin = rows_left / bins_left;

    let mut gaps = Vec::new();
    let mut rows = 0.0;
    for index in 0..values.len() - 1 {
        if gaps.len() + 1 >= bins {
            break;
        }
        rows += values[index].count as f64;
        if !large[index] {
            rows_left -= values[index].count as f64;
        }
        let makes_room = large[index + 1] && rows >= (rows_per_bin * 0.5).max(1.0);
        if large[index] || rows >= rows_per_bin || makes_room {
            gaps.push(index);
            rows = 0.0;
            if !large[index] {
                bins_left -= 1.0;
                rows_per_bin = rows_left / bins_left;
            }
        }
    }
    gaps
}
