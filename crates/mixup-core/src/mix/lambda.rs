//! The mixing coefficient lambda.

use rand::Rng;
use rand_distr::{Beta, Distribution};

use crate::{
    CoreError,
    checked::{Positive, UnitInterval},
};

/// Draws lambda in [0, 1].
#[derive(Debug, Clone, Copy)]
pub enum Lambda {
    /// `Beta(alpha, alpha)`.
    Beta(Beta<f64>),
    /// Always the same value.
    Fixed(UnitInterval),
}

impl Lambda {
    /// `Beta(alpha, alpha)`, not folded to `max(lambda, 1 - lambda)`.
    ///
    /// # Errors
    /// An alpha so extreme that the distribution is not representable.
    pub fn beta(alpha: Positive) -> Result<Self, CoreError> {
        let alpha = alpha.get();
        Beta::new(alpha, alpha)
            .map(Self::Beta)
            .map_err(|error| CoreError::Invalid(format!("lambda from Beta({alpha}, {alpha}): {error}")))
    }

    /// One lambda, for a whole batch.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Fixed(value) => value.get(),
            // For a tiny alpha the two gamma draws behind a Beta can both underflow to 0/0;
            // such a Beta is a fair coin.
            Self::Beta(beta) => {
                let lambda: f64 = beta.sample(rng);
                if lambda.is_nan() { f64::from(rng.next_u32() & 1) } else { lambda.clamp(0.0, 1.0) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn beta(alpha: f64) -> Lambda {
        Lambda::beta(Positive::new(alpha).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn lambda_is_in_the_unit_interval(alpha in 1e-6f64..1e3, seed: u64) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for _ in 0..20 {
                let lambda = beta(alpha).draw(&mut rng);
                prop_assert!((0.0..=1.0).contains(&lambda), "{lambda}");
            }
        }
    }

    #[test]
    fn mean_and_variance_are_those_of_beta() {
        let alpha = 2.0;
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let draws: Vec<f64> = (0..40_000).map(|_| beta(alpha).draw(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
        // Var Beta(a, a) = 1 / (4 (2a + 1))
        assert!((variance - 0.05).abs() < 0.001, "{variance}");
    }

    #[test]
    fn fixed_is_fixed() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let fixed = Lambda::Fixed(UnitInterval::new(0.3).unwrap());
        assert_eq!([(); 3].map(|()| fixed.draw(&mut rng)), [0.3; 3]);
    }
}
