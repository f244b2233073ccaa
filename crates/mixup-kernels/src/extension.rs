//! The one bridge to burn: an operation on Flex tensors with a backward pass of its own.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{AutodiffBackend, Backend, Dispatch, DispatchTensor, Flex, backend_extension};
use burn::tensor::{DType, Device, Tensor, TensorData};

/// What a forward pass gives: its outputs and, when it was asked to track, its backward pass.
///
/// Only the first output has a gradient; the others (the statistics of a batch norm, say) are constants.
pub(crate) struct Pass {
    pub outputs: Vec<FlexTensor>,
    pub backward: BackwardPass,
}

type Gradient = dyn Fn(FlexTensor, &[bool]) -> Vec<Option<FlexTensor>> + Send + Sync;

/// From the gradient of the first output, and which inputs want one, to the gradients of the inputs.
#[derive(Clone)]
pub(crate) struct BackwardPass(Arc<Gradient>);

impl BackwardPass {
    pub fn new(
        gradient: impl Fn(FlexTensor, &[bool]) -> Vec<Option<FlexTensor>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(gradient))
    }

    /// Of an operation that is used on untracked tensors only.
    pub fn none() -> Self {
        Self::new(|_, _| Vec::new())
    }
}

impl fmt::Debug for BackwardPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackwardPass")
    }
}

/// A forward pass over contiguous f32 tensors, with its options bound.
pub(crate) type Forward = Box<dyn FnOnce(Vec<FlexTensor>) -> Pass + Send>;

/// Operations by number of inputs: the extension macro wants each tensor as an argument of its own.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Fused: Backend {
    fn fused1(a: FloatTensor<Self>, op: Forward) -> Vec<FloatTensor<Self>>;
    fn fused2(a: FloatTensor<Self>, b: FloatTensor<Self>, op: Forward) -> Vec<FloatTensor<Self>>;
    fn fused3(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        op: Forward,
    ) -> Vec<FloatTensor<Self>>;
    fn fused4(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        op: Forward,
    ) -> Vec<FloatTensor<Self>>;
    fn fused5(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
        op: Forward,
    ) -> Vec<FloatTensor<Self>>;
}

macro_rules! implement {
    ($run:path) => {
        fn fused1(a: FloatTensor<Self>, op: Forward) -> Vec<FloatTensor<Self>> {
            $run([a], op)
        }
        fn fused2(a: FloatTensor<Self>, b: FloatTensor<Self>, op: Forward) -> Vec<FloatTensor<Self>> {
            $run([a, b], op)
        }
        fn fused3(
            a: FloatTensor<Self>,
            b: FloatTensor<Self>,
            c: FloatTensor<Self>,
            op: Forward,
        ) -> Vec<FloatTensor<Self>> {
            $run([a, b, c], op)
        }
        fn fused4(
            a: FloatTensor<Self>,
            b: FloatTensor<Self>,
            c: FloatTensor<Self>,
            d: FloatTensor<Self>,
            op: Forward,
        ) -> Vec<FloatTensor<Self>> {
            $run([a, b, c, d], op)
        }
        fn fused5(
            a: FloatTensor<Self>,
            b: FloatTensor<Self>,
            c: FloatTensor<Self>,
            d: FloatTensor<Self>,
            e: FloatTensor<Self>,
            op: Forward,
        ) -> Vec<FloatTensor<Self>> {
            $run([a, b, c, d, e], op)
        }
    };
}

impl Fused for Flex {
    implement!(run);
}

impl<C: CheckpointStrategy> Fused for Autodiff<Flex, C> {
    implement!(Tracked::<C>::run);
}

fn run<const N: usize>(inputs: [FlexTensor; N], op: Forward) -> Vec<FlexTensor> {
    op(inputs.map(contiguous).into()).outputs
}

type TrackedTensor = FloatTensor<Autodiff<Flex>>;

/// The autodiff side, by checkpointing strategy; fused passes keep what they need, so the strategy
/// only has to be handed on.
struct Tracked<C>(std::marker::PhantomData<C>);

impl<C: CheckpointStrategy> Tracked<C> {
    fn run<const N: usize>(inputs: [TrackedTensor; N], op: Forward) -> Vec<TrackedTensor> {
        let nodes = inputs.each_ref().map(TrackedTensor::node);
        let pass = op(inputs.map(|input| contiguous(input.into_primitive())).into());
        let mut outputs = pass.outputs.into_iter();
        let Some(first) = outputs.next() else { return Vec::new() };
        let first = match FusedBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(pass.backward, first),
            OpsKind::UnTracked(prepared) => prepared.finish(first),
        };
        std::iter::once(first).chain(outputs.map(Autodiff::<Flex>::from_inner)).collect()
    }
}

#[derive(Debug)]
struct FusedBackward;

impl<const N: usize> Backward<Flex, N> for FusedBackward {
    type State = BackwardPass;

    fn backward(self, ops: Ops<BackwardPass, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = (ops.state.0)(gradient, &wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Whether the fused operations can take this tensor: f32 on the Flex backend. Everything else goes
/// the composed way, operation by operation.
pub(crate) fn fusible<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32 && tensor.device().inner() == Device::flex()
}

/// Runs a forward pass on tensors; `inputs` must be [`fusible`].
///
/// # Panics
/// With no input, or more than five: the caller's number is fixed in its code.
pub(crate) fn apply(
    inputs: Vec<DispatchTensor>,
    op: impl FnOnce(Vec<FlexTensor>) -> Pass + Send + 'static,
) -> Vec<DispatchTensor> {
    let op: Forward = Box::new(op);
    let mut inputs = inputs.into_iter();
    let mut next = || inputs.next();
    match (next(), next(), next(), next(), next()) {
        (Some(a), None, ..) => Dispatch::fused1(a, op),
        (Some(a), Some(b), None, ..) => Dispatch::fused2(a, b, op),
        (Some(a), Some(b), Some(c), None, _) => Dispatch::fused3(a, b, c, op),
        (Some(a), Some(b), Some(c), Some(d), None) => Dispatch::fused4(a, b, c, d, op),
        (Some(a), Some(b), Some(c), Some(d), Some(e)) => Dispatch::fused5(a, b, c, d, e, op),
        (None, ..) => panic!("a fused operation without an input"),
    }
}

/// As [`apply`], for operations of one output.
pub(crate) fn apply_to_one<const D: usize>(
    inputs: Vec<DispatchTensor>,
    op: impl FnOnce(Vec<FlexTensor>) -> Pass + Send + 'static,
) -> Tensor<D> {
    let mut outputs = apply(inputs, op);
    Tensor::from_dispatch(outputs.swap_remove(0))
}

fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The values of a tensor that came through [`apply`].
///
/// # Panics
/// On a tensor that is not f32 or not contiguous; [`apply`] makes sure of both.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    match tensor.as_slice() {
        Some(values) => values,
        None => panic!("a fused operation on {:?}, not contiguous f32", tensor.dtype()),
    }
}

/// The values of a tensor that came through [`apply`], to be written over: in place where nobody else holds them, or of a copy.
pub(crate) fn owned(mut tensor: FlexTensor) -> FlexTensor {
    let whole = tensor.layout().contiguous_offsets() == Some((0, tensor.storage::<f32>().len()));
    if !whole {
        tensor =
            FlexTensor::from_data(TensorData::new(values(&tensor).to_vec(), tensor.layout().shape().clone()));
    }
    tensor
}

/// A new tensor.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
