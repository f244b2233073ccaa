//! What several test files share.
#![allow(dead_code, reason = "each test file uses its own part of this module")]

pub mod drawings;
pub mod images;
pub mod server;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use mixup_data::{Content, DataSet, DebianPackage, File, Library, Members, Source, Sum, catalogue};
use tempfile::TempDir;

/// SHA-256 by the system's tool, so that the crate is not checked against itself.
pub fn sha256(bytes: &[u8]) -> &'static str {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let output = Command::new("sha256sum").arg(file.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned().leak()
}

pub fn sum(bytes: &[u8]) -> Sum {
    Sum { sha256: sha256(bytes), bytes: bytes.len() as u64 }
}

/// A file of a made data set.
pub fn made_file(name: &'static str, content: &[u8], url: &str) -> File {
    let source = Some(Source { url: url.to_owned().leak(), gzip: None });
    File { name, sums: vec![sum(content)].leak(), source }
}

/// A made data set `made` (folder alias `made_set`).
pub fn made_set(files: Vec<File>) -> DataSet {
    DataSet {
        name: "made",
        folder: "made_set",
        howto: Some("Ask the moon for it."),
        content: Content::Files(files.leak()),
        debian: None,
        ..catalogue::AIRFOIL
    }
}

pub fn with_package(set: DataSet, name: &'static str) -> DataSet {
    DataSet { debian: Some(DebianPackage { name, folder: "usr/share/made" }), ..set }
}

/// The digest over members, given in the order of their paths, by the words of its documentation.
pub fn members(globs: &'static [&'static str], sorted: &[(&str, &[u8])]) -> Members {
    let line = |(name, content): &(&str, &[u8])| format!("{name}\n{}\n{}\n", content.len(), sha256(content));
    Members {
        globs,
        count: sorted.len(),
        bytes: sorted.iter().map(|(_, content)| content.len() as u64).sum(),
        sha256: sha256(sorted.iter().map(line).collect::<String>().as_bytes()),
    }
}

/// A library with an empty cache and no given directory.
pub fn empty_library() -> (Library, TempDir) {
    let cache = tempfile::tempdir().unwrap();
    (Library::new(None, cache.path().to_owned()), cache)
}

pub fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The directory with real data: `MIXUP_DATA_DIR`, else `shared/data` beside the repository.
pub fn real_data_dir() -> Option<PathBuf> {
    let variable = std::env::var_os("MIXUP_DATA_DIR").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    variable.or(Some(beside)).filter(|path| path.is_dir())
}

/// A library with the real data and this set in it, or a printed reason to skip.
pub fn real_library(set: &DataSet) -> Option<Library> {
    let library = Library::new(real_data_dir(), Library::from_env(None).cache_dir);
    match library.verify(set) {
        Ok(_) => Some(library),
        Err(error @ mixup_data::DataError::Unavailable { .. }) => {
            skipped(&format!("data set {}: {error}", set.name));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Says that a test was skipped for want of something.
pub fn skipped(needs: &str) {
    // Not `eprintln!`, which the test harness swallows.
    std::io::stderr().write_all(format!("SKIPPED, needs {needs}\n").as_bytes()).unwrap();
}
