//! What a folder has of a data set.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::dataset::{Content, File, Tree};
use crate::digest::measure_file;
use crate::error::{DataError, Mismatch};

/// How closely files are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// They exist and have the right size.
    Size,
    /// They have the right checksum, too.
    Sum,
}

/// Why a folder does not serve.
pub(crate) enum Miss {
    /// A file is not there.
    Absent(PathBuf),
    /// A file is there, but wrong or unreadable.
    Bad(DataError),
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(path) => write!(f, "no file {}", path.display()),
            Self::Bad(error) => write!(f, "{error}"),
        }
    }
}

/// The files of a set, in its order, where a folder has all of them.
pub(crate) fn content_in(folder: &Path, content: &Content, check: Check) -> Result<Vec<PathBuf>, Miss> {
    match content {
        Content::Files(files) => files_in(folder, files, check),
        Content::Members(members) => members.look(folder, check),
        Content::Tree(tree) => tree_in(folder, tree),
        Content::Embedded { .. } => Ok(Vec::new()),
    }
}

/// The folder of a tree where all its marks are there; its files are not looked at.
fn tree_in(folder: &Path, tree: &Tree) -> Result<Vec<PathBuf>, Miss> {
    let absent = tree.marks.iter().map(|mark| folder.join(mark)).find(|path| !path.exists());
    match absent {
        Some(path) => Err(Miss::Absent(path)),
        None => Ok(vec![folder.to_owned()]),
    }
}

/// All of these files in one folder. A wrong file is told even when another one is absent.
pub(crate) fn files_in(folder: &Path, files: &[File], check: Check) -> Result<Vec<PathBuf>, Miss> {
    let mut paths = Vec::new();
    let mut absent = None;
    for file in files {
        match file_in(folder, file, check) {
            Ok(path) => paths.push(path),
            Err(miss @ Miss::Absent(_)) => absent = absent.or(Some(miss)),
            Err(bad) => return Err(bad),
        }
    }
    absent.map_or(Ok(paths), Err)
}

fn file_in(folder: &Path, file: &File, check: Check) -> Result<PathBuf, Miss> {
    let path = folder.join(file.name);
    let unreadable = |source| Miss::Bad(DataError::Read { path: path.clone(), source });
    let bytes = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Absent(path)),
        Err(error) => return Err(unreadable(error)),
    };
    if check == Check::Sum {
        let found = measure_file(&path).map_err(unreadable)?;
        if !found.is_one_of(file.sums) {
            return Err(Miss::Bad(DataError::mismatch(path, file.sums, found)));
        }
    } else if !file.sums.iter().any(|sum| sum.bytes == bytes) {
        let mismatch = Mismatch { path, expected: file.sums.to_vec(), sha256: None, bytes };
        return Err(Miss::Bad(DataError::Checksum(Box::new(mismatch))));
    }
    Ok(path)
}
