//! The list of papers, for the command line and for the tests over all of them.

pub mod papers;
