//! The mixed classifier: an accurate network and a robust one, their outputs mixed.

use burn::tensor::{Tensor, activation::log_softmax};
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    tensor::same_shape,
};
use serde::{Deserialize, Serialize};

/// What of the two networks is mixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Probabilities, `log((1 - alpha) S(g) + alpha S(h))`: the paper.
    #[default]
    Probabilities,
    /// Logits, `(1 - alpha) g + alpha h`: what it is compared with.
    Logits,
}

/// What logits are multiplied by before they are mixed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// Of the accurate network.
    pub standard: Positive,
    /// Of the robust network.
    pub robust: Positive,
}

impl Scales {
    /// Logits of both networks, scaled.
    ///
    /// # Shapes
    /// - `standard`, `robust`, results: `[batch, classes]`
    pub fn of(self, standard: Tensor<2>, robust: Tensor<2>) -> [Tensor<2>; 2] {
        [standard.mul_scalar(self.standard.get()), robust.mul_scalar(self.robust.get())]
    }
}

/// The mixed classifier with one alpha: 0 is the accurate network alone, 1 the robust one. Both ends give logits as they
/// are, as the official code does; in between [`Mix::Probabilities`] gives logarithms of probabilities, whose softmax is
/// the mixture.
///
/// # Shapes
/// - `standard`, `robust`: `[batch, classes]`, scaled logits ([`Scales`])
/// - returns `[batch, classes]`
///
/// # Errors
/// Shapes that differ.
pub fn mixed(
    standard: Tensor<2>,
    robust: Tensor<2>,
    alpha: UnitInterval,
    mix: Mix,
) -> Result<Tensor<2>, CoreError> {
    same_shape("mixed", &standard, &robust)?;
    let alpha = alpha.get();
    Ok(match mix {
        _ if alpha == 0.0 => standard,
        _ if alpha == 1.0 => robust,
        Mix::Logits => mixup_core::mix::mix(robust, standard, alpha),
        Mix::Probabilities => log_sum(
            log_softmax(standard, 1).add_scalar((1.0 - alpha).ln()),
            log_softmax(robust, 1).add_scalar(alpha.ln()),
        ),
    })
}

/// The mixed classifier with an alpha for each sample, of probabilities. Gradients flow into alpha too.
///
/// # Shapes
/// - `standard`, `robust`: `[batch, classes]`, scaled logits
/// - `alpha`: `[batch, 1]`, between 0 and 1 and neither of them
///
/// # Errors
/// Shapes that do not agree.
pub fn mixed_by(standard: Tensor<2>, robust: Tensor<2>, alpha: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape("mixed_by", &standard, &robust)?;
    if alpha.dims() != [standard.dims()[0], 1] {
        return Err(CoreError::Invalid(format!(
            "mixed_by: alphas {:?} for logits {:?}",
            alpha.dims(),
            standard.dims()
        )));
    }
    let rest = alpha.clone().neg().add_scalar(1.0).log();
    Ok(log_sum(log_softmax(standard, 1) + rest, log_softmax(robust, 1) + alpha.log()))
}

/// `log(exp(a) + exp(b))`, also where both exponentials are too small for a float.
fn log_sum(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let largest = a.clone().max_pair(b.clone()).detach();
    ((a - largest.clone()).exp() + (b - largest.clone()).exp()).log() + largest
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::tensor::to_host;
    use mixup_routines::unit;
    use proptest::prelude::*;

    use super::*;

    fn logits(values: &[f64]) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(values.to_vec(), [values.len() / 3, 3]),
            (&Device::flex(), DType::F64),
        )
    }

    fn largest(outputs: Tensor<2>) -> usize {
        to_host(outputs.argmax(1).float()).unwrap()[0] as usize
    }

    proptest! {
        /// Section 2.4 of the paper in words: from a margin of `(1 - alpha) / alpha` on, nothing that the accurate network
        /// says changes the answer.
        #[test]
        fn a_sure_robust_network_cannot_be_outvoted(
            robust in prop::collection::vec(-4.0f64..4.0, 3), standard in prop::collection::vec(-60.0f64..60.0, 3),
            alpha in 0.5f64..0.999,
        ) {
            let probabilities = to_host(burn::tensor::activation::softmax(logits(&robust), 1)).unwrap();
            let mut sorted = probabilities.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assume!(sorted[2] - sorted[1] > (1.0 - alpha) / alpha + 1e-9);
            let both = mixed(logits(&standard), logits(&robust), unit(alpha), Mix::Probabilities).unwrap();
            prop_assert_eq!(largest(both), largest(logits(&robust)));
        }

        #[test]
        fn probabilities_sum_to_one_and_both_forms_agree(
            robust in prop::collection::vec(-30.0f64..30.0, 3), standard in prop::collection::vec(-30.0f64..30.0, 3),
            alpha in 0.01f64..0.99,
        ) {
            let both = mixed(logits(&standard), logits(&robust), unit(alpha), Mix::Probabilities).unwrap();
            let values = to_host(both).unwrap();
            prop_assert!((values.iter().map(|value| value.exp()).sum::<f64>() - 1.0).abs() < 1e-9);
            let alpha = Tensor::from_data(TensorData::new(vec![alpha], [1, 1]), (&Device::flex(), DType::F64));
            let by = to_host(mixed_by(logits(&standard), logits(&robust), alpha).unwrap()).unwrap();
            for (a, b) in values.iter().zip(by) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }

    /// The jump at one half: a confident wrong vote wins below it and loses above it, whatever the robust network's
    /// certainty. Logits know no such place.
    #[test]
    fn a_confident_wrong_vote_wins_below_one_half_only() {
        let (wrong, right) = (logits(&[80.0, 0.0, 0.0]), logits(&[0.0, 40.0, 0.0]));
        let answer =
            |alpha: f64, mix: Mix| largest(mixed(wrong.clone(), right.clone(), unit(alpha), mix).unwrap());
        assert_eq!((answer(0.49, Mix::Probabilities), answer(0.51, Mix::Probabilities)), (0, 1));
        assert_eq!((answer(0.51, Mix::Logits), answer(0.7, Mix::Logits)), (0, 1));
        assert!(mixed_by(wrong, right, logits(&[0.5, 0.5, 0.5])).is_err());
    }
}
