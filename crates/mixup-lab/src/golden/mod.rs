//! Golden vectors: inputs and outputs of official implementations, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One golden vector, as golden/*/OPS.md describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Full name of the op, `c-mixup.kde_rates`.
    pub op: String,
    /// Where the numbers come from.
    pub source: String,
    /// Plain parameters.
    #[serde(default)]
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Input arrays.
    #[serde(default)]
    pub inputs: BTreeMap<String, Array>,
    /// Expected output arrays.
    #[serde(default)]
    pub expect: BTreeMap<String, Array>,
    /// Expected gradients by the name of the input.
    #[serde(default)]
    pub grads: BTreeMap<String, Array>,
    /// Allowed relative error.
    pub rtol: f64,
    /// Allowed absolute error.
    pub atol: f64,
}

/// An array of a golden vector, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// `f64`, `f32`, `i64`, `u8` ...
    pub dtype: String,
    /// Values.
    pub data: Vec<f64>,
}

/// What an op computed for a case: outputs, and gradients by the name of the input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Computed {
    /// By the names of `expect`.
    pub outputs: BTreeMap<String, Array>,
    /// By the names of `grads`.
    pub grads: BTreeMap<String, Array>,
}

/// An op of a paper, applied to a case's parameters and inputs.
pub type GoldenOp = fn(&Case) -> Result<Computed, GoldenError>;

/// A case that cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// A parameter or an input is missing or of the wrong kind.
    #[error("{0}")]
    Malformed(String),
    /// The op itself refused the case.
    #[error("{0}")]
    Refused(String),
}
