//! Networks, each in a file of its own: a configuration that is checked and that initialises.

use serde::{Deserialize, Serialize};

mod activation;
mod attention;
mod backbone;
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
mod normalised;
mod pooling;
mod pretrained;
mod resnet;
mod staged;
mod statistics;
mod vit;
mod wide_resnet;

pub use activation::Activation;
pub use attention::{Attended, Attention};
pub use backbone::Backbone;
pub use batch_norm::BatchNorm2d;
pub use conv::Conv2d;
pub use convnet::{Convnet, ConvnetConfig};
pub use dropout::Dropout;
pub use gru::Gru;
pub use image::{ImageNetwork, ImageTask};
pub use lenet::Lenet;
pub use linear::linear;
pub use lstnet::{Lstnet, LstnetConfig, LstnetWeights};
pub use mlp::{Mlp, MlpConfig, PixelMlp};
pub use normalised::Normaliser;
pub use pooling::Pooling;
pub use pretrained::Weights;
pub use resnet::{Resnet, ResnetConfig, Stem};
pub use statistics::RunningStatistics;
pub use vit::{TokenPooling, Vit, VitConfig};
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

/// Whether a field of a configuration need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run is known by its specification as JSON: a field that is new must not show where it is not used.
    #[test]
    fn configurations_are_written_as_they_were_read() {
        for json in [
            r#"{"kind":"mlp","hidden":[32,16],"activation":"relu"}"#,
            r#"{"kind":"lenet"}"#,
            r#"{"kind":"convnet","channels":[8,16]}"#,
            r#"{"kind":"convnet","channels":[8,16],"pooling":"average-and-maximum"}"#,
            r#"{"kind":"resnet","width":8,"blocks":[1,2]}"#,
            r#"{"kind":"resnet","width":8,"blocks":[1,2],"bottleneck":true,"pooling":"maximum"}"#,
            r#"{"kind":"resnet","width":8,"blocks":[1,2],"stem":"imagenet","frozen_norms":true}"#,
            r#"{"kind":"wide-resnet","blocks":1,"widen":1}"#,
            r#"{"kind":"wide-resnet","blocks":1,"widen":1,"pooling":"maximum"}"#,
            r#"{"kind":"vit","patch":4,"dim":16,"depth":2,"heads":4}"#,
            r#"{"kind":"vit","patch":4,"dim":16,"depth":2,"heads":4,"pool":"class-token"}"#,
        ] {
            let config: ModelConfig = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), json);
        }
    }
}
