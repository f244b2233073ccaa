//! The laboratory: from YAML files through runs to outcomes, verdicts and reports. It makes no number.
//!
//! Seven halls: [`files`] (YAML to specs), [`runs`] (plan, store, workers, progress), [`outcomes`],
//! [`verdicts`] (statistics, claims, check), [`report`] (pages, pictures, results/), [`site`] (pages to browse),
//! [`commands`].

pub mod commands;
pub mod error;
pub mod files;
pub mod outcomes;
pub mod report;
pub mod runs;
pub mod site;
pub mod verdicts;

pub use commands::cli::main;
