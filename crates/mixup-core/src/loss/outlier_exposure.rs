//! What a network is taught about outliers: to be unsure of them.

use burn::tensor::{Tensor, activation::relu};

use super::{Regularized, soft_cross_entropy};
use crate::{CoreError, checked::NonNegative};

/// Outlier exposure (Hendrycks et al. 2019): cross-entropy of the samples, and that of the outliers with uniform
/// targets, `mean(logsumexp(z) - mean_c z_c)`, which is `log classes` where it is smallest.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; rows of `targets` sum to 1
/// - `outliers`: `[outliers, classes]`, logits
///
/// # Errors
/// Shapes that do not agree.
pub fn outlier_exposure(
    logits: Tensor<2>,
    targets: Tensor<2>,
    outliers: Tensor<2>,
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    let uniform = outliers.full_like(1.0 / outliers.dims()[1] as f64);
    Ok(Regularized {
        cross_entropy: soft_cross_entropy(logits, targets)?,
        penalty: soft_cross_entropy(outliers, uniform)?,
        weight,
    })
}

/// Energy-bounded learning (Liu et al. 2020): cross-entropy, and with the energy `E = -logsumexp(z)` the means of
/// `relu(E - m_in)^2` over samples and of `relu(m_out - E)^2` over outliers.
///
/// # Shapes
/// - as [`outlier_exposure`]; `bounds` are `[m_in, m_out]`
///
/// # Errors
/// Shapes that do not agree.
pub fn energy_exposure(
    logits: Tensor<2>,
    targets: Tensor<2>,
    outliers: Tensor<2>,
    [inside, outside]: [f64; 2],
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    let too_high = relu(energy(logits.clone()).sub_scalar(inside)).square().mean();
    let too_low = relu(energy(outliers).neg().add_scalar(outside)).square().mean();
    Ok(Regularized {
        cross_entropy: soft_cross_entropy(logits, targets)?,
        penalty: too_high + too_low,
        weight,
    })
}

/// Free energy at temperature 1, `-logsumexp(z)`, `[batch, 1]`; lower inside the distribution.
///
/// # Shapes
/// - `logits`: `[batch, classes]`
pub fn energy(logits: Tensor<2>) -> Tensor<2> {
    let largest = logits.clone().detach().max_dim(1);
    (logits - largest.clone()).exp().sum_dim(1).log().add(largest).neg()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    fn weight(value: f64) -> NonNegative {
        NonNegative::new(value).unwrap()
    }

    #[test]
    fn an_even_outlier_costs_the_log_of_the_classes_and_pulls_nowhere() {
        let even = [[3.0, 3.0, 3.0, 3.0]];
        let loss = |z: Tensor<2>| {
            outlier_exposure(tracked([[9.0, 0.0, 0.0, 0.0]]), targets(&[0], 4), z, weight(0.5))
        };
        assert!((value(loss(tracked(even)).unwrap().penalty) - 4f64.ln()).abs() < 1e-12);
        assert!(gradient(even, |z| loss(z).unwrap().total()).iter().all(|slope| slope.abs() < 1e-12));
        // softmax - 1/4, times the weight.
        let slopes = gradient([[2f64.ln(), 0.0, 0.0, 0.0]], |z| loss(z).unwrap().total());
        for (slope, want) in slopes.iter().zip([0.4, 0.2, 0.2, 0.2]) {
            assert!((slope - 0.5 * (want - 0.25)).abs() < 1e-12, "{slopes:?}");
        }
    }

    #[test]
    fn energies_within_their_bounds_cost_nothing() {
        let loss = |inside: f64, outside: f64| {
            let (own, other) = (tracked([[inside, inside]]), tracked([[outside, outside]]));
            value(energy_exposure(own, targets(&[0], 2), other, [-5.0, -2.0], weight(1.0)).unwrap().penalty)
        };
        let log2 = 2f64.ln();
        assert_eq!(loss(9.0, 0.0), 0.0);
        assert!((loss(4.0 - log2, 0.0) - 1.0).abs() < 1e-12);
        assert!((loss(9.0, 5.0 - log2) - 9.0).abs() < 1e-12);
        assert!((value(energy(tracked([[900.0, 900.0]])).sum()) + 900.0 + log2).abs() < 1e-9, "large logits");
    }
}
