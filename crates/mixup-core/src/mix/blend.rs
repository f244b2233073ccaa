//! A batch mixed with several permutations of itself.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma};

use super::Partner;
use crate::clock::{Phase, timed};
use crate::{CoreError, checked::Positive, stream::Streams, tensor::select_rows};

/// A mixture of more than two points: result `i` is `w_0 x_i + sum_j w_j x_{partners_j[i]}`, with weights on the
/// simplex. A [`Mixture`](super::Mixture) with one lambda for the batch is the case of two points.
///
/// A blend is a value. Whoever holds the draws of another implementation writes it down as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    /// Weights of the own row and of each partner, for the whole batch.
    pub weights: Vec<f64>,
    /// Of each point but the own one: for every row of the batch the row that takes part.
    pub partners: Vec<Vec<usize>>,
}

impl Blend {
    /// A blend of checked sizes.
    ///
    /// # Errors
    /// Weights that are not one more than the partners, or one that is not finite.
    pub fn new(weights: Vec<f64>, partners: Vec<Vec<usize>>) -> Result<Self, CoreError> {
        if weights.len() != partners.len() + 1 {
            return Err(CoreError::Invalid(format!(
                "a blend of {} weights and {} partners: one weight for the own row and one for each partner",
                weights.len(),
                partners.len()
            )));
        }
        match weights.iter().find(|weight| !weight.is_finite()) {
            Some(weight) => Err(CoreError::Invalid(format!("a blend with the weight {weight}"))),
            None => Ok(Self { weights, partners }),
        }
    }

    /// `points` points for each of `rows` rows: weights from a symmetric Dirichlet distribution, drawn once for
    /// the batch, and partners by independent permutations. One point is the row itself; two points with
    /// `alpha` are mixup with lambda from Beta(alpha, alpha).
    ///
    /// Streams read here: `lambda` and `pairs`.
    ///
    /// # Errors
    /// An alpha so extreme that the distribution is not representable.
    pub fn draw(
        points: NonZeroUsize,
        alpha: Positive,
        rows: usize,
        streams: &mut Streams,
    ) -> Result<Self, CoreError> {
        let weights = dirichlet(points, alpha, streams.get("lambda"))?;
        let rows: Vec<usize> = (0..rows).collect();
        let partners = (1..points.get()).map(|_| Partner::Permutation.draw(&rows, streams.get("pairs")));
        let partners = partners.collect();
        Self::new(weights, partners)
    }

    /// Blended rows of inputs, hidden states or targets. Gradients flow into every row; nothing is detached.
    ///
    /// # Shapes
    /// - `x`: `[rows, ...]`
    /// - returns the same shape
    ///
    /// # Errors
    /// Partners of another number of rows, or one that is no row.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use mixup_core::{mix::Blend, tensor::to_host};
    ///
    /// let blend = Blend::new(vec![0.5, 0.25, 0.25], vec![vec![1, 2, 0], vec![2, 0, 1]])?;
    /// let x = Tensor::<2>::from_data([[0.0], [4.0], [8.0]], &Device::flex());
    /// assert_eq!(to_host(blend.of(x)?)?, [3.0, 4.0, 5.0]);
    /// # Ok::<(), mixup_core::CoreError>(())
    /// ```
    pub fn of<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        timed(Phase::Mixing, || self.blended(x))
    }

    fn blended<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        let rows = x.dims()[0];
        let Some((own, weights)) = self.weights.split_first() else {
            return Err(CoreError::Invalid("a blend of no points".into()));
        };
        let mut blended = x.clone().mul_scalar(*own);
        for (partners, weight) in self.partners.iter().zip(weights) {
            if partners.len() != rows {
                return Err(CoreError::Invalid(format!("{} partners for a batch of {rows}", partners.len())));
            }
            blended = blended + select_rows(x.clone(), partners)?.mul_scalar(*weight);
        }
        Ok(blended)
    }
}

/// Weights from `Dirichlet(alpha, ..., alpha)`: independent gamma draws over their sum.
fn dirichlet(points: NonZeroUsize, alpha: Positive, rng: &mut impl Rng) -> Result<Vec<f64>, CoreError> {
    let gamma = Gamma::new(alpha.get(), 1.0)
        .map_err(|error| CoreError::Invalid(format!("weights from Dirichlet({}): {error}", alpha.get())))?;
    let mut weights: Vec<f64> = (0..points.get()).map(|_| gamma.sample(rng)).collect();
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= sum);
    } else {
        // For a tiny alpha all draws may underflow; such a distribution is on the corners.
        weights[rng.random_range(0..points.get())] = 1.0;
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{Mixture, Ratio};
    use crate::tensor::to_host;
    use burn::tensor::{DType, Device};
    use proptest::prelude::*;

    fn points(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    fn alpha(value: f64) -> Positive {
        Positive::new(value).unwrap()
    }

    fn column(values: &[f64]) -> Tensor<2> {
        let data = burn::tensor::TensorData::new(values.to_vec(), [values.len(), 1]);
        Tensor::from_data(data, (&Device::flex(), DType::F64))
    }

    proptest! {
        #[test]
        fn weights_are_on_the_simplex(count in 1_usize..7, exponent in -6.0_f64..3.0, seed: u64) {
            let streams = &mut Streams::new("blend", seed);
            let blend = Blend::draw(points(count), alpha(10_f64.powf(exponent)), 4, streams).unwrap();
            prop_assert_eq!((blend.weights.len(), blend.partners.len()), (count, count - 1));
            prop_assert!(blend.weights.iter().all(|weight| (0.0..=1.0).contains(weight)));
            prop_assert!((blend.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for mut partners in blend.partners {
                partners.sort_unstable();
                prop_assert_eq!(partners, [0, 1, 2, 3]);
            }
        }
    }

    #[test]
    fn moments_of_a_weight_are_those_of_its_beta() {
        // Each weight of Dirichlet(a, a, a) is Beta(a, 2a): mean 1/3, variance 2 / (9 (3a + 1)).
        for a in [0.5, 1.0, 4.0] {
            let streams = &mut Streams::new("blend", 1);
            let draws: Vec<f64> = (0..40_000)
                .map(|_| dirichlet(points(3), alpha(a), streams.get("lambda")).unwrap()[1])
                .collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            assert!((mean - 1.0 / 3.0).abs() < 0.005, "{mean}");
            let expected = 2.0 / (9.0 * (3.0 * a + 1.0));
            assert!((variance / expected - 1.0).abs() < 0.05, "{variance}, expected {expected}");
        }
    }

    #[test]
    fn one_point_is_the_row_and_two_are_a_mixture() {
        let x = column(&[1.0, 2.0, 4.0]);
        let own = Blend::draw(points(1), alpha(1.0), 3, &mut Streams::new("blend", 0)).unwrap();
        assert_eq!(to_host(own.of(x.clone()).unwrap()).unwrap(), [1.0, 2.0, 4.0]);
        let two = Blend::draw(points(2), alpha(1.0), 3, &mut Streams::new("blend", 0)).unwrap();
        let mixture = Mixture { partners: two.partners[0].clone(), ratio: Ratio::Batch(two.weights[0]) };
        let (blended, mixed) = (two.of(x.clone()).unwrap(), mixture.inputs(x).unwrap());
        for (a, b) in to_host(blended).unwrap().iter().zip(to_host(mixed).unwrap()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn values_by_hand_and_what_is_refused() {
        let blend = Blend::new(vec![0.5, 0.3, 0.2], vec![vec![1, 0], vec![0, 0]]).unwrap();
        let blended = to_host(blend.of(column(&[1.0, 10.0])).unwrap()).unwrap();
        assert!((blended[0] - 3.7).abs() < 1e-12 && (blended[1] - 5.5).abs() < 1e-12, "{blended:?}");
        assert!(blend.of(column(&[1.0])).is_err(), "another number of rows");
        assert!(Blend::new(vec![1.0], vec![vec![0]]).is_err());
        assert!(Blend::new(vec![f64::NAN], vec![]).is_err());
        assert!(Blend::new(vec![0.5, 0.5], vec![vec![2, 0]]).unwrap().of(column(&[1.0, 2.0])).is_err());
    }
}
