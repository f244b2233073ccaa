//! The authors' proxy runs: what their notebook prints, and what the official code gave when it was
//! run for the dossier. The files are looked for in MIXUP_DATA_DIR and in ../shared/data.

use std::path::PathBuf;
use std::time::Instant;

use ndarray::Array2;
use regmix::pile::{DOMAINS, TARGETS};
use regmix::{
    BEST, EarlyStopping, Gbdt, GbdtConfig, LinearModel, NumpyLegacy, SIMULATED, best_mixture, mse, simulate,
    spearman,
};
use serde_json::Value;

/// Folder of the proxy runs, or nothing where this machine does not have them.
fn folder() -> Option<PathBuf> {
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let given = std::env::var_os("MIXUP_DATA_DIR").map(PathBuf::from);
    let candidates = given.into_iter().chain(["../shared/data", "../../shared/data"].map(|path| workspace.join(path)));
    candidates.map(|folder| folder.join("regmix")).find(|folder| folder.is_dir())
}
