//! One file per command.

pub(crate) mod check;
pub(crate) mod data;
pub(crate) mod list;
pub(crate) mod new_paper;
pub(crate) mod parity;
pub(crate) mod reproduce;

use std::io::IsTerminal;

use clap::ValueEnum;
use serde::Serialize;

use crate::error::LabError;
use crate::report::Style;

/// What standard output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for a person.
    Text,
    /// JSON for a machine; everything else goes to standard error.
    Json,
}

/// Prints JSON on standard output.
fn print_json(value: &impl Serialize) -> Result<(), LabError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| LabError::Usage(format!("cannot be written as JSON: {error}")))?;
    println!("{text}");
    Ok(())
}

/// Colours and width of the terminal on standard output.
fn style() -> Style {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(120);
    Style { color, width }
}
