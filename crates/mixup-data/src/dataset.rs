//! What the catalogue says about a data set.

use crate::digest::{Sum, sha256_of};
use crate::error::DataError;
use crate::members::Members;
use crate::table::Table;

/// One data set.
#[derive(Debug, Clone, Copy)]
pub struct DataSet {
    /// Name in experiments and on the command line; also the folder in a data directory.
    pub name: &'static str,
    /// Another folder name that a data directory may use.
    pub folder: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// Whom to cite.
    pub citation: &'static str,
    /// The terms, as far as its origin states any.
    pub licence: &'static str,
    /// Page of the origin.
    pub page: &'static str,
    /// What differs from the origin, or is not known.
    pub note: &'static str,
    /// Its files, or the crate that carries it.
    pub content: Content,
    /// What to do when no provider works, beyond the general advice.
    pub howto: Option<&'static str>,
    /// Folder where a system package installs the files.
    pub system: Option<&'static str>,
    /// Public repository that has the files.
    pub archive: Option<Archive>,
    /// Debian package that has the files.
    pub debian: Option<DebianPackage>,
}

/// What a data set consists of.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Files, in a fixed order.
    Files(&'static [File]),
    /// Files that are too many to list.
    Members(Members),
    /// Folders as their user unpacked them, of which no sum is known here.
    Tree(Tree),
    /// Values inside a crate.
    Embedded {
        /// The crate.
        carrier: &'static str,
        /// Makes the table and checks it.
        load: fn() -> Result<Table, DataError>,
        /// SHA-256 over all cells, row-major, each as eight little-endian bytes of its `f64`.
        sha256: &'static str,
    },
}

/// Folders that the user puts in place. No provider serves them, and nothing here knows their sums: readers look at what
/// they read, and a run's identity says which set was meant, not which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// Files and folders that must be there, below the set's own folder.
    pub marks: &'static [&'static str],
}

/// One file of a data set.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// File name.
    pub name: &'static str,
    /// Accepted sums; more than one only where the same content is packed in several ways.
    pub sums: &'static [Sum],
    /// Where to download it; absent where no URL serves it.
    pub source: Option<Source>,
}

/// A download.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Canonical URL.
    pub url: &'static str,
    /// When the URL serves the file packed by gzip: the sum of the packed file.
    pub gzip: Option<Sum>,
}

/// A public repository's archive at a commit.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    /// Where the host serves it as `.tar.gz`, all below one folder.
    pub url: &'static str,
    /// What it has for the data set. Where the set's content is one file, that is a zip archive of these
    /// members, stored in their order.
    pub members: Members,
}

/// A Debian package.
#[derive(Debug, Clone, Copy)]
pub struct DebianPackage {
    /// Name of the package.
    pub name: &'static str,
    /// Folder of the files in it, without the leading slash.
    pub folder: &'static str,
}

impl DataSet {
    /// The files that the catalogue lists; none when they are too many, or when the set is embedded.
    pub fn files(&self) -> &'static [File] {
        match self.content {
            Content::Files(files) => files,
            Content::Members(_) | Content::Tree(_) | Content::Embedded { .. } => &[],
        }
    }

    /// Checks the values of an embedded set against the catalogue.
    pub(crate) fn check_values(&self, table: &Table) -> Result<(), DataError> {
        let Content::Embedded { carrier, sha256: expected, .. } = self.content else { return Ok(()) };
        let bytes: Vec<u8> = table.cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        let found = sha256_of([&bytes[..]]);
        if found == expected {
            Ok(())
        } else {
            Err(DataError::Embedded { name: self.name, carrier, expected, found })
        }
    }

    /// One digest for the whole set, for the key of a run: over name and first sum of every file, or
    /// that of the members or of the embedded values; of a [`Tree`], whose sums are not known, over its names. Nothing is
    /// read for it, and it does not depend on where the set is found.
    pub fn sha256(&self) -> String {
        match self.content {
            Content::Embedded { sha256, .. } | Content::Members(Members { sha256, .. }) => sha256.to_owned(),
            Content::Tree(Tree { marks }) => {
                let lines = marks.iter().flat_map(|mark| [*mark, "\n"]);
                sha256_of(["tree ", self.name, "\n"].into_iter().chain(lines).map(str::as_bytes))
            }
            Content::Files(files) => {
                let sums = |file: &'static File| file.sums.first().map_or("", |sum| sum.sha256);
                sha256_of(
                    files.iter().flat_map(|file| [file.name, "\n", sums(file), "\n"]).map(str::as_bytes),
                )
            }
        }
    }
}
