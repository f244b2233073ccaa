//! A vision transformer (Dosovitskiy et al. 2021) with normalisation before each part.

use std::num::NonZeroUsize;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::attention::{Attended, Attention, Tokens};
use super::staged::Staged;
use super::{init, is_default, linear};
use crate::{CoreError, augment::ImageShape};

const EPSILON: f64 = 1e-5;
/// Bound of what positions and the class token start from.
const START: f32 = 0.02;

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
    /// How tokens become features.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pool: TokenPooling,
}

/// Which tokens stand for an image behind the last block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPooling {
    /// The mean of the patches; there is no other token.
    #[default]
    Mean,
    /// A token of its own, which looks at the patches in every block.
    ClassToken,
}

/// Patches, blocks of self-attention and a two-layer perceptron, the mean of the tokens or a class token:
/// from images to features.
#[derive(Module, Debug)]
pub struct Vit {
    embed: Linear,
    /// `[tokens, dim]`, the class token's first.
    position: Param<Tensor<2>>,
    /// `[1, dim]`
    class_token: Option<Param<Tensor<2>>>,
    blocks: Vec<VitBlock>,
    norm: LayerNorm,
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
    /// A transformer with PyTorch's default start for linear layers, and positions and class token from
    /// `U(-0.02, 0.02)`.
    ///
    /// # Errors
    /// Features that do not divide among the heads, or images smaller than a patch.
    pub fn init(&self, shape: ImageShape, rng: &mut impl Rng, device: &Device) -> Result<Vit, CoreError> {
        let (dim, patch, heads) = (self.dim.get(), self.patch.get(), self.heads.get());
        if dim % heads != 0 {
            return Err(CoreError::Invalid(format!(
                "a ViT of {dim} features for {heads} heads: not a multiple"
            )));
        }
        if shape.height.min(shape.width) < patch {
            return Err(CoreError::Invalid(format!(
                "images of {} x {} pixels for a ViT with patches of {patch}",
                shape.height, shape.width
            )));
        }
        let with_class_token = self.pool == TokenPooling::ClassToken;
        let tokens = (shape.height / patch) * (shape.width / patch) + usize::from(with_class_token);
        let embed = init::linear(shape.channels * patch * patch, dim, rng, device);
        let start = |rows: usize, rng: &mut _| {
            let values = TensorData::new(init::uniform(rows * dim, START, rng), [rows, dim]);
            Param::from_tensor(Tensor::from_data(values, device))
        };
        Ok(Vit {
            embed,
            position: start(tokens, rng),
            class_token: with_class_token.then(|| start(1, rng)),
            blocks: (0..self.depth.get()).map(|_| VitBlock::new(dim, heads, rng, device)).collect(),
            norm: LayerNorm::new(dim, device),
            patch,
        })
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
    fn new(dim: usize, heads: usize, rng: &mut impl Rng, device: &Device) -> Self {
        Self {
            attention_norm: LayerNorm::new(dim, device),
            qkv: init::linear(dim, 3 * dim, rng, device),
            project: init::linear(dim, dim, rng, device),
            hidden_norm: LayerNorm::new(dim, device),
            up: init::linear(dim, 4 * dim, rng, device),
            down: init::linear(4 * dim, dim, rng, device),
            heads,
        }
    }

    /// `x`, result: `[batch, tokens, dim]`; and the attention weights, `[batch, heads, tokens, tokens]`.
    fn forward(&self, x: Tensor<3>) -> (Tensor<3>, Tensor<4>) {
        let [batch, tokens, dim] = x.dims();
        let rows = batch * tokens;
        let x = x.reshape([rows, dim]);
        let qkv = linear(&self.qkv, self.attention_norm.forward(x.clone()), None);
        let qkv = qkv.reshape([batch, tokens, 3 * dim]);
        let (attended, weights) = mixup_kernels::self_attention_with_weights(qkv, self.heads);
        let x = x + linear(&self.project, attended.reshape([rows, dim]), None);
        let hidden = mixup_kernels::gelu(linear(&self.up, self.hidden_norm.forward(x.clone()), None));
        ((x + linear(&self.down, hidden, None)).reshape([batch, tokens, dim]), weights)
    }
}

impl Staged for Vit {
    type State = Tokens;

    fn width(&self) -> usize {
        self.norm.gamma.dims()[0]
    }

    fn stages(&self) -> usize {
        self.blocks.len()
    }

    fn enter(&self, x: Tensor<4>) -> Tokens {
        let [batch, channels, height, width] = x.dims();
        let (rows, cols) = (height / self.patch, width / self.patch);
        let patches = x
            .slice([0..batch, 0..channels, 0..rows * self.patch, 0..cols * self.patch])
            .reshape([batch, channels, rows, self.patch, cols, self.patch])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([batch * rows * cols, channels * self.patch * self.patch]);
        let dim = self.width();
        let embedded = linear(&self.embed, patches, None).reshape([batch, rows * cols, dim]);
        let embedded = match &self.class_token {
            None => embedded,
            Some(token) => {
                Tensor::cat(vec![token.val().unsqueeze::<3>().expand([batch, 1, dim]), embedded], 1)
            }
        };
        Tokens {
            values: embedded + self.position.val().unsqueeze::<3>(),
            class_token: self.class_token.is_some(),
            grid: [rows, cols],
        }
    }

    fn stage(&self, index: usize, tokens: Tokens) -> Tokens {
        let (values, _) = self.blocks[index].forward(tokens.values.clone());
        tokens.with(values)
    }

    fn finish(&self, tokens: Tokens) -> Tokens {
        let [batch, count, dim] = tokens.values.dims();
        let normal = self.norm.forward(tokens.values.clone().reshape([batch * count, dim]));
        tokens.with(normal.reshape([batch, count, dim]))
    }

    fn pooled(&self, tokens: Tokens) -> Tensor<2> {
        let [batch, _, dim] = tokens.values.dims();
        let pooled =
            if tokens.class_token { tokens.values.slice_dim(1, 0..1) } else { tokens.values.mean_dim(1) };
        pooled.reshape([batch, dim])
    }
}

impl Vit {
    /// Features from maps of patches, `[batch, dim, rows, columns]`.
    pub(super) fn pooled_maps(&self, maps: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        if self.class_token.is_some() {
            return Err(CoreError::Invalid(
                "a `vit` with a class token makes its features of that, not of the patches".into(),
            ));
        }
        let [batch, dim, ..] = maps.dims();
        Ok(maps.flatten::<3>(2, 3).mean_dim(2).reshape([batch, dim]))
    }

    /// Features with what the last block looked at.
    pub(super) fn attended(&self, x: Tensor<4>) -> Attended {
        // There is at least one block.
        let last = self.blocks.len() - 1;
        let tokens = self.run(self.enter(x), 0..last);
        let (values, weights) = self.blocks[last].forward(tokens.values.clone());
        let tokens = self.finish(tokens.with(values));
        let attention = Attention { weights, class_token: tokens.class_token };
        Attended { patches: tokens.patches(), features: self.pooled(tokens), attention }
    }
}
