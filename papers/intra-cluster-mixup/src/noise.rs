//! Noise of pairs: a mixture of images i and j whose complementary label of one rules out the class of the other.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

/// Labels of the two images of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// True classes.
    pub truth: [usize; 2],
    /// Complementary labels.
    pub complementary: [usize; 2],
}

/// Whether a complementary label of one image is the class of the other. (One's own class is never one's
/// complementary label.)
///
/// ```
/// use intra_cluster_mixup::{Pair, is_noisy};
///
/// // "Not a 3" is said of the first image, and the second is a 3.
/// assert!(is_noisy(Pair { truth: [1, 3], complementary: [3, 7] }));
/// assert!(!is_noisy(Pair { truth: [1, 1], complementary: [3, 7] }));
/// ```
pub fn is_noisy(pair: Pair) -> bool {
    let Pair { truth, complementary } = pair;
    complementary[0] == truth[1] || complementary[1] == truth[0]
}

/// Of how many companions in its group an image has a partner that is not itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partnered {
    /// One of the others, if there is one.
    Other,
    /// One of all, itself included: of `m` in the batch with probability `1 - 1 / m`.
    Any,
}

/// The probability that a pair is noisy, of an image drawn at random and its partner in a batch: by theory, before
/// anything is drawn.
///
/// Two different images of a group are noisy with probability `Q[a, b] + Q[b, a] - Q[a, b] Q[b, a]` for their classes
/// a and b; how often these meet is counted without replacement. For one large group of C equally large classes
/// and a uniform transition this is `2 / C - 1 / (C (C - 1))`.
///
/// # Shapes
/// - `groups`: `[groups, classes]`, images of each class in each group
/// - `transition`: `[classes, classes]`, see [`mixup_routines::classification::transition`]
/// - `batch`: images of a batch, drawn without replacement
pub fn expected_noise(
    groups: ArrayView2<'_, f64>,
    transition: ArrayView2<'_, f64>,
    batch: usize,
    partnered: Partnered,
) -> f64 {
    let images = groups.sum();
    let share = |group: ArrayView1<'_, f64>| {
        let size = group.sum();
        let meets = met(images as usize, size as usize, batch, partnered);
        size / images * meets * noisy_probability(group, transition)
    };
    groups.rows().into_iter().map(share).sum()
}

/// The probability that two different images of a group are a noisy pair; 0 for a group of one.
///
/// # Shapes
/// - `group`: images of each class
/// - `transition`: `[classes, classes]`
pub fn noisy_probability(group: ArrayView1<'_, f64>, transition: ArrayView2<'_, f64>) -> f64 {
    let size = group.sum();
    if size < 2.0 {
        return 0.0;
    }
    // Of one class with itself the transition is 0, so that the product needs no correction there.
    let noisy = Array2::from_shape_fn(transition.raw_dim(), |(a, b)| {
        transition[[a, b]] + transition[[b, a]] - transition[[a, b]] * transition[[b, a]]
    });
    group.dot(&noisy.dot(&group)) / (size * (size - 1.0))
}

/// The probability that an image of a group of `size`, drawn into a batch, has a partner there that is not itself.
/// How many of the group join it is hypergeometric.
fn met(images: usize, size: usize, batch: usize, partnered: Partnered) -> f64 {
    let (others, group, drawn) = (images.saturating_sub(1), size.saturating_sub(1), batch.saturating_sub(1));
    let outside = others - group.min(others);
    // From the smallest number that is possible on, each probability by the one before.
    let fewest = drawn.saturating_sub(outside);
    let most = group.min(drawn);
    let ratio = |k: usize| {
        let (k, group, drawn, outside) = (k as f64, group as f64, drawn as f64, outside as f64);
        (group - k) * (drawn - k) / ((k + 1.0) * (outside - drawn + k + 1.0))
    };
    let logs: Vec<f64> = (fewest..most)
        .scan(0.0, |log, k| {
            *log += ratio(k).ln();
            Some(*log)
        })
        .collect();
    let logs: Array1<f64> = std::iter::once(0.0).chain(logs).collect();
    let largest = logs.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    let weights = logs.mapv(|log| (log - largest).exp());
    let with_partner = |companions: usize| match partnered {
        Partnered::Other if companions == 0 => 0.0,
        Partnered::Other => 1.0,
        Partnered::Any => 1.0 - 1.0 / (companions as f64 + 1.0),
    };
    let mean: f64 = (fewest..=most).zip(&weights).map(|(k, weight)| weight * with_partner(k)).sum();
    mean / weights.sum()
}

#[cfg(test)]
mod tests;
