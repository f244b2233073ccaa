//! Compares a fused operation with its composed twin: values, and the gradients of all inputs.

use burn::tensor::{Device, Tensor, TensorData};

/// `n` values in -1..1, a function of `seed`.
pub fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// A tracked input, flat.
fn leaf(size: usize, seed: u64) -> Tensor<1> {
    let device = Device::flex().autodiff();
    Tensor::<1>::from_data(TensorData::new(noise(size, seed), [size]), &device).require_grad()
}

/// Value of an operation and gradients of a weighted sum of it, by input.
pub fn values_and_gradients(
    sizes: &[usize],
    seed: u64,
    operation: impl Fn(Vec<Tensor<1>>) -> Tensor<1>,
) -> (Vec<f32>, Vec<Vec<f32>>) {
    let leaves: Vec<_> = sizes.iter().zip(seed..).map(|(&size, seed)| leaf(size, seed)).collect();
    let y = operation(leaves.clone());
    let value = y.clone().inner().into_data().try_to_vec::<f32>().unwrap();
    let [size] = y.dims();
    let weights =
        Tensor::<1>::from_data(TensorData::new(noise(size, seed + 77), [size]), &Device::flex().autodiff());
    let grads = (y * weights).sum().backward();
    let gradient = |leaf: &Tensor<1>| leaf.grad(&grads).unwrap().into_data().try_to_vec::<f32>().unwrap();
    (value, leaves.iter().map(gradient).collect())
}

/// Fails where two results differ by more than `1e-5` of the largest value of the second, or of 1, the size
/// of the inputs: where a sum cancels, both round.
pub fn assert_close(what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = theirs.iter().fold(1f32, |scale, v| scale.max(v.abs()));
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= 1e-5 * scale, "{what}[{index}]: {a} instead of {b} (scale {scale})");
    }
}

/// Fails where an operation and its twin disagree.
pub fn assert_agree(
    sizes: &[usize],
    seed: u64,
    ours: impl Fn(Vec<Tensor<1>>) -> Tensor<1>,
    theirs: impl Fn(Vec<Tensor<1>>) -> Tensor<1>,
) {
    let (value, gradients) = values_and_gradients(sizes, seed, ours);
    let (expected, expected_gradients) = values_and_gradients(sizes, seed, theirs);
    assert_close("value", &value, &expected);
    for (input, (ours, theirs)) in gradients.iter().zip(&expected_gradients).enumerate() {
        assert_close(&format!("gradient of input {input}"), ours, theirs);
    }
}

/// Fails where a bit of an operation is not that of its twin.
pub fn assert_same(
    sizes: &[usize],
    seed: u64,
    ours: impl Fn(Vec<Tensor<1>>) -> Tensor<1>,
    theirs: impl Fn(Vec<Tensor<1>>) -> Tensor<1>,
) {
    assert_eq!(values_and_gradients(sizes, seed, ours), values_and_gradients(sizes, seed, theirs));
}
