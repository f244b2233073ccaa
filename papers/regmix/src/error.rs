//! What the functions of this crate refuse.

use mixup_core::CoreError;
use mixup_paper::RunError;
use mixup_paper::golden::GoldenError;

/// An input that RegMix cannot work with.
#[derive(Debug, thiserror::Error)]
pub enum RegmixError {
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
    /// Concentrations of which every weight is zero to the computer.
    #[error("the concentration is so small that every weight underflows to zero")]
    Underflow,
    /// What the metrics of the core refuse.
    #[error(transparent)]
    Core(#[from] CoreError),
}

impl From<RegmixError> for GoldenError {
    fn from(error: RegmixError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<RegmixError> for RunError {
    fn from(error: RegmixError) -> Self {
        Self::Spec(error.to_string())
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, RegmixError>;

/// Refuses a count that is not the needed one.
pub(crate) fn same_size(what: &'static str, needed: usize, found: usize) -> Result<()> {
    if needed == found { Ok(()) } else { Err(RegmixError::Size { what, needed, found }) }
}

/// Refuses NaN and the infinities.
pub(crate) fn all_finite<'a>(what: &'static str, values: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    match values.into_iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(RegmixError::NotFinite { what, index }),
    }
}

/// Refuses a parameter that does not meet `condition`.
pub(crate) fn require(
    condition: bool,
    name: &'static str,
    value: impl ToString,
    allowed: &'static str,
) -> Result<()> {
    if condition { Ok(()) } else { Err(RegmixError::Parameter { name, value: value.to_string(), allowed }) }
}
