//! Reading a case strictly: what a misspelt key or a cut array could hide is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, Visitor};
use serde_json::{Map, Value};

use super::{Array, Case};

/// Integers up to here are exact as `f64`.
const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;

/// A file that holds no case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a case.
    #[error("{file}: {source}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong, with line and column where JSON's syntax or types are.
        source: serde_json::Error,
    },
}

impl Case {
    /// Reads a file.
    ///
    /// # Errors
    /// [`CaseError`]: the file cannot be read, or what [`Case::parse`] refuses.
    pub fn read(file: &Path) -> Result<Self, CaseError> {
        let text = std::fs::read(file).map_err(|source| CaseError::Io { file: file.to_owned(), source })?;
        Self::parse(&text).map_err(|source| CaseError::Malformed { file: file.to_owned(), source })
    }

    /// Reads JSON. `params`, `inputs` and `grads` may be null or absent, and `note` may stand
    /// beside the keys of [`Case`]; no other key may.
    ///
    /// # Errors
    /// JSON that is cut or malformed, an unknown key, a missing one, an array whose data do not
    /// fit its shape or its dtype, a tolerance below 0, a case that expects nothing.
    pub fn parse(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    op: String,
    source: String,
    params: Option<Map<String, Value>>,
    inputs: Option<BTreeMap<String, Array>>,
    expect: BTreeMap<String, Array>,
    grads: Option<BTreeMap<String, Array>>,
    rtol: f64,
    atol: f64,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

impl TryFrom<RawCase> for Case {
    type Error = String;

    fn try_from(raw: RawCase) -> Result<Self, String> {
        let grads = raw.grads.unwrap_or_default();
        if raw.expect.is_empty() && grads.is_empty() {
            return Err("the case expects nothing; give `expect` or `grads` an array".to_owned());
        }
        for (key, value) in [("rtol", raw.rtol), ("atol", raw.atol)] {
            if value < 0.0 {
                return Err(format!("`{key}` is {value}; it must be 0 or more"));
            }
        }
        Ok(Self {
            op: raw.op,
            source: raw.source,
            params: raw.params.unwrap_or_default(),
            inputs: raw.inputs.unwrap_or_default(),
            expect: raw.expect,
            grads,
            rtol: raw.rtol,
            atol: raw.atol,
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArray {
    shape: Vec<usize>,
    dtype: String,
    data: Vec<Element>,
}

/// What the elements of a dtype are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Integer,
    Bool,
}

impl Kind {
    /// The kind of a dtype's name; `None` for one that is not known.
    pub(super) fn of(dtype: &str) -> Option<Self> {
        match dtype {
            "f64" | "f32" | "f16" | "bf16" => Some(Self::Float),
            "i64" | "i32" | "i16" | "i8" | "u64" | "u32" | "u16" | "u8" => Some(Self::Integer),
            "bool" => Some(Self::Bool),
            _ => None,
        }
    }
}

impl TryFrom<RawArray> for Array {
    type Error = String;

    fn try_from(RawArray { shape, dtype, data }: RawArray) -> Result<Self, String> {
        let kind = Kind::of(&dtype).ok_or_else(|| {
            format!("unknown dtype `{dtype}`; known are f64, f32, f16, bf16, i8 to i64, u8 to u64, bool")
        })?;
        let holds = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        if holds != Some(data.len()) {
            return Err(format!("shape {shape:?} does not hold the {} values of `data`", data.len()));
        }
        for (at, element) in data.iter().enumerate() {
            element.check(kind).map_err(|reason| format!("value {at} of dtype {dtype} {reason}"))?;
        }
        Ok(Self { shape, dtype, data: data.into_iter().map(Element::value).collect() })
    }
}

/// One value of `data`: a number, a boolean, or a non-finite number by its name.
#[derive(Clone, Copy)]
enum Element {
    Number(f64),
    Bool(bool),
}

impl Element {
    fn value(self) -> f64 {
        match self {
            Self::Number(value) => value,
            Self::Bool(value) => f64::from(u8::from(value)),
        }
    }

    fn check(self, kind: Kind) -> Result<(), &'static str> {
        match (kind, self) {
            (Kind::Float, Self::Number(_)) | (Kind::Bool, Self::Bool(_)) => Ok(()),
            (Kind::Bool, Self::Number(value)) if value == 0.0 || value == 1.0 => Ok(()),
            (Kind::Integer, Self::Number(value))
                if value.fract() == 0.0 && value.abs() <= LARGEST_INTEGER =>
            {
                Ok(())
            }
            (Kind::Float, Self::Bool(_)) => Err("is a boolean; give a number"),
            (Kind::Bool, Self::Number(_)) => Err("is neither a boolean nor 0 or 1"),
            (Kind::Integer, _) => Err("is not a whole number up to 2^53"),
        }
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl Visitor<'_> for ElementVisitor {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a boolean, \"NaN\", \"Infinity\" or \"-Infinity\"")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Element, E> {
        Ok(Element::Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Element, E> {
        Ok(Element::Number(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Element, E> {
        Ok(Element::Number(value as f64))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Element, E> {
        Ok(Element::Bool(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Element, E> {
        match value {
            "NaN" => Ok(Element::Number(f64::NAN)),
            "Infinity" => Ok(Element::Number(f64::INFINITY)),
            "-Infinity" => Ok(Element::Number(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }
}
