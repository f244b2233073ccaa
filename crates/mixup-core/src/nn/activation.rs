//! Activations by name.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use crate::checked::UnitInterval;

/// An elementwise activation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `x` above 0, `slope x` below: `{leaky-relu: 0.1}` in YAML. PyTorch's default slope is 0.01;
    /// C-Mixup and its followers use 0.1.
    LeakyRelu(UnitInterval),
}

impl Activation {
    /// Applies the activation to every entry.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => relu(x),
            // The same function as burn's leaky_relu, whose backward pass goes through masks and
            // takes several times as long on the CPU.
            Self::LeakyRelu(slope) => {
                x.clone().mul_scalar(slope.get()) + relu(x).mul_scalar(1.0 - slope.get())
            }
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
        let ours = Activation::LeakyRelu(UnitInterval::new(0.1).unwrap()).forward(x.clone());
        ours.into_data().assert_approx_eq::<f32>(&leaky_relu(x, 0.1).into_data(), Default::default());
    }
}
