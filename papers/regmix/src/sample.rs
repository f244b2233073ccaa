//! What a run fits to and what it scores: the authors' runs as they are, or a bootstrap resample of them.

use mixup_core::stream::Streams;
use mixup_data::{ProxyRuns, RegMix};
use mixup_paper::RunError;
use mixup_routines::proxies::Runs;
use rand::{Rng, RngExt};

use crate::experiment::{SCALES, Spec};

/// Runs to fit to and runs to score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The proxies.
    pub(crate) train: Runs,
    /// The scored runs of each of [`SCALES`].
    pub(crate) tests: [Runs; 3],
}

impl Sample {
    /// Of seed 0 all runs as they are. Of any other seed as many draws with replacement: of the proxies, and
    /// independently of the scored runs of each scale. A row that asks for fewer proxies has the first of
    /// them, so that rows of one seed are nested.
    ///
    /// Nothing is both fitted to and scored, however often it was drawn: proxies and scored runs are
    /// different runs from the start.
    ///
    /// Streams read here: `proxies` and `scored-1m`, `scored-60m`, `scored-1b`.
    ///
    /// # Errors
    /// More proxies than there are, or tables whose cells are not as many as they say.
    pub(crate) fn of(spec: &Spec, data: &RegMix) -> Result<Self, RunError> {
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let mut rows = |runs: usize, purpose: &str| match spec.seed {
            0 => (0..runs).collect(),
            _ => resampled(runs, streams.get(purpose)),
        };
        let all = data.train_1m.mixtures.rows();
        if let Some(asked) = spec.parameters.proxies.filter(|asked| asked.get() > all) {
            return Err(RunError::Spec(format!("`proxies: {asked}`: there are {all} proxy runs")));
        }
        let mut train = rows(all, "proxies");
        for most in [spec.parameters.proxies, spec.train_samples].into_iter().flatten() {
            train.truncate(most.get());
        }
        let [small, middle, large] = [&data.test_1m, &data.test_60m, &data.test_1b];
        let mut scored = |runs: &ProxyRuns, scale: &str| {
            Runs::new(runs, rows(runs.mixtures.rows(), &format!("scored-{scale}")))
        };
        let tests = [scored(small, SCALES[0])?, scored(middle, SCALES[1])?, scored(large, SCALES[2])?];
        Ok(Self { train: Runs::new(&data.train_1m, train)?, tests })
    }
}

fn resampled(runs: usize, rng: &mut impl Rng) -> Vec<usize> {
    (0..runs).map(|_| rng.random_range(0..runs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, Regression, Setting};
    use mixup_data::Table;
    use std::collections::BTreeSet;
    use std::num::NonZeroUsize;

    /// Row `i` of a group has the mixture `[i]` and the loss `i + offset`.
    fn group(runs: usize, offset: f64) -> ProxyRuns {
        let table = |column: &str, offset: f64| Table {
            columns: vec![column.into()],
            cells: (0..runs).map(|row| row as f64 + offset).collect(),
        };
        ProxyRuns { mixtures: table("pile_cc", 0.0), losses: table("pile_cc", offset) }
    }

    fn sample(seed: u64, proxies: usize) -> Sample {
        try_sample(seed, proxies).unwrap()
    }

    fn try_sample(seed: u64, proxies: usize) -> Result<Sample, RunError> {
        let data = RegMix {
            train_1m: group(200, 0.5),
            test_1m: group(100, 0.25),
            test_60m: group(100, 0.125),
            test_1b: group(30, 0.0625),
        };
        let method = Method {
            regression: Regression::Linear,
            stop_on_test: None,
            proxies: NonZeroUsize::new(proxies),
        };
        let spec = Spec {
            paper: "regmix".into(),
            experiment: "sample".into(),
            routine: "regmix".into(),
            method: "linear".into(),
            parameters: method,
            setting: Setting::default(),
            seed,
            data: "regmix".into(),
            model: None,
            optimizer: None,
            train: None,
            train_samples: None,
            test_samples: None,
            metrics: Vec::new(),
            device: "flex".into(),
        };
        Sample::of(&spec, &data)
    }

    fn groups(sample: &Sample) -> [&Runs; 4] {
        let [small, middle, large] = &sample.tests;
        [&sample.train, small, middle, large]
    }

    #[test]
    fn seed_0_is_every_run_once_in_order() {
        let sample = sample(0, 200);
        for (runs, count) in groups(&sample).into_iter().zip([200, 100, 100, 30]) {
            assert_eq!(runs.rows, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn other_seeds_draw_as_many_with_replacement_and_each_group_by_itself() {
        let sample = sample(1, 200);
        for (runs, count) in groups(&sample).into_iter().zip([200_usize, 100, 100, 30]) {
            let distinct = runs.rows.iter().collect::<BTreeSet<_>>().len();
            assert_eq!(runs.rows.len(), count);
            // 1 - 1/e of them on average.
            assert!((count / 2..count * 3 / 4).contains(&distinct), "{distinct} of {count}");
        }
        assert_ne!(sample.tests[0].rows, sample.tests[1].rows);
        assert_ne!(sample.train.rows, self::sample(2, 200).train.rows);
        assert_eq!(sample, self::sample(1, 200));
    }

    #[test]
    fn losses_stay_with_their_mixtures() {
        let sample = sample(3, 200);
        for (runs, offset) in groups(&sample).into_iter().zip([0.5, 0.25, 0.125, 0.0625]) {
            let expected: Vec<f64> = runs.mixtures.iter().map(|mixture| mixture + offset).collect();
            assert_eq!(runs.losses("pile_cc").unwrap(), expected);
        }
        assert!(sample.train.losses("books").unwrap_err().to_string().contains("`books`"));
    }

    #[test]
    fn fewer_proxies_are_the_first_of_the_same_draw_and_the_same_runs_are_scored() {
        for seed in [0, 5] {
            let (few, all) = (sample(seed, 50), sample(seed, 200));
            assert_eq!(few.train.rows, all.train.rows[..50]);
            assert_eq!(few.tests, all.tests);
        }
        assert!(try_sample(0, 201).unwrap_err().to_string().contains("there are 200 proxy runs"));
    }
}
