//! Errors of the convolutions that save products, by layer, against those of burn's own product of as many bits.

use crate::common::noise;
use burn::tensor::{DType, Device, Tensor, TensorData, module, ops::ConvOptions};

#[derive(Clone, Copy)]
struct Layer {
    name: &'static str,
    channels: usize,
    outputs: usize,
    size: usize,
    stride: usize,
}

const BATCH: usize = 4;

impl Layer {
    /// Output, and gradients of input and weights: inputs cut by a ReLU, weights by He's rule.
    fn run(
        self,
        dtype: DType,
        conv2d: fn(Tensor<4>, Tensor<4>, ConvOptions<2>) -> Tensor<4>,
    ) -> [Vec<f64>; 3] {
        let Self { channels, outputs, size, stride, .. } = self;
        let tensor = |shape: [usize; 4], seed: u64, change: &dyn Fn(f64) -> f64| {
            let values = noise(shape.iter().product(), seed).into_iter().map(|v| change(f64::from(v)));
            // The f32 that both precisions begin with.
            let values: Vec<f64> = values.map(|v| f64::from(v as f32)).collect();
            Tensor::<4>::from_data(TensorData::new(values, shape), (&Device::flex().autodiff(), dtype))
        };
        let deviation = (6.0 / (9 * channels) as f64).sqrt();
        let x = tensor([BATCH, channels, size, size], 1, &|v| v.max(0.0)).require_grad();
        let weight = tensor([outputs, channels, 3, 3], 2, &|v| v * deviation).require_grad();
        let y = conv2d(x.clone(), weight.clone(), ConvOptions::new([stride; 2], [1; 2], [1; 2], 1));
        let dy = tensor(y.dims(), 3, &|v| v);
        let grads = (y.clone() * dy).sum().backward();
        let host = |tensor: Tensor<4>| tensor.into_data().iter::<f64>().collect();
        [host(y.inner()), host(x.grad(&grads).unwrap()), host(weight.grad(&grads).unwrap())]
    }
}

/// Root of the mean square of the differences.
fn error(found: &[f64], exact: &[f64]) -> f64 {
    (found.iter().zip(exact).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / exact.len() as f64).sqrt()
}

#[test]
fn fewer_products_cost_at_most_a_factor_of_three_in_exactness() {
    let layer = |name, channels, outputs, size, stride| Layer { name, channels, outputs, size, stride };
    let layers = [
        layer("ResNet-18, first stage", 64, 64, 32, 1),
        layer("ResNet-18, second stage", 128, 128, 16, 1),
        layer("ResNet-18, third stage", 256, 256, 8, 1),
        layer("ResNet-18, fourth stage", 512, 512, 4, 1),
        layer("CNN, second layer", 32, 64, 28, 2),
        layer("CNN, third layer", 64, 128, 14, 2),
        layer("ResNet-18, to the second stage", 64, 128, 32, 2),
        layer("ResNet-18, to the third stage", 128, 256, 16, 2),
        layer("ResNet-18, to the fourth stage", 256, 512, 8, 2),
    ];
    for layer in layers {
        let burns = |x, weight, options| module::conv2d(x, weight, None, options);
        let exact = layer.run(DType::F64, burns);
        let direct = layer.run(DType::F32, burns);
        let ours =
            layer.run(DType::F32, |x, weight, options| mixup_kernels::conv2d(x, weight, None, options));
        let ratios: [f64; 3] =
            std::array::from_fn(|i| error(&ours[i], &exact[i]) / error(&direct[i], &exact[i]));
        eprintln!("{}, stride {}: {ratios:.2?} of a direct product's error", layer.name, layer.stride);
        assert!(ratios.iter().all(|ratio| *ratio <= 3.0), "{}: {ratios:?}", layer.name);
    }
}
