//! Linear layers, with their activation in the same operation.

use burn::nn::Linear;
use burn::tensor::Tensor;
use mixup_kernels::Activation as Fused;

use super::Activation;

/// A linear layer and the activation after it.
///
/// # Shapes
/// - `x`: `[batch, inputs]`
/// - returns `[batch, outputs]`
pub(super) fn linear(layer: &Linear, x: Tensor<2>, activation: Option<Activation>) -> Tensor<2> {
    let Some(bias) = &layer.bias else {
        let y = layer.forward(x);
        return activation.map_or(y.clone(), |activation| activation.forward(y));
    };
    let fused = match activation {
        None => Fused::Identity,
        Some(Activation::Relu) => Fused::Relu,
        Some(Activation::LeakyRelu(slope)) => Fused::LeakyRelu(slope.get() as f32),
    };
    mixup_kernels::linear(x, layer.weight.val(), bias.val(), fused)
}
