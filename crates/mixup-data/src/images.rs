//! The one shape in which all image sets are handed out, and a loader by name.

use std::sync::PoisonError;

use crate::catalogue;
use crate::cifar::{cifar_10, cifar_100};
use crate::cifar10_jpeg::cifar10_jpeg;
use crate::dataset::DataSet;
use crate::embedded;
use crate::error::DataError;
use crate::idx::{fashion_mnist, mnist_t10k};
use crate::library::Library;
use crate::omniglot::omniglot_small;
use crate::tiny_imagenet::tiny_imagenet_200;

/// Images of one size with one label each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    /// Values of a pixel: 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Rows of pixels in an image.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Number of classes.
    pub classes: u16,
    /// `[images, channels, height, width]`, row-major, 0 (dark) to 255; [`digits`] to 16.
    pub pixels: Vec<u8>,
    /// `[images]`, each less than `classes`.
    pub labels: Vec<u16>,
}

/// An image set as its authors split it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// What is trained on. A set that only has a test part has no image here: who trains must look with
    /// [`LabelledImages::is_empty`].
    pub train: LabelledImages,
    /// What is reported.
    pub test: LabelledImages,
}

/// What an image set must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageLayout {
    /// Number of training images.
    pub train: usize,
    /// Number of test images.
    pub test: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Rows of pixels in an image.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Number of classes.
    pub classes: u16,
}

impl LabelledImages {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes of one image.
    fn size(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// One image, `[channels, height, width]`.
    ///
    /// # Panics
    /// When `image >= self.len()`, as a slice would.
    pub fn image(&self, image: usize) -> &[u8] {
        &self.pixels[image * self.size()..(image + 1) * self.size()]
    }

    /// The images that `rows` name, in that order.
    ///
    /// # Panics
    /// When a row is not below `self.len()`.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            pixels: rows.iter().flat_map(|&row| self.image(row)).copied().collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            ..*self
        }
    }
}

impl ImageSet {
    /// A set without a training part.
    pub(crate) fn only_test(test: LabelledImages) -> Self {
        Self { train: test.select(&[]), test }
    }
}

impl ImageLayout {
    /// Bytes of one image.
    pub(crate) fn size(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Room for `count` images of this layout.
    pub(crate) fn room_for(&self, count: usize) -> LabelledImages {
        LabelledImages {
            channels: self.channels,
            height: self.height,
            width: self.width,
            classes: self.classes,
            pixels: Vec::with_capacity(count * self.size()),
            labels: Vec::with_capacity(count),
        }
    }
}

/// Handwritten digits: 1797 images, 8x8, grey values from 0 to 16, 10 classes; embedded, and not split.
///
/// # Errors
/// [`DataError::Embedded`].
pub fn digits(_: &Library) -> Result<LabelledImages, DataError> {
    let table = embedded::digits()?;
    let (mut pixels, mut labels) = (Vec::with_capacity(table.cells.len()), Vec::with_capacity(table.rows()));
    for row in table.cells.chunks_exact(table.columns.len()) {
        // The checksum of the table says that these are small whole numbers.
        let (image, label) = row.split_at(row.len() - 1);
        pixels.extend(image.iter().map(|&cell| cell as u8));
        labels.extend(label.iter().map(|&cell| cell as u16));
    }
    Ok(LabelledImages { channels: 1, height: 8, width: 8, classes: 10, pixels, labels })
}

/// Loads an image set.
type Load = fn(&Library) -> Result<ImageSet, DataError>;

const IMAGE_SETS: [(&DataSet, Load); 7] = [
    (&catalogue::FASHION_MNIST, fashion_mnist),
    (&catalogue::CIFAR_10, cifar_10),
    (&catalogue::CIFAR_100, cifar_100),
    (&catalogue::CIFAR10_JPEG, cifar10_jpeg),
    (&catalogue::TINY_IMAGENET_200, tiny_imagenet_200),
    (&catalogue::MNIST_T10K, mnist_t10k),
    (&catalogue::DIGITS, cut_digits),
];

/// Loads all images of a set.
type LoadAll = fn(&Library) -> Result<LabelledImages, DataError>;

/// The image sets that their authors did not split, whole.
const UNSPLIT: [(&DataSet, LoadAll); 2] = [
    (&catalogue::DIGITS, bright_digits),
    (&catalogue::OMNIGLOT_SMALL, |library| Ok(omniglot_small(library, OMNIGLOT_SIDE)?.images)),
];

/// The side of MNIST and of most work on Omniglot.
const OMNIGLOT_SIDE: usize = 28;

/// The brightest pixel of [`digits`].
const DIGITS_WHITE: f64 = 16.0;

/// [`digits`], with their 17 levels spread to those of a byte.
fn bright_digits(library: &Library) -> Result<LabelledImages, DataError> {
    let mut images = digits(library)?;
    for pixel in &mut images.pixels {
        *pixel = (f64::from(*pixel) * 255.0 / DIGITS_WHITE).round() as u8;
    }
    Ok(images)
}

/// Loads a set, or takes it out of the library's memory if it has one.
pub(crate) fn remembered(
    library: &Library,
    name: &'static str,
    load: impl FnOnce(&Library) -> Result<ImageSet, DataError>,
) -> Result<ImageSet, DataError> {
    let Some(memory) = &library.memory else { return load(library) };
    let mut memory = memory.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(set) = memory.get(name) {
        return Ok(set.clone());
    }
    let set = load(library)?;
    memory.insert(name, set.clone());
    Ok(set)
}

/// Of [`digits`], the last 500 for the test part. The cut is ours: it lets a small experiment run without a
/// file, and no published number stands on it.
fn cut_digits(library: &Library) -> Result<ImageSet, DataError> {
    let all = bright_digits(library)?;
    let cut = all.len() - 500;
    let part = |rows: std::ops::Range<usize>| all.select(&rows.collect::<Vec<_>>());
    Ok(ImageSet { train: part(0..cut), test: part(cut..all.len()) })
}

/// The images of a set that may be tested on, whatever the set is: its test part, or all images where its
/// authors did not split it (`digits`, spread to the levels of a byte; `omniglot-small`, at 28x28). So
/// an out-of-distribution set is used.
///
/// # Errors
/// As [`load_images`]; [`DataError::NotImages`] names all sets that have images.
pub fn load_test_images(library: &Library, name: &str) -> Result<LabelledImages, DataError> {
    let set = catalogue::find(name)?;
    if let Some((_, load)) = UNSPLIT.iter().find(|(images, _)| images.name == set.name) {
        return load(library);
    }
    match load_images(library, name) {
        Ok(set) => Ok(set.test),
        Err(DataError::NotImages { name, known }) => {
            let unsplit = UNSPLIT.map(|(images, _)| images.name).into_iter();
            let others = unsplit.filter(|name| !IMAGE_SETS.iter().any(|(images, _)| images.name == *name));
            let known = others.fold(known, |known, name| format!("{known}, {name}"));
            Err(DataError::NotImages { name, known })
        }
        Err(error) => Err(error),
    }
}

/// The image set of this name.
///
/// # Errors
/// [`DataError::UnknownDataSet`], [`DataError::NotImages`], and what the set's own loader says.
pub fn load_images(library: &Library, name: &str) -> Result<ImageSet, DataError> {
    let set = catalogue::find(name)?;
    match IMAGE_SETS.iter().find(|(images, _)| images.name == set.name) {
        Some((images, load)) => remembered(library, images.name, *load),
        None => {
            let known = IMAGE_SETS.map(|(images, _)| images.name).join(", ");
            Err(DataError::NotImages { name: set.name, known })
        }
    }
}
