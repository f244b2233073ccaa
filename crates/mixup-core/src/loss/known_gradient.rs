//! A loss whose gradient is known in closed form.

use burn::tensor::Tensor;

use crate::CoreError;
use crate::tensor::same_shape;

/// A loss `[1]` with a given value and a given gradient by `x`: what was computed by hand on the host enters a network's
/// training so. It is `value + sum(gradient * (x - x'))` where `x'` is `x` without a gradient; the difference is exactly 0.
///
/// # Shapes
/// - `x`, `gradient`: `[rows, columns]`
///
/// # Errors
/// Shapes that differ.
pub fn with_known_gradient(x: Tensor<2>, value: f64, gradient: Tensor<2>) -> Result<Tensor<1>, CoreError> {
    same_shape("with_known_gradient", &x, &gradient)?;
    let nothing = x.clone() - x.detach();
    Ok((nothing * gradient).sum().add_scalar(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_host;
    use burn::tensor::{DType, Device, TensorData};

    #[test]
    fn value_and_gradient_are_those_that_were_given() {
        let options = (Device::flex().autodiff(), DType::F64);
        let tensor =
            |values: [[f64; 2]; 2]| Tensor::<2>::from_data(TensorData::from(values), (&options.0, options.1));
        let x = tensor([[0.1, 1e9], [-3.0, 0.7]]).require_grad();
        let gradient = [[2.0, -1.0], [0.3, 1.0 / 3.0]];
        let loss = with_known_gradient(x.clone(), 1.0 / 7.0, tensor(gradient)).unwrap();
        assert_eq!(to_host(loss.clone()).unwrap(), [1.0 / 7.0]);
        let found = x.grad(&loss.mul_scalar(2.0).backward()).unwrap();
        let expected: Vec<f64> = gradient.as_flattened().iter().map(|value| 2.0 * value).collect();
        assert_eq!(to_host(found).unwrap(), expected);
    }
}
