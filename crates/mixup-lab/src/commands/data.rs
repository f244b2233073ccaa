//! `data list|get|verify`: the data sets.

use std::io::IsTerminal;
use std::sync::Mutex;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use mixup_data::{Content, DataError, DataSet, Library, Located, Progress, catalogue};

use super::print;
use crate::commands::cli::{Data, DataPlace};
use crate::error::{LabError, Status};

/// Carries out the command.
pub(crate) fn run(command: Data) -> Result<Status, LabError> {
    match command {
        Data::List { place } => list(&library(place)),
        Data::Get { name, place } => get(&library(place), catalogue::find(&name)?),
        Data::Verify { name: Some(name), place } => {
            let set = catalogue::find(&name)?;
            print(&verified(set, &library(place).verify(set)?))?;
            Ok(Status::Fine)
        }
        Data::Verify { name: None, place } => verify_all(&library(place)),
    }
}

fn library(place: DataPlace) -> Library {
    Library::from_env(place.data_dir)
}

fn list(library: &Library) -> Result<Status, LabError> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["name", "what", "licence", "here"]);
    for set in catalogue::ALL {
        let here = match library.locate(set) {
            Ok(located) => located.to_string(),
            Err(DataError::Unavailable { .. }) => "not at hand".to_owned(),
            Err(error) => error.to_string(),
        };
        table.add_row([set.name, set.title, set.licence, here.as_str()]);
    }
    print(&table.trim_fmt())?;
    Ok(Status::Fine)
}

fn get(library: &Library, set: &DataSet) -> Result<Status, LabError> {
    let bar = Mutex::new(if std::io::stderr().is_terminal() {
        ProgressBar::no_length()
    } else {
        ProgressBar::hidden()
    });
    if let (Ok(bar), Ok(style)) =
        (bar.lock(), ProgressStyle::with_template("{msg} [{bar:24}] {bytes}/{total_bytes}"))
    {
        bar.set_style(style);
    }
    let show = |progress: Progress<'_>| {
        if let Ok(bar) = bar.lock() {
            bar.set_message(progress.file.to_owned());
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        }
    };
    let located = library.obtain(set, &show)?;
    print(&format!("{}: {located}", set.name))?;
    Ok(Status::Fine)
}

/// What is known of a set that is here: of a tree only that.
fn verified(set: &DataSet, located: &Located) -> String {
    match set.content {
        Content::Tree(_) => {
            format!("{}: here, not verified, for its sums are not known ({located})", set.name)
        }
        _ => format!("{}: verified ({located})", set.name),
    }
}

/// A set that is not here is no fault; a wrong file is.
fn verify_all(library: &Library) -> Result<Status, LabError> {
    let mut status = Status::Fine;
    for set in catalogue::ALL {
        match library.verify(set) {
            Ok(located) => print(&verified(set, &located))?,
            Err(DataError::Unavailable { .. }) => print(&format!("{}: not at hand", set.name))?,
            Err(error) => {
                eprintln!("error: {}: {error}", set.name);
                status = Status::Refused;
            }
        }
    }
    Ok(status)
}
