//! Linear layers, with their activation in the same operation.

use burn::nn::Linear;
use burn::tensor::Tensor;
use mixup_kernels::Activation as Fused;

use super::Activation;

/// A linear layer and the activation after it.
///
/// # Shapes
/// - `x`: `[batch, inputs]`
/// - returns `[batch, outputs]`
pub fn linear(layer: &Linear, x: Tensor<2>, activation: Option<Activation>) -> Tensor<2> {
    let Some(bias) = &layer.bias else {
        let y = layer.forward(x);
        return activation.map_or(y.clone(), |activation| activation.forward(y));
    };
    let fused = match activation {
        None => Fused::Identity,
        Some(Activation::Relu) => Fused::Relu,
        Some(Activation::LeakyRelu(slope)) => Fused::LeakyRelu(slope.get()),
    };
    mixup_kernels::linear(x, layer.weight.val(), bias.val(), fused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked::UnitInterval;
    use crate::tensor::to_host;
    use burn::module::Param;
    use burn::tensor::{DType, Device, TensorData};

    /// `y_ij = f(z_ij)` with `z = x w + b`: by hand in f64, `dx = (c f'(z)) w^T` and `dw = x^T (c f'(z))`.
    #[test]
    fn in_f64_a_slope_is_as_exact_as_the_rest() {
        const SLOPE: f64 = 0.1;
        let (x, w, b, c) =
            ([[0.7, -1.3], [0.4, 0.9]], [[1.1, -0.6], [0.3, 0.8]], [0.2, -0.5], [[0.9, -1.7], [2.3, 0.1]]);
        let options = (Device::flex().autodiff(), DType::F64);
        let tensor = |values: [[f64; 2]; 2]| {
            Tensor::<2>::from_data(TensorData::from(values), (&options.0, options.1)).require_grad()
        };
        let bias = Tensor::<1>::from_data(TensorData::from(b), (&options.0, options.1));
        let (inputs, weight) = (tensor(x), tensor(w));
        let layer = Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_tensor(bias)) };
        let slope = UnitInterval::new(SLOPE).unwrap();
        let y = linear(&layer, inputs.clone(), Some(Activation::LeakyRelu(slope)));
        let value = to_host(y.clone()).unwrap();
        let grads = (y * tensor(c)).sum().backward();
        let input_gradient = to_host(inputs.grad(&grads).unwrap()).unwrap();
        let weight_gradient = to_host(layer.weight.val().grad(&grads).unwrap()).unwrap();

        let z = |i: usize, j: usize| x[i][0] * w[0][j] + x[i][1] * w[1][j] + b[j];
        let slope = |i, j| if z(i, j) < 0.0 { SLOPE } else { 1.0 };
        assert!((0..4).any(|at| z(at / 2, at % 2) < 0.0) && (0..4).any(|at| z(at / 2, at % 2) > 0.0));
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let passed = |i: usize, j: usize| c[i][j] * slope(i, j);
            let close = |ours: f64, expected: f64| {
                assert!((ours - expected).abs() <= 1e-12 * expected.abs(), "{ours} instead of {expected}");
            };
            close(value[2 * i + j], slope(i, j) * z(i, j));
            close(input_gradient[2 * i + j], passed(i, 0) * w[j][0] + passed(i, 1) * w[j][1]);
            close(weight_gradient[2 * i + j], x[0][i] * passed(0, j) + x[1][i] * passed(1, j));
        }
    }
}
