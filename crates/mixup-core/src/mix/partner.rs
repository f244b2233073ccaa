//! Whom a sample is mixed with.

use rand::{Rng, RngExt, seq::SliceRandom};

use super::{BatchKde, Kde};

/// How the partner of a sample is chosen.
#[derive(Debug, Clone)]
pub enum Partner {
    /// A random permutation of the batch: every sample is once a partner.
    Permutation,
    /// Any training sample, with replacement, independent of everything.
    Uniform {
        /// Size of the training set.
        samples: usize,
    },
    /// A training sample with a near label (C-Mixup).
    Kde(Kde),
    /// A sample with a near label, of the batch and of a second, uniform one (C-Mixup inside a batch).
    BatchKde(BatchKde),
}

impl Partner {
    /// One partner per entry of `batch`; both are indices into the training set.
    pub fn draw(&self, batch: &[usize], rng: &mut impl Rng) -> Vec<usize> {
        match self {
            Self::Permutation => {
                let mut partners = batch.to_vec();
                partners.shuffle(rng);
                partners
            }
            Self::Uniform { samples } => batch.iter().map(|_| rng.random_range(0..*samples)).collect(),
            Self::Kde(kde) => batch.iter().map(|&sample| kde.draw(sample, rng)).collect(),
            Self::BatchKde(kde) => kde.draw(batch, rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_permutation_uses_every_sample_of_the_batch_once() {
        let batch = [4, 9, 2, 7];
        let mut partners = Partner::Permutation.draw(&batch, &mut ChaCha8Rng::seed_from_u64(0));
        partners.sort_unstable();
        assert_eq!(partners, [2, 4, 7, 9]);
    }

    #[test]
    fn uniform_partners_cover_the_training_set() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let partners = Partner::Uniform { samples: 5 }.draw(&[0; 1000], &mut rng);
        for sample in 0..5 {
            let share = partners.iter().filter(|&&partner| partner == sample).count();
            assert!((150..250).contains(&share), "{sample}: {share}");
        }
    }
}
