//! What a network says of mixtures of two test images: does it find both classes?

use mixup_core::CoreError;
use mixup_core::mix::{Mixture, Ratio};
use mixup_core::nn::ImageNetwork;
use mixup_data::LabelledImages;
use mixup_paper::{Direction, MetricInfo};
use ndarray::{Array2, ArrayView1};
use rand::{Rng, RngExt};

use super::ImageTraining;

/// Share of mixtures, half of one test image and half of another of another class, whose two classes have the
/// two highest logits, in percent.
pub(super) const TOP2: &str = "top2";

/// The same with batch-norm statistics of raw images.
pub(super) const TOP2_RAW: &str = "top2-raw-statistics";

/// Every metric of mixtures.
pub(super) fn metrics() -> [MetricInfo; 2] {
    let info = |name, label| MetricInfo::new(name, label, Some(Direction::Higher), 2);
    [
        info(TOP2, "both classes of a mixture first (%)"),
        info(TOP2_RAW, "both classes of a mixture first (%), statistics of raw images"),
    ]
}

/// Whether a metric is one of [`metrics`].
pub(super) fn is_of_mixtures(metric: &str) -> bool {
    [TOP2, TOP2_RAW].contains(&metric)
}

/// Rows that are mixed, each with one of another class: all images in turn, over and over, each time with any
/// other that may be. None where all images are of one class.
pub(super) fn pairs(labels: &[u16], count: usize, rng: &mut impl Rng) -> Vec<[usize; 2]> {
    if labels.iter().all(|label| Some(label) == labels.first()) {
        return Vec::new();
    }
    let with_another = |row: usize| loop {
        let other = rng.random_range(0..labels.len());
        if labels[other] != labels[row] {
            return [row, other];
        }
    };
    (0..labels.len()).cycle().take(count).map(with_another).collect()
}

/// Logits of the means of two images each, in evaluation mode and without augmentation, `[pairs, classes]`.
///
/// # Errors
/// A failing device.
pub(super) fn logits<M: super::Method>(
    task: &ImageTraining<M>,
    model: &ImageNetwork,
    images: &LabelledImages,
    pairs: &[[usize; 2]],
) -> Result<Array2<f64>, CoreError> {
    task.logits_of(model, pairs.len(), |chunk| {
        let pairs = &pairs[chunk];
        let both: Vec<usize> =
            [0, 1].iter().flat_map(|&side| pairs.iter().map(move |pair| pair[side])).collect();
        Mixture::joined(pairs.len(), Ratio::Batch(0.5))?.inputs(task.plain(images, &both))
    })
}

/// [`TOP2`] of logits and the two classes of each row; NaN of no row. A third logit that is equal counts as
/// higher.
pub(super) fn top2(logits: &Array2<f64>, classes: [&[usize]; 2]) -> f64 {
    let both = classes[0].iter().zip(classes[1]).zip(logits.rows());
    let found = both.filter(|((a, b), logits)| are_highest(*logits, [**a, **b])).count();
    100.0 * found as f64 / logits.nrows() as f64
}

fn are_highest(logits: ArrayView1<'_, f64>, [a, b]: [usize; 2]) -> bool {
    let lower = logits[a].min(logits[b]);
    logits.iter().enumerate().all(|(class, &logit)| class == a || class == b || logit < lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::stream::Streams;
    use ndarray::array;

    #[test]
    fn both_classes_must_be_above_all_others() {
        let logits = array![[3.0, 1.0, 2.0], [3.0, 1.0, 2.0], [1.0, 2.0, 1.0], [5.0, 4.0, -1.0]];
        let (a, b) = ([0, 0, 1, 1], [2, 1, 0, 0]);
        assert_eq!(top2(&logits, [&a, &b]), 50.0);
        assert_eq!(top2(&logits, [&b, &a]), 50.0);
        assert!(top2(&Array2::zeros((0, 3)), [&[], &[]]).is_nan());
    }

    #[test]
    fn pairs_are_of_two_classes_and_every_image_is_first_as_often() {
        let labels = [0, 0, 0, 1, 2];
        let pairs = pairs(&labels, 1000, Streams::new("pairs", 0).get("mixtures"));
        assert!(pairs.iter().all(|&[a, b]| labels[a] != labels[b]));
        for row in 0..5 {
            assert_eq!(pairs.iter().filter(|pair| pair[0] == row).count(), 200);
        }
        // Images of class 0 have two partners, the others four.
        let seconds = pairs.iter().filter(|pair| **pair == [0, 4]).count();
        assert!((70..130).contains(&seconds), "{seconds}");
        assert!(super::pairs(&[1, 1], 4, Streams::new("pairs", 0).get("mixtures")).is_empty());
    }
}
