//! Cross-entropy of samples and of their mixtures with outliers; and the task of the rotation baseline.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::NonNegative,
    loss::{Regularized, soft_cross_entropy},
    tensor::one_hot,
};

/// Loss of MixOE: cross-entropy of the samples, and that of their mixtures with outliers against [`soft_targets`].
///
/// There is no term for outliers alone: outlier exposure is what is left of the mixtures at a share of 0.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; `targets` are one-hot
/// - `mixed`: `[batch, classes]`, logits of the mixtures
/// - `share`: of the samples in the mixtures: lambda, or the pixels that CutMix keeps
///
/// # Errors
/// Shapes that do not agree.
pub fn mixoe_loss(
    logits: Tensor<2>,
    targets: Tensor<2>,
    mixed: Tensor<2>,
    share: f64,
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    Ok(Regularized {
        cross_entropy: soft_cross_entropy(logits, targets.clone())?,
        penalty: soft_cross_entropy(mixed, soft_targets(targets, share))?,
        weight,
    })
}

/// `share y + (1 - share) u` with u the uniform distribution over all classes, the true one among them.
///
/// # Shapes
/// - `targets`, result: `[batch, classes]`
pub fn soft_targets(targets: Tensor<2>, share: f64) -> Tensor<2> {
    let classes = targets.dims()[1] as f64;
    targets.mul_scalar(share).add_scalar((1.0 - share) / classes)
}

/// Loss of rotation prediction (Hendrycks et al. 2019) as the code of MixOE has it: cross-entropy of the classes of
/// upright images, and that of the quarter turns of all.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`
/// - `turns`: `[4 * batch, 4]`, logits of the turns of [`mixup_core::image::rotations`]
///
/// # Errors
/// Shapes that do not agree.
pub fn rotation_loss(
    logits: Tensor<2>,
    targets: Tensor<2>,
    turns: Tensor<2>,
    weight: NonNegative,
) -> Result<Regularized, CoreError> {
    let true_turns = one_hot(&turn_labels(targets.dims()[0]), TURNS, (&targets.device(), targets.dtype()))?;
    Ok(Regularized {
        cross_entropy: soft_cross_entropy(logits, targets)?,
        penalty: soft_cross_entropy(turns, true_turns)?,
        weight,
    })
}

/// Quarter turns, none included.
pub(crate) const TURNS: usize = 4;

/// Quarter turns of a batch and of its rotations.
pub(crate) fn turn_labels(rows: usize) -> Vec<usize> {
    (0..TURNS * rows).map(|row| row / rows).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData, activation::log_softmax};
    use mixup_core::tensor::to_host;
    use mixup_routines::non_negative;

    use super::*;

    fn tensor(values: [[f64; 3]; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::from(values), (&Device::flex().autodiff(), DType::F64))
    }

    fn value(loss: Tensor<1>) -> f64 {
        to_host(loss).unwrap()[0]
    }

    /// The closed form: `share CE + (1 - share)(logsumexp - mean)`, and the gradient `(softmax - target) / batch`.
    #[test]
    fn mixtures_are_between_cross_entropy_and_outlier_exposure() {
        let targets = tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        let mixed = tensor([[0.3, -1.2, 2.0], [0.5, 0.1, -0.7]]).require_grad();
        let loss = |share: f64| {
            mixoe_loss(mixed.clone(), targets.clone(), mixed.clone(), share, non_negative(5.0)).unwrap()
        };
        let uniform = value(-log_softmax(mixed.clone(), 1).mean());
        let own = value(loss(0.4).cross_entropy);
        for share in [0.0, 0.3, 1.0] {
            let penalty = value(loss(share).penalty);
            assert!((penalty - share * own - (1.0 - share) * uniform).abs() < 1e-12, "{share}");
        }
        assert!((value(loss(0.3).total()) - own - 5.0 * value(loss(0.3).penalty)).abs() < 1e-12);
        let gradient = mixed.grad(&loss(0.3).penalty.backward()).unwrap();
        let expected = (log_softmax(mixed.clone(), 1).exp() - soft_targets(targets, 0.3)).mul_scalar(0.5);
        let largest = (gradient - expected.inner()).abs().max();
        assert!(to_host(largest).unwrap()[0] < 1e-12);
    }

    #[test]
    fn the_uniform_part_has_the_true_class_too() {
        let soft = to_host(soft_targets(tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 0.4)).unwrap();
        for (soft, want) in soft.iter().zip([0.6, 0.2, 0.2, 0.2, 0.6, 0.2]) {
            assert!((soft - want).abs() < 1e-12, "{soft}");
        }
    }

    #[test]
    fn turns_stand_one_below_the_other() {
        assert_eq!(turn_labels(2), [0, 0, 1, 1, 2, 2, 3, 3]);
    }
}
