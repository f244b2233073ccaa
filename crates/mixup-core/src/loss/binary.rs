//! Binary cross-entropy of each class on its own.

use burn::tensor::{Tensor, activation::log_sigmoid};

use crate::{CoreError, tensor::same_shape};

/// Binary cross-entropy on sigmoid outputs, `-(t log s(z) + (1 - t) log(1 - s(z)))` of each logit z (PyTorch's
/// `binary_cross_entropy_with_logits` before any mean). Targets above 1 are taken as they are.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - returns the same, in nats
///
/// # Errors
/// Shapes that differ.
pub fn sigmoid_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape("sigmoid_cross_entropy", &logits, &targets)?;
    let rest = targets.neg().add_scalar(1.0);
    Ok(rest * logits.clone() - log_sigmoid(logits))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    #[test]
    fn the_gradient_is_the_slope() {
        let both = || targets(&[2, 0], 3) + targets(&[1, 0], 3);
        gradient([[3.0, 1.5, 0.0], [-40.0, 1.5, 2.0]], |z| sigmoid_cross_entropy(z, both()).unwrap().sum());
    }

    #[test]
    fn even_odds_cost_log_two_and_far_ones_nothing_or_their_logit() {
        let loss = |logits| value(sigmoid_cross_entropy(tracked(logits), targets(&[0, 1], 2)).unwrap().sum());
        assert!((loss([[0.0, 0.0], [0.0, 0.0]]) - 4.0 * 2f64.ln()).abs() < 1e-12);
        assert!((loss([[900.0, -900.0], [900.0, -900.0]]) - 1800.0).abs() < 1e-9);
        assert!(sigmoid_cross_entropy(tracked([[0.0, 0.0, 0.0]]), targets(&[0], 2)).is_err());
    }
}
