//! From feature maps to features.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What stands for a channel's map behind the last block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Its mean.
    #[default]
    Average,
    /// Its largest value.
    Maximum,
    /// The sum of both, as metric learning uses it.
    AverageAndMaximum,
}

impl Pooling {
    /// # Shapes
    /// - `maps`: `[batch, channels, height, width]`
    /// - returns `[batch, channels]`
    pub fn forward(self, maps: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Average => mixup_kernels::global_average_pool(maps),
            Self::Maximum => global_maximum(maps),
            Self::AverageAndMaximum => {
                mixup_kernels::global_average_pool(maps.clone()) + global_maximum(maps)
            }
        }
    }
}

/// The gradient goes to one of equal values.
fn global_maximum(maps: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = maps.dims();
    maps.reshape([batch, channels, height * width]).max_dim(2).reshape([batch, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_host;
    use burn::tensor::Device;

    #[test]
    fn pooled_values_and_whose_gradient_they_are() {
        let device = Device::flex().autodiff();
        let maps =
            Tensor::<4>::from_data([[[[1.0, 4.0], [2.0, 1.0]], [[-3.0, -5.0], [-2.0, -2.0]]]], &device);
        let maps = maps.require_grad();
        let pooled = |pooling: Pooling| {
            let features = pooling.forward(maps.clone());
            let gradient = maps.grad(&features.clone().sum().backward()).unwrap();
            (to_host(features).unwrap(), to_host(gradient).unwrap())
        };
        assert_eq!(pooled(Pooling::Average), (vec![2.0, -3.0], vec![0.25; 8]));
        let (largest, gradient) = pooled(Pooling::Maximum);
        assert_eq!(largest, [4.0, -2.0]);
        assert_eq!(gradient[..4], [0.0, 1.0, 0.0, 0.0]);
        assert_eq!((gradient[4..6].iter().sum::<f64>(), gradient[6] + gradient[7]), (0.0, 1.0));
        assert_eq!(pooled(Pooling::AverageAndMaximum).0, [6.0, -5.0]);
    }
}
