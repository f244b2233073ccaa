//! Aggregates over data sets, as Agarwal et al. (2021, "Deep Reinforcement Learning at the Edge of the Statistical
//! Precipice") propose them: the interquartile mean of all scores, with an interval by resampling the runs of each
//! task apart from those of the others.

use crate::verdicts::stats::Interval;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// An aggregate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Aggregate {
    pub(super) value: f64,
    pub(super) interval: Interval,
}

/// The interquartile mean over tasks, each a list of finite scores, one per run; `None` without a score or where a
/// task has none. Every task weighs the same.
pub(super) fn aggregate(tasks: &[Vec<f64>]) -> Option<Aggregate> {
    let value = interquartile_mean(tasks)?;
    let mut draws = Draws(0);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let redrawn: Vec<Vec<f64>> = tasks
                .iter()
                .map(|task| task.iter().map(|_| task[draws.below(task.len())]).collect())
                .collect();
            interquartile_mean(&redrawn)
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled.get((share * (resampled.len() - 1) as f64).round() as usize).copied();
    Some(Aggregate { value, interval: Interval { low: at(0.025)?, high: at(0.975)? } })
}

/// The mean of the middle half of the scores, by weight.
fn interquartile_mean(tasks: &[Vec<f64>]) -> Option<f64> {
    if tasks.is_empty() || tasks.iter().any(Vec::is_empty) {
        return None;
    }
    let share = |task: &Vec<f64>| 1.0 / (task.len() * tasks.len()) as f64;
    let mut scores: Vec<(f64, f64)> =
        tasks.iter().flat_map(|task| task.iter().map(move |score| (*score, share(task)))).collect();
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0.0, 0.0);
    for (score, weight) in scores {
        // The part of this score's weight that lies between the quartiles.
        let inside = (below + weight).min(0.75) - f64::max(below, 0.25);
        sum += score * inside.max(0.0);
        below += weight;
    }
    Some(sum / 0.5)
}

/// SplitMix64: a page must come out the same each time, and nothing hangs on how random this is.
struct Draws(u64);

impl Draws {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        (unit * count as f64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_counts() {
        let known = |tasks: &[Vec<f64>]| interquartile_mean(tasks).unwrap();
        // scipy.stats.trim_mean of the same, a quarter at each end
        assert!((known(&[vec![1.0, 2.0, 3.0, 100.0]]) - 2.5).abs() < 1e-12);
        assert!((known(&[vec![-50.0, 1.0], vec![2.0, 1e9]]) - 1.5).abs() < 1e-12);
        // A task with more runs weighs no more: of weights 1/2, 1/6, 1/6, 1/6 the middle half is
        // the upper half of the first and the lower half of the others' .
        let uneven = known(&[vec![0.0], vec![6.0, 6.0, 6.0]]);
        assert!((uneven - 3.0).abs() < 1e-12, "{uneven}");
        assert_eq!(interquartile_mean(&[vec![1.0], Vec::new()]), None);
    }

    #[test]
    fn the_interval_holds_the_value_and_shrinks_with_runs() {
        let spread = |count: usize| {
            let task: Vec<f64> = (0..count).map(|at| (at * 7 % count) as f64 / count as f64).collect();
            let known = aggregate(&[task.clone(), task]).unwrap();
            assert!(known.interval.contains(known.value), "{known:?}");
            known.interval.high - known.interval.low
        };
        assert!(spread(100) < 0.6 * spread(10));
    }

    #[test]
    fn draws_are_even() {
        let mut draws = Draws(0);
        let mut counts = [0_u32; 5];
        for _ in 0..5000 {
            counts[draws.below(5)] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
