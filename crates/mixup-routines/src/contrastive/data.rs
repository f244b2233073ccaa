//! Training, validation and test samples with their labels.

use mixup_core::{
    CoreError,
    augment::{ChannelStatistics, ImageShape, Normalise},
    split::{evenly_spaced, random_parts},
    stream::Streams,
};
use mixup_data::{LabelledImages, catalogue, load_images, load_table, omniglot_small};
use mixup_paper::{RunContext, RunError, RunSpec};
use ndarray::ArrayView2;
use rand::{Rng, RngExt};

use super::setting::{Labels, Rotation, Setting};
use crate::classification::{resized, shape_of};
use crate::regression::Scaling;
use crate::regression::prepare::{Roles, samples};
use crate::regression::rcf::rotate;

/// Samples of one part. Rows of a table are images of one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// `[samples, channels, height, width]`, from 0 to 1.
    pub values: Vec<f32>,
    /// The label of each: a class, or a number in units of the label.
    pub targets: Vec<f64>,
}

/// The three parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What is trained on; probes read their bank from it.
    pub train: Samples,
    /// What probes are chosen by, and the course over the epochs.
    pub validation: Samples,
    /// What is reported.
    pub test: Samples,
    /// Size of a sample.
    pub shape: ImageShape,
    /// Number of classes, where the labels are classes.
    pub classes: Option<usize>,
}

/// Pixels of a side where an experiment does not say.
const OMNIGLOT_SIDE: usize = 28;

/// A part of a data set whose rows are not chosen yet.
struct Pool {
    train: LabelledImages,
    /// Where the set has a test part of its own.
    test: Option<LabelledImages>,
}

/// Rows of the three parts.
struct Chosen {
    train: Vec<usize>,
    validation: Vec<usize>,
    /// Of the test part where there is one.
    test: Vec<usize>,
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The labels as classes.
    pub fn classes(&self) -> Vec<usize> {
        self.targets.iter().map(|class| *class as usize).collect()
    }

    /// So many evenly spaced samples.
    #[must_use]
    pub fn some(&self, count: usize) -> Self {
        let rows: Vec<usize> = (0..self.len()).collect();
        let size = self.values.len().checked_div(self.len()).unwrap_or(0);
        let rows = evenly_spaced(&rows, count);
        Self {
            values: rows.iter().flat_map(|row| &self.values[row * size..(row + 1) * size]).copied().collect(),
            targets: rows.iter().map(|row| self.targets[*row]).collect(),
        }
    }

    fn of_images(images: &LabelledImages, targets: Vec<f64>) -> Self {
        Self { values: images.pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect(), targets }
    }
}

impl Parts {
    /// The parts that a spec asks for, drawn on the stream `split`; angles on the stream `angles`.
    ///
    /// # Errors
    /// Data that cannot be had, fewer samples than are asked for, images that cannot be turned.
    pub fn of<M>(
        spec: &RunSpec<M, Setting>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        if let Labels::Table(width) = spec.setting.labels {
            return Self::of_table(spec, context, width.get(), streams);
        }
        let pool = Pool::load(spec, context)?;
        let own = pool.test.as_ref().map(LabelledImages::len);
        let chosen = Chosen::draw(pool.train.len(), own, spec, context, streams)?;
        let of_test = pool.test.as_ref().unwrap_or(&pool.train);
        let [train, validation, test] =
            [(&pool.train, &chosen.train), (&pool.train, &chosen.validation), (of_test, &chosen.test)]
                .map(|(images, rows)| images.select(rows));
        let sized = |images: &LabelledImages| match spec.setting.side.map(|side| side.get()) {
            Some(side) => {
                resized(images, ImageShape { channels: images.channels, height: side, width: side })
            }
            None => images.clone(),
        };
        let shape = shape_of(&sized(&train.select(&[])));
        match spec.setting.labels {
            Labels::Rotation(rotation) => {
                let mut part = |images: &LabelledImages, even: bool| -> Result<Samples, CoreError> {
                    let rotation = Rotation { rare: rotation.rare.filter(|_| !even), ..rotation };
                    let (turned, angles) = turned(images, rotation, streams.get("angles"))?;
                    Ok(Samples::of_images(&sized(&turned), angles))
                };
                let (train, validation, test) =
                    (part(&train, false)?, part(&validation, true)?, part(&test, true)?);
                Ok(Self { train, validation, test, shape, classes: None })
            }
            _ => {
                let classes = Some(usize::from(train.classes));
                let [train, validation, test] = [train, validation, test].map(|images| {
                    let targets = images.labels.iter().copied().map(f64::from).collect();
                    Samples::of_images(&sized(&images), targets)
                });
                Ok(Self { train, validation, test, shape, classes })
            }
        }
    }

    fn of_table<M>(
        spec: &RunSpec<M, Setting>,
        context: &RunContext<'_>,
        width: f64,
        streams: &mut Streams,
    ) -> Result<Self, RunError> {
        let table = load_table(context.library, &spec.data)?;
        let all = samples(&table, &Roles::of(&spec.data, table.columns.len()), Scaling::MinMax);
        let chosen = Chosen::draw(all.x.nrows(), None, spec, context, streams)?;
        let part = |rows: &[usize]| Samples {
            values: rows.iter().flat_map(|row| all.x.row(*row).to_vec()).map(|value| value as f32).collect(),
            targets: rows.iter().map(|row| (all.y[[*row, 0]] / width).round() * width).collect(),
        };
        Ok(Self {
            train: part(&chosen.train),
            validation: part(&chosen.validation),
            test: part(&chosen.test),
            shape: ImageShape { channels: 1, height: 1, width: all.x.ncols() },
            classes: None,
        })
    }

    /// What samples are centred and scaled by.
    ///
    /// # Errors
    /// Constants for another number of channels.
    pub fn statistics(&self, normalise: &Normalise) -> Result<ChannelStatistics, CoreError> {
        if *normalise != Normalise::TrainingSet {
            return normalise.statistics(&[], self.shape);
        }
        let plane = self.shape.height * self.shape.width;
        let mut statistics = ChannelStatistics { mean: Vec::new(), std: Vec::new() };
        for channel in 0..self.shape.channels {
            let planes = || self.train.values.chunks_exact(plane).skip(channel).step_by(self.shape.channels);
            let count = (self.train.len() * plane) as f64;
            let mean = planes().flatten().map(|value| f64::from(*value)).sum::<f64>() / count;
            let square =
                planes().flatten().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
            statistics.mean.push(mean);
            statistics.std.push(if square > 0.0 { square.sqrt() } else { 1.0 });
        }
        Ok(statistics)
    }
}

impl Pool {
    fn load<M>(spec: &RunSpec<M, Setting>, context: &RunContext<'_>) -> Result<Self, RunError> {
        let library = context.library;
        if catalogue::find(&spec.data)?.name == catalogue::OMNIGLOT_SMALL.name {
            let side = spec.setting.side.map_or(OMNIGLOT_SIDE, |side| side.get());
            return Ok(Self { train: omniglot_small(library, side)?.images, test: None });
        }
        let set = load_images(library, &spec.data)?;
        // Sets come whole as a training or as a test part where their authors do not split them.
        Ok(match (set.train.is_empty(), set.test.is_empty()) {
            (true, _) => Self { train: set.test, test: None },
            (false, true) => Self { train: set.train, test: None },
            (false, false) => Self { train: set.train, test: Some(set.test) },
        })
    }
}

impl Chosen {
    /// Parts of `samples` samples, and of the `own` ones of a test part where there is one.
    fn draw<M>(
        samples: usize,
        own: Option<usize>,
        spec: &RunSpec<M, Setting>,
        context: &RunContext<'_>,
        streams: &mut Streams,
    ) -> Result<Self, CoreError> {
        let counts = &spec.setting.counts;
        let rng = streams.get("split");
        let (validation, train, test) = match own {
            None => {
                let sizes = [counts.validation, counts.test, counts.train];
                let [validation, test, train] = random_parts(samples, sizes, rng)?;
                (validation, train, test)
            }
            Some(own) => {
                let [validation, train] = random_parts(samples, [counts.validation, counts.train], rng)?;
                if counts.test == 0 || counts.test > own {
                    let asked = counts.test;
                    return Err(CoreError::Invalid(format!(
                        "counts.test is {asked}; the test part has {own} samples"
                    )));
                }
                (validation, train, (0..own).collect())
            }
        };
        let batch = spec.train.as_ref().map(|train| train.batch.get());
        let trained = context.glimpse.map_or(train.len(), |glimpse| glimpse.train_samples(batch));
        Ok(Self {
            train: evenly_spaced(&train, trained),
            validation: evenly_spaced(&validation, context.at_most(validation.len())),
            test: evenly_spaced(&test, context.at_most(counts.test)),
        })
    }
}

/// Each image turned by random whole degrees, and the degrees.
fn turned(
    images: &LabelledImages,
    rotation: Rotation,
    rng: &mut impl Rng,
) -> Result<(LabelledImages, Vec<f64>), CoreError> {
    if images.channels != 1 || images.height != images.width {
        let LabelledImages { channels, height, width, .. } = *images;
        return Err(CoreError::Invalid(format!(
            "images of {channels} channels and {height} x {width} pixels cannot be turned: one channel, square"
        )));
    }
    let (mut pixels, mut angles) = (Vec::with_capacity(images.pixels.len()), Vec::new());
    for row in 0..images.len() {
        let angle = rotation.draw(rng) as f64;
        let image = ArrayView2::from_shape((images.height, images.width), images.image(row))
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        pixels.extend(rotate(image, angle));
        angles.push(angle);
    }
    let labels = images.labels.clone();
    Ok((LabelledImages { pixels, labels, ..*images }, angles))
}

impl Rotation {
    fn draw(self, rng: &mut impl Rng) -> usize {
        let largest = self.largest.get();
        let Some(rare) = self.rare else { return rng.random_range(0..=largest as u32) as usize };
        let weights = (0..=largest).map(|angle| rare.get().powf(angle as f64 / largest as f64));
        let mut left = rng.random::<f64>() * weights.clone().sum::<f64>();
        let drawn = weights.into_iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        // Rounding may eat the last one.
        drawn.unwrap_or(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size;
    use mixup_core::checked::UnitInterval;

    #[test]
    fn rare_angles_are_as_rare_as_is_asked_for() {
        let mut streams = Streams::new("angles", 0);
        let mut counts = |rare: Option<f64>| {
            let rotation =
                Rotation { largest: size(9), rare: rare.map(|rare| UnitInterval::new(rare).unwrap()) };
            let mut counts = [0.0; 10];
            for _ in 0..20_000 {
                counts[rotation.draw(streams.get("angles"))] += 1.0;
            }
            counts
        };
        let even = counts(None);
        assert!(even.iter().all(|count| (1800.0..2200.0).contains(count)), "{even:?}");
        let falling = counts(Some(0.1));
        assert!((0.08..0.12).contains(&(falling[9] / falling[0])), "{falling:?}");
        assert!(falling.windows(2).all(|pair| pair[1] < pair[0]), "{falling:?}");
    }

    #[test]
    fn turned_images_keep_their_pixels_and_have_whole_degrees() {
        let images = LabelledImages {
            channels: 1,
            height: 5,
            width: 5,
            classes: 1,
            pixels: vec![9; 75],
            labels: vec![0; 3],
        };
        let rotation = Rotation { largest: size(90), rare: None };
        let mut streams = Streams::new("angles", 0);
        let (found, angles) = turned(&images, rotation, streams.get("angles")).unwrap();
        assert_eq!((found.len(), found.pixels.len()), (3, 75));
        assert!(angles.iter().all(|angle| angle.fract() == 0.0 && (0.0..=90.0).contains(angle)));
        // The middle stays where it is.
        assert!((0..3).all(|row| found.image(row)[12] == 9));
        let wide = LabelledImages { height: 3, width: 5, pixels: vec![0; 15], labels: vec![0], ..images };
        assert!(turned(&wide, rotation, streams.get("angles")).is_err());
    }
}
