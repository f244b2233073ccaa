//! The commands, a file each.

pub(crate) mod bench;
mod budget;
pub(crate) mod check;
pub mod cli;
pub(crate) mod data;
mod estimate;
pub(crate) mod list;
pub(crate) mod new_paper;
mod overview;
pub(crate) mod parity;
mod preview;
mod replay;
pub(crate) mod report;
pub(crate) mod reproduce;
mod seeds;
mod settle;
pub(crate) mod sweep;
mod tally;
mod until_decided;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use mixup_data::catalogue::SIMULATED;
use serde::Serialize;

use crate::error::LabError;
use crate::report::Style;

/// How text on standard output looks best.
fn style() -> Style {
    let out = io::stdout();
    if !out.is_terminal() {
        return Style::default();
    }
    let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = console::Term::stdout().size_checked().map_or(Style::default().width, |(_, columns)| columns);
    Style { color, width }
}

/// The data sets of an experiment with the place where they were found, as tables show them.
fn data_words(names: &str, place: Option<&str>) -> String {
    match names {
        "" => SIMULATED.to_owned(),
        names => format!("{names} ({})", place.unwrap_or("not at hand")),
    }
}

/// Writes a text and a line break to standard output. A closed pipe (`| head`) is not an error.
pub(crate) fn print(text: &str) -> Result<(), LabError> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(LabError::io("cannot be written to", Path::new("standard output"))(error))
        }
        _ => Ok(()),
    }
}

/// Writes one JSON document to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), LabError> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::other);
    print(&json.map_err(LabError::io("cannot be written to", Path::new("standard output")))?)
}
