//! `new-paper`: the crate of a paper to start from.

use crate::error::{LabError, Status};
use crate::workspace::Workspace;

/// Carries out the command.
pub(crate) fn run(_workspace: &Workspace, slug: &str) -> Result<Status, LabError> {
    Err(LabError::Usage(slug.to_owned()))
}
