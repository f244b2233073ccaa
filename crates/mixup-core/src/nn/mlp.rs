//! Multi-layer perceptron.

use serde::{Deserialize, Serialize};

/// Sizes of an MLP: `Linear -> activation` for each entry of `hidden`, then a last `Linear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Widths of the hidden layers, in order.
    pub hidden: Vec<std::num::NonZeroUsize>,
}
