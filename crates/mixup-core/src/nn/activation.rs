//! Activations by name.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

/// An elementwise activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `x` above 0, `0.1 x` below: the slope that C-Mixup and its followers use (PyTorch's default
    /// is 0.01).
    LeakyRelu,
}

impl Activation {
    /// Applies the activation to every entry.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => relu(x),
            // The same function as burn's leaky_relu, whose backward pass goes through masks and
            // takes several times as long on the CPU.
            Self::LeakyRelu => x.clone().mul_scalar(0.1) + relu(x).mul_scalar(0.9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, activation::leaky_relu};

    #[test]
    fn leaky_relu_is_burns() {
        let x = Tensor::<1>::from_data([-3.0, -0.5, 0.0, 0.5, 7.0], &Device::flex());
        let ours = Activation::LeakyRelu.forward(x.clone());
        ours.into_data().assert_approx_eq::<f32>(&leaky_relu(x, 0.1).into_data(), Default::default());
    }
}
