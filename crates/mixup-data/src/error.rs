//! Why a data set could not be had or read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::digest::{Measured, Sum};
use crate::library::Provider;

/// A data set could not be had or read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No such name in the catalogue.
    #[error("unknown data set `{name}`: did you mean `{nearest}`? known are: {known}")]
    UnknownDataSet {
        /// The name that was asked for.
        name: String,
        /// The name of the catalogue that is spelled most like it.
        nearest: &'static str,
        /// All names, comma separated.
        known: String,
    },

    /// The given data directory does not exist.
    #[error("the data directory {} (--data-dir or MIXUP_DATA_DIR) is not a directory", path.display())]
    NoDataDir {
        /// The directory.
        path: PathBuf,
    },

    /// No provider has the data set.
    #[error("data set `{name}` is not at hand{}\n{advice}", list(tried))]
    Unavailable {
        /// Name of the data set.
        name: &'static str,
        /// Each provider that was tried, in order, with why it failed.
        tried: Vec<Attempt>,
        /// What to do.
        advice: String,
    },

    /// A file is there, but it is not the file of the catalogue.
    #[error("{0}")]
    Checksum(Box<Mismatch>),

    /// Many small files are there, but they are not those of the catalogue.
    #[error(
        "{} does not have the files of the catalogue: found {found}, expected {expected}; \
         replace or remove them",
        folder.display()
    )]
    Members {
        /// Where they are.
        folder: PathBuf,
        /// Number and size found, and the digest where it was taken.
        found: String,
        /// Number, size and digest that they must have.
        expected: String,
    },

    /// A file is there, but it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// The data set that a crate carries is not the one that the catalogue was written for.
    #[error(
        "data set `{name}`: {carrier} gives other values than the catalogue was written for \
         (SHA-256 of the cells {found}, expected {expected})"
    )]
    Embedded {
        /// Name of the data set.
        name: &'static str,
        /// The crate that carries it.
        carrier: &'static str,
        /// SHA-256 in the catalogue.
        expected: &'static str,
        /// SHA-256 found.
        found: String,
    },

    /// A cell that is not a finite number.
    #[error("{file}, line {line}, column {column} ({name}): `{cell}` is not a number")]
    Cell {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// Name of the column.
        name: String,
        /// The cell as it stands, cut after 40 characters.
        cell: String,
    },

    /// A line with too few or too many cells.
    #[error("{file}, line {line}: {found} cells, expected {expected}")]
    Columns {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Cells on that line.
        found: usize,
        /// Cells that each line must have.
        expected: usize,
    },

    /// Another header line than the format has.
    #[error("{file}, line {line}, column {column}: the header says `{found}`, expected `{expected}`")]
    Header {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// Name in the file, cut after 40 characters.
        found: String,
        /// Name that the format has there.
        expected: &'static str,
    },

    /// Too few rows (a truncated file), or too many.
    #[error("{file}: {found} rows, expected {expected}")]
    Rows {
        /// The file.
        file: String,
        /// Rows found; reading stops at the first one too many.
        found: usize,
        /// Rows that the file must have.
        expected: usize,
    },

    /// Two files that belong together do not agree.
    #[error("{file}, row {row}: index {found}, but the same row of {other} has index {expected}")]
    Index {
        /// The file.
        file: String,
        /// Row, from 1, the header not counted.
        row: usize,
        /// Index found.
        found: f64,
        /// The file that it belongs to.
        other: String,
        /// Index there.
        expected: f64,
    },

    /// A binary or packed file that does not follow its format.
    #[error("{file}, offset {offset}: {problem}")]
    Binary {
        /// The file.
        file: String,
        /// Byte offset, in the unpacked file where it is packed.
        offset: u64,
        /// What is wrong and what would be right.
        problem: String,
    },

    /// A member of an archive that does not follow its format, or is not there.
    #[error("{file}, member {member}: {problem}")]
    Member {
        /// The archive.
        file: String,
        /// Name of the member.
        member: String,
        /// What is wrong and what would be right.
        problem: String,
    },

    /// Images were asked for in a size that they cannot have.
    #[error("there are no images of {side} x {side} pixels: the side is from 1 to {largest}")]
    Side {
        /// Pixels along each side, as asked for.
        side: usize,
        /// The largest side that there is.
        largest: usize,
    },

    /// The data set exists, but it has no training and test images.
    #[error("data set `{name}` is not a set of training and test images; such are: {known}")]
    NotImages {
        /// Name of the data set.
        name: &'static str,
        /// Names of the image sets, comma separated.
        known: String,
    },

    /// The data set exists, but it has no pairs of sentences.
    #[error("data set `{name}` is not a set of sentence pairs; such are: {known}")]
    NotSentences {
        /// Name of the data set.
        name: &'static str,
        /// Names of the sets of sentences, comma separated.
        known: String,
    },

    /// The data set exists, but it is not one table.
    #[error("data set `{name}` is not one table; tables are: {known}")]
    NotATable {
        /// Name of the data set.
        name: &'static str,
        /// Names of the tables, comma separated.
        known: String,
    },
}

/// One provider that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The provider.
    pub provider: Provider,
    /// Why it does not have the data set.
    pub why: String,
}

fn list(tried: &[Attempt]) -> String {
    tried.iter().map(|attempt| format!("\n  {}: {}", attempt.provider, attempt.why)).collect()
}

/// A file that is not the file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: PathBuf,
    /// The sums of which the file must have one.
    pub expected: Vec<Sum>,
    /// SHA-256 found; absent when the size alone told the difference.
    pub sha256: Option<String>,
    /// Size found, in bytes.
    pub bytes: u64,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match &self.sha256 {
            Some(sha256) => format!("SHA-256 {sha256} ({} bytes)", self.bytes),
            None => format!("{} bytes", self.bytes),
        };
        write!(
            f,
            "{} is not the file of the catalogue: found {found}, expected {}; replace or remove the file",
            self.path.display(),
            sums_text(&self.expected)
        )
    }
}

/// The accepted sums for a message.
pub(crate) fn sums_text(sums: &[Sum]) -> String {
    let each: Vec<String> =
        sums.iter().map(|sum| format!("SHA-256 {} ({} bytes)", sum.sha256, sum.bytes)).collect();
    each.join(" or ")
}

impl DataError {
    pub(crate) fn binary(file: &str, offset: u64, problem: impl Into<String>) -> Self {
        Self::Binary { file: file.to_owned(), offset, problem: problem.into() }
    }

    pub(crate) fn member(file: &str, member: &str, problem: impl Into<String>) -> Self {
        Self::Member { file: file.to_owned(), member: member.to_owned(), problem: problem.into() }
    }

    pub(crate) fn mismatch(path: PathBuf, sums: &[Sum], found: Measured) -> Self {
        let Measured { sha256, bytes } = found;
        Self::Checksum(Box::new(Mismatch { path, expected: sums.to_vec(), sha256: Some(sha256), bytes }))
    }
}
