//! What the golden ops of many papers have in common, so that an op is the call of its function.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use burn::tensor::{DType, Device, Gradients, Tensor};
use mixup_core::checked::{NonNegative, OutOfRange, Positive, UnitInterval};
use mixup_core::tensor::{one_hot, to_host};

use super::{Array, Case, Computed, GoldenError};

impl Computed {
    /// Outputs by name, without gradients.
    pub fn of<const N: usize>(outputs: [(&str, Array); N]) -> Self {
        Self { outputs: outputs.map(|(name, array)| (name.to_owned(), array)).into(), grads: BTreeMap::new() }
    }

    /// A loss, `[1]`, under the name `loss`, and the gradient of an input.
    ///
    /// # Errors
    /// As [`Self::with_gradient`].
    pub fn of_loss<const D: usize>(
        loss: Tensor<1>,
        name: &str,
        input: &Tensor<D>,
    ) -> Result<Self, GoldenError> {
        let gradients = loss.backward();
        Self::of([("loss", Array::loss(loss)?)]).with_gradient(name, input, &gradients)
    }

    /// One more output.
    #[must_use]
    pub fn with(mut self, name: &str, array: Array) -> Self {
        self.outputs.insert(name.to_owned(), array);
        self
    }

    /// The gradient of an input, in the input's own shape.
    ///
    /// # Errors
    /// No gradient reached it.
    pub fn with_gradient<const D: usize>(
        mut self,
        name: &str,
        input: &Tensor<D>,
        gradients: &Gradients,
    ) -> Result<Self, GoldenError> {
        self.grads.insert(name.to_owned(), Array::from_tensor(gradient(name, input, gradients)?)?);
        Ok(self)
    }
}

/// The gradient of an input.
///
/// # Errors
/// None reached it.
pub fn gradient<const D: usize>(
    name: &str,
    input: &Tensor<D>,
    gradients: &Gradients,
) -> Result<Tensor<D>, GoldenError> {
    input.grad(gradients).ok_or_else(|| GoldenError::Refused(format!("no gradient reached `{name}`")))
}

/// The device and the type of number of [`Case::tracked`]: golden vectors are computed in f64 throughout.
pub fn precision() -> (Device, DType) {
    (Device::flex().autodiff(), DType::F64)
}

impl Array {
    /// A loss, `[1]`, as a scalar.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn loss(loss: Tensor<1>) -> Result<Self, GoldenError> {
        Ok(Self::scalar(to_host(loss)?.iter().sum()))
    }

    /// A column `[rows, 1]`, or any tensor, as a vector.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn vector<const D: usize>(tensor: Tensor<D>) -> Result<Self, GoldenError> {
        let values = to_host(tensor)?;
        Ok(Self::floats(&[values.len()], values))
    }
}

impl Case {
    /// An input of labels as one-hot targets `[samples, classes]`.
    ///
    /// # Errors
    /// As [`Case::indices`], and a label that is no class.
    pub fn one_hot(&self, name: &str, classes: usize) -> Result<Tensor<2>, GoldenError> {
        let (device, dtype) = precision();
        Ok(one_hot(&self.indices(name)?, classes, (&device, dtype))?)
    }

    /// The case with all axes of some inputs but the first made one: `[rows, values]`.
    ///
    /// # Errors
    /// [`GoldenError::Malformed`] when there is no input of a name.
    pub fn as_rows(&self, names: &[&str]) -> Result<Self, GoldenError> {
        let mut flat = self.clone();
        for name in names {
            let array = self.array(name)?;
            let rows = array.shape.first().copied().unwrap_or(0);
            let columns = array.data.len().checked_div(rows).unwrap_or(0);
            flat.inputs.insert((*name).to_owned(), Array::floats(&[rows, columns], array.data.clone()));
        }
        Ok(flat)
    }

    /// A parameter above 0.
    ///
    /// # Errors
    /// As [`Case::param_f64`], and a number out of range.
    pub fn param_positive(&self, name: &str) -> Result<Positive, GoldenError> {
        Positive::new(self.param_f64(name)?).map_err(|error| out_of_range(name, &error))
    }

    /// A parameter of at least 0.
    ///
    /// # Errors
    /// As [`Case::param_f64`], and a number out of range.
    pub fn param_non_negative(&self, name: &str) -> Result<NonNegative, GoldenError> {
        NonNegative::new(self.param_f64(name)?).map_err(|error| out_of_range(name, &error))
    }

    /// A parameter from 0 to 1.
    ///
    /// # Errors
    /// As [`Case::param_f64`], and a number out of range.
    pub fn param_unit(&self, name: &str) -> Result<UnitInterval, GoldenError> {
        UnitInterval::new(self.param_f64(name)?).map_err(|error| out_of_range(name, &error))
    }

    /// A whole number from 1.
    ///
    /// # Errors
    /// As [`Case::param_usize`], and 0.
    pub fn param_count(&self, name: &str) -> Result<NonZeroUsize, GoldenError> {
        NonZeroUsize::new(self.param_usize(name)?)
            .ok_or_else(|| GoldenError::Malformed(format!("parameter `{name}` must be at least 1")))
    }
}

fn out_of_range(name: &str, error: &OutOfRange) -> GoldenError {
    GoldenError::Malformed(format!("parameter `{name}`: {error}"))
}

/// Refuses the value of a parameter that names one of a few things.
pub fn unknown(name: &str, given: &str, known: &str) -> GoldenError {
    GoldenError::Malformed(format!("{name} `{given}`: {known}"))
}
