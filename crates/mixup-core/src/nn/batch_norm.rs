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
    #[module(skip)]
    frozen: bool,
}

impl BatchNorm2d {
    /// Scale 1, shift 0, running mean 0 and variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            gamma: Param::from_tensor(Tensor::ones([channels], device)),
            beta: Param::from_tensor(Tensor::zeros([channels], device)),
            mean: RunningState::new(Tensor::zeros([channels], device)),
            variance: RunningState::new(Tensor::ones([channels], device)),
            frozen: false,
        }
    }

    /// The same layer as a constant, or not: in training, too, it then normalises by the running statistics, which stay, and its
    /// scale and shift are not trained.
    #[must_use]
    pub fn frozen(self, frozen: bool) -> Self {
        Self { frozen, ..self }
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
        if self.frozen {
            let constant = |value: Tensor<1>| {
                let value = if value.device().is_autodiff() { value.inner() } else { value };
                if x.device().is_autodiff() { Tensor::from_inner(value) } else { value }
            };
            let affine = (constant(gamma), constant(beta));
            let running = (constant(self.mean.value()), constant(self.variance.value()));
            return mixup_kernels::batch_norm_with(x, affine, running, EPSILON, then);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_host;
    use burn::tensor::TensorData;

    #[test]
    fn a_frozen_layer_is_the_same_in_training_and_is_not_trained() {
        let device = Device::flex();
        let mut layer = BatchNorm2d::new(2, &device).frozen(true);
        layer.mean = RunningState::new(Tensor::from_data([1.0, -2.0], &device));
        layer.variance = RunningState::new(Tensor::from_data([4.0, 0.25], &device));
        let values: Vec<f32> = (0..16).map(|value| value as f32).collect();
        let x = Tensor::<4>::from_data(TensorData::new(values, [2, 2, 2, 2]), &device);
        let evaluated = to_host(layer.forward_relu(x.clone())).unwrap();
        let training = layer.clone().train();
        let tracked = Tensor::from_inner(x).require_grad();
        let out = training.forward_relu(tracked.clone());
        let gradients = out.clone().sum().backward();
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5 * (1.0 + b.abs());
        assert!(to_host(out).unwrap().iter().zip(&evaluated).all(close), "{evaluated:?}");
        assert!(training.gamma.val().grad(&gradients).is_none(), "its scale is trained");
        let gradient = to_host(tracked.grad(&gradients).unwrap()).unwrap();
        // 1 / sqrt(variance) where the ReLU lets it through; the first value, (0 - 1) / 2, is below 0.
        assert_eq!(gradient[0], 0.0);
        assert!((gradient[3] - 0.5).abs() < 1e-5 && (gradient[4] - 2.0).abs() < 1e-3, "{gradient:?}");
        assert_eq!(to_host(training.valid().mean.value()).unwrap(), [1.0, -2.0]);
    }
}
