//! Wilcoxon's signed-rank test.

use statrs::distribution::{ContinuousCDF, Normal};

use super::Tails;

/// Largest number of non-zero differences for which the distribution is enumerated.
const EXACT_UP_TO: usize = 25;

/// Wilcoxon's signed-rank test of paired differences, one-sided both ways.
///
/// Zeros are dropped, as Wilcoxon did; tied absolute differences share their mean rank, and those
/// closer than `rounding` count as tied. Up to 25 non-zero differences the p-values are exact: all
/// sign patterns of the observed ranks are counted, which without ties is the textbook table and
/// with ties the permutation distribution. Above that the normal approximation is used, with
/// variance corrected for ties and a continuity correction of one half. `None` when no difference
/// is left.
pub fn signed_rank(differences: &[f64], rounding: f64) -> Option<Tails> {
    let kept: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > rounding).collect();
    if kept.is_empty() {
        return None;
    }
    let ranks = doubled_ranks(&kept, rounding);
    let positive: usize = ranks.iter().zip(&kept).filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank).sum();
    Some(if kept.len() <= EXACT_UP_TO { exact(&ranks, positive) } else { approximate(&ranks, positive) })
}

/// Twice the rank of each absolute difference: a mean rank of ties is a multiple of one half.
fn doubled_ranks(differences: &[f64], rounding: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..differences.len()).collect();
    order.sort_by(|&a, &b| differences[a].abs().total_cmp(&differences[b].abs()));
    let mut ranks = vec![0; differences.len()];
    let mut start = 0;
    while start < order.len() {
        let smallest = differences[order[start]].abs();
        let tied =
            order[start..].iter().take_while(|&&i| differences[i].abs() - smallest <= rounding).count();
        for &index in &order[start..start + tied] {
            // Ranks start + 1 ..= start + tied; twice their mean is first plus last.
            ranks[index] = 2 * start + tied + 1;
        }
        start += tied;
    }
    ranks
}

/// Counts the sign patterns by the sum of their positive ranks, one rank at a time.
fn exact(ranks: &[usize], positive: usize) -> Tails {
    let total: usize = ranks.iter().sum();
    let mut patterns = vec![0.0_f64; total + 1];
    patterns[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=total).rev() {
            patterns[sum] += patterns[sum - rank];
        }
    }
    let all = (ranks.len() as f64).exp2();
    Tails {
        lower: patterns[..=positive].iter().sum::<f64>() / all,
        higher: patterns[positive..].iter().sum::<f64>() / all,
    }
}

/// The sum of positive ranks has mean `sum of ranks / 2` and variance `sum of squared ranks / 4`,
/// which holds the correction for ties.
fn approximate(ranks: &[usize], positive: usize) -> Tails {
    let statistic = positive as f64 / 2.0;
    let centre = ranks.iter().sum::<usize>() as f64 / 4.0;
    let std = (ranks.iter().map(|&rank| (rank as f64 / 2.0).powi(2)).sum::<f64>() / 4.0).sqrt();
    let normal = Normal::standard();
    Tails {
        lower: normal.cdf((statistic - centre + 0.5) / std),
        higher: normal.sf((statistic - centre - 0.5) / std),
    }
}
