//! Pictures of an experiment: what its file asks for, and the points that an outcome keeps.

use std::collections::BTreeMap;

use mixup_paper::{FigureInfo, null_is_nan};
use serde::{Deserialize, Serialize};

/// Significant digits of a point in results/: finer than a pixel, and short.
const DIGITS: usize = 5;

/// What an experiment's file says about a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureRequest {
    /// The methods that are shown.
    pub methods: Vec<String>,
    /// The seed that is shown, counted from the experiment's first. A profile that does not have it leaves
    /// the picture out.
    #[serde(default)]
    pub seed: u64,
}

/// A picture that an experiment shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFigure {
    /// As its routine declares it.
    pub info: FigureInfo,
    /// What the experiment says about it.
    pub request: FigureRequest,
}

/// A picture with its points, as an outcome keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// As its routine declares it.
    pub info: FigureInfo,
    /// The seed that is shown.
    pub seed: u64,
    /// Per method its points, rounded to five significant digits.
    #[serde(deserialize_with = "null_is_nan::points_by_name")]
    pub points: BTreeMap<String, Vec<[f64; 2]>>,
}

/// The value with [`DIGITS`] significant digits.
pub(crate) fn rounded(value: f64) -> f64 {
    // What is not finite prints as what parses back to it.
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_digits_are_kept_of_any_size() {
        let rounded = [1.234_565, -98_765.432, 4.837_248_17e-7, 0.0].map(rounded);
        assert_eq!(rounded, [1.2346, -98_765.0, 4.8372e-7, 0.0]);
        assert!(super::rounded(f64::NAN).is_nan());
        assert_eq!(super::rounded(f64::NEG_INFINITY), f64::NEG_INFINITY);
    }
}
