//! Corrupted test images: our own, and those of sets that others have made.

use mixup_core::{
    CoreError,
    augment::ImageShape,
    shift::{Corruption, CorruptionKind},
    split::evenly_spaced,
    stream::Streams,
};
use mixup_data::{CIFAR_C_KINDS, LabelledImages, load_corrupted};
use mixup_paper::{RunContext, RunError};
use mixup_routines::classification::{resized, shape_of};

use super::{Corrupted, Spec};

/// Test images under one corruption.
pub(super) struct Images {
    /// Its name.
    pub(super) kind: String,
    /// The images.
    pub(super) images: LabelledImages,
}

/// Names of all corruptions, each once.
pub(super) fn kinds() -> Vec<String> {
    let own = CorruptionKind::ALL.map(|kind| kind.name().to_owned());
    let others = CIFAR_C_KINDS.map(name_of).into_iter().filter(|name| !own.contains(name));
    let others: Vec<String> = others.collect();
    own.into_iter().chain(others).collect()
}

/// The name of a corruption whose file is called so.
fn name_of(file: &str) -> String {
    file.replace('_', "-")
}

/// Test images that are corrupted here. Stream read here: `corruption`.
pub(super) fn own(
    test: &LabelledImages,
    corruptions: &[Corruption],
    streams: &mut Streams,
) -> Result<Vec<Images>, CoreError> {
    let corrupted = |corruption: &Corruption| {
        let pixels = corruption.of(&test.pixels, shape_of(test), streams.get("corruption"))?;
        Ok(Images {
            kind: corruption.kind.name().to_owned(),
            images: LabelledImages { pixels, labels: test.labels.clone(), ..*test },
        })
    };
    corruptions.iter().map(corrupted).collect()
}

/// Test images of a set of corrupted ones: of fewer than all, evenly spaced ones.
///
/// # Errors
/// A set that is not at hand.
pub(super) fn foreign(
    corrupted: &Corrupted,
    spec: &Spec,
    context: &RunContext<'_>,
) -> Result<Vec<Images>, RunError> {
    let load = |file: &str| {
        let all = load_corrupted(context.library, &corrupted.data, file, corrupted.severity.into())?;
        let count = context.at_most(spec.test_samples.map_or(all.len(), |count| all.len().min(count.get())));
        let rows: Vec<usize> = (0..all.len()).collect();
        let images = all.select(&evenly_spaced(&rows, count));
        let images = match spec.setting.resize {
            Some(side) => {
                let (channels, side) = (images.channels, side.get());
                resized(&images, ImageShape { channels, height: side, width: side })
            }
            None => images,
        };
        Ok(Images { kind: name_of(file), images })
    };
    CIFAR_C_KINDS.into_iter().map(load).collect()
}
