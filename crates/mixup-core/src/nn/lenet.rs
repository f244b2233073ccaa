//! LeNet-5 with ReLU and max pooling (LeCun et al. 1998, in its present form).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::staged::Staged;
use super::{Activation, Conv2d, conv::ConvSizes, init, linear};
use crate::{CoreError, augment::ImageShape};

/// Pixels of a side that two convolutions and two poolings leave something of.
const SMALLEST: usize = 12;

/// Two 5x5 convolutions, each with ReLU and 2x2 max pooling, and two hidden linear layers: from images to
/// features.
#[derive(Module, Debug)]
pub struct Lenet {
    first: Conv2d,
    second: Conv2d,
    hidden: Vec<Linear>,
}

impl Lenet {
    /// A LeNet with PyTorch's default start.
    ///
    /// # Errors
    /// Images with a side of less than 12 pixels.
    pub fn new(shape: ImageShape, rng: &mut impl Rng, device: &Device) -> Result<Self, CoreError> {
        let ImageShape { channels, height, width } = shape;
        if height.min(width) < SMALLEST {
            return Err(CoreError::Invalid(format!(
                "LeNet needs images of {SMALLEST} pixels or more, not {}",
                height.min(width)
            )));
        }
        let conv = |inputs, outputs, padding| ConvSizes {
            inputs,
            outputs,
            kernel: 5,
            stride: 1,
            padding,
            bias: true,
        };
        let left = |side: usize| (side / 2 - 4) / 2;
        Ok(Self {
            first: conv(channels, 6, 2).init(rng, device),
            second: conv(6, 16, 0).init(rng, device),
            hidden: vec![
                init::linear(16 * left(height) * left(width), 120, rng, device),
                init::linear(120, 84, rng, device),
            ],
        })
    }
}

impl Staged for Lenet {
    type State = Tensor<4>;

    fn width(&self) -> usize {
        84
    }

    fn stages(&self) -> usize {
        2
    }

    fn enter(&self, x: Tensor<4>) -> Tensor<4> {
        x
    }

    fn stage(&self, index: usize, x: Tensor<4>) -> Tensor<4> {
        let conv = if index == 0 { &self.first } else { &self.second };
        // ReLU after pooling gives the same values and gradients, for a quarter of the work.
        mixup_kernels::relu(mixup_kernels::max_pool2d(conv.forward(x), 2))
    }

    fn pooled(&self, maps: Tensor<4>) -> Tensor<2> {
        self.hidden.iter().fold(maps.flatten(1, 3), |x, layer| linear(layer, x, Some(Activation::Relu)))
    }
}
