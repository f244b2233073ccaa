//! `report`: the site and the ledger from what is committed; nothing is run.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use mixup_paper::Paper;

use super::print;
use crate::error::{LabError, Status};
use crate::files::atomic;
use crate::files::workspace::Workspace;
use crate::site::{self, Committed};

/// Carries out the command.
pub(crate) fn run(
    workspace: &Workspace,
    papers: &[Paper],
    out: Option<PathBuf>,
    open: bool,
) -> Result<Status, LabError> {
    let started = Instant::now();
    let committed = site::committed(workspace, papers)?;
    write_ledger(workspace, &committed)?;
    let folder = out.unwrap_or_else(|| workspace.state().join("site"));
    let files = site::files(&committed)?;
    site::write(&folder, &files)?;
    let bytes = |records: bool| -> usize {
        let of = files.iter().filter(|file| file.path.starts_with("records/") == records);
        of.map(|file| file.content.len()).sum()
    };
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let index = folder.join("index.html");
    eprintln!(
        "{} papers, {} files, {:.1} MiB and {:.1} MiB of raw records in {:.1} s; the ledger is in {}",
        committed.len(),
        files.len(),
        mib(bytes(false)),
        mib(bytes(true)),
        started.elapsed().as_secs_f64(),
        workspace.shown(&workspace.ledger())
    );
    print(&index.display().to_string())?;
    if open {
        show(&index)?;
    }
    Ok(Status::Fine)
}

/// Writes results/README.md over all papers.
///
/// # Errors
/// What the file system refuses.
pub(super) fn write_ledger(workspace: &Workspace, committed: &[Committed]) -> Result<(), LabError> {
    let file = workspace.ledger();
    let text = site::ledger_markdown(committed);
    atomic::write(&file, text.as_bytes()).map_err(LabError::io("cannot be written", &file))
}

/// Opens a page in the user's browser.
fn show(page: &std::path::Path) -> Result<(), LabError> {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop).map_err(|error| {
        LabError::Usage(format!("the site is written, but `{program}` cannot open it: {error}"))
    })
}
