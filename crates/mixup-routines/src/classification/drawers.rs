//! Omniglot as a classification of characters: whose drawings are trained on, and whose are held out.

use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    split::{evenly_spaced, random_parts},
    stream::Streams,
};
use mixup_data::{LabelledImages, Omniglot, catalogue, omniglot_small};
use mixup_paper::{RunContext, RunError};
use serde::{Deserialize, Serialize};

use super::images::tested_on;
use super::{Parts, Spec, classes_of};

/// `setting.drawers`: of the drawers of each alphabet, numbered from 1 to 20, the first and the last of each part.
/// The parts are of other people's hands, and the same for every seed. [`Setting::classes`](super::Setting::classes) says how
/// many characters are told apart, drawn by seed from all alphabets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawers {
    /// Whose drawings are trained on.
    pub train: [u8; 2],
    /// Whose the epoch and the temperature are chosen by.
    pub validation: [u8; 2],
    /// Whose are reported.
    pub test: [u8; 2],
}

/// Drawers of each alphabet.
const DRAWERS: u8 = 20;

/// Pixels of a side where `setting.resize` says nothing.
const SIDE: usize = 28;

impl Drawers {
    /// What is wrong with it, or with what else the experiment says.
    ///
    /// # Errors
    /// The message for the user.
    pub(super) fn check<M>(&self, spec: &Spec<M>) -> Result<(), String> {
        let refused = |what: &str| Err(format!("setting.drawers: {what}"));
        if spec.data != catalogue::OMNIGLOT_SMALL.name {
            return refused(&format!("only `{}` has drawers", catalogue::OMNIGLOT_SMALL.name));
        }
        if spec.setting.hold_out.is_some()
            || spec.setting.label_noise.is_some()
            || spec.setting.complementary.is_some()
        {
            return refused(
                "drawers say what is held out, and labels are as they are: no `hold_out`, `label_noise` or `complementary`",
            );
        }
        if spec.parameters.train.is_some() {
            return refused("a row's `train` is for sets that are split at random");
        }
        let parts = [self.train, self.validation, self.test];
        if parts.iter().any(|[first, last]| *first == 0 || first > last || *last > DRAWERS) {
            return refused(&format!("each part is `[first, last]`, from 1 to {DRAWERS}"));
        }
        let apart = |[a, b]: [[u8; 2]; 2]| a[1] < b[0] || b[1] < a[0];
        let pairs = [[parts[0], parts[1]], [parts[0], parts[2]], [parts[1], parts[2]]];
        if !pairs.into_iter().all(apart) {
            return refused("no drawer may be in two parts");
        }
        Ok(())
    }

    /// The parts, of characters that are drawn on the stream `characters`: those of fewer classes are among those
    /// of more.
    ///
    /// # Errors
    /// The set is not at hand, or has fewer characters than the spec asks for.
    pub(super) fn parts<M>(
        &self,
        spec: &Spec<M>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Parts, RunError> {
        let side = spec.setting.resize.map_or(SIDE, NonZeroUsize::get);
        let drawings = omniglot_small(context.library, side)?;
        let classes = classes_of(spec).map_or(drawings.characters.len(), NonZeroUsize::get);
        let characters = characters(&drawings, classes, streams)?;
        let part = |[first, last]: [u8; 2]| drawings.drawn_by(&characters, first..=last);
        let thinned = |images: LabelledImages, keep: Option<usize>| {
            let rows: Vec<usize> = (0..images.len()).collect();
            keep.map_or(images.clone(), |keep| images.select(&evenly_spaced(&rows, keep)))
        };
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        let few = context.glimpse.map(|glimpse| glimpse.train_samples(batch));
        let train = thinned(part(self.train), spec.train_samples.map(NonZeroUsize::get));
        Ok(Parts {
            train: thinned(train, few),
            validation: thinned(part(self.validation), context.glimpse.map(|glimpse| glimpse.samples.get())),
            test: tested_on(part(self.test), spec, context),
            complementary: None,
        })
    }
}

/// Places of so many characters, in order.
fn characters(drawings: &Omniglot, classes: usize, streams: &mut Streams) -> Result<Vec<u16>, CoreError> {
    let [mut drawn] = random_parts(drawings.characters.len(), [classes], streams.get("characters"))?;
    drawn.sort_unstable();
    Ok(drawn.into_iter().map(|character| character as u16).collect())
}
