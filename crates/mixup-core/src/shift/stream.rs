//! Orders of test samples.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, RngExt, seq::SliceRandom};
use rand_distr::{Distribution, Gamma};

use crate::{CoreError, checked::Positive};

/// Samples that each chunk should have, if there are enough.
const SMALLEST: usize = 10;
/// Draws after which chunks may be smaller.
const DRAWS: usize = 1000;

/// An order in which labels are correlated in time (NOTE, Gong et al. 2022; the ordering of UnMix-TNS): as many chunks as
/// classes, over which each class is spread by a draw from a symmetric Dirichlet distribution; chunks that are full get
/// nothing more. The chunks follow each other, and within each its classes, in a random order, each in one piece.
///
/// The smaller `concentration`, the fewer classes has a chunk. All is drawn anew, a thousand times at most, while a chunk has
/// fewer than ten samples.
///
/// # Errors
/// No samples, or a concentration without a distribution.
pub fn correlated_order(
    labels: &[usize],
    concentration: Positive,
    rng: &mut impl Rng,
) -> Result<Vec<usize>, CoreError> {
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (sample, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(sample);
    }
    if classes.is_empty() {
        return Err(CoreError::Invalid("an order of no samples".into()));
    }
    let gamma = Gamma::new(concentration.get(), 1.0)
        .map_err(|error| CoreError::Invalid(format!("a Dirichlet distribution: {error}")))?;
    let full = labels.len().div_ceil(classes.len());
    let smallest = SMALLEST.min(full / 4);
    let mut chunks = Vec::new();
    for _ in 0..DRAWS {
        chunks = draw(&classes, &gamma, full, rng);
        if chunks.iter().all(|chunk: &Vec<Vec<usize>>| chunk.iter().map(Vec::len).sum::<usize>() >= smallest)
        {
            break;
        }
    }
    for chunk in &mut chunks {
        chunk.shuffle(rng);
    }
    Ok(chunks.into_iter().flatten().flatten().collect())
}

/// Chunks of pieces of classes.
fn draw(
    classes: &BTreeMap<usize, Vec<usize>>,
    gamma: &Gamma<f64>,
    full: usize,
    rng: &mut impl Rng,
) -> Vec<Vec<Vec<usize>>> {
    let mut chunks: Vec<Vec<Vec<usize>>> = vec![Vec::new(); classes.len()];
    let mut sizes = vec![0; classes.len()];
    for samples in classes.values() {
        let mut samples = samples.clone();
        samples.shuffle(rng);
        let open: Vec<bool> = sizes.iter().map(|&size| size < full).collect();
        let weights: Vec<f64> =
            open.iter().map(|&open| gamma.sample(rng) * f64::from(u8::from(open))).collect();
        let total: f64 = weights.iter().sum();
        let (mut taken, mut share) = (0, 0.0);
        // Draws that are all too small for a float: one chunk gets everything.
        let only = rng.random_range(0..chunks.len());
        for (chunk, weight) in weights.iter().enumerate() {
            share += if total > 0.0 { weight / total } else { f64::from(u8::from(chunk == only)) };
            let last = chunk + 1 == weights.len();
            let end = if last {
                samples.len()
            } else {
                ((share * samples.len() as f64) as usize).min(samples.len())
            };
            if end > taken {
                chunks[chunk].push(samples[taken..end].to_vec());
                sizes[chunk] += end - taken;
                taken = end;
            }
        }
    }
    chunks
}

/// Mean number of different labels in batches of a stream.
pub fn classes_per_batch(labels: &[usize], batch: usize) -> f64 {
    let counts = labels.chunks(batch.max(1)).map(|batch| batch.iter().collect::<BTreeSet<_>>().len());
    let (sum, batches) = counts.fold((0, 0), |(sum, batches), count| (sum + count, batches + 1));
    sum as f64 / batches as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;

    fn labels() -> Vec<usize> {
        (0..2000).map(|sample| sample % 10).collect()
    }

    fn order(concentration: f64, seed: u64) -> Vec<usize> {
        let concentration = Positive::new(concentration).unwrap();
        correlated_order(&labels(), concentration, Streams::new("order", seed).get("order")).unwrap()
    }

    #[test]
    fn every_sample_comes_once() {
        for concentration in [1e-3, 0.1, 1.0, 100.0] {
            let mut order = order(concentration, 0);
            order.sort_unstable();
            assert_eq!(order, (0..2000).collect::<Vec<_>>(), "{concentration}");
        }
        assert_ne!(order(0.1, 0), order(0.1, 1));
        assert!(correlated_order(&[], Positive::new(1.0).unwrap(), Streams::new("o", 0).get("o")).is_err());
    }

    #[test]
    fn the_smaller_the_concentration_the_fewer_classes_in_a_batch() {
        let classes = |concentration: f64| {
            let order = order(concentration, 3);
            classes_per_batch(&order.iter().map(|&sample| labels()[sample]).collect::<Vec<_>>(), 64)
        };
        let (strong, weak) = (classes(0.01), classes(100.0));
        assert!(strong < 2.6 && strong < weak, "{strong} {weak}");
        assert_eq!(classes_per_batch(&labels(), 64), 10.0);
        assert_eq!(classes_per_batch(&[1, 1, 2, 3], 2), 1.5);
    }
}
