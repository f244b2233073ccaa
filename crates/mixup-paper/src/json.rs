//! What stands in experiments' files, as JSON, and what is wrong with it.

use serde::{Serialize, de::DeserializeOwned};
pub use serde_json::Value;

/// A part of an experiment's file: parameters of a method, settings, a whole spec.
///
/// It is what serde does for any type. But serde's functions are generic over the format: they would be compiled for
/// the whole of a routine's settings again in the crate of every paper that uses the routine.
/// [`as_json!`](crate::as_json) compiles them once, in the crate that has the type.
pub trait Json: Sized {
    /// Reads it, with every default filled in.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn from_json(value: &Value) -> Result<Self, Refusal>;

    /// Writes it.
    ///
    /// # Errors
    /// A value that JSON does not have, a map whose keys are no text say.
    fn to_json(&self) -> Result<Value, Refusal>;
}

/// A value of an experiment's file that is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The way from the value to what is wrong in it.
    pub path: serde_path_to_error::Path,
    /// What is wrong, in serde's words.
    pub message: String,
}

impl Refusal {
    /// Of a value as a whole.
    pub fn new(message: impl ToString) -> Self {
        Self { path: serde_path_to_error::Track::new().path(), message: message.to_string() }
    }
}

/// See [`Json::from_json`].
///
/// # Errors
/// What is wrong, and where.
pub fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Refusal { path: error.path().clone(), message: error.inner().to_string() })
}

/// See [`Json::to_json`].
///
/// # Errors
/// A value that JSON does not have.
pub fn write<T: Serialize>(value: &T) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::new(format!("cannot be written as JSON: {error}")))
}

/// Makes types that serde reads and writes [`Json`](crate::Json); in the crate that defines them.
#[macro_export]
macro_rules! as_json {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::Json for $type {
            fn from_json(value: &$crate::json::Value) -> Result<Self, $crate::Refusal> {
                $crate::json::read(value)
            }

            fn to_json(&self) -> Result<$crate::json::Value, $crate::Refusal> {
                $crate::json::write(self)
            }
        }
    )+};
}
