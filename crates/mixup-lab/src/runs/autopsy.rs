//! The log file of a run that failed: what it was, why it failed, and what its worker wrote.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::runs::host;
use crate::runs::journal::RunName;
use crate::runs::plan::Planned;
use crate::runs::pool::Failure;
use crate::runs::store::Store;

/// Where the log of a run is.
pub(super) fn file(store: &Store, run: &RunName<'_>) -> PathBuf {
    let plain = |name: &str| name.replace(['/', '\\'], "_");
    let stem = match run.what {
        "run" => format!("{}-{}.log", plain(run.method), run.seed),
        what => format!("{what}-{}-{}.log", plain(run.method), run.seed),
    };
    store.folder().join("logs").join(run.paper).join(plain(run.experiment)).join(stem)
}

/// Writes it; a log that cannot be written is warned of and stops nothing.
pub(super) fn write(store: &Store, run: &RunName<'_>, planned: &Planned, failure: &Failure) -> PathBuf {
    let file = file(store, run);
    let spec = serde_json::to_string_pretty(&planned.spec).unwrap_or_default();
    let text = format!(
        "{}, {}: {} {}, seed {}\nkey {}\n{} on {}\n\n{}\n\nWhat the worker wrote last:\n{}\n\nSpec:\n{spec}\n",
        run.paper,
        run.experiment,
        run.what,
        run.method,
        run.seed,
        run.key,
        humantime::format_rfc3339_seconds(SystemTime::now()),
        host::description(),
        failure.message,
        if failure.tail.is_empty() { "(nothing)".to_owned() } else { failure.tail.join("\n") },
    );
    let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text));
    if let Err(error) = written {
        eprintln!("warning: {}: the log cannot be written: {error}", file.display());
    }
    file
}

/// Removes the log of an earlier failure of a run that now came to its end.
pub(super) fn forget(store: &Store, run: &RunName<'_>) {
    let file = file(store, run);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            eprintln!("warning: {}: cannot be removed: {error}", file.display());
        }
        _ => {}
    }
}
