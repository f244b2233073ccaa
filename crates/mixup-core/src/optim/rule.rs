//! The update rules.

use burn::tensor::Tensor;
use mixup_kernels::{AdamStep, SgdStep};

use super::groups::Settings;

/// How a parameter moves along its gradient.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Adam with PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8. It keeps both moments.
    Adam {
        /// Whether the decay acts on the weights (AdamW) or on the gradient.
        decoupled: bool,
    },
    /// Stochastic gradient descent in PyTorch's order: decay, momentum, learning rate. It keeps the velocity.
    Sgd { momentum: f64, nesterov: bool },
}

/// What a rule keeps of a parameter.
pub(super) struct Moments<const D: usize> {
    /// Steps so far.
    pub steps: usize,
    /// As many as the rule keeps; none before the first step.
    pub tensors: Vec<Tensor<D>>,
}

impl Rule {
    /// How many tensors it keeps of a parameter that has taken a step.
    pub fn keeps(self) -> usize {
        match self {
            Self::Adam { .. } => 2,
            Self::Sgd { momentum, .. } => usize::from(momentum != 0.0),
        }
    }

    /// The parameter after a step. Neither it nor the gradient is tracked.
    pub fn step<const D: usize>(
        self,
        Settings { lr_factor, weight_decay }: Settings,
        lr: f64,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        moments: &mut Moments<D>,
    ) -> Tensor<D> {
        let lr = lr * lr_factor;
        moments.steps += 1;
        let tensors = &mut moments.tensors;
        match self {
            Self::Adam { decoupled } => {
                let kept = match (tensors.pop(), tensors.pop()) {
                    (Some(second), Some(first)) => [first, second],
                    _ => [parameter.zeros_like(), parameter.zeros_like()],
                };
                let [parameter, gradient] = match weight_decay {
                    // Not a bit changes.
                    0.0 => [parameter, gradient],
                    decay if decoupled => [parameter * (1.0 - lr * decay), gradient],
                    decay => [parameter.clone(), gradient + parameter * decay],
                };
                let constants = AdamStep { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: moments.steps };
                let (parameter, kept) = mixup_kernels::adam(parameter, gradient, kept, constants);
                tensors.extend(kept);
                parameter
            }
            Self::Sgd { momentum, nesterov } => {
                let constants = SgdStep { lr, momentum, weight_decay, nesterov };
                let (parameter, velocity) = mixup_kernels::sgd(parameter, gradient, tensors.pop(), constants);
                tensors.extend(velocity);
                parameter
            }
        }
    }
}
