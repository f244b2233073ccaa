//! What a method has at hand before the first step, and what it tells after the last one.

use std::collections::BTreeMap;

use burn::tensor::Device;
use mixup_core::{nn::ImageNetwork, stream::Streams};

use super::Parts;

/// What [`Method::state`](super::Method::state) may look at.
#[derive(Debug)]
pub struct Start<'a> {
    /// The network that will be trained.
    pub network: &'a ImageNetwork,
    /// The trained teacher that [`Method::teacher`](super::Method::teacher) named, in evaluation mode.
    pub teacher: Option<&'a ImageNetwork>,
    /// The images. Where labels are complementary, the true ones are here too: a method that reads them for
    /// more than a count is no longer one for complementary labels.
    pub parts: &'a Parts,
    /// Samples of a step.
    pub batch: usize,
    /// Where draws before the first step come from.
    pub streams: &'a mut Streams,
    /// Where batches will be.
    pub device: &'a Device,
}

/// What a method tells of its training, [`Method::told`](super::Method::told).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// Values of [`Method::metrics`](super::Method::metrics).
    pub metrics: BTreeMap<String, f64>,
    /// Points of [`Method::figures`](super::Method::figures).
    pub points: BTreeMap<String, Vec<[f64; 2]>>,
}
