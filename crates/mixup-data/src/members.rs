//! Many small files taken as one: which they are, and one digest over all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use walkdir::WalkDir;

use crate::digest::{Measured, measure, sha256_of};
use crate::error::DataError;
use crate::look::{Check, Miss};

/// Files of a public repository that are too many to list: those whose path fits a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    /// Patterns of paths below the top folder, as in a shell; `*` crosses no `/`. They also say the order
    /// of the members: what fits the first pattern comes first.
    pub globs: &'static [&'static str],
    /// How many there are.
    pub count: usize,
    /// Their bytes, together.
    pub bytes: u64,
    /// SHA-256 over three lines for each member, in the order of the bytes of the paths: its path, its
    /// size, and the SHA-256 of its content. It does not depend on how a host packs them.
    pub sha256: &'static str,
}

/// What members were found to be, by path.
pub(crate) type Found = BTreeMap<String, Measured>;

/// Something for each member, in the order of the patterns, then of the paths.
pub(crate) type Ordered<T> = BTreeMap<(usize, String), T>;

impl Members {
    /// Says which paths belong to the members.
    pub(crate) fn patterns(&self) -> Patterns {
        let pattern = |glob: &&str| Pattern::new(glob).expect("the catalogue has valid patterns");
        Patterns(self.globs.iter().map(pattern).collect())
    }

    /// Whether the members are those of the catalogue, or how they differ.
    pub(crate) fn check(&self, found: &Found) -> Result<(), String> {
        let bytes = found.values().map(|member| member.bytes).sum::<u64>();
        let sha256 = digest(found);
        if (found.len(), bytes, sha256.as_str()) == (self.count, self.bytes, self.sha256) {
            return Ok(());
        }
        Err(format!("{} files, {bytes} bytes, SHA-256 {sha256}", found.len()))
    }

    /// The members in a folder, in their order, where all are there.
    pub(crate) fn look(&self, folder: &Path, check: Check) -> Result<Vec<PathBuf>, Miss> {
        let paths = self.paths_in(folder)?;
        if paths.is_empty() {
            return Err(Miss::Absent(folder.join(self.globs.first().copied().unwrap_or_default())));
        }
        let outcome = match check {
            Check::Size => self.check_size(&paths),
            Check::Sum => measured(&paths).map(|found| self.check(&found)),
        };
        outcome.map_err(Miss::Bad)?.map_err(|found| {
            let expected = self.to_string();
            Miss::Bad(DataError::Members { folder: folder.to_owned(), found, expected })
        })?;
        Ok(paths.into_values().collect())
    }

    fn check_size(&self, paths: &Ordered<PathBuf>) -> Result<Result<(), String>, DataError> {
        let mut bytes = 0;
        for path in paths.values() {
            bytes += path.metadata().map_err(|error| unreadable(path, error))?.len();
        }
        let right = (paths.len(), bytes) == (self.count, self.bytes);
        Ok(if right { Ok(()) } else { Err(format!("{} files, {bytes} bytes", paths.len())) })
    }

    /// The files below a folder that fit a pattern; none where there is no such folder.
    fn paths_in(&self, folder: &Path) -> Result<Ordered<PathBuf>, Miss> {
        let patterns = self.patterns();
        let mut paths = Ordered::new();
        for entry in WalkDir::new(folder).follow_links(true) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.depth() == 0 => return Ok(paths),
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    return Err(Miss::Bad(unreadable(&path, error.into())));
                }
            };
            let name = entry.path().strip_prefix(folder).ok().and_then(slashed);
            let key = name.filter(|_| entry.file_type().is_file()).and_then(|name| patterns.key(name));
            if let Some(key) = key {
                paths.insert(key, entry.into_path());
            }
        }
        Ok(paths)
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes, SHA-256 {}", self.count, self.bytes, self.sha256)
    }
}

/// The patterns of [`Members`], ready to match.
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Where a member of this path stands in the order; none for what is no member.
    pub(crate) fn key(&self, path: String) -> Option<(usize, String)> {
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let fits = |pattern: &Pattern| pattern.matches_with(&path, options);
        Some((self.0.iter().position(fits)?, path))
    }
}

/// A relative path with `/` between its parts; none where a part is not UTF-8.
pub(crate) fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn measured(paths: &Ordered<PathBuf>) -> Result<Found, DataError> {
    let measure_one = |((_, name), path): (&(usize, String), &PathBuf)| {
        let measured = File::open(path).and_then(measure).map_err(|error| unreadable(path, error))?;
        Ok((name.clone(), measured))
    };
    paths.iter().map(measure_one).collect()
}

/// See [`Members::sha256`].
fn digest(found: &Found) -> String {
    let lines: Vec<String> =
        found.iter().map(|(name, member)| format!("{name}\n{}\n{}\n", member.bytes, member.sha256)).collect();
    sha256_of(lines.iter().map(String::as_bytes))
}

fn unreadable(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read { path: path.to_owned(), source }
}
