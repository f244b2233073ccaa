//! Partners by label distance inside a batch, for sets whose labels are too many for a density over all
//! of them (C-Mixup-batch, `batch_type` 1 of Yao et al.'s official code).

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::{Rng, RngExt};

use super::{Kde, Kernel, choose};
use crate::{CoreError, checked::Positive};

/// A batch is joined by a second one of the same size, drawn uniformly from the training set with
/// replacement; each sample of the batch draws its partner from the joined rows, itself included, by the
/// density of [`Kde`] over their labels.
#[derive(Debug, Clone)]
pub struct BatchKde {
    labels: Array2<f64>,
    bandwidth: Positive,
    kernel: Kernel,
}

impl BatchKde {
    /// Pairing among samples with these labels, `[samples, dimensions]`; units as of [`Kde::new`].
    ///
    /// # Errors
    /// As [`Kde::new`].
    pub fn new(labels: ArrayView2<'_, f64>, bandwidth: Positive, kernel: Kernel) -> Result<Self, CoreError> {
        Kde::new(labels, bandwidth, kernel)?;
        Ok(Self { labels: labels.to_owned(), bandwidth, kernel })
    }

    /// Partners of the samples `first` among `first` and `second`, one uniform of [0, 1) per draw.
    ///
    /// # Panics
    /// When an index is no sample.
    pub fn pairs(&self, first: &[usize], second: &[usize], uniforms: &[f64]) -> Vec<usize> {
        let joined = [first, second].concat();
        let kde = Kde::over(self.labels.select(Axis(0), &joined).view(), self.bandwidth, self.kernel);
        let draw = |(row, &uniform)| joined[choose(ArrayView1::from(&kde.rates(row)), uniform)];
        uniforms.iter().take(first.len()).enumerate().map(draw).collect()
    }

    /// One partner per sample of `batch`; both are indices into the training set.
    pub fn draw(&self, batch: &[usize], rng: &mut impl Rng) -> Vec<usize> {
        let samples = self.labels.nrows();
        let second: Vec<usize> = batch.iter().map(|_| rng.random_range(0..samples)).collect();
        let uniforms: Vec<f64> = batch.iter().map(|_| rng.random::<f64>()).collect();
        self.pairs(batch, &second, &uniforms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn kde(labels: &[f64], bandwidth: f64) -> BatchKde {
        let labels = Array2::from_shape_vec((labels.len(), 1), labels.to_vec()).unwrap();
        BatchKde::new(labels.view(), Positive::new(bandwidth).unwrap(), Kernel::Gaussian).unwrap()
    }

    #[test]
    fn a_narrow_kernel_pairs_with_equal_labels_of_both_batches() {
        let kde = kde(&[1.0, 5.0, 1.0, 5.0, 9.0, 9.0], 1e-3);
        // Rows of the joined batch: 5, 0, 2, 1. Label 9 has no twin, 1 has.
        assert_eq!(kde.pairs(&[5, 0], &[2, 1], &[0.99, 0.49]), [5, 0]);
        assert_eq!(kde.pairs(&[5, 0], &[2, 1], &[0.0, 0.51]), [5, 2]);
    }

    #[test]
    fn a_wide_kernel_pairs_with_every_row_of_both_batches_and_no_other() {
        let kde = kde(&[0.0, 0.1, 0.2, 0.3, 0.4], 1e6);
        let quarters = [0.1, 0.3, 0.6, 0.9].map(|uniform| kde.pairs(&[4, 3], &[1, 0], &[uniform, 0.0])[0]);
        assert_eq!(quarters, [4, 3, 1, 0]);
    }

    #[test]
    fn half_the_partners_are_of_the_second_batch_where_labels_say_nothing() {
        let kde = kde(&[0.0; 1000], 1.0);
        let batch: Vec<usize> = (0..500).collect();
        let partners = kde.draw(&batch, &mut ChaCha8Rng::seed_from_u64(0));
        // Of the second batch, half the rows are below 500 too.
        let outside = partners.iter().filter(|&&partner| partner >= 500).count();
        assert_eq!(partners.len(), 500);
        assert!((80..170).contains(&outside), "{outside}");
        assert!(kde.draw(&[], &mut ChaCha8Rng::seed_from_u64(0)).is_empty());
    }
}
