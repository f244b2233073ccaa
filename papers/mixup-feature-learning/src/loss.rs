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
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use mixup_feature_learning::{Projections, standard_loss};
///
/// // Two classes of one filter each that the only patch meets alike.
/// let weights = Tensor::<3>::from_data([[[1.0]], [[1.0]]], &Device::flex());
/// let patches = Tensor::<3>::from_data([[[2.0]]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let loss = standard_loss(&Projections::of(weights, patches)?, targets, 2)?;
/// assert!((to_host(loss)?[0] - 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
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
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use mixup_feature_learning::{Lambdas, Projections, pairs_loss, standard_loss};
///
/// let weights = Tensor::<3>::from_data([[[1.0]], [[-0.5]]], &Device::flex());
/// let patches = Tensor::<3>::from_data([[[2.0]], [[1.0]]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
/// let seen = Projections::of(weights, patches)?;
/// // With all weight on the own sample nothing is mixed.
/// let lambdas = Lambdas { inputs: 1.0, labels: 1.0 };
/// let mixed = pairs_loss(&seen, targets.clone(), vec![1, 0], lambdas, 2)?;
/// assert!((to_host(mixed)?[0] - to_host(standard_loss(&seen, targets, 2)?)?[0]).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
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
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use mixup_feature_learning::{Lambdas, Projections, all_pairs_loss, pairs_loss};
///
/// let weights = Tensor::<3>::from_data([[[1.0]], [[-0.5]]], &Device::flex());
/// let patches = Tensor::<3>::from_data([[[2.0]], [[1.0]]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
/// let seen = Projections::of(weights, patches)?;
/// let lambdas = Lambdas { inputs: 0.6, labels: 0.8 };
/// // The mean over both permutations of two samples.
/// let of = |partners| to_host(pairs_loss(&seen, targets.clone(), partners, lambdas, 2)?);
/// let mean = (of(vec![0, 1])?[0] + of(vec![1, 0])?[0]) / 2.0;
/// assert!((to_host(all_pairs_loss(&seen, targets.clone(), lambdas, 2)?)?[0] - mean).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
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
