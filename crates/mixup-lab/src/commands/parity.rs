//! `parity`: golden vectors of any folder against the ops that the papers register.

use std::path::PathBuf;

use super::{Format, print_json};
use crate::error::{LabError, Status};
use crate::golden::{self, Ops};
use crate::registry::PaperEntry;
use crate::workspace::Workspace;

pub(crate) fn parity(
    workspace: &Workspace,
    papers: &[PaperEntry],
    folders: &[PathBuf],
    format: Format,
) -> Result<Status, LabError> {
    let own: Vec<PathBuf> = papers
        .iter()
        .map(|paper| workspace.papers().join(paper.slug).join("tests/golden"))
        .filter(|folder| folder.is_dir())
        .collect();
    let folders = if folders.is_empty() { &own } else { folders };
    let ops: Ops = papers.iter().flat_map(|paper| (paper.golden)()).collect();
    let result = golden::run(folders, &ops).map_err(|error| LabError::Usage(error.to_string()))?;
    match format {
        Format::Text => print!("{result}"),
        Format::Json => print_json(&result)?,
    }
    Ok(if result.missed == 0 { Status::Fine } else { Status::Failed })
}
