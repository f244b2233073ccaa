//! Pictures that only one paper has (predicted against true values, reliability diagrams).
//!
//! A paper declares them ([`crate::registry::Paper::figures`]); its runs give their points
//! ([`crate::registry::Measured::points`]); an experiment's `figures:` says which of them it shows,
//! of which methods ([`FigureRequest`]). The report draws what the outcome keeps ([`Figure`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::null_is_nan;

/// Significant digits of a point in results/: finer than a pixel, and short.
const DIGITS: usize = 5;

/// A picture as the paper declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureInfo {
    /// Name, as experiments and [`crate::registry::Measured::points`] write it.
    pub name: String,
    /// Title.
    pub title: String,
    /// What the picture shows and what it leaves out, for the text below it.
    pub caption: String,
    /// The metric whose value stands beside the names of the methods; none where the experiment
    /// does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// How it is drawn.
    pub kind: FigureKind,
}

/// How a picture is drawn. Methods have the colours of their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureKind {
    /// Points over two numeric axes.
    Scatter {
        /// Label of the horizontal axis, with its unit.
        x_label: String,
        /// Label of the vertical axis, with its unit.
        y_label: String,
        /// Whether `x = y` is drawn; both axes then have the same range.
        diagonal: bool,
        /// Whether each point is joined with the next of its method.
        joined: bool,
    },
    /// Per category one horizontal bar from 0 for each method. A point is the position of its
    /// category in the list, and the value.
    Bars {
        /// Label of the values' axis, with its unit.
        label: String,
        /// Decimals of the printed values.
        decimals: usize,
        /// Names of the categories, from top to bottom.
        categories: Vec<String>,
        /// Bars that are not of a run, below those of the methods.
        others: Vec<OtherBars>,
    },
}

/// Somebody else's bars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherBars {
    /// Whose they are.
    pub name: String,
    /// One value per category; nothing where it is not known.
    pub values: Vec<Option<f64>>,
}

/// What an experiment's file says about a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureRequest {
    /// The methods that are shown.
    pub methods: Vec<String>,
    /// The seed that is shown. A profile that does not have it leaves the picture out.
    #[serde(default)]
    pub seed: u64,
}

/// A picture that an experiment shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFigure {
    /// As the paper declares it.
    pub info: FigureInfo,
    /// What the experiment says about it.
    pub request: FigureRequest,
}

/// A picture with its points, as an outcome keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// As the paper declares it.
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
