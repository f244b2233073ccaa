//! Batch normalisation with PyTorch's running statistics.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor};
use mixup_kernels::Then;

const EPSILON: f64 = 1e-5;
/// Share of a new batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// Batch normalisation of images (Ioffe and Szegedy 2015): by the batch's statistics where the
/// module is being trained, by the running ones where it is not.
#[derive(Module, Debug)]
pub struct BatchNorm2d {
    /// Scale, `[channels]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift, `[channels]`.
    pub beta: Param<Tensor<1>>,
    /// Running mean, `[channels]`.
    pub mean: RunningState<Tensor<1>>,
    /// Running unbiased variance, `[channels]`.
    pub variance: RunningState<Tensor<1>>,
}

impl BatchNorm2d {
    /// Scale 1, shift 0, running mean 0 and variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            gamma: Param::from_tensor(Tensor::ones([channels], device)),
            beta: Param::from_tensor(Tensor::zeros([channels], device)),
            mean: RunningState::new(Tensor::zeros([channels], device)),
            variance: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// The normalisation and a ReLU.
    ///
    /// # Shapes
    /// - `x`, result: `[batch, channels, height, width]`
    pub fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_then(x, Then::relu())
    }

    /// The end of a residual block: the normalisation, plus `shortcut`, and a ReLU.
    ///
    /// # Shapes
    /// - `x`, `shortcut`, result: `[batch, channels, height, width]`
    pub fn forward_add_relu(&self, x: Tensor<4>, shortcut: Tensor<4>) -> Tensor<4> {
        self.forward_then(x, Then { add: Some(shortcut), relu: true })
    }

    /// The normalisation alone.
    ///
    /// # Shapes
    /// - `x`, result: `[batch, channels, height, width]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_then(x, Then::default())
    }

    fn forward_then(&self, x: Tensor<4>, then: Then) -> Tensor<4> {
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        if !gamma.device().is_autodiff() {
            let running = (self.mean.value(), self.variance.value());
            return mixup_kernels::batch_norm_with(x, (gamma, beta), running, EPSILON, then);
        }
        let [batch, _, height, width] = x.dims();
        let count = (batch * height * width) as f64;
        let normalized = mixup_kernels::batch_norm(x, gamma, beta, EPSILON, then);
        let unbiased = normalized.variance * (count / (count - 1.0).max(1.0));
        blend(&self.mean, normalized.mean);
        blend(&self.variance, unbiased);
        normalized.y
    }
}

fn blend(running: &RunningState<Tensor<1>>, new: Tensor<1>) {
    let old = running.value_sync();
    let old = if old.device().is_autodiff() { old.inner() } else { old };
    running.update(old * (1.0 - MOMENTUM) + new * MOMENTUM);
}
