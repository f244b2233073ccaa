//! What the functions on proxy runs refuse.

use mixup_core::CoreError;
use mixup_paper::RunError;
use mixup_paper::golden::GoldenError;

/// An input that a function on proxy runs cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Arrays that do not fit together.
    #[error("{what}: {found} given, {needed} needed")]
    Size {
        /// What was counted, for example `labels`.
        what: &'static str,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A value that is not a finite number.
    #[error("{what}: the value at index {index} is not a finite number")]
    NotFinite {
        /// The array, for example `labels`.
        what: &'static str,
        /// Row-major index of the first such value.
        index: usize,
    },
    /// A parameter outside its range.
    #[error("{name} is {value}; it must be {allowed}")]
    Parameter {
        /// The parameter, as its field is called.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        allowed: &'static str,
    },
    /// What the metrics of the core refuse.
    #[error(transparent)]
    Core(#[from] CoreError),
}

impl From<ProxyError> for GoldenError {
    fn from(error: ProxyError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<ProxyError> for RunError {
    fn from(error: ProxyError) -> Self {
        Self::Spec(error.to_string())
    }
}

/// Result of the functions on proxy runs.
pub type Result<T> = std::result::Result<T, ProxyError>;

/// Refuses a count that is not the needed one.
///
/// # Errors
/// [`ProxyError::Size`].
pub fn same_size(what: &'static str, needed: usize, found: usize) -> Result<()> {
    if needed == found { Ok(()) } else { Err(ProxyError::Size { what, needed, found }) }
}

/// Refuses NaN and the infinities.
///
/// # Errors
/// [`ProxyError::NotFinite`], of the first such value.
pub fn all_finite<'a>(what: &'static str, values: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    match values.into_iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(ProxyError::NotFinite { what, index }),
    }
}

/// Refuses a parameter that does not meet `condition`.
///
/// # Errors
/// [`ProxyError::Parameter`].
pub fn require(
    condition: bool,
    name: &'static str,
    value: impl ToString,
    allowed: &'static str,
) -> Result<()> {
    if condition { Ok(()) } else { Err(ProxyError::Parameter { name, value: value.to_string(), allowed }) }
}
