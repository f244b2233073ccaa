//! A digest of the sources that a run's numbers depend on, so that a changed method is run again.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::LabError;
use crate::workspace::Workspace;

/// Sources that every paper depends on, below the root. The laboratory itself (plans, statistics,
/// reports) makes no numbers of a run.
const SHARED: [&str; 4] =
    ["Cargo.lock", "crates/mixup-core/src", "crates/mixup-data/src", "crates/mixup-kernels/src"];

/// SHA-256, in hexadecimal, over names and contents of the sources of a paper.
///
/// # Errors
/// A source that cannot be read.
pub fn fingerprint(workspace: &Workspace, slug: &str) -> Result<String, LabError> {
    let mut files = Vec::new();
    for part in SHARED.iter().map(PathBuf::from).chain([PathBuf::from("papers").join(slug).join("src")]) {
        collect(&workspace.root().join(part), &mut files)?;
    }
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(&file).map_err(LabError::io("cannot be read", &file))?;
        let name = file.strip_prefix(workspace.root()).unwrap_or(&file);
        hash.update(name.to_string_lossy().replace('\\', "/"));
        hash.update([0]);
        hash.update(Sha256::digest(&content));
    }
    Ok(hex(&hash.finalize()))
}

/// The files at or below a path in a fixed order; none where it does not exist.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), LabError> {
    if path.is_file() {
        files.push(path.to_owned());
    }
    if !path.is_dir() {
        return Ok(());
    }
    let read =
        |entries: fs::ReadDir| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut entries = fs::read_dir(path).and_then(read).map_err(LabError::io("cannot be read", path))?;
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, files))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
