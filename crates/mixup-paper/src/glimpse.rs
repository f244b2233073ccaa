//! The identity of a run's behaviour: what the code does, not how it is spelled.
//!
//! A glimpse takes a run through its whole path in little: draws, batches, loss, optimiser, the schedule
//! at the first, a middle and the last epoch, selection, evaluation, metrics. Everything that it measures
//! is hashed bit by bit. Sources that give the same hash on the same machine give the same runs.

use std::collections::BTreeMap;
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

/// Two hashes in hexadecimal, 64 letters together, over what a glimpse of this run gives, the stages that it
/// needs included: what it predicts, and what is measured of that.
///
/// The first half is of the predictions, the curves, all that is measured otherwise, and what the
/// configuration decides without data; the second of the metrics that [`Routine::from_predictions`] gives.
/// All metrics of the routine are asked for, whichever the table shows, so that another column changes no
/// identity. A new metric of the second kind changes the second half only ([`same_predictions`]).
///
/// # Errors
/// As [`Routine::run`].
pub(crate) fn identity<R: Routine>(spec: &Spec<R>, library: &Library) -> Result<String, RunError> {
    let folder =
        tempfile::tempdir().map_err(|error| RunError::Spec(format!("no temporary folder: {error}")))?;
    let mut hashes = Hashes::default();
    let glimpse = || RunContext { glimpse: Some(Glimpse::IDENTITY), ..RunContext::plain(library) };
    let mut context = glimpse();
    let metrics: Vec<String> = R::metrics().into_iter().map(|metric| metric.name).collect();
    let spec = &Spec::<R> { metrics: metrics.clone(), ..spec.clone() };
    for mut stage in R::stages(spec) {
        stage.spec.metrics.clone_from(&metrics);
        let weights = folder.path().join(stage.name);
        let measured = R::run(&stage.spec, &RunContext { weights: Some(weights.clone()), ..glimpse() })?;
        add_all(&mut hashes.predicted, &decided(&stage.spec));
        hashes.add::<R>(&stage.spec, &measured)?;
        context.stages.insert(stage.name.to_owned(), weights);
    }
    add_all(&mut hashes.predicted, &decided(spec));
    add_all(&mut hashes.predicted, &R::constants(spec));
    hashes.add::<R>(spec, &R::run(spec, &context)?)?;
    Ok(hashes.finish())
}

/// Whether two identities are of code that predicts the same, whatever it measures of that.
pub fn same_predictions(one: &str, other: &str) -> bool {
    let half = |identity: &str| identity.get(..HALF).map(str::to_owned);
    half(one).is_some() && half(one) == half(other)
}

/// Letters of each half of an identity: 128 bits.
const HALF: usize = 32;

/// What schedule, patience and selection decide without data.
fn decided<M, S>(spec: &crate::RunSpec<M, S>) -> Vec<f64> {
    match (&spec.train, &spec.optimizer) {
        (Some(config), Some(optimizer)) => train::trace(config, optimizer, STEPS_PER_EPOCH),
        _ => Vec::new(),
    }
}

/// Steps of an epoch that a schedule is looked at with, where it changes from step to step.
const STEPS_PER_EPOCH: usize = 10;

/// The two halves of an identity on their way.
#[derive(Default)]
struct Hashes {
    predicted: Sha256,
    measured: Sha256,
}

impl Hashes {
    fn add<R: Routine>(&mut self, spec: &Spec<R>, measured: &Measured) -> Result<(), RunError> {
        let Measured { metrics, curves, points, predictions, opening: _ } = measured;
        let mut derived = BTreeMap::new();
        if let Some(predictions) = predictions {
            self.predicted.update(predictions.to_bytes());
            derived = R::from_predictions(spec, predictions)?;
        }
        for (name, value) in metrics {
            let hash = if derived.contains_key(name) { &mut self.measured } else { &mut self.predicted };
            hash.update(name);
            add_all(hash, &[*value]);
        }
        for (name, curve) in curves {
            self.predicted.update(name);
            add_all(&mut self.predicted, curve);
        }
        for (name, points) in points {
            self.predicted.update(name);
            add_all(&mut self.predicted, points.as_flattened());
        }
        Ok(())
    }

    fn finish(self) -> String {
        let half = |hash: Sha256| hex::encode(&hash.finalize()[..HALF / 2]);
        half(self.predicted) + &half(self.measured)
    }
}

/// Adds numbers behind their count, so that no two lists give the same bytes.
fn add_all(hash: &mut Sha256, values: &[f64]) {
    hash.update((values.len() as u64).to_le_bytes());
    values.iter().for_each(|value| hash.update(value.to_bits().to_le_bytes()));
}
