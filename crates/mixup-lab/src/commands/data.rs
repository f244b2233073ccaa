//! `data`: what data sets there are, where they come from, whether they are whole.

use std::path::PathBuf;

use comfy_table::{Table, presets};
use mixup_data::{DataError, DataSet, Library, Progress, catalogue};

use crate::error::{LabError, Status};

/// All data sets and whether they are at hand.
pub(crate) fn list(data_dir: Option<PathBuf>) -> Status {
    let library = Library::from_env(data_dir);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["data set", "here", "licence", "title"]);
    for set in catalogue::ALL {
        let here = match library.locate(set) {
            Ok(located) => located.to_string(),
            Err(DataError::Unavailable { .. }) => "no: `cargo xtask data get`".to_owned(),
            Err(error) => format!("WRONG: {error}"),
        };
        table.add_row([set.name, &here, set.licence, set.title]);
    }
    println!("{table}");
    Status::Fine
}

/// Gets a data set, from the network where it must.
pub(crate) fn get(data_dir: Option<PathBuf>, name: &str) -> Result<Status, LabError> {
    let set = catalogue::find(name)?;
    let located = Library::from_env(data_dir).obtain(set, &|progress| tell_progress(progress))?;
    println!("{}: {located}", set.name);
    println!("licence: {}", set.licence);
    Ok(Status::Fine)
}

/// Checksums of one data set, or of all that are at hand.
pub(crate) fn verify(data_dir: Option<PathBuf>, name: Option<&str>) -> Result<Status, LabError> {
    let library = Library::from_env(data_dir);
    let sets: Vec<&DataSet> = match name {
        Some(name) => vec![catalogue::find(name)?],
        None => catalogue::ALL.to_vec(),
    };
    let mut status = Status::Fine;
    for set in sets {
        match library.verify(set) {
            Ok(located) => println!("{}: whole, {located}", set.name),
            Err(DataError::Unavailable { .. }) if name.is_none() => println!("{}: not at hand", set.name),
            Err(error) => {
                println!("{}: {error}", set.name);
                status = status.and(Status::Refused);
            }
        }
    }
    Ok(status)
}

/// A line when a download begins and when it is whole; it has its own end message otherwise.
pub(crate) fn tell_progress(progress: Progress<'_>) {
    let Progress { data_set, file, done, total } = progress;
    if done == 0 || done == total {
        eprintln!("{data_set}: {file}: {} of {} KiB", done / 1024, total.div_ceil(1024));
    }
}
