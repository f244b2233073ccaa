//! Standard loss, the loss of mixup over all pairs as the theory has it, and over the pairs of one
//! permutation.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    loss::soft_cross_entropy,
    mix::{Mixture, Ratio},
};

use crate::network::Projections;

/// What inputs and labels are mixed with: share of the sample that comes first. Equal in mixup; the paper's
/// finding is that they need not be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lambdas {
    /// Share in the inputs.
    pub inputs: f64,
    /// Weight of its label.
    pub labels: f64,
}

/// `1/n sum_i CE(F(x_i), y_i)`, `[1]`.
///
/// # Shapes
/// - `targets`: one-hot, `[samples, classes]`
///
/// # Errors
/// Shapes that do not agree.
pub fn standard_loss(
    projections: &Projections,
    targets: Tensor<2>,
    power: u32,
) -> Result<Tensor<1>, CoreError> {
    soft_cross_entropy(projections.logits(power), targets)
}

/// `1/n sum_i [l_y CE(F(x_i'), y_i) + (1 - l_y) CE(F(x_i'), y_j)]` with `x_i' = l_x x_i + (1 - l_x) x_j` and
/// `j` the partner of `i`, `[1]`: of random partners an unbiased estimate of [`all_pairs_loss`].
///
/// # Shapes
/// - `targets`: one-hot, `[samples, classes]`
/// - `partners`: one per sample
///
/// # Errors
/// A partner that is no sample, or shapes that do not agree.
pub fn pairs_loss(
    projections: &Projections,
    targets: Tensor<2>,
    partners: Vec<usize>,
    lambdas: Lambdas,
    power: u32,
) -> Result<Tensor<1>, CoreError> {
    let inputs = Mixture::new(partners, Ratio::Batch(lambdas.inputs))?;
    let labels = inputs.with_ratio(Ratio::Batch(lambdas.labels))?;
    soft_cross_entropy(projections.mixed(&inputs)?.logits(power), labels.targets(targets)?)
}

/// The same over all n^2 ordered pairs, pairs of a sample with itself among them: the loss of the theory,
/// `[1]`.
///
/// # Shapes
/// - `targets`: one-hot, `[samples, classes]`
///
/// # Errors
/// Shapes that do not agree.
pub fn all_pairs_loss(
    projections: &Projections,
    targets: Tensor<2>,
    lambdas: Lambdas,
    power: u32,
) -> Result<Tensor<1>, CoreError> {
    let [samples, classes] = targets.dims();
    let own = targets.clone().unsqueeze_dim::<3>(1).mul_scalar(lambdas.labels);
    let partners = targets.unsqueeze_dim::<3>(0).mul_scalar(1.0 - lambdas.labels);
    let mixed = (own + partners).reshape([samples * samples, classes]);
    soft_cross_entropy(projections.logits_of_all_pairs(lambdas.inputs, power), mixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::tensor::{one_hot, to_host};
    use proptest::prelude::*;

    const LABELS: [usize; 3] = [0, 1, 1];

    fn projections(patches: &[f64]) -> Projections {
        let tensor = |values: &[f64], shape| {
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
        };
        let weights = [0.3, -0.8, 1.1, 0.4, -0.5, 0.9, 0.2, -1.3];
        Projections::of(tensor(&weights, [2, 2, 2]), tensor(patches, [3, 2, 2])).unwrap()
    }

    fn value(loss: Result<Tensor<1>, CoreError>) -> f64 {
        to_host(loss.unwrap()).unwrap()[0]
    }

    proptest! {
        /// Three cyclic shifts hold each of the nine pairs once.
        #[test]
        fn all_pairs_are_the_mean_over_permutations_that_cover_them(
            patches in prop::collection::vec(-1.0..1.0, 12), inputs in 0.5..=1.0f64, labels in 0.5..=1.0f64,
        ) {
            let (projections, lambdas) = (projections(&patches), Lambdas { inputs, labels });
            let targets = || one_hot(&LABELS, 2, (&Device::flex(), DType::F64)).unwrap();
            let shifted = |by: usize| {
                let partners = (0..3).map(|row| (row + by) % 3).collect();
                value(pairs_loss(&projections, targets(), partners, lambdas, 2))
            };
            let mean = (0..3).map(shifted).sum::<f64>() / 3.0;
            let all = value(all_pairs_loss(&projections, targets(), lambdas, 2));
            prop_assert!((all - mean).abs() < 1e-12, "{} and {}", all, mean);
        }

        #[test]
        fn with_all_of_one_sample_mixup_is_standard_training(patches in prop::collection::vec(-1.0..1.0, 12)) {
            let targets = || one_hot(&LABELS, 2, (&Device::flex(), DType::F64)).unwrap();
            let (projections, own) = (projections(&patches), Lambdas { inputs: 1.0, labels: 1.0 });
            let standard = value(standard_loss(&projections, targets(), 2));
            prop_assert!((value(all_pairs_loss(&projections, targets(), own, 2)) - standard).abs() < 1e-12);
            prop_assert!((value(pairs_loss(&projections, targets(), vec![2, 0, 1], own, 2)) - standard).abs() < 1e-12);
        }
    }
}
