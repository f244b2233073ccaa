//! Data sets: the catalogue, where files come from, and parsers that check what they read.

use std::path::PathBuf;

/// Finds data sets: in the given directory, as the system's own copy, in the cache, embedded in a
/// crate, or at the canonical URL.
#[derive(Debug, Clone)]
pub struct Library {
    /// `--data-dir` or `MIXUP_DATA_DIR`; layout `DIR/<name>/<file>`.
    pub data_dir: Option<PathBuf>,
    /// Where downloads are kept.
    pub cache_dir: PathBuf,
}

/// A data set could not be had or read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DataError(String);

/// A numeric table: rows of `columns.len()` cells, row-major; a missing cell is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Cells, row-major, `rows * columns.len()` of them.
    pub cells: Vec<f64>,
}
