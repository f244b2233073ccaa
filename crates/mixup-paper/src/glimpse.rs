//! The identity of a run's behaviour: what the code does, not how it is spelled.
//!
//! A glimpse takes a run through its whole path in little: draws, batches, loss, optimiser, the schedule
//! at the first, a middle and the last epoch, selection, evaluation, metrics. Everything that it measures
//! is hashed bit by bit. Sources that give the same hash on the same machine give the same runs.

use std::num::NonZeroUsize;

use mixup_core::train;
use mixup_data::Library;
use sha2::{Digest, Sha256};

use crate::{Measured, Routine, RunContext, RunError, Spec};

/// How small a glimpse is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glimpse {
    /// Steps of each epoch that is looked at.
    pub steps: NonZeroUsize,
    /// Samples of each part of the data.
    pub samples: NonZeroUsize,
}

impl Glimpse {
    /// What identities are made with: small, and enough samples that a shift of a bin shows.
    pub const IDENTITY: Self = match (NonZeroUsize::new(3), NonZeroUsize::new(256)) {
        (Some(steps), Some(samples)) => Self { steps, samples },
        _ => unreachable!(),
    };

    /// Training samples, of which there must be a batch.
    pub fn train_samples(self, batch: Option<usize>) -> usize {
        self.samples.get().max(batch.unwrap_or(1))
    }
}

/// SHA-256 in hexadecimal over what a glimpse of this run measures, the stages that it needs included, and
/// over what its configuration decides without data. All metrics of the routine are asked for, whichever
/// the table shows, so that another column changes no identity.
///
/// # Errors
/// As [`Routine::run`].
pub(crate) fn identity<R: Routine>(spec: &Spec<R>, library: &Library) -> Result<String, RunError> {
    let folder =
        tempfile::tempdir().map_err(|error| RunError::Spec(format!("no temporary folder: {error}")))?;
    let mut hash = Sha256::new();
    let glimpse = || RunContext { glimpse: Some(Glimpse::IDENTITY), ..RunContext::plain(library) };
    let mut context = glimpse();
    let metrics: Vec<String> = R::metrics().into_iter().map(|metric| metric.name).collect();
    let spec = &Spec::<R> { metrics: metrics.clone(), ..spec.clone() };
    for mut stage in R::stages(spec) {
        stage.spec.metrics.clone_from(&metrics);
        let weights = folder.path().join(stage.name);
        let measured = R::run(&stage.spec, &RunContext { weights: Some(weights.clone()), ..glimpse() })?;
        add_all(&mut hash, &decided(&stage.spec));
        add(&mut hash, &measured);
        context.stages.insert(stage.name.to_owned(), weights);
    }
    add_all(&mut hash, &decided(spec));
    add_all(&mut hash, &R::constants());
    add(&mut hash, &R::run(spec, &context)?);
    Ok(hex::encode(hash.finalize()))
}

/// What schedule, patience and selection decide without data.
fn decided<M, S>(spec: &crate::RunSpec<M, S>) -> Vec<f64> {
    match (&spec.train, &spec.optimizer) {
        (Some(config), Some(optimizer)) => train::trace(config, optimizer, STEPS_PER_EPOCH),
        _ => Vec::new(),
    }
}

/// Steps of an epoch that a schedule is looked at with, where it changes from step to step.
const STEPS_PER_EPOCH: usize = 10;

fn add(hash: &mut Sha256, measured: &Measured) {
    let Measured { metrics, curves, points, opening: _ } = measured;
    for (name, value) in metrics {
        hash.update(name);
        add_all(hash, &[*value]);
    }
    for (name, curve) in curves {
        hash.update(name);
        add_all(hash, curve);
    }
    for (name, points) in points {
        hash.update(name);
        add_all(hash, points.as_flattened());
    }
}

/// Adds numbers behind their count, so that no two lists give the same bytes.
fn add_all(hash: &mut Sha256, values: &[f64]) {
    hash.update((values.len() as u64).to_le_bytes());
    values.iter().for_each(|value| hash.update(value.to_bits().to_le_bytes()));
}
