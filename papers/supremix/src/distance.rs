//! Weights by the distance of labels, and how a positive mixture is put together.

use serde::{Deserialize, Serialize};

/// What a term of the denominator weighs, by the difference `d` of its label from the anchor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// `|d| + 1`, the default of the official code.
    L1Inv,
    /// `d^2 + 1`; of mixtures `(d + 1)^2 + 1`, as the official code has it.
    L2Inv,
    /// `1 / (|d| + 1)`
    L1,
    /// `1 / (d^2 + 1)`
    L2,
}

impl Distance {
    /// The weight of a real sample whose label is less than the anchor's by `difference`.
    pub fn of_sample(self, difference: f64) -> f64 {
        match self {
            Self::L1Inv => difference.abs() + 1.0,
            Self::L2Inv => difference * difference + 1.0,
            Self::L1 => 1.0 / (difference.abs() + 1.0),
            Self::L2 => 1.0 / (difference * difference + 1.0),
        }
    }

    /// The weight of a mixture whose label is less than the anchor's by `difference`. Under [`Self::L2Inv`] a mixture with
    /// the anchor's own label weighs 2, and the sign of a difference counts.
    pub fn of_mixture(self, difference: f64) -> f64 {
        match self {
            Self::L2Inv => (difference + 1.0).powi(2) + 1.0,
            _ => self.of_sample(difference),
        }
    }
}

/// The share of the lower sample of a positive mixture, `alpha = (y_k - y_i) / (y_k - y_j)` for `y_j < y_i < y_k`, so that
/// `alpha y_j + (1 - alpha) y_k = y_i`; in general from 0 to 1, with a denominator of at least `min_gap`.
pub fn share_of_lower(lower: f64, own: f64, upper: f64, min_gap: f64) -> f64 {
    ((upper - own) / (upper - lower).max(min_gap)).clamp(0.0, 1.0)
}

/// The smallest denominator of [`share_of_lower`] in the official code.
pub const MIN_GAP: f64 = 1e-9;
