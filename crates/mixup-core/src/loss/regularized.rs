//! Cross-entropy with a weighted penalty.

use burn::tensor::Tensor;

use crate::checked::NonNegative;

/// A loss of the form `cross-entropy + weight * penalty`, its parts apart so that they can be
/// reported.
#[derive(Debug, Clone)]
pub struct Regularized {
    /// Cross-entropy, `[1]`, in nats.
    pub cross_entropy: Tensor<1>,
    /// What is added, `[1]`, before its weight.
    pub penalty: Tensor<1>,
    /// Weight of the penalty.
    pub weight: NonNegative,
}

impl Regularized {
    /// The loss, `[1]`.
    pub fn total(self) -> Tensor<1> {
        self.cross_entropy + self.penalty.mul_scalar(self.weight.get())
    }
}
