//! Between arrays on the host and tensors on a device.

use burn::tensor::{Device, Element, Int, Tensor, TensorCreationOptions, TensorData};
use ndarray::{ArrayD, ArrayView, Axis, Dimension, RemoveAxis};

use crate::CoreError;
use crate::clock::{Phase, timed};

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
    timed(Phase::Data, || to_device(array.select(Axis(0), indices).view(), device))
}

/// Labels as one-hot targets.
///
/// # Shapes
/// - `labels`: classes from 0, one per sample
/// - returns `[samples, classes]`; `options` is the device, or a device with a type of number
///
/// # Errors
/// A label that is no class.
pub fn one_hot(
    labels: &[usize],
    classes: usize,
    options: impl Into<TensorCreationOptions>,
) -> Result<Tensor<2>, CoreError> {
    let mut values = vec![0.0f64; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        if label >= classes {
            return Err(CoreError::Invalid(format!(
                "label {label} of sample {row} is none of {classes} classes"
            )));
        }
        values[row * classes + label] = 1.0;
    }
    Ok(Tensor::from_data(TensorData::new(values, [labels.len(), classes]), options))
}

/// Numbers, one per row, as a column that scales the rows of a tensor: of its device and type of number.
///
/// # Shapes
/// - returns `[rows, 1]`
pub fn column<const D: usize>(values: &[f64], beside: &Tensor<D>) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, (&beside.device(), beside.dtype()))
}

/// The rows (entries along the first axis) of a tensor that `indices` name, in that order.
/// Gradients flow back to the rows; those of a row that is named twice add up.
///
/// # Errors
/// An index that is no row.
pub fn select_rows<const D: usize>(tensor: Tensor<D>, indices: &[usize]) -> Result<Tensor<D>, CoreError> {
    let rows = tensor.dims()[0];
    if let Some(index) = indices.iter().find(|&&index| index >= rows) {
        return Err(CoreError::Invalid(format!("row {index} of a tensor with {rows}")));
    }
    let values: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(values, [indices.len()]), &tensor.device());
    Ok(tensor.select(0, indices))
}

/// Refuses shapes that differ: most operations would broadcast them without a word. `name` is what
/// the message calls the operation.
///
/// # Errors
/// The shapes.
pub fn same_shape<const D: usize>(name: &str, a: &Tensor<D>, b: &Tensor<D>) -> Result<(), CoreError> {
    if a.dims() == b.dims() {
        return Ok(());
    }
    Err(CoreError::Invalid(format!("{name}: shapes {:?} and {:?} differ", a.dims(), b.dims())))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hot_refuses_a_label_that_is_no_class() {
        let device = Device::flex();
        let targets = one_hot(&[2, 0], 3, &device).unwrap();
        assert_eq!(to_host(targets).unwrap(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let message = one_hot(&[0, 3], 3, &device).unwrap_err().to_string();
        assert!(message.contains("label 3 of sample 1"), "{message}");
    }

    #[test]
    fn rows_may_be_named_twice() {
        let rows = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &Device::flex());
        let selected = select_rows(rows.clone(), &[1, 1, 0]).unwrap();
        assert_eq!(to_host(selected).unwrap(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
        assert!(select_rows(rows, &[2]).is_err());
    }
}
