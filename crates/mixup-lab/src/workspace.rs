//! Where things are: papers, experiments, results and the run store below one root.

use std::path::{Path, PathBuf};

use crate::error::LabError;
use crate::experiment::Profile;

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
        for part in ["Cargo.lock", "papers"] {
            if !root.join(part).exists() {
                return Err(LabError::Usage(format!(
                    "{} is not a mixup-lab workspace: it has no {part}; give the right folder with --root",
                    root.display()
                )));
            }
        }
        Ok(Self { root: root.to_owned(), state })
    }

    /// The workspace that this binary was compiled in.
    pub fn compiled_in() -> PathBuf {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().nth(2).unwrap_or(here).to_owned()
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `papers/`.
    pub fn papers(&self) -> PathBuf {
        self.root.join("papers")
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

fn below(folder: &Path, profile: Profile) -> PathBuf {
    match profile {
        Profile::Desk => folder.to_owned(),
        other => folder.join(other.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_root_is_this_workspace() {
        let workspace = Workspace::open(&Workspace::compiled_in()).unwrap();
        assert!(workspace.root().join("crates/mixup-lab/src/workspace.rs").is_file());
    }

    #[test]
    fn refuses_a_folder_that_is_no_workspace() {
        let error = Workspace::open(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("/nowhere is not a mixup-lab workspace: it has no Cargo.lock"), "{error}");
    }

    #[test]
    fn only_desk_has_no_folder_of_its_own() {
        let workspace = Workspace::open(&Workspace::compiled_in()).unwrap();
        assert!(workspace.results("x", Profile::Desk).ends_with("results/x"));
        assert!(workspace.results("x", Profile::Smoke).ends_with("results/x/smoke"));
    }
}
