//! Between golden arrays and the arrays and tensors that the papers' code takes.

use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::CoreError;
use ndarray::{ArrayBase, Data, Dimension};

use super::{Array, Case, GoldenError};

impl From<CoreError> for GoldenError {
    fn from(error: CoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Case {
    /// An input as an `ndarray` of `I`'s number of axes.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it has other dimensions.
    pub fn ndarray<I: Dimension>(&self, name: &str) -> Result<ndarray::Array<f64, I>, GoldenError> {
        let array = self.array(name)?;
        ndarray::ArrayD::from_shape_vec(array.shape.clone(), array.data.clone())
            .and_then(ndarray::ArrayD::into_dimensionality)
            .map_err(|error| GoldenError::Malformed(format!("input `{name}` {:?}: {error}", array.shape)))
    }

    /// An input as an f64 tensor that gradients are kept for, on the CPU.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is none of that name, or it has not `D` dimensions.
    pub fn tracked<const D: usize>(&self, name: &str) -> Result<Tensor<D>, GoldenError> {
        let (shape, data) = self.array_of::<D>(name)?;
        let device = Device::flex().autodiff();
        let data = TensorData::new(data.to_vec(), shape);
        Ok(Tensor::from_data(data, (&device, DType::F64)).require_grad())
    }
}

impl Array {
    /// An `ndarray` of floats.
    pub fn from_ndarray<S: Data<Elem = f64>, I: Dimension>(array: &ArrayBase<S, I>) -> Self {
        Self::floats(array.shape(), array.iter().copied().collect())
    }

    /// A tensor of floats.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn from_tensor<const D: usize>(tensor: Tensor<D>) -> Result<Self, GoldenError> {
        Ok(Self::from_ndarray(&mixup_core::tensor::to_array(tensor)?))
    }
}
