//! The contract between papers, routines and the laboratory.
//!
//! A paper crate gives a [`Paper`]: its slug, the [`Routine`]s its experiments use, and its golden ops. A
//! routine knows what a run of its kind reads, trains and measures. The laboratory (mixup-lab) reads YAML,
//! plans, executes and judges, and sees papers and routines through this crate only; papers do not see the
//! laboratory. What a paper's author reads first: [`Routine`], then the routine of their paper in
//! mixup-routines, then [`golden`].

mod entry;
mod figure;
mod glimpse;
pub mod golden;
pub mod json;
mod metric;
pub mod null_is_nan;
mod picture;
mod predictions;
mod routine;
mod spec;

pub use entry::{Inspected, Paper, RoutineEntry};
pub use figure::{FigureInfo, FigureKind, OtherBars};
pub use glimpse::{Glimpse, same_predictions};
pub use json::{Json, Refusal};
pub use metric::{Direction, MetricInfo};
pub use picture::Picture;
pub use predictions::Predictions;
pub use routine::{Measured, Routine, RunContext, RunError, Spec, Stage, required};
pub use spec::RunSpec;
