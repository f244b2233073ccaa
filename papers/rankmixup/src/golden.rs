//! The golden ops of this paper, and those of mixup, its baseline: the official code's numbers
//! against the functions of this crate and of core.

mod calibration;
mod losses;
mod mixing;
mod ranking;

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Gradients, Tensor};
use mixup_core::checked::{NonNegative, OutOfRange};
use mixup_core::tensor::{one_hot, to_host};
use mixup_lab::golden::{Array, Case, Computed, GoldenError, GoldenOp};

type Outcome = Result<Computed, GoldenError>;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    [calibration::ops(), losses::ops(), mixing::ops(), ranking::ops()].concat()
}

fn outputs<const N: usize>(named: [(&str, Array); N]) -> Computed {
    Computed { outputs: named.map(|(name, array)| (name.to_owned(), array)).into(), grads: BTreeMap::new() }
}

fn scalar(tensor: Tensor<1>) -> Result<Array, GoldenError> {
    Ok(Array::scalar(to_host(tensor)?.iter().sum()))
}

fn gradient<const D: usize>(name: &str, tensor: &Tensor<D>, grads: &Gradients) -> Result<Array, GoldenError> {
    let gradient =
        tensor.grad(grads).ok_or_else(|| GoldenError::Refused(format!("no gradient reached `{name}`")))?;
    Array::from_tensor(gradient)
}

/// The device and the type of number of [`Case::tracked`].
fn precision() -> (Device, DType) {
    (Device::flex().autodiff(), DType::F64)
}

/// An input of labels as one-hot targets of so many classes.
fn targets(case: &Case, name: &str, classes: usize) -> Result<Tensor<2>, GoldenError> {
    let (device, dtype) = precision();
    Ok(one_hot(&case.indices(name)?, classes, (&device, dtype))?)
}

fn non_negative(case: &Case, name: &str) -> Result<NonNegative, GoldenError> {
    NonNegative::new(case.param_f64(name)?).map_err(|error| refused(name, &error))
}

fn refused(name: &str, error: &OutOfRange) -> GoldenError {
    GoldenError::Malformed(format!("parameter `{name}`: {error}"))
}
