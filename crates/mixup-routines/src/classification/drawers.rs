//! Omniglot as a classification of characters: whose drawings are trained on, and whose are held out.

use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    split::{evenly_spaced, random_parts},
    stream::Streams,
};
use mixup_data::{LabelledImages, Omniglot, catalogue, omniglot, omniglot_small};
use mixup_paper::{RunContext, RunError};
use serde::{Deserialize, Serialize};

use super::images::tested_on;
use super::{Outliers, Parts, Spec, classes_of, shape_of};

/// `setting.drawers`: of the drawers of each alphabet, numbered from 1 to 20, the first and the last of each part.
/// The parts are of other people's hands, and the same for every seed. [`Setting::classes`](super::Setting::classes) says how
/// many characters are told apart, drawn by seed from all alphabets, and [`Setting::unseen`](super::Setting::unseen)
/// how many of the others must be told from these.
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
        if spec.setting.resize.is_some_and(|side| side.get() > omniglot::SMALL.side) {
            return refused(&format!("`resize` is at most {}", omniglot::SMALL.side));
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
    /// of more. Unseen characters are drawn by the testers.
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
        let drawings = omniglot_small(context.library, omniglot::SMALL.side)?;
        let unseen = spec.setting.unseen.map_or(0, NonZeroUsize::get);
        let rest = drawings.characters.len().saturating_sub(unseen);
        let classes = classes_of(spec).map_or(rest, NonZeroUsize::get);
        let [known, unseen] = characters(&drawings, [classes, unseen], streams)?;
        let drawn = |characters: &[u16], [first, last]: [u8; 2]| {
            drawings.drawn_by(characters, first..=last).box_filtered(side, side)
        };
        let [train, validation, test] =
            [self.train, self.validation, self.test].map(|drawers| drawn(&known, drawers));
        let thinned = |images: LabelledImages, keep: Option<usize>| {
            let rows: Vec<usize> = (0..images.len()).collect();
            keep.map_or(images.clone(), |keep| images.select(&evenly_spaced(&rows, keep)))
        };
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        let few = context.glimpse.map(|glimpse| glimpse.train_samples(batch));
        let train = thinned(thinned(train, spec.train_samples.map(NonZeroUsize::get)), few);
        let outliers = Outliers::of(spec, shape_of(&train), context)?;
        Ok(Parts {
            train,
            validation: thinned(validation, context.glimpse.map(|glimpse| glimpse.samples.get())),
            test: tested_on(test, spec, context),
            complementary: None,
            unseen: (!unseen.is_empty()).then(|| tested_on(drawn(&unseen, self.test), spec, context)),
            outliers,
        })
    }
}

/// Places of so many characters that are told apart and of so many unseen ones, in order.
fn characters(
    drawings: &Omniglot,
    [classes, unseen]: [usize; 2],
    streams: &mut Streams,
) -> Result<[Vec<u16>; 2], CoreError> {
    let all = drawings.characters.len();
    let [drawn] = random_parts(all, [classes + unseen], streams.get("characters"))?;
    let (known, unseen) = drawn.split_at(classes);
    Ok([known, unseen].map(|places| {
        let mut places: Vec<u16> = places.iter().map(|&place| place as u16).collect();
        places.sort_unstable();
        places
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{Classification, NoOwn};
    use super::*;
    use mixup_data::omniglot::Character;
    use mixup_paper::{Json, Routine};
    use serde_json::{Value, json};

    fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut spec = json!({
            "paper": "p", "experiment": "e", "routine": "classification", "method": "ce",
            "parameters": {"kind": "ce"}, "seed": 0,
            "setting": {"drawers": {"train": [11, 20], "validation": [9, 10], "test": [1, 8]}},
            "data": "omniglot-small", "model": {"kind": "lenet"}, "optimizer": {"kind": "sgd", "lr": 0.1},
            "train": {"epochs": 1, "batch": 2, "select": "last"}, "train_samples": null,
            "metrics": ["ece"], "device": "flex"
        });
        change(&mut spec);
        Classification::<NoOwn>::check(&Spec::from_json(&spec).unwrap())
    }

    #[test]
    fn parts_are_of_other_hands() {
        assert_eq!(checked(|_| ()), Ok(()));
        let drawers = |part: &'static str, range: [u8; 2]| {
            move |spec: &mut Value| spec["setting"]["drawers"][part] = json!(range)
        };
        for (part, range, named) in [
            ("train", [10, 20], "two parts"),
            ("test", [1, 9], "two parts"),
            ("train", [11, 21], "from 1 to 20"),
            ("test", [0, 8], "from 1 to 20"),
            ("validation", [10, 9], "[first, last]"),
        ] {
            let error = checked(drawers(part, range)).unwrap_err();
            assert!(error.contains(named), "{part} {range:?}: {error}");
        }
        assert!(checked(|spec| spec["data"] = json!("digits")).unwrap_err().contains("omniglot-small"));
        for (key, value) in [
            ("hold_out", json!({"validation": 3})),
            ("label_noise", json!({"uniform": 0.5})),
            ("complementary", json!({})),
        ] {
            assert!(
                checked(|spec| spec["setting"][key] = value).unwrap_err().contains("no `hold_out`"),
                "{key}"
            );
        }
        assert!(checked(|spec| spec["parameters"]["train"] = json!(9)).unwrap_err().contains("`train`"));
    }

    #[test]
    fn fewer_characters_are_among_more_and_seeds_draw_others() {
        let drawings = Omniglot {
            images: LabelledImages {
                channels: 1,
                height: 1,
                width: 1,
                classes: 50,
                pixels: vec![],
                labels: vec![],
            },
            alphabets: vec![],
            drawers: vec![],
            alphabet_names: vec!["A".to_owned()],
            characters: vec![Character { alphabet: 0, folder: "character01".to_owned() }; 50],
        };
        let drawn = |sizes, seed| characters(&drawings, sizes, &mut Streams::new("drawers", seed));
        let ([few, none], [more, unseen]) = (drawn([10, 0], 3).unwrap(), drawn([30, 20], 3).unwrap());
        assert!(few.iter().all(|character| more.contains(character)) && few.is_sorted());
        assert!(none.is_empty() && unseen.len() == 20 && unseen.is_sorted());
        assert!(unseen.iter().all(|character| !more.contains(character)));
        assert_ne!(drawn([10, 0], 4).unwrap()[0], few);
        assert_eq!(drawn([50, 0], 3).unwrap()[0], (0..50).collect::<Vec<u16>>());
        assert!(drawn([51, 0], 3).is_err() && drawn([31, 20], 3).is_err());
    }
}
