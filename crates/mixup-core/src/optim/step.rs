//! The update rules, as burn's `ModuleOptimizer` takes them.

use burn::optim::{LearningRate, Optimizer, RecordState};
use burn::tensor::{Device, Tensor};
use mixup_kernels::{AdamStep, SgdStep};

/// Adam with PyTorch's defaults: betas 0.9 and 0.999, epsilon 1e-8.
#[derive(Clone)]
pub(super) struct Adam;

/// What Adam keeps of a parameter.
#[derive(RecordState, Clone)]
pub(super) struct AdamState<const D: usize> {
    steps: usize,
    first_moment: Tensor<D>,
    second_moment: Tensor<D>,
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
        let (step, moments) = match state {
            Some(state) => (state.steps + 1, [state.first_moment, state.second_moment]),
            None => (1, [parameter.zeros_like(), parameter.zeros_like()]),
        };
        let constants = AdamStep { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step };
        let (parameter, [first_moment, second_moment]) =
            mixup_kernels::adam(parameter, gradient, moments, constants);
        (parameter, Some(AdamState { steps: step, first_moment, second_moment }))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState {
            first_moment: state.first_moment.to_device(device),
            second_moment: state.second_moment.to_device(device),
            ..state
        }
    }
}

/// Stochastic gradient descent in PyTorch's order: decay, momentum, learning rate.
#[derive(Clone)]
pub(super) struct Sgd {
    pub momentum: f64,
    pub weight_decay: f64,
    pub nesterov: bool,
}

/// What SGD with momentum keeps of a parameter.
#[derive(RecordState, Clone)]
pub(super) struct SgdState<const D: usize> {
    velocity: Tensor<D>,
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
        let Self { momentum, weight_decay, nesterov } = *self;
        let constants = SgdStep { lr, momentum, weight_decay, nesterov };
        let velocity = state.map(|state| state.velocity);
        let (parameter, velocity) = mixup_kernels::sgd(parameter, gradient, velocity, constants);
        (parameter, velocity.map(|velocity| SgdState { velocity }))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState { velocity: state.velocity.to_device(device) }
    }
}
