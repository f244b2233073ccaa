//! What holds of the method as a whole; the golden vectors are tested with those of all papers
//! (xtask/tests).

mod notebook;
mod official_draws;
mod properties;
mod refusals;
