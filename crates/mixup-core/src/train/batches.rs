//! Which samples a step gets.

use std::num::NonZeroUsize;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::{CoreError, stream::Streams};

/// Which training samples the steps of an epoch get; rows are numbers of training samples.
///
/// All of an epoch's rows are drawn at its start; with [`Shuffle::Once`](super::Shuffle), those of the
/// first epoch are kept for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Batches {
    /// A random order of all samples, cut into batches; the last partial one is dropped.
    ///
    /// Stream: `shuffle`.
    #[default]
    Shuffled,
    /// As many samples of each of some classes, class by class: a batch of 32 with 4 per class has
    /// 8 different classes, drawn anew for every step. An epoch has as many steps as with
    /// [`Shuffled`](Self::Shuffled). Of a class that has fewer than `per_class` samples, some come twice.
    ///
    /// Stream: `shuffle`.
    Balanced {
        /// Class of every training sample.
        labels: Vec<usize>,
        /// Samples of a class in a batch; it divides the batch.
        per_class: NonZeroUsize,
    },
    /// A batch of labelled samples and after it `ratio` times as many unlabelled ones. An epoch is a pass
    /// over the side that lasts longer, without its last partial batch; the other side begins anew, in
    /// another order, whenever it is used up. Two domains are paired the same way.
    ///
    /// Streams: `labelled`, `unlabelled`.
    Paired {
        /// Rows of the labelled samples.
        labelled: Vec<usize>,
        /// Rows of the unlabelled samples.
        unlabelled: Vec<usize>,
        /// Unlabelled samples for each labelled one.
        ratio: NonZeroUsize,
    },
    /// Episodes of `ways` classes: `shots` samples of each, class by class, and after them `queries`
    /// others of each, class by class in the same order. The batch is `ways * (shots + queries)`.
    ///
    /// Stream: `shuffle`.
    Episodes {
        /// Class of every training sample.
        labels: Vec<usize>,
        /// Classes of an episode.
        ways: NonZeroUsize,
        /// Support samples of each of them.
        shots: NonZeroUsize,
        /// Queries of each of them.
        queries: NonZeroUsize,
        /// Episodes, that is steps, of an epoch.
        episodes: NonZeroUsize,
    },
    /// No rows: the task draws them itself, from streams of its own.
    Drawn {
        /// Steps of an epoch.
        steps: NonZeroUsize,
    },
}

/// [`Batches`] that fit the task.
pub(super) struct Plan {
    draw: Draw,
    steps: usize,
    /// Rows of a step.
    rows: usize,
}

enum Draw {
    Shuffled { samples: usize },
    Classes { pools: Vec<Vec<usize>>, classes: usize, shots: usize, queries: usize },
    Paired { labelled: Vec<usize>, unlabelled: Vec<usize>, batch: usize },
    Nothing,
}

impl Plan {
    /// # Errors
    /// A batch that cannot be drawn from these samples; the message says what would be right.
    pub(super) fn new(batches: Batches, samples: usize, batch: NonZeroUsize) -> Result<Self, CoreError> {
        let batch = batch.get();
        let (draw, steps, rows) = match batches {
            Batches::Shuffled => (Draw::Shuffled { samples }, samples / batch, batch),
            Batches::Balanced { labels, per_class } => {
                (balanced(&labels, per_class.get(), samples, batch)?, samples / batch, batch)
            }
            Batches::Paired { labelled, unlabelled, ratio } => {
                check_rows([&labelled, &unlabelled], samples)?;
                let others = batch * ratio.get();
                let steps = (labelled.len() / batch).max(unlabelled.len() / others);
                (Draw::Paired { labelled, unlabelled, batch }, steps, batch + others)
            }
            Batches::Episodes { labels, ways, shots, queries, episodes } => {
                let [ways, shots, queries] = [ways, shots, queries].map(NonZeroUsize::get);
                check_episode(batch, ways, shots, queries)?;
                let pools = pools(&labels, samples)?;
                check_sizes(&pools, ways, shots + queries)?;
                (Draw::Classes { pools, classes: ways, shots, queries }, episodes.get(), batch)
            }
            Batches::Drawn { steps } => (Draw::Nothing, steps.get(), 0),
        };
        match steps {
            0 => Err(CoreError::Invalid(format!(
                "a batch of {batch} from {samples} training samples: use a smaller `batch`"
            ))),
            _ => Ok(Self { draw, steps, rows }),
        }
    }

    /// Steps of an epoch, at least 1.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// The rows of one step among those of the epoch.
    pub(super) fn of_step<'a>(&self, epoch: &'a [usize], step: usize) -> &'a [usize] {
        &epoch[step * self.rows..(step + 1) * self.rows]
    }

    /// The rows of an epoch, step by step.
    pub(super) fn draw(&self, streams: &mut Streams) -> Vec<usize> {
        match &self.draw {
            Draw::Shuffled { samples } => {
                let mut order: Vec<usize> = (0..*samples).collect();
                order.shuffle(streams.get("shuffle"));
                order
            }
            Draw::Classes { pools, classes, shots, queries } => {
                let mut classes = ClassDraw { pools: pools.clone(), classes: *classes, rows: Vec::new() };
                for _ in 0..self.steps {
                    classes.step(*shots, *queries, streams.get("shuffle"));
                }
                classes.rows
            }
            Draw::Paired { labelled, unlabelled, batch } => {
                let others = self.rows - batch;
                let first = endless(labelled, self.steps * batch, streams.get("labelled"));
                let second = endless(unlabelled, self.steps * others, streams.get("unlabelled"));
                let steps = first.chunks(*batch).zip(second.chunks(others));
                steps.flat_map(|(first, second)| first.iter().chain(second)).copied().collect()
            }
            Draw::Nothing => Vec::new(),
        }
    }
}

/// Draws class by class. The pools change order with every draw, so that an epoch starts from fresh ones.
struct ClassDraw {
    pools: Vec<Vec<usize>>,
    classes: usize,
    rows: Vec<usize>,
}

impl ClassDraw {
    fn step(&mut self, shots: usize, queries: usize, rng: &mut impl Rng) {
        let (chosen, _) = self.pools.partial_shuffle(rng, self.classes);
        let drawn: Vec<Vec<usize>> = chosen.iter_mut().map(|pool| take(pool, shots + queries, rng)).collect();
        for rows in &drawn {
            self.rows.extend(&rows[..shots]);
        }
        for rows in &drawn {
            self.rows.extend(&rows[shots..]);
        }
    }
}

/// Random members of a pool without repetition, until it is used up; then again.
fn take(pool: &mut [usize], count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        let (part, _) = pool.partial_shuffle(rng, count - taken.len());
        taken.extend_from_slice(part);
    }
    taken
}

fn endless(rows: &[usize], count: usize, rng: &mut impl Rng) -> Vec<usize> {
    take(&mut rows.to_vec(), count, rng)
}

/// The samples of each class that has any.
fn pools(labels: &[usize], samples: usize) -> Result<Vec<Vec<usize>>, CoreError> {
    if labels.len() != samples {
        return Err(CoreError::Invalid(format!("{} labels for {samples} training samples", labels.len())));
    }
    let mut pools = std::collections::BTreeMap::<usize, Vec<usize>>::new();
    for (row, &label) in labels.iter().enumerate() {
        pools.entry(label).or_default().push(row);
    }
    Ok(pools.into_values().collect())
}

fn balanced(labels: &[usize], per_class: usize, samples: usize, batch: usize) -> Result<Draw, CoreError> {
    if !batch.is_multiple_of(per_class) {
        return Err(CoreError::Invalid(format!(
            "a batch of {batch} with {per_class} samples of a class: `batch` must be a multiple of them"
        )));
    }
    let pools = pools(labels, samples)?;
    check_sizes(&pools, batch / per_class, 1)?;
    Ok(Draw::Classes { pools, classes: batch / per_class, shots: per_class, queries: 0 })
}

fn check_sizes(pools: &[Vec<usize>], classes: usize, samples: usize) -> Result<(), CoreError> {
    let smallest = pools.iter().map(Vec::len).min().unwrap_or(0);
    if pools.len() < classes || smallest < samples {
        return Err(CoreError::Invalid(format!(
            "a step needs {classes} classes of at least {samples} samples; the training samples have {} \
             classes, the smallest of {smallest}",
            pools.len()
        )));
    }
    Ok(())
}

fn check_episode(batch: usize, ways: usize, shots: usize, queries: usize) -> Result<(), CoreError> {
    let needed = ways * (shots + queries);
    if batch != needed {
        return Err(CoreError::Invalid(format!(
            "an episode of {ways} classes with {shots} shots and {queries} queries needs `batch: {needed}`, \
             not {batch}"
        )));
    }
    Ok(())
}

fn check_rows(sides: [&[usize]; 2], samples: usize) -> Result<(), CoreError> {
    if sides.iter().any(|side| side.is_empty()) {
        return Err(CoreError::Invalid("paired batches need samples on both sides".into()));
    }
    match sides.into_iter().flatten().find(|&&row| row >= samples) {
        Some(row) => Err(CoreError::Invalid(format!("row {row} of {samples} training samples"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn count(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    /// The rows of each step of two epochs.
    fn steps(batches: Batches, samples: usize, batch: usize) -> Vec<Vec<usize>> {
        let plan = Plan::new(batches, samples, count(batch)).unwrap();
        let mut streams = Streams::new("batches", 0);
        let mut steps = Vec::new();
        for _ in 0..2 {
            let epoch = plan.draw(&mut streams);
            steps.extend((0..plan.steps()).map(|step| plan.of_step(&epoch, step).to_vec()));
        }
        steps
    }

    fn distinct<'a>(values: impl IntoIterator<Item = &'a usize>) -> usize {
        values.into_iter().collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn the_default_is_a_shuffle_cut_into_batches() {
        let found = steps(Batches::Shuffled, 25, 10);
        let mut streams = Streams::new("batches", 0);
        for epoch in found.chunks(2) {
            let mut order: Vec<usize> = (0..25).collect();
            order.shuffle(streams.get("shuffle"));
            assert_eq!(epoch, [&order[..10], &order[10..20]]);
        }
    }

    #[test]
    fn balanced_batches_have_as_many_of_each_class() {
        // Labels need not be without gaps; the last class has 2 samples only.
        let label = |row: usize| if row < 98 { 2 * (row % 7) } else { 99 };
        let labels = (0..100).map(label).collect();
        let found = steps(Batches::Balanced { labels, per_class: count(3) }, 100, 12);
        assert_eq!(found.len(), 2 * (100 / 12));
        let mut classes = BTreeSet::new();
        for step in &found {
            let of_step: Vec<usize> = step.iter().map(|&row| label(row)).collect();
            assert!(of_step.chunks(3).all(|class| distinct(class) == 1), "{of_step:?}");
            assert_eq!(distinct(&of_step), 4);
            assert!(step.chunks(3).all(|rows| distinct(rows) == if label(rows[0]) == 99 { 2 } else { 3 }));
            classes.extend(of_step);
        }
        assert_eq!(classes.len(), 8, "every class has its turn");
    }

    #[test]
    fn the_longer_side_is_gone_through_once_and_the_shorter_again() {
        let sides = || ((0..10).collect::<Vec<_>>(), (10..96).collect::<Vec<_>>());
        let (labelled, unlabelled) = sides();
        let found = steps(Batches::Paired { labelled, unlabelled, ratio: count(2) }, 96, 4);
        let epoch = &found[..10];
        assert_eq!(found.len(), 20);
        assert!(found.iter().all(|step| step.len() == 12));
        let [first, second] = [0..4, 4..12]
            .map(|part| epoch.iter().flat_map(|step| step[part.clone()].to_vec()).collect::<Vec<_>>());
        assert!(first.chunks(10).all(|pass| distinct(pass) == 10 && pass.iter().all(|&row| row < 10)));
        assert_ne!(first[..10], first[10..20]);
        assert_eq!(distinct(&second), 80);
        assert!(second.iter().all(|&row| row >= 10));
        // With the sides changed, the labelled one is the longer.
        let (unlabelled, labelled) = sides();
        assert_eq!(
            steps(Batches::Paired { labelled, unlabelled, ratio: count(2) }, 96, 4).len(),
            2 * (86 / 4)
        );
    }

    #[test]
    fn episodes_are_supports_and_then_queries() {
        let labels: Vec<usize> = (0..60).map(|row| row % 5).collect();
        let [ways, shots, queries, episodes] = [3, 2, 4, 7].map(count);
        let found = steps(Batches::Episodes { labels, ways, shots, queries, episodes }, 60, 18);
        assert_eq!(found.len(), 14);
        for step in &found {
            let (supports, queries) = step.split_at(6);
            assert_eq!(distinct(step), 18);
            let classes: Vec<usize> = supports.chunks(2).map(|class| class[0] % 5).collect();
            assert_eq!(distinct(&classes), 3);
            assert!(supports.iter().enumerate().all(|(place, row)| row % 5 == classes[place / 2]));
            assert!(queries.iter().enumerate().all(|(place, row)| row % 5 == classes[place / 4]));
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let labels: Vec<usize> = (0..12).map(|row| row % 3).collect();
        let balanced = |per_class| Batches::Balanced { labels: labels.clone(), per_class: count(per_class) };
        let episodes = |ways, shots, queries| {
            let [ways, shots, queries, episodes] = [ways, shots, queries, 1].map(count);
            Batches::Episodes { labels: labels.clone(), ways, shots, queries, episodes }
        };
        let paired = |labelled: &[usize], unlabelled: &[usize]| Batches::Paired {
            labelled: labelled.to_vec(),
            unlabelled: unlabelled.to_vec(),
            ratio: count(1),
        };
        for (batches, batch, why) in [
            (Batches::Shuffled, 13, "smaller `batch`"),
            (balanced(5), 12, "multiple"),
            (balanced(2), 12, "6 classes"),
            (Batches::Balanced { labels: vec![0; 3], per_class: count(1) }, 1, "3 labels"),
            (episodes(2, 1, 1), 5, "`batch: 4`"),
            (episodes(4, 1, 1), 8, "4 classes"),
            (episodes(2, 3, 2), 10, "at least 5"),
            (paired(&[0], &[]), 1, "both sides"),
            (paired(&[0], &[12]), 1, "row 12"),
            (paired(&[0], &[1]), 2, "smaller `batch`"),
        ] {
            let error = Plan::new(batches, 12, count(batch)).err().unwrap().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
