//! Which samples are trained on and which are held out.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use rand::{Rng, seq::SliceRandom};
use serde::{Deserialize, Serialize};

use crate::CoreError;
use crate::checked::Positive;

/// A random order of `samples`, cut into parts of the given sizes; the rest belongs to none.
///
/// # Errors
/// A part without samples, or more samples asked for than there are.
pub fn random_parts<const N: usize>(
    samples: usize,
    sizes: [usize; N],
    rng: &mut impl Rng,
) -> Result<[Vec<usize>; N], CoreError> {
    check(samples, &sizes)?;
    Ok(cut(&shuffled(samples, rng), sizes))
}

/// Like [`random_parts`], with the classes in proportion: of C classes, each has within (C + 1) / 2
/// samples of its share in the first part, twice that in a later one, and exactly its share where all
/// are equally large and the sizes are multiples of C.
///
/// # Errors
/// As [`random_parts`].
pub fn stratified_parts<const N: usize>(
    labels: &[u16],
    sizes: [usize; N],
    rng: &mut impl Rng,
) -> Result<[Vec<usize>; N], CoreError> {
    check(labels.len(), &sizes)?;
    Ok(cut(&interleaved(labels, &shuffled(labels.len(), rng)), sizes))
}

/// `keep` of the samples, evenly spaced, the first among them; all where there are not more.
pub fn evenly_spaced(samples: &[usize], keep: usize) -> Vec<usize> {
    let keep = keep.min(samples.len());
    (0..keep).map(|place| samples[place * samples.len() / keep]).collect()
}

/// What is held out of the training samples, as a paper's settings name it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Samples to choose the epoch by.
    pub validation: NonZeroUsize,
    /// Samples to train on; all others where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<NonZeroUsize>,
    /// Whether classes keep their shares in both parts.
    #[serde(default)]
    pub stratified: bool,
    /// Makes the training part long-tailed: images of the last class over those of the first. See [`long_tailed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Positive>,
}

/// Indices of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainValidation {
    /// What is trained on.
    pub train: Vec<usize>,
    /// What the epoch is chosen by.
    pub validation: Vec<usize>,
}

impl HoldOut {
    /// Draws the parts. For one stream the validation part does not depend on `train`, and a smaller
    /// training part is the beginning of a larger one.
    ///
    /// # Errors
    /// As [`random_parts`].
    pub fn draw(&self, labels: &[u16], rng: &mut impl Rng) -> Result<TrainValidation, CoreError> {
        let validation = self.validation.get();
        let rest = labels.len().saturating_sub(validation);
        let sizes = [validation, self.train.map_or(rest, NonZeroUsize::get)];
        let [validation, train] = if self.stratified {
            stratified_parts(labels, sizes, rng)?
        } else {
            random_parts(labels.len(), sizes, rng)?
        };
        let train = match self.imbalance {
            Some(imbalance) => long_tailed(&train, labels, imbalance)?,
            None => train,
        };
        Ok(TrainValidation { train, validation })
    }
}

/// Exponentially fewer samples from class to class (Cui et al. 2019, section 5.1): of class `c` of
/// `0..C` the first `floor(n r^(c / (C - 1)))` of `samples`, and at least one, where `n` is the size of the
/// largest class and `r` the imbalance.
///
/// # Errors
/// An imbalance above 1.
pub fn long_tailed(samples: &[usize], labels: &[u16], imbalance: Positive) -> Result<Vec<usize>, CoreError> {
    if imbalance.get() > 1.0 {
        return Err(CoreError::Invalid(format!(
            "imbalance {}: it is the last class's share of the first, at most 1",
            imbalance.get()
        )));
    }
    let mut sizes = BTreeMap::<u16, usize>::new();
    samples.iter().for_each(|&sample| *sizes.entry(labels[sample]).or_default() += 1);
    let (largest, last) = (sizes.values().max().copied().unwrap_or(0), sizes.len().saturating_sub(1).max(1));
    let mut left: BTreeMap<u16, usize> = sizes
        .keys()
        .zip(0..)
        .map(|(&class, rank): (_, u32)| {
            let share = imbalance.get().powf(f64::from(rank) / last as f64);
            // What is exact in theory must not fall short by rounding.
            (class, ((largest as f64 * share + 1e-9).floor() as usize).max(1))
        })
        .collect();
    let keep = |sample: &&usize| match left.get_mut(&labels[**sample]) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    Ok(samples.iter().filter(keep).copied().collect())
}

fn check(samples: usize, sizes: &[usize]) -> Result<(), CoreError> {
    let total = sizes.iter().try_fold(0_usize, |total, &size| total.checked_add(size));
    if sizes.contains(&0) || total.is_none_or(|total| total > samples) {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        return Err(CoreError::Invalid(format!(
            "split into {} of {samples} samples: each part needs a sample, and the sum must not be larger than \
             the set",
            sizes.join(" + ")
        )));
    }
    Ok(())
}

fn shuffled(samples: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(rng);
    order
}

/// Spreads each class evenly over the order, so that every stretch of it has all classes in
/// proportion. Samples that want the same place keep the order they came in.
fn interleaved(labels: &[u16], order: &[usize]) -> Vec<usize> {
    let mut classes = BTreeMap::<u16, Vec<usize>>::new();
    for &sample in order {
        classes.entry(labels[sample]).or_default().push(sample);
    }
    let mut place = vec![0.0; labels.len()];
    for class in classes.values() {
        for (rank, &sample) in class.iter().enumerate() {
            place[sample] = (rank as f64 + 0.5) / class.len() as f64;
        }
    }
    let mut spread = order.to_vec();
    spread.sort_by(|&a, &b| f64::total_cmp(&place[a], &place[b]));
    spread
}

fn cut<const N: usize>(order: &[usize], sizes: [usize; N]) -> [Vec<usize>; N] {
    let mut rest = order;
    sizes.map(|size| {
        let (part, tail) = rest.split_at(size);
        rest = tail;
        part.to_vec()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn of_class(part: &[usize], labels: &[u16], class: u16) -> usize {
        part.iter().filter(|&&sample| labels[sample] == class).count()
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_and_of_the_sizes_asked_for(
            labels in prop::collection::vec(0_u16..5, 2..80), cut in 1_usize..80, seed: u64, stratified: bool,
        ) {
            let sizes = [cut.min(labels.len() - 1), labels.len() - cut.min(labels.len() - 1)];
            let [first, second] = if stratified {
                stratified_parts(&labels, sizes, &mut rng(seed)).unwrap()
            } else {
                random_parts(labels.len(), sizes, &mut rng(seed)).unwrap()
            };
            prop_assert_eq!([first.len(), second.len()], sizes);
            let mut all = [first, second].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
        }

        #[test]
        fn a_stratified_first_part_has_each_class_within_one_of_its_share(
            labels in prop::collection::vec(0_u16..5, 1..80), size in 1_usize..80, seed: u64,
        ) {
            let size = size.min(labels.len());
            let [part] = stratified_parts(&labels, [size], &mut rng(seed)).unwrap();
            let all: Vec<usize> = (0..labels.len()).collect();
            for class in 0..5 {
                let share = of_class(&all, &labels, class) as f64 * size as f64 / labels.len() as f64;
                let found = of_class(&part, &labels, class) as f64;
                // Half a sample by its own rounding, and what the rounding of the four others leaves.
                prop_assert!((found - share).abs() <= 3.0, "{found} of {share}");
            }
        }
    }

    #[test]
    fn equal_classes_are_equally_many_in_every_part() {
        let labels: Vec<u16> = (0..1000).map(|sample| sample % 10).collect();
        let held = HoldOut {
            validation: nonzero(100),
            train: Some(nonzero(250)),
            stratified: true,
            imbalance: None,
        };
        let parts = held.draw(&labels, &mut rng(0)).unwrap();
        for class in 0..10 {
            assert_eq!(of_class(&parts.validation, &labels, class), 10);
            assert_eq!(of_class(&parts.train, &labels, class), 25);
        }
    }

    fn nonzero(value: usize) -> NonZeroUsize {
        NonZeroUsize::new(value).unwrap()
    }

    #[test]
    fn validation_stays_and_training_grows() {
        let labels: Vec<u16> = (0..100).map(|sample| sample % 3).collect();
        for stratified in [false, true] {
            let draw = |train| {
                HoldOut { validation: nonzero(20), train, stratified, imbalance: None }
                    .draw(&labels, &mut rng(7))
                    .unwrap()
            };
            let (small, large, all) = (draw(Some(nonzero(30))), draw(Some(nonzero(60))), draw(None));
            assert_eq!((&small.validation, &large.validation), (&all.validation, &all.validation));
            assert_eq!((&small.train[..], &large.train[..]), (&all.train[..30], &all.train[..60]));
            assert_eq!(all.train.len(), 80);
            assert_eq!(draw(None), all, "one seed, one split");
        }
    }

    #[test]
    fn a_long_tail_falls_exponentially_and_is_the_beginning_of_each_class() {
        let labels: Vec<u16> = (0..1500).map(|i| i % 3).collect();
        let samples: Vec<usize> = (0..1500).rev().collect();
        let imbalance = |r| Positive::new(r).unwrap();
        let tail = long_tailed(&samples, &labels, imbalance(0.01)).unwrap();
        let of = |class| tail.iter().copied().filter(|&i| labels[i] == class).collect::<Vec<_>>();
        assert_eq!([0, 1, 2].map(|class| of(class).len()), [500, 50, 5]);
        assert_eq!(of(2), [1499, 1496, 1493, 1490, 1487]);
        assert_eq!(long_tailed(&samples, &labels, imbalance(1.0)).unwrap(), samples);
        assert_eq!(long_tailed(&samples[..4], &labels, imbalance(0.01)).unwrap().len(), 4 - 1);
        assert!(
            long_tailed(&samples, &labels, imbalance(1.5)).unwrap_err().to_string().contains("at most 1")
        );
        let held = HoldOut {
            validation: nonzero(300),
            train: Some(nonzero(300)),
            stratified: true,
            imbalance: Some(imbalance(0.01)),
        };
        let drawn = held.draw(&labels, &mut rng(3)).unwrap();
        assert_eq!((drawn.validation.len(), drawn.train.len()), (300, 100 + 10 + 1));
    }

    #[test]
    fn a_thinned_part_still_spans_all_of_it() {
        assert_eq!(evenly_spaced(&[4, 5, 6, 7, 8], 2), [4, 6]);
        assert_eq!(evenly_spaced(&[4, 5, 6], 9), [4, 5, 6]);
        assert!(evenly_spaced(&[], 2).is_empty());
    }

    #[test]
    fn another_seed_is_another_split() {
        let labels = vec![0; 100];
        for split in [random_parts(100, [50], &mut rng(1)), stratified_parts(&labels, [50], &mut rng(1))] {
            assert_ne!(split.unwrap(), random_parts(100, [50], &mut rng(2)).unwrap());
        }
    }

    #[test]
    fn more_than_there_is_or_nothing_is_refused() {
        for sizes in [[80, 21], [usize::MAX, 2], [0, 50], [50, 0]] {
            let error = random_parts(100, sizes, &mut rng(0)).unwrap_err().to_string();
            assert!(error.contains(&format!("{} + {} of 100", sizes[0], sizes[1])), "{error}");
            assert!(stratified_parts(&[0; 100], sizes, &mut rng(0)).is_err());
        }
        let all = HoldOut { validation: nonzero(100), train: None, stratified: false, imbalance: None };
        assert!(all.draw(&[0; 100], &mut rng(0)).is_err());
    }

    #[test]
    fn settings_are_read_and_checked() {
        let read = serde_json::from_str::<HoldOut>;
        let held = read(r#"{"validation": 5000, "train": 2500, "stratified": true}"#).unwrap();
        assert_eq!(
            (held.validation.get(), held.train.map(NonZeroUsize::get), held.stratified),
            (5000, Some(2500), true)
        );
        for bad in
            [r#"{"validation": 0}"#, r#"{"validation": 5, "train": 0}"#, r#"{"validation": 5, "tain": 1}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
