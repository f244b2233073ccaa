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

/// A task: finite scores, one per run, and how much it weighs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    pub(super) scores: Vec<f64>,
    pub(super) weight: f64,
}

/// The interquartile mean over tasks by their weights; `None` without a score or where a task has none.
pub(super) fn aggregate(tasks: &[Task]) -> Option<Aggregate> {
    let value = interquartile_mean(tasks)?;
    let mut draws = Draws(0);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let mut redrawn = tasks.to_vec();
            for (redrawn, task) in redrawn.iter_mut().zip(tasks) {
                redrawn.scores.fill_with(|| task.scores[draws.below(task.scores.len())]);
            }
            interquartile_mean(&redrawn)
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| resampled.get((share * (resampled.len() - 1) as f64).round() as usize).copied();
    Some(Aggregate { value, interval: Interval { low: at(0.025)?, high: at(0.975)? } })
}

/// The mean of the middle half of the scores, by weight.
fn interquartile_mean(tasks: &[Task]) -> Option<f64> {
    if tasks.is_empty() || tasks.iter().any(|task| task.scores.is_empty()) {
        return None;
    }
    let all: f64 = tasks.iter().map(|task| task.weight).sum();
    let share = |task: &Task| task.weight / all / task.scores.len() as f64;
    let mut scores: Vec<(f64, f64)> =
        tasks.iter().flat_map(|task| task.scores.iter().map(move |score| (*score, share(task)))).collect();
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

    fn task(scores: &[f64]) -> Task {
        Task { scores: scores.to_vec(), weight: 1.0 }
    }

    #[test]
    fn the_middle_half_counts() {
        let known = |tasks: &[Task]| interquartile_mean(tasks).unwrap();
        // scipy.stats.trim_mean of the same, a quarter at each end
        assert!((known(&[task(&[1.0, 2.0, 3.0, 100.0])]) - 2.5).abs() < 1e-12);
        assert!((known(&[task(&[-50.0, 1.0]), task(&[2.0, 1e9])]) - 1.5).abs() < 1e-12);
        // A task with more runs weighs no more: half of what counts is of either.
        assert!((known(&[task(&[0.0]), task(&[6.0, 6.0, 6.0])]) - 3.0).abs() < 1e-12);
        // And one of twice the weight twice as much: a sixth of the middle half is of the first.
        let heavy = Task { weight: 2.0, ..task(&[6.0]) };
        assert!((known(&[task(&[0.0]), heavy]) - 5.0).abs() < 1e-12);
        assert_eq!(interquartile_mean(&[task(&[1.0]), task(&[])]), None);
    }

    #[test]
    fn the_interval_holds_the_value_and_shrinks_with_runs() {
        let spread = |count: usize| {
            let scores: Vec<f64> = (0..count).map(|at| (at * 7 % count) as f64 / count as f64).collect();
            let known = aggregate(&[task(&scores), task(&scores)]).unwrap();
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
