//! LeNet-5 with ReLU and max pooling (LeCun et al. 1998, in its present form).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::{Activation, Conv2d, conv::ConvSizes, init, linear::linear};

/// Two 5x5 convolutions, each with ReLU and 2x2 max pooling, and three linear layers.
#[derive(Module, Debug)]
pub struct Lenet {
    first: Conv2d,
    second: Conv2d,
    hidden: Vec<Linear>,
    /// `[84, classes]`
    pub head: Linear,
}

impl Lenet {
    /// A LeNet for `[channels, size, size]` images, with PyTorch's default start; `size` is at least 12.
    pub fn new(channels: usize, size: usize, classes: usize, rng: &mut impl Rng, device: &Device) -> Self {
        let conv = |inputs, outputs, padding| ConvSizes {
            inputs,
            outputs,
            kernel: 5,
            stride: 1,
            padding,
            bias: true,
        };
        let side = (size / 2).saturating_sub(4) / 2;
        Self {
            first: conv(channels, 6, 2).init(rng, device),
            second: conv(6, 16, 0).init(rng, device),
            hidden: vec![
                init::linear(16 * side * side, 120, rng, device),
                init::linear(120, 84, rng, device),
            ],
            head: init::linear(84, classes, rng, device),
        }
    }

    /// # Shapes
    /// - `x`: `[batch, channels, size, size]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        // ReLU after pooling gives the same values and gradients, for a quarter of the work.
        let block = |conv: &Conv2d, x| mixup_kernels::relu(mixup_kernels::max_pool2d(conv.forward(x), 2));
        let features = block(&self.second, block(&self.first, x));
        let flat = features.flatten::<2>(1, 3);
        let hidden = self.hidden.iter().fold(flat, |x, layer| linear(layer, x, Some(Activation::Relu)));
        linear(&self.head, hidden, None)
    }
}
