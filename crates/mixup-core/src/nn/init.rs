//! Initial weights, drawn on the host, so that one seed gives the same start on every device.

use burn::{
    module::Param,
    nn::Linear,
    tensor::{Device, Tensor, TensorData},
};
use ndarray::Array2;
use rand::{Rng, RngExt};

/// `n` values from `U(-bound, bound)`.
pub fn uniform(n: usize, bound: f32, rng: &mut impl Rng) -> Vec<f32> {
    (0..n).map(|_| rng.random_range(-bound..=bound)).collect()
}

/// A linear layer with PyTorch's default start: weight and bias from `U(-1/sqrt(d_input),
/// 1/sqrt(d_input))`. The papers' networks use it.
///
/// # Shapes
/// - weight `[d_input, d_output]` (burn's layout, the transpose of PyTorch's), bias `[d_output]`
pub fn linear(d_input: usize, d_output: usize, rng: &mut impl Rng, device: &Device) -> Linear {
    let bound = (d_input as f32).sqrt().recip();
    linear_within(d_input, d_output, bound, rng, device)
}

/// As [`linear`], from `U(-bound, bound)`; PyTorch's recurrent layers use `1/sqrt(d_hidden)`.
pub fn linear_within(
    d_input: usize,
    d_output: usize,
    bound: f32,
    rng: &mut impl Rng,
    device: &Device,
) -> Linear {
    let weight = uniform(d_input * d_output, bound, rng);
    let bias = uniform(d_output, bound, rng);
    linear_from(TensorData::new(weight, [d_input, d_output]), TensorData::new(bias, [d_output]), device)
}

/// A linear layer from PyTorch's arrays, in their own precision.
///
/// # Shapes
/// - `weight`: `[d_output, d_input]`, PyTorch's layout
/// - `bias`: `[d_output]`
pub fn linear_from_pytorch(weight: &Array2<f64>, bias: &[f64], device: &Device) -> Linear {
    let (d_output, d_input) = weight.dim();
    let transposed: Vec<f64> = weight.t().iter().copied().collect();
    linear_from(
        TensorData::new(transposed, [d_input, d_output]),
        TensorData::new(bias.to_vec(), [d_output]),
        device,
    )
}

fn linear_from(weight: TensorData, bias: TensorData, device: &Device) -> Linear {
    Linear { weight: param::<2>(weight, device), bias: Some(param::<1>(bias, device)) }
}

/// A parameter that keeps the precision of its data.
fn param<const D: usize>(data: TensorData, device: &Device) -> Param<Tensor<D>> {
    let dtype = data.dtype();
    Param::from_tensor(Tensor::from_data(data, (device, dtype)))
}
