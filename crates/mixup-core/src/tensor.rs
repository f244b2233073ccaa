//! Between arrays on the host and tensors on a device.

use burn::tensor::{Device, Element, Tensor, TensorData};
use ndarray::{ArrayD, ArrayView, Axis, Dimension, RemoveAxis};

use crate::CoreError;

/// A host array as an f32 tensor of the same shape on `device`.
///
/// `D` must be the array's number of axes.
pub fn to_device<const D: usize, T: Element, I: Dimension>(
    array: ArrayView<'_, T, I>,
    device: &Device,
) -> Tensor<D> {
    let shape = array.shape().to_vec();
    // Copied in logical order, so that a transposed or sliced view comes out as it reads.
    let values: Vec<f32> = array.iter().map(|value| value.elem()).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The rows (entries along the first axis) of a host array that `indices` name, in that order.
///
/// # Panics
/// When an index is not a row.
pub fn rows_to_device<const D: usize, T: Element, I: RemoveAxis>(
    array: ArrayView<'_, T, I>,
    indices: &[usize],
    device: &Device,
) -> Tensor<D> {
    to_device(array.select(Axis(0), indices).view(), device)
}

/// A tensor's values as f64 on the host, row-major.
///
/// # Errors
/// A device that failed to answer.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, CoreError> {
    let data = tensor.try_into_data().map_err(|error| CoreError::Device(error.to_string()))?;
    Ok(data.iter::<f64>().collect())
}

/// A tensor as an f64 array of the same shape on the host.
///
/// # Errors
/// A device that failed to answer.
pub fn to_array<const D: usize>(tensor: Tensor<D>) -> Result<ArrayD<f64>, CoreError> {
    let shape = tensor.dims().to_vec();
    let values = to_host(tensor)?;
    ArrayD::from_shape_vec(shape, values).map_err(|error| CoreError::Invalid(error.to_string()))
}
