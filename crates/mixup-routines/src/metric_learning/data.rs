//! Training and test images of disjoint classes.

use std::collections::{BTreeMap, BTreeSet};

use mixup_core::{augment::ImageShape, split::evenly_spaced, stream::Streams};
use mixup_data::{
    Album, Fit, LabelledImages, Library, album, catalogue, load_images, omniglot::omniglot_small,
};
use mixup_paper::{RunContext, RunError, RunSpec};
use rand::seq::SliceRandom;

use super::{Order, Row, Setting};
use crate::classification::resized;

/// Images of two parts without a common class; each part's classes are counted from 0.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is trained on.
    pub train: LabelledImages,
    /// What is retrieved for.
    pub test: LabelledImages,
    /// What is searched, with the labels of `test`; where absent, `test` itself.
    pub gallery: Option<LabelledImages>,
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
        let side = spec.setting.side.get();
        if let Some(album) = album(context.library, &spec.data)? {
            let parts = Self::of_album(&album, spec, context, streams)?;
            let developed = |part: &LabelledImages| album.developed(part, Fit::CentreSquare, side);
            return Ok(Self {
                train: developed(&parts.train)?,
                test: developed(&parts.test)?,
                gallery: parts.gallery.as_ref().map(developed).transpose()?,
            });
        }
        let grouped = Grouped::load(context.library, &spec.data, side)?;
        Self::of_groups(&grouped, spec, context, streams)
    }

    /// Stand-ins of photographs: in the split of their authors where that is asked for and has no class on both sides, else in
    /// groups, each of one class.
    fn of_album<M>(
        album: &Album,
        spec: &RunSpec<Row<M>, Setting>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        if spec.setting.order == Order::Random || !album.is_apart() {
            let images = album.all();
            let groups = images.labels.iter().copied().map(usize::from).collect();
            return Self::of_groups(&Grouped { images, groups }, spec, context, streams);
        }
        let (train, test) = (album.train(), album.queries());
        let classes = train.labels.iter().collect::<BTreeSet<_>>().len();
        if classes != spec.setting.train_groups.get() {
            return Err(RunError::Spec(format!(
                "setting.train_groups is {}; `{}` is trained on {classes} classes in the order of its authors",
                spec.setting.train_groups, spec.data
            )));
        }
        let gallery = album.gallery().map(|gallery| (0..gallery.len(), gallery));
        let gallery = gallery.map(|(rows, gallery)| {
            let rows: Vec<usize> = rows.collect();
            gallery.select(&evenly_spaced(&rows, context.at_most(gallery.len())))
        });
        let all = |images: &LabelledImages| (0..images.len()).collect::<Vec<usize>>();
        let (train_rows, test_rows) = thinned(spec, context, [&all(&train), &all(&test)]);
        Ok(Self::counted(train.select(&train_rows), test.select(&test_rows), gallery))
    }

    fn of_groups<M>(
        Grouped { images, groups }: &Grouped,
        spec: &RunSpec<Row<M>, Setting>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        let setting = &spec.setting;
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
            let chosen: BTreeSet<usize> = chosen.iter().copied().collect();
            (0..groups.len()).filter(|row| chosen.contains(&groups[*row])).collect()
        };
        let (train, test) = (rows(&order[..wanted]), rows(&order[wanted..]));
        let (train, test) = thinned(spec, context, [&train, &test]);
        Ok(Self::counted(images.select(&train), images.select(&test), None))
    }

    /// The parts with the classes of each counted from 0; those of queries and gallery alike.
    fn counted(train: LabelledImages, test: LabelledImages, gallery: Option<LabelledImages>) -> Self {
        let Some(gallery) = gallery else {
            return Self { train: counted_from_zero(train), test: counted_from_zero(test), gallery: None };
        };
        let queries = test.len();
        let labels = [test.labels, gallery.labels].concat();
        let all = counted_from_zero(LabelledImages {
            labels,
            pixels: [test.pixels, gallery.pixels].concat(),
            ..test
        });
        let part = |rows: std::ops::Range<usize>| all.select(&rows.collect::<Vec<_>>());
        let gallery = Some(part(queries..all.len()));
        Self { train: counted_from_zero(train), test: part(0..queries), gallery }
    }
}

/// As many rows of both parts as a spec and a glimpse take, evenly spaced.
fn thinned<M>(
    spec: &RunSpec<Row<M>, Setting>,
    context: &RunContext<'_>,
    [train, test]: [&[usize]; 2],
) -> (Vec<usize>, Vec<usize>) {
    let batch = spec.train.as_ref().map(|train| train.batch.get());
    let fewer = context.glimpse.map(|glimpse| glimpse.train_samples(batch));
    let asked = [spec.train_samples.map(|samples| samples.get()), fewer];
    let most = asked.into_iter().flatten().min().unwrap_or(train.len());
    let tested = context.at_most(spec.test_samples.map_or(test.len(), |samples| samples.get()));
    (evenly_spaced(train, most), evenly_spaced(test, tested))
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
