//! One pass from bytes to a batch.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};

use super::{AugmentConfig, ChannelStatistics, Fill, ImageShape, window};
use crate::CoreError;
use crate::clock::{Phase, timed};

/// Makes f32 batches `[batch, channels, height, width]` out of bytes.
#[derive(Debug, Clone)]
pub struct ImageBatcher {
    shape: ImageShape,
    augment: AugmentConfig,
    /// What each byte becomes, by channel.
    tables: Vec<[f32; 256]>,
    statistics: ChannelStatistics,
}

/// Where the window stands over an image, and whether it is flipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Placement {
    down: isize,
    right: isize,
    flip: bool,
}

impl ImageBatcher {
    /// A batcher for images of one shape.
    ///
    /// # Errors
    /// Statistics of another number of channels, a padding that is not smaller than the image, a window that is larger or
    /// that is asked for beside a crop.
    pub fn new(
        shape: ImageShape,
        statistics: &ChannelStatistics,
        augment: AugmentConfig,
    ) -> Result<Self, CoreError> {
        let tables = statistics.tables();
        if tables.len() != shape.channels {
            return Err(CoreError::Invalid(format!(
                "statistics of {} channels for images of {}",
                tables.len(),
                shape.channels
            )));
        }
        let side = shape.height.min(shape.width);
        match augment.crop {
            Some(crop) if crop.padding.get() >= side => Err(CoreError::Invalid(format!(
                "crop: a padding of {} for images of {} x {}: it must be smaller than the image",
                crop.padding, shape.height, shape.width
            ))),
            Some(_) if augment.window.is_some() || augment.jitter.is_some() => {
                Err(CoreError::Invalid("augment: `crop` goes neither with `window` nor with `jitter`".into()))
            }
            _ => match augment.window {
                Some(window) if window.side.get() > side => Err(CoreError::Invalid(format!(
                    "augment: a window of {} pixels for images of {} x {}",
                    window.side, shape.height, shape.width
                ))),
                _ => Ok(Self { shape, augment, tables, statistics: statistics.clone() }),
            },
        }
    }

    /// Training images: placed, flipped and coloured at random, then normalised. For each image in turn, `rng`
    /// (the stream `augment`) gives its row, its column and its flip, as far as they are asked for.
    ///
    /// # Shapes
    /// - `pixels`: `[images, channels, height, width]`, bytes
    /// - `images`: `[batch]`, indices of images
    /// - returns `[batch, channels, height, width]`
    ///
    /// # Panics
    /// When an index is not an image.
    pub fn augmented(
        &self,
        pixels: &[u8],
        images: &[usize],
        rng: &mut impl Rng,
        device: &Device,
    ) -> Tensor<4> {
        timed(Phase::Data, || Tensor::from_data(self.augmented_data(pixels, images, rng), device))
    }

    /// What [`ImageBatcher::augmented`] puts on a device, still on the host.
    ///
    /// # Panics
    /// When an index is not an image.
    pub fn augmented_data(&self, pixels: &[u8], images: &[usize], rng: &mut impl Rng) -> TensorData {
        if self.augment.window.is_some() || self.augment.jitter.is_some() {
            let view =
                |image: &[u8]| window::augmented(image, self.shape, &self.augment, &self.statistics, rng);
            return self.data(self.views(pixels, images, view));
        }
        self.data(self.values(pixels, images, || self.draw(rng)))
    }

    /// Images as they are, or through the window in their middle, normalised.
    ///
    /// # Shapes
    /// As [`ImageBatcher::augmented`].
    ///
    /// # Panics
    /// When an index is not an image.
    pub fn plain(&self, pixels: &[u8], images: &[usize], device: &Device) -> Tensor<4> {
        timed(Phase::Data, || {
            if self.augment.window.is_some() {
                let view = |image: &[u8]| window::plain(image, self.shape, &self.augment, &self.statistics);
                return Tensor::from_data(self.data(self.views(pixels, images, view)), device);
            }
            Tensor::from_data(self.data(self.values(pixels, images, Placement::default)), device)
        })
    }

    /// Images through a window.
    fn views(&self, pixels: &[u8], images: &[usize], view: impl FnMut(&[u8]) -> Vec<f32>) -> Vec<f32> {
        let size = self.shape.size();
        images.iter().map(|image| &pixels[image * size..(image + 1) * size]).flat_map(view).collect()
    }

    fn data(&self, values: Vec<f32>) -> TensorData {
        let seen = self.augment.seen(self.shape);
        let ImageShape { channels, height, width } = seen;
        let batch = values.len() / seen.size();
        TensorData::new(values, [batch, channels, height, width])
    }

    fn draw(&self, rng: &mut impl Rng) -> Placement {
        let mut placement = Placement::default();
        if let Some(crop) = self.augment.crop {
            // u32, so that a 32-bit machine draws the same.
            let padding = crop.padding.get();
            let mut shift = || rng.random_range(0..=2 * padding as u32) as isize - padding as isize;
            (placement.down, placement.right) = (shift(), shift());
        }
        placement.flip = self.augment.flip && rng.random();
        placement
    }

    fn values(&self, pixels: &[u8], images: &[usize], mut placement: impl FnMut() -> Placement) -> Vec<f32> {
        let size = self.shape.size();
        let mut values = vec![0.0; images.len() * size];
        for (&image, out) in images.iter().zip(values.chunks_exact_mut(size)) {
            self.place(&pixels[image * size..(image + 1) * size], placement(), out);
        }
        values
    }

    /// One image under a placement.
    fn place(&self, image: &[u8], placement: Placement, out: &mut [f32]) {
        let ImageShape { height, width, .. } = self.shape;
        let fill = self.augment.crop.map_or(Fill::Zero, |crop| crop.fill);
        let planes = image.chunks_exact(height * width).zip(out.chunks_exact_mut(height * width));
        for ((plane, out), table) in planes.zip(&self.tables) {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                match fill.source(row as isize + placement.down, height) {
                    Some(row) => {
                        place_row(&plane[row * width..(row + 1) * width], placement.right, fill, table, out);
                    }
                    None => out.fill(table[0]),
                }
                if placement.flip {
                    out.reverse();
                }
            }
        }
    }
}

/// One row of pixels, seen `right` pixels further to the right.
fn place_row(row: &[u8], right: isize, fill: Fill, table: &[f32; 256], out: &mut [f32]) {
    let width = row.len();
    let first = (-right).max(0) as usize;
    let last = width - right.max(0) as usize;
    let inside = &row[(right.max(0) as usize)..width - first];
    for (value, &byte) in out[first..last].iter_mut().zip(inside) {
        *value = table[usize::from(byte)];
    }
    for column in (0..first).chain(last..width) {
        let byte = fill.source(column as isize + right, width).map_or(0, |source| row[source]);
        out[column] = table[usize::from(byte)];
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::super::CropConfig;
    use super::*;
    use crate::stream::Streams;
    use proptest::prelude::*;

    fn batcher(shape: ImageShape, augment: AugmentConfig) -> ImageBatcher {
        // Mean 0 and spread 1/255: values are the bytes again.
        let channels = shape.channels;
        let statistics = ChannelStatistics { mean: vec![0.0; channels], std: vec![1.0 / 255.0; channels] };
        ImageBatcher::new(shape, &statistics, augment).unwrap()
    }

    fn crop(padding: usize, fill: Fill) -> Option<CropConfig> {
        Some(CropConfig { padding: NonZeroUsize::new(padding).unwrap(), fill })
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().map(|value| value.round() as u8).collect()
    }

    const SQUARE: ImageShape = ImageShape { channels: 1, height: 3, width: 3 };
    const IMAGE: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    fn placed(fill: Fill, down: isize, right: isize, flip: bool) -> Vec<u8> {
        let batcher =
            batcher(SQUARE, AugmentConfig { crop: crop(2, fill), flip: true, ..AugmentConfig::default() });
        let mut out = vec![f32::NAN; 9];
        batcher.place(&IMAGE, Placement { down, right, flip }, &mut out);
        bytes(&out)
    }

    #[test]
    fn windows_by_hand() {
        assert_eq!(placed(Fill::Zero, 0, 0, false), IMAGE);
        assert_eq!(placed(Fill::Zero, 0, 0, true), [3, 2, 1, 6, 5, 4, 9, 8, 7]);
        assert_eq!(placed(Fill::Zero, 1, 0, false), [4, 5, 6, 7, 8, 9, 0, 0, 0]);
        assert_eq!(placed(Fill::Zero, -1, -1, false), [0, 0, 0, 0, 1, 2, 0, 4, 5]);
        assert_eq!(placed(Fill::Zero, 2, 2, true), [0, 0, 9, 0, 0, 0, 0, 0, 0]);
        assert_eq!(placed(Fill::Reflect, -1, -1, false), [5, 4, 5, 2, 1, 2, 5, 4, 5]);
        assert_eq!(placed(Fill::Reflect, 0, 2, false), [3, 2, 1, 6, 5, 4, 9, 8, 7]);
    }

    /// The pixel at a place, worked out on its own for each output value.
    fn expected(image: &[u8], shape: ImageShape, placement: Placement, fill: Fill, at: [usize; 3]) -> u8 {
        let [channel, row, column] = at;
        let column = if placement.flip { shape.width - 1 - column } else { column };
        let mirrored = |position: isize, length: usize| {
            let period = 2 * (length as isize - 1);
            let position = position.rem_euclid(period);
            position.min(period - position) as usize
        };
        let (row, column) = (row as isize + placement.down, column as isize + placement.right);
        let outside = row < 0 || row >= shape.height as isize || column < 0 || column >= shape.width as isize;
        if outside && fill == Fill::Zero {
            return 0;
        }
        let (row, column) = (mirrored(row, shape.height), mirrored(column, shape.width));
        image[(channel * shape.height + row) * shape.width + column]
    }

    proptest! {
        #[test]
        fn every_window_is_that_of_its_definition(
            height in 2_usize..8, width in 2_usize..8, channels in 1_usize..4, padding in 1_isize..7,
            down in -6_isize..7, right in -6_isize..7, flip: bool, reflect: bool, seed: u64,
        ) {
            let shape = ImageShape { channels, height, width };
            let padding = padding.min(height as isize - 1).min(width as isize - 1);
            let fill = if reflect { Fill::Reflect } else { Fill::Zero };
            let placement =
                Placement { down: down.clamp(-padding, padding), right: right.clamp(-padding, padding), flip };
            let mut streams = Streams::new("augment", seed);
            let image: Vec<u8> = (0..shape.size()).map(|_| streams.get("image").random()).collect();
            let batcher = batcher(shape, AugmentConfig { crop: crop(padding as usize, fill), flip, ..AugmentConfig::default() });
            let mut out = vec![f32::NAN; shape.size()];
            batcher.place(&image, placement, &mut out);
            for (index, found) in bytes(&out).into_iter().enumerate() {
                let at = [index / (height * width), index / width % height, index % width];
                prop_assert_eq!(found, expected(&image, shape, placement, fill, at));
            }
        }
    }

    #[test]
    fn draws_are_even_and_from_one_stream() {
        let batcher = batcher(
            SQUARE,
            AugmentConfig { crop: crop(1, Fill::Zero), flip: true, ..AugmentConfig::default() },
        );
        let mut streams = Streams::new("augment", 3);
        let mut counts = [0; 18];
        for _ in 0..18_000 {
            let Placement { down, right, flip } = batcher.draw(streams.get("augment"));
            counts[((down + 1) * 6 + (right + 1) * 2) as usize + usize::from(flip)] += 1;
        }
        assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn a_seed_gives_one_batch_and_nothing_asked_for_draws_nothing() {
        let device = Device::flex();
        let pixels: Vec<u8> = (0..5 * 9).collect();
        let make = |augment, seed| {
            let mut streams = Streams::new("augment", seed);
            let batch =
                batcher(SQUARE, augment).augmented(&pixels, &[4, 0, 4], streams.get("augment"), &device);
            assert_eq!(batch.dims(), [3, 1, 3, 3]);
            (batch.into_data().try_to_vec::<f32>().unwrap(), streams.positions())
        };
        let augment = AugmentConfig { crop: crop(1, Fill::Reflect), flip: true, ..AugmentConfig::default() };
        assert_eq!(make(augment, 1), make(augment, 1));
        assert_ne!(make(augment, 1).0, make(augment, 2).0);
        let (plain, positions) = make(AugmentConfig::default(), 1);
        assert_eq!(bytes(&plain), [&pixels[36..], &pixels[..9], &pixels[36..]].concat());
        assert_eq!(positions, make(AugmentConfig::default(), 1).1);
        let same = batcher(SQUARE, augment).plain(&pixels, &[4, 0, 4], &device);
        assert_eq!(same.into_data().try_to_vec::<f32>().unwrap(), plain);
    }

    #[test]
    fn black_is_normalised_as_a_byte_of_the_image_is() {
        let statistics = ChannelStatistics { mean: vec![0.5], std: vec![0.25] };
        let augment = AugmentConfig { crop: crop(2, Fill::Zero), flip: false, ..AugmentConfig::default() };
        let batcher = ImageBatcher::new(SQUARE, &statistics, augment).unwrap();
        let mut out = [f32::NAN; 9];
        batcher.place(&[255; 9], Placement { down: 2, right: 0, flip: false }, &mut out);
        assert_eq!(out, [2.0, 2.0, 2.0, -2.0, -2.0, -2.0, -2.0, -2.0, -2.0]);
    }

    #[test]
    fn settings_are_read_and_checked() {
        let read = serde_json::from_str::<AugmentConfig>;
        let augment = read(r#"{"crop": {"padding": 4}, "flip": true}"#).unwrap();
        assert_eq!(
            augment,
            AugmentConfig { crop: crop(4, Fill::Zero), flip: true, ..AugmentConfig::default() }
        );
        assert_eq!(read("{}").unwrap(), AugmentConfig::default());
        for bad in [
            r#"{"crop": {"padding": 0}}"#,
            r#"{"crop": {"padding": 4, "fill": "mirror"}}"#,
            r#"{"flop": true}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let statistics = ChannelStatistics { mean: vec![0.0], std: vec![1.0] };
        let error = ImageBatcher::new(SQUARE, &statistics, augment).unwrap_err().to_string();
        assert!(error.contains("a padding of 4 for images of 3 x 3"), "{error}");
        let three = ImageShape { channels: 3, ..SQUARE };
        let refused = |json: &str| {
            let augment: AugmentConfig = serde_json::from_str(json).unwrap();
            let error = ImageBatcher::new(SQUARE, &statistics, augment).unwrap_err();
            error.to_string()
        };
        assert!(refused(r#"{"window": {"side": 4}}"#).contains("a window of 4 pixels"));
        assert!(refused(r#"{"window": {"side": 2}, "crop": {"padding": 1}}"#).contains("goes neither"));
        let window = read(r#"{"window": {"side": 2, "area": 0.25}, "flip": true}"#).unwrap();
        assert_eq!(window.seen(three), ImageShape { channels: 3, height: 2, width: 2 });
        let batcher = ImageBatcher::new(SQUARE, &statistics, window).unwrap();
        let mut streams = Streams::new("augment", 0);
        let batch = batcher.augmented(&[7; 27], &[2, 0], streams.get("augment"), &Device::flex());
        assert_eq!(
            (batch.dims(), batcher.plain(&[7; 27], &[1], &Device::flex()).dims()),
            ([2, 1, 2, 2], [1, 1, 2, 2])
        );
        assert!(ImageBatcher::new(three, &statistics, AugmentConfig::default()).is_err());
    }

    #[test]
    #[ignore = "a measurement, for a quiet machine"]
    fn a_batch_takes_well_below_a_millisecond() {
        let shape = ImageShape { channels: 3, height: 32, width: 32 };
        let pixels: Vec<u8> = (0..1000 * shape.size()).map(|index| (index % 251) as u8).collect();
        let images: Vec<usize> = (0..128).map(|index| index * 7).collect();
        let mut streams = Streams::new("augment", 0);
        for fill in [Fill::Zero, Fill::Reflect] {
            let batcher =
                batcher(shape, AugmentConfig { crop: crop(4, fill), flip: true, ..AugmentConfig::default() });
            let times = (0..200).map(|_| {
                let start = std::time::Instant::now();
                batcher.augmented(&pixels, &images, streams.get("augment"), &Device::flex());
                start.elapsed()
            });
            let mut times: Vec<_> = times.collect();
            times.sort();
            println!("{fill:?}: median {:?}", times[100]);
            assert!(times[100].as_micros() < 1000, "{:?}", times[100]);
        }
    }
}
