//! Networks, each in a file of its own: a configuration that is checked and that initialises.

use serde::{Deserialize, Serialize};

mod activation;
mod dropout;
mod gru;
pub mod init;
mod lstnet;
mod mlp;

pub use activation::Activation;
pub use dropout::Dropout;
pub use gru::Gru;
pub use lstnet::{Lstnet, LstnetConfig, LstnetWeights};
pub use mlp::{Mlp, MlpConfig};

/// The network of an experiment, as `model:` of its YAML names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// Fully connected layers.
    Mlp(MlpConfig),
    /// Convolution, recurrence and an autoregressive part, for multivariate time series.
    Lstnet(LstnetConfig),
}
