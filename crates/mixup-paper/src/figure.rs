//! Pictures that only one paper or routine has (predicted against true values, reliability diagrams).
//!
//! A routine declares them ([`crate::Routine::figures`]) and its runs give their points
//! ([`crate::Measured::points`]); an experiment's `figures:` says which of them are shown, of which
//! methods. To show another one executes nothing.

use serde::{Deserialize, Serialize};

/// A picture as its routine declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureInfo {
    /// Name, as experiments and [`crate::Measured::points`] write it.
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
    /// Per method one line over a numeric axis, the mean over all seeds: point by point, so that a method has the
    /// same places for every seed.
    Lines {
        /// Label of the horizontal axis, with its unit.
        x_label: String,
        /// Whether that axis is logarithmic.
        log_x: bool,
        /// Label of the vertical axis, with its unit.
        y_label: String,
    },
    /// Images: per method those of [`crate::Picture`], each with its share.
    Images {
        /// Whether a level says something on a scale, 0 that nothing is there; otherwise it is a brightness.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        scale: bool,
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
