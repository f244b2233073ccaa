//! LSTNet.

use serde::{Deserialize, Serialize};

/// Sizes of LSTNet (Lai et al. 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstnetConfig {
    /// Channels of the convolution.
    pub conv: std::num::NonZeroUsize,
}
