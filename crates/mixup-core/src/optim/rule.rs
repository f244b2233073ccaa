//! The update rules, as burn's `ModuleOptimizer` takes them.

use burn::optim::{
    Adam as BurnAdam, AdamState, AdaptiveMomentumState, LearningRate, Optimizer, RecordState, StateSink,
    StateSource,
};
use burn::tensor::{Device, Tensor};
use mixup_kernels::{AdamStep, SgdStep};

use super::groups::Settings;

/// Adam with PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8.
#[derive(Clone)]
pub(super) struct Adam {
    pub settings: Settings,
    /// Whether the decay acts on the weights (AdamW) or on the gradient.
    pub decoupled: bool,
}

impl Adam {
    /// The weight and the gradient that the moments see. Without decay not a bit changes.
    fn decayed<const D: usize>(&self, lr: f64, w: Tensor<D>, gradient: Tensor<D>) -> [Tensor<D>; 2] {
        match self.settings.weight_decay {
            0.0 => [w, gradient],
            decay if self.decoupled => [w * (1.0 - lr * decay), gradient],
            decay => [w.clone(), gradient + w * decay],
        }
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let lr = lr * self.settings.lr_factor;
        let (step, moments) = match state {
            Some(AdamState { momentum }) => (momentum.time + 1, [momentum.moment_1, momentum.moment_2]),
            None => (1, [parameter.zeros_like(), parameter.zeros_like()]),
        };
        let [parameter, gradient] = self.decayed(lr, parameter, gradient);
        let constants = AdamStep { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step };
        let (parameter, [first, second]) = mixup_kernels::adam(parameter, gradient, moments, constants);
        (parameter, Some(AdamState::new(AdaptiveMomentumState::new(step, first, second))))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        BurnAdam::to_device(state, device)
    }
}

/// Stochastic gradient descent in PyTorch's order: decay, momentum, learning rate.
#[derive(Clone)]
pub(super) struct Sgd {
    pub settings: Settings,
    pub momentum: f64,
    pub nesterov: bool,
}

/// What SGD with momentum keeps of a parameter.
#[derive(Clone)]
pub(super) struct SgdState<const D: usize> {
    velocity: Tensor<D>,
}

const VELOCITY: &str = "velocity";

/// By hand: the derive works inside burn only.
impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, VELOCITY, self.velocity.to_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let velocity = source.take_tensor(prefix, VELOCITY)?;
        let dtype = velocity.dtype();
        Some(Self { velocity: Tensor::from_data(velocity, (device, dtype)) })
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let Self { settings: Settings { lr_factor, weight_decay }, momentum, nesterov } = *self;
        let lr = lr * lr_factor;
        let constants = SgdStep { lr, momentum, weight_decay, nesterov };
        let velocity = state.map(|state| state.velocity);
        let (parameter, velocity) = mixup_kernels::sgd(parameter, gradient, velocity, constants);
        (parameter, velocity.map(|velocity| SgdState { velocity }))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState { velocity: state.velocity.to_device(device) }
    }
}
