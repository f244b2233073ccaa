//! Tiny ImageNet: JPEG files in a zip archive, with a list of classes and a table of the validation labels.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue;
use crate::decoded;
use crate::error::DataError;
use crate::images::{ImageLayout, ImageSet, LabelledImages};
use crate::jpeg::decode_members;
use crate::library::Library;
use crate::zip::Zip;

/// Numbers and sizes; the test part is the official validation part.
pub const LAYOUT: ImageLayout =
    ImageLayout { train: 100_000, test: 10_000, channels: 3, height: 64, width: 64, classes: 200 };

const CLASSES: &str = "tiny-imagenet-200/wnids.txt";
const ANNOTATIONS: &str = "tiny-imagenet-200/val/val_annotations.txt";
const VALIDATION: &str = "tiny-imagenet-200/val/images/";

/// Beside the images that are read, the archive has the unlabelled test images and tables of boxes.
const OTHER_MEMBERS: usize = 20_000;
/// The two text files are much smaller.
const LARGEST_TEXT: u64 = 8 << 20;

/// Tiny ImageNet: 100000 training images in the order of class and name, and the 10000 validation images
/// as the test part, in the order of their table. Labels count the WordNet names in alphabetical order.
/// Decoded once, then kept in the cache; 1.4 GB in memory.
///
/// # Errors
/// What [`Library::obtain`] and [`parse`] say.
pub fn tiny_imagenet_200(library: &Library) -> Result<ImageSet, DataError> {
    decoded::load(library, &catalogue::TINY_IMAGENET_200, &LAYOUT, parse)
}

/// Reads an archive with equally many training images of each class; `file` names it in messages.
///
/// # Errors
/// [`DataError::Binary`] for a file that is no zip archive, [`DataError::Member`] for a list, folder or
/// image that is missing or is not as `layout` says.
pub fn parse(file: &str, bytes: &[u8], layout: &ImageLayout) -> Result<ImageSet, DataError> {
    let archive = Zip::open(file, bytes, layout.train + layout.test + OTHER_MEMBERS)?;
    let classes = class_names(file, &archive.read(CLASSES, LARGEST_TEXT)?, layout)?;
    let annotations = annotations(file, &archive.read(ANNOTATIONS, LARGEST_TEXT)?, &classes, layout.test)?;
    let test = annotations.iter().map(|(member, label)| (member.as_str(), *label));
    Ok(ImageSet {
        train: training_images(file, &archive, &classes, layout)?,
        test: decode_members(file, &archive, layout, test)?,
    })
}

fn training_images(
    file: &str,
    archive: &Zip<'_>,
    classes: &BTreeMap<String, u16>,
    layout: &ImageLayout,
) -> Result<LabelledImages, DataError> {
    let expected = layout.train / classes.len().max(1);
    let mut members = Vec::with_capacity(layout.train);
    for (class, &label) in classes {
        let folder = format!("tiny-imagenet-200/train/{class}/images/");
        let before = members.len();
        members.extend(archive.below(&folder).map(|name| (name, label)));
        let found = members.len() - before;
        if found != expected {
            return Err(DataError::member(file, &folder, format!("{found} images, expected {expected}")));
        }
    }
    decode_members(file, archive, layout, members.into_iter())
}

/// The classes, one a line, each with its label.
fn class_names(file: &str, bytes: &[u8], layout: &ImageLayout) -> Result<BTreeMap<String, u16>, DataError> {
    let lines: Vec<&str> = text(file, CLASSES, bytes)?.lines().collect();
    let names: BTreeSet<&str> = lines.iter().copied().filter(|name| !name.is_empty()).collect();
    let expected = usize::from(layout.classes);
    if (lines.len(), names.len()) != (expected, expected) {
        let problem =
            format!("{} different names in {} lines, expected {expected}", names.len(), lines.len());
        return Err(DataError::member(file, CLASSES, problem));
    }
    Ok(names.into_iter().map(str::to_owned).zip(0..).collect())
}

/// Reads the table of the validation labels: lines of image, class and a box, separated by tabs. Returns
/// each image's member and label; `file` names the archive in messages.
///
/// # Errors
/// [`DataError::Member`] with the line that has no known class, another width, or an image for the second
/// time, or for a number of lines that is not `images`.
pub fn annotations(
    file: &str,
    bytes: &[u8],
    classes: &BTreeMap<String, u16>,
    images: usize,
) -> Result<Vec<(String, u16)>, DataError> {
    let wrong = |problem: String| DataError::member(file, ANNOTATIONS, problem);
    let mut labels = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, text) in (1..).zip(text(file, ANNOTATIONS, bytes)?.lines()) {
        let cells: Vec<&str> = text.split('\t').collect();
        let [image, class, _, _, _, _] = cells[..] else {
            return Err(wrong(format!("line {line}: {} cells, expected 6", cells.len())));
        };
        let Some(&label) = classes.get(class) else {
            let class: String = class.chars().take(40).collect();
            return Err(wrong(format!("line {line}: `{class}` is not in {CLASSES}")));
        };
        if !seen.insert(image) {
            return Err(wrong(format!("line {line}: an image for the second time")));
        }
        labels.push((format!("{VALIDATION}{image}"), label));
    }
    if labels.len() == images {
        Ok(labels)
    } else {
        Err(wrong(format!("{} lines, expected {images}", labels.len())))
    }
}

fn text<'a>(file: &str, member: &str, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    std::str::from_utf8(bytes).map_err(|error| {
        DataError::member(file, member, format!("offset {}: is not UTF-8", error.valid_up_to()))
    })
}
