//! What the tests of losses share.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::tensor::{one_hot, to_host};

/// f64 logits that gradients are kept for.
pub fn tracked<const N: usize, const C: usize>(logits: [[f64; C]; N]) -> Tensor<2> {
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::from(logits), (&device, DType::F64)).require_grad()
}

/// f64 one-hot targets.
pub fn targets(labels: &[usize], classes: usize) -> Tensor<2> {
    one_hot(labels, classes, (&Device::flex().autodiff(), DType::F64)).unwrap()
}

/// The only value of a loss.
pub fn value(loss: Tensor<1>) -> f64 {
    to_host(loss).unwrap()[0]
}

/// Gradient of `loss(logits)`, row-major, after comparing it with central differences.
pub fn gradient<const N: usize, const C: usize>(
    logits: [[f64; C]; N],
    loss: impl Fn(Tensor<2>) -> Tensor<1>,
) -> Vec<f64> {
    let input = tracked(logits);
    let grads = loss(input.clone()).backward();
    let gradient = to_host(input.grad(&grads).expect("the loss depends on its logits")).unwrap();
    let step = 1e-6;
    for row in 0..N {
        for class in 0..C {
            let at = |shift: f64| {
                let mut moved = logits;
                moved[row][class] += shift;
                value(loss(tracked(moved)))
            };
            let slope = (at(step) - at(-step)) / (2.0 * step);
            let computed = gradient[row * C + class];
            assert!((slope - computed).abs() < 1e-7, "[{row}, {class}]: {computed}, slope {slope}");
        }
    }
    gradient
}
