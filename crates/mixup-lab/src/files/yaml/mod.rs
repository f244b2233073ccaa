//! YAML files, read strictly. The only module that knows which YAML library we use.
//!
//! A file becomes a [`Document`]; [`Document::parse`] turns it into a type. Every refusal is an
//! [`InputError`] that says file, line, column and key, what is wrong and what would be right.
//! Checks made after parsing use [`Document::refuse`], so that they point into the file as well.

mod key_path;
mod locate;
mod pinpoint;
mod wording;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_yaml::with::singleton_map_recursive;

pub use key_path::{KeyPath, Segment};

/// A file that a user wrote and that we refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// The file.
    pub file: PathBuf,
    /// Line and column, counted from 1, where known.
    pub place: Option<(usize, usize)>,
    /// The key that is meant; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for InputError {}

/// A YAML file that is well formed: one document, no key twice.
#[derive(Debug, Clone)]
pub struct Document {
    file: PathBuf,
    text: String,
    value: serde_yaml::Value,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not YAML, or gives a key twice.
    pub fn read(file: &Path) -> Result<Self, InputError> {
        let text = std::fs::read_to_string(file).map_err(|error| InputError {
            file: file.to_owned(),
            place: None,
            key: String::new(),
            message: format!("cannot be read: {error}"),
        })?;
        Self::from_text(file, text)
    }

    /// Takes the text of a file; `file` is what messages call it.
    ///
    /// # Errors
    /// Text that is not YAML, or gives a key twice.
    pub fn from_text(file: &Path, text: String) -> Result<Self, InputError> {
        let malformed = |error: &serde_yaml::Error, key: String, message: String| InputError {
            file: file.to_owned(),
            place: error.location().map(|at| (at.line(), at.column())),
            key,
            message,
        };
        if let Err((error, twice)) = locate::refuse_duplicates(&text) {
            return Err(match twice {
                Some(path) => {
                    malformed(&error, path.to_string(), "this key is given twice; keep one of them".into())
                }
                None => malformed(&error, String::new(), format!("not well-formed YAML: {error}")),
            });
        }
        let value = serde_yaml::from_str(&text)
            .map_err(|error| malformed(&error, String::new(), format!("not well-formed YAML: {error}")))?;
        Ok(Self { file: file.to_owned(), text, value })
    }

    /// The file's path.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Turns the document into a type. Enums with data are written `{name: data}`.
    ///
    /// # Errors
    /// Unknown or missing keys, wrong types, values out of range.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, InputError> {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&self.value, &mut track);
        let parsed = singleton_map_recursive::deserialize(tracked).map_err(|error| {
            let message = error.to_string();
            let path = pinpoint::pinpoint(&self.value, KeyPath::from(track.path()), &message);
            self.refuse(&path, wording::plain(&message))
        })?;
        // What is read later goes through JSON, which has no such numbers: they would be absent there.
        match pinpoint::non_finite(&self.value, KeyPath::root()) {
            Some(path) => Err(self.refuse(&path, "must be a finite number, not NaN or an infinity")),
            None => Ok(parsed),
        }
    }

    /// An error about a value of this document that somebody else read: `inside` is the way from the value
    /// at `path` to what is wrong in it, `message` serde's.
    pub fn refuse_inside(
        &self,
        path: KeyPath,
        inside: &serde_path_to_error::Path,
        message: &str,
    ) -> InputError {
        let inside = KeyPath::from(inside.clone());
        let path = inside.segments().iter().fold(path, |path, segment| path.then(segment.clone()));
        let path = pinpoint::pinpoint(&self.value, path, message);
        self.refuse(&path, wording::plain(message))
    }

    /// An error about one key of this document.
    pub fn refuse(&self, path: &KeyPath, message: impl Into<String>) -> InputError {
        InputError {
            file: self.file.clone(),
            place: Some(locate::locate(&self.text, path)),
            key: path.to_string(),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests;
