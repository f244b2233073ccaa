//! How a kind of experiment is trained and measured, once for all papers.
//!
//! A routine ([`mixup_paper::Routine`]) knows data, networks, training and metrics of its kind, and the
//! baselines that several papers' tables share. A paper adds rows: the parameters of a method, and what a
//! step of it computes. Routines make numbers, so a change here can make runs anew; the laboratory finds
//! out which ([`mixup_paper::Glimpse`]).
//!
//! - [`classification`]: images in, classes out; calibration, out-of-distribution sets, renewed
//!   batch-norm statistics, training sets of several sizes.
//! - [`contrastive`]: features of which two views of a sample agree, judged by probes.
//! - [`metric_learning`]: embeddings of images of unseen classes, judged by retrieval.
//! - [`regression`]: tables and series.
//! - [`proxies`]: no routine, but what papers on finished runs of language models share.

pub mod classification;
pub mod contrastive;
pub mod golden;
mod initial;
pub mod metric_learning;
mod parameters;
#[cfg(test)]
mod photographed;
pub mod proxies;
pub mod regression;

pub use parameters::{non_negative, positive, size, unit};
