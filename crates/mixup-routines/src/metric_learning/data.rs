//! Training and test images of disjoint classes.

use std::collections::BTreeMap;

use mixup_core::{augment::ImageShape, split::evenly_spaced, stream::Streams};
use mixup_data::{LabelledImages, Library, catalogue, load_images, omniglot::omniglot_small};
use mixup_paper::{RunContext, RunError, RunSpec};
use rand::seq::SliceRandom;

use super::{Order, Row, Setting};
use crate::classification::resized;

/// Images of two parts without a common class; each part's classes are counted from 0.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is trained on.
    pub train: LabelledImages,
    /// What is retrieved.
    pub test: LabelledImages,
}

/// Images with the group that each one's class is of.
struct Grouped {
    images: LabelledImages,
    groups: Vec<usize>,
}

impl Parts {
    /// The parts that a spec asks for, drawn on the stream `split`.
    ///
    /// # Errors
    /// Data that cannot be had, or fewer groups than are asked for.
    pub fn of<M>(
        spec: &RunSpec<Row<M>, Setting>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        let setting = &spec.setting;
        let Grouped { images, groups } = Grouped::load(context.library, &spec.data, setting.side.get())?;
        let mut order: Vec<usize> = (0..groups.iter().max().map_or(0, |last| last + 1)).collect();
        if setting.order == Order::Random {
            order.shuffle(streams.get("split"));
        }
        let wanted = setting.train_groups.get();
        if wanted >= order.len() {
            return Err(RunError::Spec(format!(
                "setting.train_groups is {wanted}; `{}` has {} groups of classes, and some must be left to test",
                spec.data,
                order.len()
            )));
        }
        let rows = |chosen: &[usize]| -> Vec<usize> {
            (0..groups.len()).filter(|row| chosen.contains(&groups[*row])).collect()
        };
        let (train, test) = (rows(&order[..wanted]), rows(&order[wanted..]));
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        let fewer = context.glimpse.map(|glimpse| glimpse.train_samples(batch));
        let asked = [spec.train_samples.map(|samples| samples.get()), fewer];
        let most = asked.into_iter().flatten().min().unwrap_or(train.len());
        let tested = context.at_most(spec.test_samples.map_or(test.len(), |samples| samples.get()));
        Ok(Self {
            train: counted_from_zero(images.select(&evenly_spaced(&train, most))),
            test: counted_from_zero(images.select(&evenly_spaced(&test, tested))),
        })
    }
}

impl Grouped {
    fn load(library: &Library, name: &str, side: usize) -> Result<Self, RunError> {
        if catalogue::find(name)?.name == catalogue::OMNIGLOT_SMALL.name {
            let set = omniglot_small(library, side)?;
            let groups = set.alphabets.iter().copied().map(usize::from).collect();
            return Ok(Self { images: set.images, groups });
        }
        let images = load_images(library, name)?.train;
        let images = resized(&images, ImageShape { channels: images.channels, height: side, width: side });
        let groups = images.labels.iter().copied().map(usize::from).collect();
        Ok(Self { images, groups })
    }
}

fn counted_from_zero(mut images: LabelledImages) -> LabelledImages {
    let mut names: BTreeMap<u16, u16> = BTreeMap::new();
    images.labels.iter().for_each(|label| _ = names.insert(*label, 0));
    (0..).zip(names.values_mut()).for_each(|(number, name)| *name = number);
    images.labels.iter_mut().for_each(|label| *label = names[&*label]);
    images.classes = u16::try_from(names.len()).unwrap_or(u16::MAX);
    images
}
