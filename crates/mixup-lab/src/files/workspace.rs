//! Where things are: papers, experiments, results and the run store below one root.

use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::files::experiment::Profile;

/// The folders of a workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    state: PathBuf,
}

impl Workspace {
    /// Opens the workspace at `root`; `MIXUP_STORE_DIR` moves the run store out of it.
    ///
    /// # Errors
    /// A folder without `Cargo.lock` and `papers/`.
    pub fn open(root: &Path) -> Result<Self, LabError> {
        let state = std::env::var_os("MIXUP_STORE_DIR")
            .filter(|dir| !dir.is_empty())
            .map_or_else(|| root.join(".mixup-lab"), PathBuf::from);
        for part in PARTS {
            if !root.join(part).exists() {
                return Err(LabError::Usage(format!(
                    "{} is not a mixup-lab workspace: it has no {part}; give the right folder with --root",
                    root.display()
                )));
            }
        }
        Ok(Self { root: root.to_owned(), state })
    }

    /// The workspace that the command was given in: the one of the package that cargo runs, else the nearest
    /// at or above the current folder. Not where the binary was compiled: checkouts may share a target
    /// folder.
    ///
    /// # Errors
    /// No workspace at either place.
    pub fn find() -> Result<Self, LabError> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = std::env::current_dir().ok();
        let root =
            package.iter().chain(&here).flat_map(|start| start.ancestors()).find(|folder| is_root(folder));
        match root {
            Some(root) => Self::open(root),
            None => Err(LabError::Usage(format!(
                "no mixup-lab workspace at or above {}: change into one, or give it with --root",
                here.as_deref().unwrap_or(Path::new(".")).display()
            ))),
        }
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `papers/`.
    pub fn papers(&self) -> PathBuf {
        self.root.join("papers")
    }

    /// `README.md` of a paper.
    pub fn readme(&self, slug: &str) -> PathBuf {
        self.papers().join(slug).join("README.md")
    }

    /// `papers/<slug>/paper.yaml`.
    pub fn manifest(&self, slug: &str) -> PathBuf {
        self.papers().join(slug).join("paper.yaml")
    }

    /// `experiments/<slug>/`.
    pub fn experiments(&self, slug: &str) -> PathBuf {
        self.root.join("experiments").join(slug)
    }

    /// Where committed outcomes are: `results/<slug>/` for the desk profile, a folder below it for
    /// each other profile.
    pub fn results(&self, slug: &str, profile: Profile) -> PathBuf {
        below(&self.root.join("results").join(slug), profile)
    }

    /// `results/README.md`, the ledger of all papers.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("results").join("README.md")
    }

    /// Where outcomes go that must not be committed (other seeds, another device).
    pub fn scratch_outcomes(&self, slug: &str, profile: Profile) -> PathBuf {
        below(&self.state.join("outcomes").join(slug), profile)
    }

    /// `.mixup-lab/`, or `MIXUP_STORE_DIR`: everything that can be made again.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A path as messages show it: relative to the root where it lies below it.
    pub fn shown<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// What a workspace has at its root.
const PARTS: [&str; 2] = ["Cargo.lock", "papers"];

fn is_root(folder: &Path) -> bool {
    PARTS.iter().all(|part| folder.join(part).exists())
}

/// The folder of a profile's outcomes in that of a paper's.
pub(crate) fn below(folder: &Path, profile: Profile) -> PathBuf {
    match profile {
        Profile::Desk => folder.to_owned(),
        other => folder.join(other.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_of_the_package_that_runs_is_found() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("crates/mixup-lab/src/files/workspace.rs").is_file());
    }

    #[test]
    fn refuses_a_folder_that_is_no_workspace() {
        let error = Workspace::open(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("/nowhere is not a mixup-lab workspace: it has no Cargo.lock"), "{error}");
    }

    #[test]
    fn only_desk_has_no_folder_of_its_own() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.results("x", Profile::Desk).ends_with("results/x"));
        assert!(workspace.results("x", Profile::Smoke).ends_with("results/x/smoke"));
    }
}
