#![doc = include_str!("../README.md")]

mod attention;
mod batch_norm;
mod conv;
mod cross_entropy;
mod elementwise;
mod extension;
mod gemm;
mod gru;
mod lanes;
mod layer_norm;
mod linear;
mod optimizer;
mod parallel;
mod pool;
mod simd;
mod squared_error;
mod transpose;

pub use attention::{self_attention, self_attention_with_weights};
pub use batch_norm::{BatchNormalized, Then, batch_norm, batch_norm_with};
pub use conv::conv2d;
pub use cross_entropy::soft_cross_entropy;
pub use elementwise::{gelu, relu};
pub use gru::{GruWeights, gru};
pub use layer_norm::layer_norm;
pub use linear::{Activation, linear};
pub use optimizer::{AdamStep, SgdStep, adam, sgd};
pub use pool::{global_average_pool, max_pool2d};
pub use squared_error::mean_squared_error;
