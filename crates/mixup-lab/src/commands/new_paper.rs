//! `new-paper`: the crate of a paper to start from.
//!
//! The crate is made from templates/, and a line is put into each of the three lists that name the
//! papers of the workspace. Everything is checked before anything is written.

mod lists;
mod slug;

use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use super::print;
use crate::error::{LabError, Status};
use crate::files::atomic;
use crate::files::workspace::Workspace;
use slug::Slug;

/// What kind of experiments a new paper has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Image classification: a method's loss, on handwritten digits.
    Classification,
    /// Regression: whom a sample is mixed with, on red wine quality.
    Regression,
}

/// Files of a paper: where they go below the root, and what they say. `{{slug}}` stands for the slug.
type Files = [(&'static str, &'static str); 8];

/// The files of a template; the macro because `include_str!` takes no variable.
macro_rules! files {
    ($template:literal, $experiment:literal) => {
        [
            ("papers/{{slug}}/Cargo.toml", include_str!("../../templates/Cargo.toml.txt")),
            ("papers/{{slug}}/README.md", include_str!("../../templates/README.md.txt")),
            (
                "papers/{{slug}}/paper.yaml",
                include_str!(concat!("../../templates/", $template, "/paper.yaml.txt")),
            ),
            (
                "papers/{{slug}}/src/lib.rs",
                include_str!(concat!("../../templates/", $template, "/lib.rs.txt")),
            ),
            (
                "papers/{{slug}}/src/method.rs",
                include_str!(concat!("../../templates/", $template, "/method.rs.txt")),
            ),
            (
                "papers/{{slug}}/src/golden.rs",
                include_str!(concat!("../../templates/", $template, "/golden.rs.txt")),
            ),
            (
                "papers/{{slug}}/tests/golden/by-hand-01.json",
                include_str!(concat!("../../templates/", $template, "/golden.json.txt")),
            ),
            (
                concat!("experiments/{{slug}}/", $experiment, ".yaml"),
                include_str!(concat!("../../templates/", $template, "/experiment.yaml.txt")),
            ),
        ]
    };
}

impl Template {
    fn files(self) -> Files {
        match self {
            Self::Classification => files!("classification", "digits"),
            Self::Regression => files!("regression", "wine-quality"),
        }
    }
}

/// Carries out the command.
pub(crate) fn run(workspace: &Workspace, slug: &str, template: Template) -> Result<Status, LabError> {
    let slug = Slug::new(slug)?;
    for folder in [workspace.papers().join(slug.name()), workspace.experiments(slug.name())] {
        if folder.exists() {
            let shown = workspace.shown(&folder);
            return Err(LabError::Usage(format!("{shown} exists already; choose another name or remove it")));
        }
    }
    let lists = lists::with_paper(workspace, &slug)?;
    let files =
        template.files().map(|(name, content)| (workspace.root().join(slug.fill(name)), slug.fill(content)));
    if let Err(error) = write(files.iter().chain(&lists)) {
        // Half a crate would break the build of the workspace.
        let _ = fs::remove_dir_all(workspace.papers().join(slug.name()));
        let _ = fs::remove_dir_all(workspace.experiments(slug.name()));
        return Err(error);
    }
    let name = slug.name();
    print(&format!(
        "papers/{name} and experiments/{name} are there. It is a small variant of mixup so far:\n  \
         cargo xtask reproduce {name}    its experiment\n  \
         cargo xtask parity              its golden vector, with all others\n  \
         cargo test --workspace          its tests, with all others\n\
         Now write the paper's method into papers/{name}/src/method.rs, and its claims into paper.yaml."
    ))?;
    Ok(Status::Fine)
}

fn write<'f>(files: impl Iterator<Item = &'f (PathBuf, String)>) -> Result<(), LabError> {
    for (file, content) in files {
        atomic::write(file, content.as_bytes()).map_err(LabError::io("cannot be written", file))?;
    }
    Ok(())
}
