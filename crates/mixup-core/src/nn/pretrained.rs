//! Weights that a network starts from, in safetensors files with torchvision's names, as timm's and torchvision's ResNets have
//! them: `conv1.weight`, `bn1.running_mean`, `layer1.0.downsample.0.weight` ...

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::module::{Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{BatchNorm2d, Conv2d};
use crate::{CoreError, tensor::to_host};

/// A tensor of a network under a name.
#[derive(Debug)]
pub(super) enum Slot<'a> {
    /// Weights of a convolution.
    Kernel(&'a mut Param<Tensor<4>>),
    /// Scales or shifts.
    Row(&'a mut Param<Tensor<1>>),
    /// A running statistic.
    Running(&'a mut RunningState<Tensor<1>>),
}

/// Shows a visitor all slots of a network, always in the same order.
type Slots<'a> = dyn FnMut(&mut dyn FnMut(&str, Slot<'_>)) + 'a;

impl Slot<'_> {
    /// A convolution without bias and the batch norm behind it.
    pub(super) fn layer(
        conv: &mut Conv2d,
        norm: &mut BatchNorm2d,
        (conv_name, norm_name): (&str, &str),
        visit: &mut dyn FnMut(&str, Slot<'_>),
    ) {
        visit(&format!("{conv_name}.weight"), Slot::Kernel(&mut conv.weight));
        visit(&format!("{norm_name}.weight"), Slot::Row(&mut norm.gamma));
        visit(&format!("{norm_name}.bias"), Slot::Row(&mut norm.beta));
        visit(&format!("{norm_name}.running_mean"), Slot::Running(&mut norm.mean));
        visit(&format!("{norm_name}.running_var"), Slot::Running(&mut norm.variance));
    }

    fn shape(&self) -> Vec<usize> {
        match self {
            Self::Kernel(tensor) => tensor.dims().to_vec(),
            Self::Row(tensor) => tensor.dims().to_vec(),
            Self::Running(tensor) => tensor.value_sync().dims().to_vec(),
        }
    }

    fn values(&self) -> Result<Vec<f64>, CoreError> {
        match self {
            Self::Kernel(tensor) => to_host(tensor.val()),
            Self::Row(tensor) => to_host(tensor.val()),
            Self::Running(tensor) => to_host(tensor.value_sync()),
        }
    }

    /// Takes values of the right number.
    fn fill(self, values: Vec<f32>) {
        match self {
            Self::Kernel(tensor) => *tensor = parameter(tensor, values),
            Self::Row(tensor) => *tensor = parameter(tensor, values),
            Self::Running(tensor) => {
                // A new one: clones of a network share theirs.
                let old = tensor.value_sync();
                *tensor = RunningState::new(on(values, old.dims(), &old.device()));
            }
        }
    }
}

fn parameter<const D: usize>(old: &Param<Tensor<D>>, values: Vec<f32>) -> Param<Tensor<D>> {
    let tensor = old.val();
    Param::from_tensor(on(values, tensor.dims(), &tensor.device()))
}

fn on<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A tensor of a file.
#[derive(Debug, Clone, PartialEq)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The tensors of a file, by their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    file: String,
    arrays: BTreeMap<String, Array>,
}

/// What a file may have beside a backbone's tensors: the layer that classifies ImageNet.
const HEAD: [&str; 2] = ["fc.weight", "fc.bias"];

/// PyTorch's count of batches, which says nothing where the momentum is fixed.
const COUNT: &str = "num_batches_tracked";

impl Weights {
    /// Reads a safetensors file.
    ///
    /// # Errors
    /// A file that cannot be read, and as [`Self::parse`].
    pub fn read(path: &Path) -> Result<Self, CoreError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|error| CoreError::Invalid(format!("cannot read {name}: {error}")))?;
        Self::parse(&name, &bytes)
    }

    /// The tensors of the bytes of a file, which is named in messages. PyTorch's counts of batches are left out.
    ///
    /// # Errors
    /// Bytes that are no safetensors file, or tensors of another type than f32.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, CoreError> {
        let wrong = |problem: String| CoreError::Invalid(format!("{file}: {problem}"));
        let tensors = SafeTensors::deserialize(bytes);
        let tensors = tensors.map_err(|error| wrong(format!("is no safetensors file: {error}")))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in tensors.iter().filter(|(name, _)| name.rsplit('.').next() != Some(COUNT)) {
            if view.dtype() != Dtype::F32 {
                return Err(wrong(format!("tensor {name} is of type {:?}, expected F32", view.dtype())));
            }
            let values = view.data().chunks_exact(4);
            let values = values.map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]));
            arrays.insert(name.to_owned(), Array { shape: view.shape().to_vec(), values: values.collect() });
        }
        Ok(Self { file: file.to_owned(), arrays })
    }

    /// The bytes of a safetensors file.
    ///
    /// # Errors
    /// None that is known: names and sizes agree.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CoreError> {
        let failed = |error: safetensors::SafeTensorError| CoreError::Invalid(error.to_string());
        let data: Vec<(&String, &Array, Vec<u8>)> = self
            .arrays
            .iter()
            .map(|(name, array)| {
                (name, array, array.values.iter().flat_map(|value| value.to_le_bytes()).collect())
            })
            .collect();
        let views = data.iter().map(|(name, array, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, array.shape.clone(), bytes).map_err(failed)?))
        });
        let views: Vec<(&str, TensorView<'_>)> = views.collect::<Result<_, CoreError>>()?;
        safetensors::serialize(views, None).map_err(failed)
    }

    /// The tensors of a network.
    pub(super) fn of(slots: &mut Slots<'_>) -> Result<Self, CoreError> {
        let (mut arrays, mut failure) = (BTreeMap::new(), None);
        slots(&mut |name, slot| match slot.values() {
            Ok(values) => {
                let values = values.into_iter().map(|value| value as f32).collect();
                arrays.insert(name.to_owned(), Array { shape: slot.shape(), values });
            }
            Err(error) => failure = Some(error),
        });
        failure.map_or(Ok(Self { file: "a network".to_owned(), arrays }), Err)
    }

    /// Puts the tensors in the places of a network; nothing is changed where one does not fit. A layer that classifies may be
    /// among them and is left.
    ///
    /// # Errors
    /// Tensors that are missing, left over or of another shape, by their names.
    pub(super) fn fill(&self, slots: &mut Slots<'_>) -> Result<(), CoreError> {
        let mut expected = BTreeSet::new();
        let (mut missing, mut shapes) = (Vec::new(), Vec::new());
        slots(&mut |name, slot| {
            expected.insert(name.to_owned());
            match self.arrays.get(name) {
                None => missing.push(name.to_owned()),
                Some(array) if array.shape != slot.shape() => {
                    shapes.push(format!("{name} is {:?}, expected {:?}", array.shape, slot.shape()));
                }
                Some(_) => {}
            }
        });
        let over: Vec<String> = self
            .arrays
            .keys()
            .filter(|name| !expected.contains(*name) && !HEAD.contains(&name.as_str()))
            .cloned()
            .collect();
        let problems = [("missing: ", missing), ("of another shape: ", shapes), ("left over: ", over)];
        let problems = problems.into_iter().filter(|(_, names)| !names.is_empty());
        let problems: Vec<String> =
            problems.map(|(what, names)| format!("{what}{}", names.join(", "))).collect();
        if !problems.is_empty() {
            let problems = problems.join("; ");
            return Err(CoreError::Invalid(format!("{} does not fit the network: {problems}", self.file)));
        }
        slots(&mut |name, slot| {
            if let Some(array) = self.arrays.get(name) {
                slot.fill(array.values.clone());
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
