//! Convolution layers.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, ops::ConvOptions};
use rand::Rng;

use super::init;

/// A square convolution.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[outputs, inputs, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[outputs]`; none where a batch norm follows.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    stride: usize,
    #[module(skip)]
    padding: usize,
}

/// Sizes of a [`Conv2d`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvSizes {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub bias: bool,
}

impl ConvSizes {
    /// A 3x3 kernel that keeps the image's size at stride 1, without bias.
    pub fn three(inputs: usize, outputs: usize, stride: usize) -> Self {
        Self { inputs, outputs, kernel: 3, stride, padding: 1, bias: false }
    }

    /// A 1x1 kernel without bias.
    pub fn one(inputs: usize, outputs: usize, stride: usize) -> Self {
        Self { inputs, outputs, kernel: 1, stride, padding: 0, bias: false }
    }

    /// PyTorch's default start: weight and bias from `U(-1/sqrt(fan in), 1/sqrt(fan in))`.
    pub fn init(self, rng: &mut impl Rng, device: &Device) -> Conv2d {
        let Self { inputs, outputs, kernel, stride, padding, bias } = self;
        let fan_in = inputs * kernel * kernel;
        let bound = (fan_in as f32).sqrt().recip();
        let weight =
            TensorData::new(init::uniform(outputs * fan_in, bound, rng), [outputs, inputs, kernel, kernel]);
        let bias = bias.then(|| TensorData::new(init::uniform(outputs, bound, rng), [outputs]));
        Conv2d {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: bias.map(|bias| Param::from_tensor(Tensor::from_data(bias, device))),
            stride,
            padding,
        }
    }
}

impl Conv2d {
    /// # Shapes
    /// - `x`: `[batch, inputs, height, width]`
    /// - returns `[batch, outputs, rows, columns]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([self.stride; 2], [self.padding; 2], [1, 1], 1);
        mixup_kernels::conv2d(x, self.weight.val(), self.bias.as_ref().map(Param::val), options)
    }
}
