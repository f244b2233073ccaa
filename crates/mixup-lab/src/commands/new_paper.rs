//! `new-paper`: the crate of a paper to start from.
//!
//! The crate is made from templates/, and a line is put into each of the three lists that name the
//! papers of the workspace. Everything is checked before anything is written.

mod lists;
mod slug;

use std::fs;
use std::path::PathBuf;

use super::print;
use crate::atomic;
use crate::error::{LabError, Status};
use crate::workspace::Workspace;
use slug::Slug;

/// Files of a paper: where they go below the root, and what they say. `{{slug}}` stands for the
/// slug, `{{crate}}` for the crate's name in Rust, `{{type}}` for the type that stands for the paper.
const TEMPLATES: [(&str, &str); 8] = [
    ("papers/{{slug}}/Cargo.toml", include_str!("../../templates/Cargo.toml.txt")),
    ("papers/{{slug}}/README.md", include_str!("../../templates/README.md.txt")),
    ("papers/{{slug}}/paper.yaml", include_str!("../../templates/paper.yaml.txt")),
    ("papers/{{slug}}/src/lib.rs", include_str!("../../templates/lib.rs.txt")),
    ("papers/{{slug}}/src/method.rs", include_str!("../../templates/method.rs.txt")),
    ("papers/{{slug}}/src/experiment.rs", include_str!("../../templates/experiment.rs.txt")),
    ("papers/{{slug}}/tests/smoke.rs", include_str!("../../templates/smoke.rs.txt")),
    ("experiments/{{slug}}/wine-quality.yaml", include_str!("../../templates/wine-quality.yaml.txt")),
];

/// Carries out the command.
pub(crate) fn run(workspace: &Workspace, slug: &str) -> Result<Status, LabError> {
    let slug = Slug::new(slug)?;
    for folder in [workspace.papers().join(slug.name()), workspace.experiments(slug.name())] {
        if folder.exists() {
            let shown = workspace.shown(&folder);
            return Err(LabError::Usage(format!("{shown} exists already; choose another name or remove it")));
        }
    }
    let lists = lists::with_paper(workspace, &slug)?;
    let files = TEMPLATES.map(|(name, content)| (workspace.root().join(slug.fill(name)), slug.fill(content)));
    if let Err(error) = write(files.iter().chain(&lists)) {
        // Half a crate would break the build of the workspace.
        let _ = fs::remove_dir_all(workspace.papers().join(slug.name()));
        let _ = fs::remove_dir_all(workspace.experiments(slug.name()));
        return Err(error);
    }
    let name = slug.name();
    print(&format!(
        "papers/{name} and experiments/{name} are there. It is mixup on red wine quality so far:\n  \
         cargo test --workspace --test smoke  its test\n  \
         cargo xtask reproduce {name}         its experiment\n\
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
