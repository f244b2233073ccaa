//! The sources that a paper's runs are made from: while they stay, so does every run's identity.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::error::LabError;
use crate::files::workspace::Workspace;

/// SHA-256 in hexadecimal over the versions of all dependencies, and over the sources of the crates that
/// make numbers and of one paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(String);

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Crates under crates/ that make numbers; one that is not there is left out.
const SHARED: [&str; 5] = ["mixup-core", "mixup-data", "mixup-kernels", "mixup-paper", "mixup-routines"];

impl Sources {
    /// Sources of this name.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Reads the sources that a paper's runs depend on.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(workspace: &Workspace, slug: &str) -> Result<Self, LabError> {
        let lock = workspace.root().join("Cargo.lock");
        let text = fs::read_to_string(&lock).map_err(LabError::io("cannot be read", &lock))?;
        let mut hash = Sha256::new();
        part(&mut hash, registry_packages(&text).as_bytes());
        let shared = SHARED.map(|name| workspace.root().join("crates").join(name).join("src"));
        for folder in shared.into_iter().chain([workspace.papers().join(slug).join("src")]) {
            if !folder.is_dir() {
                continue;
            }
            for entry in WalkDir::new(&folder).sort_by_file_name() {
                let entry = entry.map_err(|error| LabError::io("cannot be read", &folder)(error.into()))?;
                if entry.file_type().is_file() {
                    let content =
                        fs::read(entry.path()).map_err(LabError::io("cannot be read", entry.path()))?;
                    part(&mut hash, normalised(workspace.root(), entry.path()).as_bytes());
                    part(&mut hash, &content);
                }
            }
        }
        Ok(Self(hex::encode(hash.finalize())))
    }
}

/// The commit that is checked out, with `-dirty` where files differ from it; `unknown` outside of git. What
/// stands in results/ and the papers' READMEs makes no number, and a run that follows another finds them
/// changed: outcomes are written into both.
pub(crate) fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let written = [":(exclude)results", ":(exclude)papers/*/README.md"];
    let changes =
        [["status", "--porcelain", "--untracked-files=no", "--", "."].as_slice(), &written].concat();
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&changes)) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => commit + "-dirty",
        (None, _) => "unknown".to_owned(),
    }
}

/// The lock file without our own crates, so that a new paper does not touch the runs of the others.
fn registry_packages(lock: &str) -> String {
    lock.split("[[package]]").filter(|package| package.contains("\nsource = ")).map(str::trim).collect()
}

/// Adds bytes behind their length, so that no two lists of parts give the same stream.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// The path below the root with forward slashes, the same on every system.
fn normalised(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, content: &str) {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    const LOCK: &str =
        "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry\"\n";

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "Cargo.lock", LOCK);
        write(root.path(), "crates/mixup-core/src/lib.rs", "core");
        write(root.path(), "papers/a/src/lib.rs", "a");
        write(root.path(), "papers/b/src/lib.rs", "b");
        let workspace = Workspace::open(root.path()).unwrap();
        (root, workspace)
    }

    #[test]
    fn changes_with_what_numbers_depend_on() {
        let (root, workspace) = workspace();
        let print = || Sources::of(&workspace, "a").unwrap();
        let mut seen = vec![print()];
        for (name, content) in [
            ("papers/a/src/lib.rs", "a changed"),
            ("papers/a/src/deep/new.rs", "new"),
            ("crates/mixup-core/src/lib.rs", "core changed"),
            ("crates/mixup-data/src/lib.rs", "data"),
            ("crates/mixup-kernels/src/lib.rs", "kernels"),
            ("Cargo.lock", &LOCK.replace("1.0.0", "1.0.1")),
        ] {
            write(root.path(), name, content);
            let now = print();
            assert!(!seen.contains(&now), "{name} does not count");
            seen.push(now);
        }
        fs::rename(root.path().join("papers/a/src/lib.rs"), root.path().join("papers/a/src/main.rs"))
            .unwrap();
        assert!(!seen.contains(&print()), "the name of a file does not count");
    }

    #[test]
    fn stays_with_what_they_do_not() {
        let (root, workspace) = workspace();
        let before = Sources::of(&workspace, "a").unwrap();
        write(root.path(), "papers/b/src/lib.rs", "b changed");
        write(root.path(), "papers/a/README.md", "text");
        write(root.path(), "crates/mixup-lab/src/lib.rs", "lab");
        let own = format!("{LOCK}\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n");
        write(root.path(), "Cargo.lock", &own);
        assert_eq!(Sources::of(&workspace, "a").unwrap(), before);
    }

    #[test]
    fn changed_results_make_no_commit_dirty() {
        let root = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
            let output = Command::new("git").current_dir(root.path()).args(identity).args(arguments).output();
            assert!(output.unwrap().status.success(), "{arguments:?}");
        };
        assert_eq!(commit(root.path()), "unknown");
        git(&["init", "-q"]);
        write(root.path(), "src/lib.rs", "a");
        write(root.path(), "results/a.json", "{}");
        write(root.path(), "papers/a/README.md", "table");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "a"]);
        let clean = commit(root.path());
        assert_eq!(clean.len(), 12, "{clean}");
        write(root.path(), "results/a.json", "{ }");
        write(root.path(), "papers/a/README.md", "another table");
        assert_eq!(commit(root.path()), clean);
        write(root.path(), "src/lib.rs", "b");
        assert_eq!(commit(root.path()), format!("{clean}-dirty"));
    }
}
