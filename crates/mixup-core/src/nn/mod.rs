//! Networks, each in a file of its own: a configuration that is checked and that initialises.

use serde::{Deserialize, Serialize};

mod activation;
mod batch_norm;
mod conv;
mod convnet;
mod dropout;
mod gru;
mod image;
pub mod init;
mod lenet;
mod linear;
mod lstnet;
mod mlp;
mod resnet;
mod vit;
mod wide_resnet;

pub use activation::Activation;
pub use batch_norm::BatchNorm2d;
pub use conv::Conv2d;
pub use convnet::{Convnet, ConvnetConfig};
pub use dropout::Dropout;
pub use gru::Gru;
pub use image::{ImageNetwork, ImageTask};
pub use lenet::Lenet;
pub use lstnet::{Lstnet, LstnetConfig, LstnetWeights};
pub use mlp::{Mlp, MlpConfig};
pub use resnet::{Resnet, ResnetConfig};
pub use vit::{Vit, VitConfig};
pub use wide_resnet::{WideResnet, WideResnetConfig};

/// The network of an experiment, as `model:` of its YAML names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// Fully connected layers.
    Mlp(MlpConfig),
    /// Convolution, recurrence and an autoregressive part, for multivariate time series.
    Lstnet(LstnetConfig),
    /// LeNet-5.
    Lenet {},
    /// A plain convolutional network.
    Convnet(ConvnetConfig),
    /// A residual network for small images.
    Resnet(ResnetConfig),
    /// A wide residual network for small images.
    WideResnet(WideResnetConfig),
    /// A vision transformer.
    Vit(VitConfig),
}
