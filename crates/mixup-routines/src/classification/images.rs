//! The images of a run: three parts, and those of another set as a network for this one takes them.

use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    augment::ImageShape,
    split::{HoldOut, evenly_spaced},
    stream::Streams,
};
use mixup_data::{
    Album, DataError, Fit, ImageSet, LabelledImages, Library, album, is_album, load_images, load_test_images,
};
use mixup_paper::{RunContext, RunError, required};
use rand::{Rng, seq::SliceRandom};

use super::{ComplementaryLabels, Outliers, Spec, classes_of};

/// Images of the three parts, all of one shape.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What is trained on.
    pub train: LabelledImages,
    /// What the epoch and the temperature are chosen by.
    pub validation: LabelledImages,
    /// What is reported.
    pub test: LabelledImages,
    /// What training and the choice of an epoch see instead of the labels.
    pub complementary: Option<ComplementaryLabels>,
    /// Test images of classes that are in none of the other parts; their labels are of the whole set.
    pub unseen: Option<LabelledImages>,
    /// Images of another set that methods may train on.
    pub outliers: Option<Outliers>,
}

impl Parts {
    /// What training sees as the labels of the training part.
    pub fn seen_labels(&self) -> &[u16] {
        self.complementary.as_ref().map_or(&self.train.labels, |labels| &labels.train)
    }

    /// The parts that a spec asks for, drawn on the stream `split`; labels are made wrong on the stream
    /// `label-noise`, complementary ones of all images of the set, in their order, drawn on the stream
    /// `complementary`; unseen classes are drawn on the stream `unseen`, before all of that.
    ///
    /// Of photographs the set has stand-ins, as [`load`] gives them; those that are left are decoded.
    ///
    /// # Errors
    /// No `hold_out`, or one that the set is too small for; photographs that cannot be decoded.
    pub fn of<M>(
        spec: &Spec<M>,
        set: ImageSet,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        let mut set = match classes_of(spec) {
            Some(classes) => ImageSet {
                train: of_first_classes(&set.train, classes)?,
                test: of_first_classes(&set.test, classes)?,
            },
            None => set,
        };
        let mut unseen = None;
        if let Some(count) = spec.setting.unseen {
            let others;
            (set, others) = without_classes(&set, count.get(), streams.get("unseen"))?;
            unseen = Some(others);
        }
        let hold_out = *required(spec.setting.hold_out.as_ref(), "setting.hold_out")?;
        let hold_out = HoldOut { train: spec.parameters.train.or(hold_out.train), ..hold_out };
        if let Some(noise) = spec.setting.label_noise {
            set.train.labels = noise.of(&set.train.labels, set.train.classes, streams.get("label-noise"))?;
        }
        let mut drawn = hold_out.draw(&set.train.labels, streams.get("split"))?;
        if let Some(samples) = spec.train_samples {
            drawn.train = evenly_spaced(&drawn.train, samples.get());
        }
        if let Some(glimpse) = context.glimpse {
            let batch = spec.train.as_ref().map(|train| train.batch.get());
            drawn.train = evenly_spaced(&drawn.train, glimpse.train_samples(batch));
            drawn.validation = evenly_spaced(&drawn.validation, glimpse.samples.get());
        }
        let complementary = spec.setting.complementary.as_ref();
        let complementary = complementary
            .map(|config| ComplementaryLabels::draw(config, &set.train, &drawn, streams.get("complementary")))
            .transpose()?;
        let [train, validation] = [&drawn.train, &drawn.validation].map(|rows| set.train.select(rows));
        let album = if is_album(&spec.data) { album(context.library, &spec.data)? } else { None };
        let sized = |images: LabelledImages| -> Result<LabelledImages, RunError> {
            let side = spec.setting.resize.map(NonZeroUsize::get);
            Ok(match (&album, side) {
                (Some(album), side) => {
                    album.developed(&images, Fit::Stretched, *required(side.as_ref(), RESIZE)?)?
                }
                (None, Some(side)) => {
                    resized(&images, ImageShape { channels: images.channels, height: side, width: side })
                }
                (None, None) => images,
            })
        };
        let train = sized(train)?;
        let outliers = Outliers::of(spec, shape_of(&train), context)?;
        Ok(Self {
            train,
            validation: sized(validation)?,
            test: sized(tested_on(set.test, spec, context))?,
            complementary,
            unseen: unseen.map(|unseen| sized(tested_on(unseen, spec, context))).transpose()?,
            outliers,
        })
    }
}

/// What photographs need.
pub(super) const RESIZE: &str = "setting.resize";

/// An image set; of photographs stand-ins ([`Album`]).
///
/// # Errors
/// As [`load_images`].
pub fn load(library: &Library, name: &str) -> Result<ImageSet, DataError> {
    match album(library, name)? {
        Some(album) => Ok(album.split()),
        None => load_images(library, name),
    }
}

/// The images of another set that may be tested on, in the shape of the run's own.
pub(super) fn others<M>(
    name: &str,
    shape: ImageShape,
    spec: &Spec<M>,
    context: &RunContext<'_>,
) -> Result<LabelledImages, RunError> {
    Ok(match album(context.library, name)? {
        Some(album) => developed(&album, &tested_on(album.split().test, spec, context), shape)?,
        None => resized(&tested_on(load_test_images(context.library, name)?, spec, context), shape),
    })
}

/// Photographs that stand-ins stand for, stretched to a shape.
pub(super) fn developed(
    album: &Album,
    stand_ins: &LabelledImages,
    shape: ImageShape,
) -> Result<LabelledImages, DataError> {
    let images = album.developed(stand_ins, Fit::Stretched, shape.height)?;
    Ok(if shape_of(&images) == shape { images } else { resized(&images, shape) })
}

/// The images of a test part that a run is measured on: as many as the spec says, evenly spaced, and of a
/// glimpse as few as it takes.
pub(super) fn tested_on<M>(
    images: LabelledImages,
    spec: &Spec<M>,
    context: &RunContext<'_>,
) -> LabelledImages {
    let all = images.len();
    let count = context.at_most(spec.test_samples.map_or(all, |count| all.min(count.get())));
    if count == all {
        return images;
    }
    let rows: Vec<usize> = (0..all).collect();
    images.select(&evenly_spaced(&rows, count))
}

/// Images of the first so many classes.
fn of_first_classes(images: &LabelledImages, classes: NonZeroUsize) -> Result<LabelledImages, CoreError> {
    let kept = u16::try_from(classes.get()).unwrap_or(u16::MAX);
    if kept > images.classes {
        return Err(CoreError::Invalid(format!(
            "setting.classes is {classes}, and the set has {}",
            images.classes
        )));
    }
    let rows: Vec<usize> = (0..images.len()).filter(|&row| images.labels[row] < kept).collect();
    Ok(LabelledImages { classes: kept, ..images.select(&rows) })
}

/// A set without some of its classes, drawn at random, and the test images of these. Those that are left are counted
/// anew, in their order.
fn without_classes(
    set: &ImageSet,
    count: usize,
    rng: &mut impl Rng,
) -> Result<(ImageSet, LabelledImages), CoreError> {
    let classes = set.train.classes;
    if count + 2 > usize::from(classes) {
        return Err(CoreError::Invalid(format!(
            "setting.unseen is {count}, and of the set's {classes} classes two at least must be known"
        )));
    }
    let mut order: Vec<u16> = (0..classes).collect();
    order.shuffle(rng);
    let mut known = order.split_off(count);
    known.sort_unstable();
    let of_known = |images: &LabelledImages| {
        let label = |row: &usize| known.binary_search(&images.labels[*row]).ok();
        let rows: Vec<usize> = (0..images.len()).filter(|row| label(row).is_some()).collect();
        let labels = rows.iter().filter_map(label).map(|label| label as u16).collect();
        LabelledImages { classes: known.len() as u16, labels, ..images.select(&rows) }
    };
    let others = (0..set.test.len()).filter(|&row| known.binary_search(&set.test.labels[row]).is_err());
    let unseen = set.test.select(&others.collect::<Vec<_>>());
    Ok((ImageSet { train: of_known(&set.train), test: of_known(&set.test) }, unseen))
}

/// Size of the images of a set.
pub fn shape_of(images: &LabelledImages) -> ImageShape {
    ImageShape { channels: images.channels, height: images.height, width: images.width }
}

/// Images of another size, by bilinear interpolation between the centres of pixels (as PyTorch does
/// without `align_corners`). Of another number of channels, each becomes the mean of all.
pub fn resized(images: &LabelledImages, shape: ImageShape) -> LabelledImages {
    let source = |along: usize, out: usize, length: usize| {
        let centre = (along as f64 + 0.5) * length as f64 / out as f64 - 0.5;
        let centre = centre.clamp(0.0, (length - 1) as f64);
        let low = centre as usize;
        (low, (low + 1).min(length - 1), centre.fract())
    };
    let plane = images.height * images.width;
    let mut pixels = Vec::with_capacity(images.len() * shape.size());
    for image in (0..images.len()).map(|index| images.image(index)) {
        for channel in 0..shape.channels {
            let value = |row: usize, column: usize| {
                let at = row * images.width + column;
                if images.channels == shape.channels {
                    return f64::from(image[channel * plane + at]);
                }
                let all = image.iter().skip(at).step_by(plane);
                all.map(|&pixel| f64::from(pixel)).sum::<f64>() / images.channels as f64
            };
            for row in 0..shape.height {
                let (top, bottom, down) = source(row, shape.height, images.height);
                for column in 0..shape.width {
                    let (left, right, over) = source(column, shape.width, images.width);
                    let line = |row| value(row, left) * (1.0 - over) + value(row, right) * over;
                    pixels.push((line(top) * (1.0 - down) + line(bottom) * down).round() as u8);
                }
            }
        }
    }
    LabelledImages {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
        classes: images.classes,
        pixels,
        labels: images.labels.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, [height, width]: [usize; 2], pixels: &[u8]) -> LabelledImages {
        LabelledImages { channels, height, width, classes: 1, pixels: pixels.to_vec(), labels: vec![0] }
    }

    #[test]
    fn half_the_size_is_the_mean_of_four() {
        let large = image(1, [2, 4], &[0, 10, 20, 30, 40, 50, 60, 70]);
        let small = resized(&large, ImageShape { channels: 1, height: 1, width: 2 });
        assert_eq!(small.pixels, [25, 45]);
    }

    #[test]
    fn twice_the_size_interpolates_between_centres() {
        let wide = resized(&image(1, [1, 2], &[0, 100]), ImageShape { channels: 1, height: 2, width: 4 });
        assert_eq!(wide.pixels, [0, 25, 75, 100, 0, 25, 75, 100]);
    }

    #[test]
    fn unseen_classes_are_in_no_part_and_others_for_every_seed() {
        let part = |count: u16| LabelledImages {
            classes: 5,
            pixels: (0..count as u8).collect(),
            labels: (0..count).map(|row| row % 5).collect(),
            ..image(1, [1, 1], &[])
        };
        let set = ImageSet { train: part(20), test: part(10) };
        let draw = |seed: u64| {
            without_classes(&set, 2, Streams::new("unseen", seed).get("unseen")).map(|(known, unseen)| {
                // A pixel is the number of its image, and so says the class.
                let class = |images: &LabelledImages, row: usize| u16::from(images.pixels[row]) % 5;
                for images in [&known.train, &known.test] {
                    assert_eq!((images.classes, images.len() % 6), (3, 0));
                    for row in 0..images.len() {
                        let same = (0..3).filter(|&other| class(images, other) < class(images, row)).count();
                        assert_eq!(usize::from(images.labels[row]), same, "counted anew, in their order");
                        assert!(!unseen.labels.contains(&class(images, row)));
                    }
                }
                assert_eq!((unseen.len(), unseen.classes), (4, 5));
                unseen.labels
            })
        };
        assert_eq!(draw(0).unwrap(), draw(0).unwrap());
        assert!((1..20).any(|seed| draw(seed).unwrap() != draw(0).unwrap()));
        let error = without_classes(&set, 4, Streams::new("unseen", 0).get("unseen")).unwrap_err();
        assert!(error.to_string().contains("setting.unseen is 4"), "{error}");
    }

    #[test]
    fn grey_becomes_every_channel_and_colours_their_mean() {
        let shape = |channels| ImageShape { channels, height: 1, width: 2 };
        assert_eq!(resized(&image(1, [1, 2], &[3, 9]), shape(3)).pixels, [3, 9, 3, 9, 3, 9]);
        assert_eq!(resized(&image(3, [1, 2], &[0, 3, 6, 3, 9, 3]), shape(1)).pixels, [5, 3]);
        let same = image(3, [1, 2], &[0, 3, 6, 3, 9, 3]);
        assert_eq!(resized(&same, shape(3)), same);
    }
}
