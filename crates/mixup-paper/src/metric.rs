//! Metrics as tables show them and as claims test them.

use serde::{Deserialize, Serialize};

/// A metric as tables show it and as claims test it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// Name, as experiments and claims write it: `rmse`, `worst-rmse`, `mape`.
    pub name: String,
    /// Heading with its unit: `RMSE (dB)`, `MAPE (%)`.
    pub label: String,
    /// Which side is better; absent where neither is (the weight of a mixture), and then no mean is
    /// marked as the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better: Option<Direction>,
    /// Decimals in tables.
    pub decimals: usize,
}

impl MetricInfo {
    /// A metric by its name, its heading, the side that is better and its decimals.
    pub fn new(name: &str, label: &str, better: Option<Direction>, decimals: usize) -> Self {
        Self { name: name.to_owned(), label: label.to_owned(), better, decimals }
    }
}

/// Which way a comparison goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Smaller is better, or is claimed.
    Lower,
    /// Larger is better, or is claimed.
    Higher,
}
