//! Golden vectors: inputs and outputs of official implementations, as JSON.
//!
//! A file holds one [`Case`]. A paper registers its ops by name ([`crate::Paper::golden`]); an op reads
//! the case's parameters and inputs with the accessors of [`Case`] and gives back what it [`Computed`].
//! `cargo xtask parity` does so for folders of cases and says what did not match.

mod access;
mod compare;
mod convert;
mod helpers;
mod read;

pub use compare::{Compared, Mismatch, Worst, compare};
pub use helpers::{gradient, precision, unknown};
pub use read::CaseError;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One golden vector, as golden/*/OPS.md describes it. It is read strictly: see [`Case::parse`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "read::RawCase")]
pub struct Case {
    /// Full name of the op, `c-mixup.kde_rates`.
    pub op: String,
    /// Where the numbers come from.
    pub source: String,
    /// Plain parameters.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Input arrays.
    pub inputs: BTreeMap<String, Array>,
    /// Expected output arrays.
    pub expect: BTreeMap<String, Array>,
    /// Expected gradients by the name of the input.
    pub grads: BTreeMap<String, Array>,
    /// Allowed relative error.
    pub rtol: f64,
    /// Allowed absolute error.
    pub atol: f64,
}

/// An array of a golden vector, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "read::RawArray")]
pub struct Array {
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// `f64`, `f32`, `i64`, `u8`, `bool` ...
    pub dtype: String,
    /// Values, as many as the shape says; booleans as 0 and 1.
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
pub type GoldenOp = fn(&Case) -> Outcome;

/// What an op gives back.
pub type Outcome = Result<Computed, GoldenError>;

/// A case that cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoldenError {
    /// A parameter or an input is missing or of the wrong kind.
    #[error("{0}")]
    Malformed(String),
    /// The op itself refused the case.
    #[error("{0}")]
    Refused(String),
}

#[cfg(test)]
mod tests;
