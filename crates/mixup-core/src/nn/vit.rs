//! A vision transformer (Dosovitskiy et al. 2021) with normalisation before each part.

use std::num::NonZeroUsize;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{init, linear::linear};

const EPSILON: f64 = 1e-5;

/// Sizes of a vision transformer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitConfig {
    /// Pixels of a patch's side.
    pub patch: NonZeroUsize,
    /// Features of a token; a multiple of `heads`. The hidden layer of a block has four times as many.
    pub dim: NonZeroUsize,
    /// Blocks.
    pub depth: NonZeroUsize,
    /// Attention heads.
    pub heads: NonZeroUsize,
}

/// Patches, blocks of self-attention and a two-layer perceptron, the mean of the tokens, a linear layer.
#[derive(Module, Debug)]
pub struct Vit {
    embed: Linear,
    /// `[tokens, dim]`
    position: Param<Tensor<2>>,
    blocks: Vec<VitBlock>,
    norm: LayerNorm,
    /// `[dim, classes]`
    pub head: Linear,
    #[module(skip)]
    patch: usize,
}

#[derive(Module, Debug)]
struct VitBlock {
    attention_norm: LayerNorm,
    qkv: Linear,
    project: Linear,
    hidden_norm: LayerNorm,
    up: Linear,
    down: Linear,
    #[module(skip)]
    heads: usize,
}

#[derive(Module, Debug)]
struct LayerNorm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

impl VitConfig {
    /// A transformer for `[channels, size, size]` images, with PyTorch's default start for linear
    /// layers and positions from `U(-0.02, 0.02)`.
    pub fn init(
        &self,
        channels: usize,
        size: usize,
        classes: usize,
        rng: &mut impl Rng,
        device: &Device,
    ) -> Vit {
        let (dim, patch) = (self.dim.get(), self.patch.get());
        let tokens = (size / patch).pow(2);
        let embed = init::linear(channels * patch * patch, dim, rng, device);
        let position = TensorData::new(init::uniform(tokens * dim, 0.02, rng), [tokens, dim]);
        let block = |rng: &mut _| VitBlock {
            attention_norm: LayerNorm::new(dim, device),
            qkv: init::linear(dim, 3 * dim, rng, device),
            project: init::linear(dim, dim, rng, device),
            hidden_norm: LayerNorm::new(dim, device),
            up: init::linear(dim, 4 * dim, rng, device),
            down: init::linear(4 * dim, dim, rng, device),
            heads: self.heads.get(),
        };
        Vit {
            embed,
            position: Param::from_tensor(Tensor::from_data(position, device)),
            blocks: (0..self.depth.get()).map(|_| block(rng)).collect(),
            norm: LayerNorm::new(dim, device),
            head: init::linear(dim, classes, rng, device),
            patch,
        }
    }
}

impl LayerNorm {
    fn new(dim: usize, device: &Device) -> Self {
        Self {
            gamma: Param::from_tensor(Tensor::ones([dim], device)),
            beta: Param::from_tensor(Tensor::zeros([dim], device)),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        mixup_kernels::layer_norm(x, self.gamma.val(), self.beta.val(), EPSILON)
    }
}

impl VitBlock {
    /// `x`: `[batch * tokens, dim]`
    fn forward(&self, x: Tensor<2>, batch: usize) -> Tensor<2> {
        let [rows, dim] = x.dims();
        let qkv = linear(&self.qkv, self.attention_norm.forward(x.clone()), None);
        let qkv = qkv.reshape([batch, rows / batch, 3 * dim]);
        let attended = mixup_kernels::self_attention(qkv, self.heads).reshape([rows, dim]);
        let x = x + linear(&self.project, attended, None);
        let hidden = mixup_kernels::gelu(linear(&self.up, self.hidden_norm.forward(x.clone()), None));
        x + linear(&self.down, hidden, None)
    }
}

impl Vit {
    /// # Shapes
    /// - `x`: `[batch, channels, size, size]`
    /// - returns logits, `[batch, classes]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = x.dims();
        let (rows, cols) = (height / self.patch, width / self.patch);
        let patches = x
            .slice([0..batch, 0..channels, 0..rows * self.patch, 0..cols * self.patch])
            .reshape([batch, channels, rows, self.patch, cols, self.patch])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([batch * rows * cols, channels * self.patch * self.patch]);
        let [tokens, dim] = self.position.dims();
        let embedded = linear(&self.embed, patches, None).reshape([batch, tokens, dim]);
        let embedded = embedded + self.position.val().unsqueeze::<3>();
        let start = embedded.reshape([batch * tokens, dim]);
        let features = self.blocks.iter().fold(start, |x, block| block.forward(x, batch));
        let features = self.norm.forward(features).reshape([batch, tokens, dim]);
        linear(&self.head, features.mean_dim(1).reshape([batch, dim]), None)
    }
}
