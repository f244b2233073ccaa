//! `parity`: golden vectors of official implementations through our ops.

use std::fs;
use std::path::PathBuf;

use mixup_paper::Paper;

use super::{print, print_json};
use crate::commands::cli::Format;
use crate::error::{LabError, Status};
use crate::files::workspace::Workspace;
use crate::verdicts::parity;

/// Carries out the command over the given paths, or over every paper's own cases.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[Paper],
    paths: Vec<PathBuf>,
    format: Format,
) -> Result<Status, LabError> {
    let paths = if paths.is_empty() { own_cases(workspace)? } else { paths };
    let ops = parity::ops(papers).map_err(LabError::Usage)?;
    let parity = parity::run(&paths, &ops).map_err(|error| LabError::Usage(error.to_string()))?;
    match format {
        Format::Text => print(&parity.to_string())?,
        Format::Json => print_json(&parity)?,
    }
    Ok(if parity.missed == 0 { Status::Fine } else { Status::Failed })
}

/// Every `papers/*/tests/golden`.
fn own_cases(workspace: &Workspace) -> Result<Vec<PathBuf>, LabError> {
    let folder = workspace.papers();
    let refused = || LabError::io("cannot be read", &folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(refused())? {
        let cases = entry.map_err(refused())?.path().join("tests").join("golden");
        if cases.is_dir() {
            found.push(cases);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(LabError::Usage(format!(
            "no golden vectors at {}/*/tests/golden; give a folder of cases",
            folder.display()
        )));
    }
    Ok(found)
}
