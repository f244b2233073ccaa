//! The way to a value: `methods.mixup.alpha`, `claims[2].metric`.

use std::fmt;

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a mapping.
    Key(String),
    /// A place in a list, from 0.
    Index(usize),
}

/// The way from the top of a document to one of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPath(Vec<Segment>);

impl KeyPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Goes down to a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// Goes down to an element of a list, counted from 0.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// Goes one step down.
    #[must_use]
    pub fn then(mut self, segment: Segment) -> Self {
        self.0.push(segment);
        self
    }

    /// The steps from the top.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Takes the last step back.
    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    /// Takes one more step.
    pub(super) fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if depth == 0 => write!(f, "{key}")?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl From<serde_path_to_error::Path> for KeyPath {
    fn from(path: serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment as Tracked;
        Self(
            path.iter()
                .filter_map(|segment| match segment {
                    Tracked::Seq { index } => Some(Segment::Index(*index)),
                    Tracked::Map { key } => Some(Segment::Key(key.clone())),
                    Tracked::Enum { variant } => Some(Segment::Key(variant.clone())),
                    Tracked::Unknown => None,
                })
                .collect(),
        )
    }
}
